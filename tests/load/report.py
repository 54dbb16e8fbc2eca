"""How a run of benchmarks is bounded in time, and what it prints."""

import os
import platform
import signal
import sys

from tests.load.client import Failed


def begin(limit):
    """End the run after so many seconds at most, and print what the table begins with."""

    def stop(*_):
        raise Failed(f"Not done after {limit // 60} minutes.")

    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGTERM, _end)
    signal.alarm(limit)
    say(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, ")
    say(f"load {os.getloadavg()[0]:.1f} before, Python {platform.python_version()}\n\n")
    say("| what | measured | goal | | median (least–most) |\n|---|---|---|---|---|\n")


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def _end(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not break the clearing up
    sys.exit(1)
