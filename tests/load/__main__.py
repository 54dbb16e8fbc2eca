"""Measure and print: `python -m tests.load [name…]`, on the servers that the environment names."""

import argparse
import contextlib

from tests.load import report, scratch
from tests.load.bench import Bench
from tests.load.benchmarks import ALL

LIMIT_SECONDS = 30 * 60


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(ALL))
    names = parser.parse_args().names or list(ALL)
    if unknown := set(names) - set(ALL):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    report.begin(LIMIT_SECONDS)
    with contextlib.ExitStack() as stack:
        bench = Bench(stack.enter_context(scratch.database("big")), stack)
        for name in names:
            for figure in ALL[name](bench):
                report.say(f"{figure}\n")


main()
