"""Ends a replica that hangs: Docker restarts what ended, but never what is only unhealthy.

`python -m compose.watchdog gunicorn …` starts the command, hands signals on to it, and asks its
liveness every 10 s; three failures in a row kill it, and the container with it. Not while the
database hangs: then every replica waits for it, and a new one would do no better.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

from compose.healthcheck import is_well
from compose.start import log
from config.heartbeat import database_answers

EVERY = 10
FAILURES = 3
# A replica that starts may need longer than a hung one gets, the longer the busier its machine is.
GRACE = 150
HANDED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def watch(child: "subprocess.Popen[bytes]", ended: threading.Event) -> None:
    """Kill the group of the child when it was alive once and is no more."""
    began = asked = time.monotonic()
    failures, seen_alive = 0, False
    while not ended.wait(asked + EVERY - time.monotonic()):
        asked = time.monotonic()
        is_alive = is_well("alive", timeout=EVERY / 2)
        seen_alive = seen_alive or is_alive
        has_time = not seen_alive and asked - began < GRACE
        is_excused = is_alive or has_time or not database_answers()
        failures = 0 if is_excused else failures + 1
        if failures >= FAILURES:
            log("error", "hung", failures=failures, pid=child.pid)
            os.killpg(child.pid, signal.SIGKILL)
            return


def main(command: list[str]) -> int:
    child = subprocess.Popen(command, start_new_session=True)
    ended = threading.Event()

    def hand_on(number: int, frame: FrameType | None) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            ended.set()  # from here on it may be slow to answer
        child.send_signal(number)

    for number in HANDED_ON:
        signal.signal(number, hand_on)
    threading.Thread(target=watch, args=(child, ended), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
