"""`make clean`: start afresh."""

import shutil

from embedded import state
from embedded.refusal import Refusal, say


def clean() -> int:
    """Remove `.run/` with all data, unless something works in it."""
    if not state.RUN.exists():
        return 0
    busy = f"still running{state.address()}: stop it first (Ctrl-C in its terminal)."
    with state.locked(state.RUN / "run.lock", busy):
        for lock in state.RUN.glob("*.lock"):
            if lock.name != "run.lock" and state.take_lock(lock) is None:
                raise Refusal("an installation or a test run works in `.run`: wait for its end.")
        shutil.rmtree(state.RUN)
    say("Removed .run/.")
    return 0
