"""`python -m embedded COMMAND`: what the Makefile's targets do once all is installed."""

import sys

from embedded import checks, run
from embedded.refusal import Refusal, complain

COMMANDS = {
    "run": run.run,
    "dev": lambda: run.run(dev=True),
    "manage": checks.manage,
    "test": checks.test,
    "test-fleet": checks.test_fleet,
    "lint": checks.lint,
    "fmt": checks.fmt,
    "bench": checks.bench,
    "eval": checks.evaluate,
    "bench-fleet": checks.bench_fleet,
    "migration": checks.migration,
}


def main(command: str) -> int:
    try:
        return COMMANDS[command]()
    except Refusal as refusal:
        complain(refusal)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
