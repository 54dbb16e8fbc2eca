"""Measure and print: `python -m tests.load [name…]`, on the servers that the environment names."""

import argparse
import contextlib
import os
import platform
import signal
import sys

from tests.load import scratch
from tests.load.bench import Bench
from tests.load.benchmarks import ALL
from tests.load.client import Failed

LIMIT_SECONDS = 30 * 60


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(ALL))
    names = parser.parse_args().names or list(ALL)
    if unknown := set(names) - set(ALL):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    _stop_in_time()
    say(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, ")
    say(f"load {os.getloadavg()[0]:.1f} before, Python {platform.python_version()}\n\n")
    say("| what | measured | goal | | median (least–most) |\n|---|---|---|---|---|\n")
    with contextlib.ExitStack() as stack:
        bench = Bench(stack.enter_context(scratch.database("big")), stack)
        for name in names:
            for figure in ALL[name](bench):
                say(f"{figure}\n")


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def _stop_in_time():
    def stop(*_):
        raise Failed(f"Not done after {LIMIT_SECONDS // 60} minutes.")

    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.alarm(LIMIT_SECONDS)


main()
