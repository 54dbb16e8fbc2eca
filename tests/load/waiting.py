"""Waits for what another process does."""

import time

from tests.load.client import Failed


def wait_until(is_done, *, seconds, failure, every=0.1, process=None):
    """Ask again and again; Failed with that sentence after so long, or when the process ends."""
    give_up_at = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > give_up_at or (process and process.poll() is not None):
            raise Failed(failure)
        time.sleep(every)
