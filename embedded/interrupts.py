"""Turns the signals that ask for an end into one exception, and shields the end itself."""

import ctypes
import os
import signal
import sys
from types import FrameType

PR_SET_PDEATHSIG = 1  # linux/prctl.h
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def raise_on_end() -> None:
    """SIGTERM and a closed terminal do what Ctrl-C does; `nohup` keeps its meaning."""
    for number in ENDS:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def ignore_ends() -> None:
    """From here on nothing interrupts the clean-up, which is bounded in time itself."""
    for number in ENDS:
        signal.signal(number, signal.SIG_IGN)


def follow_make() -> None:
    """Started by make, end with it, even if it is killed; kept across the coming exec."""
    if "MAKELEVEL" in os.environ and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
