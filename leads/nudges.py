"""Messages for work that stands in line: one is enough for all that waits in the same line.

Who works on a line forgets its mark first and looks for work then, so what is stored before the
mark was looked at is seen. A mark that stays behind is gone after a while; a sweep finds the rows.
"""

from typing import Any

from django.db import transaction
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from config.nudge import Nudge

PREFIX = "mutirao:nudge"
# So long a message may stand in the queue before another one is sent for the same line.
LONGEST = 15


def send(task: Nudge, line: Any) -> None:
    """After the commit, unless a message waits already."""
    transaction.on_commit(lambda: _send(task, line, 0))


def send_later(task: Nudge, line: Any, *, seconds: float) -> None:
    transaction.on_commit(lambda: _send(task, line, seconds))


def forget(task: Nudge, line: Any) -> None:
    """From now on what comes needs a message of its own."""
    try:
        get_redis_connection("default").delete(_name(task, line))
    except RedisError:
        return


def _send(task: Nudge, line: Any, seconds: float) -> None:
    if _is_first(task, line, seconds):
        task.delay_on_commit_by(seconds, line)


def _is_first(task: Nudge, line: Any, seconds: float) -> bool:
    lasts = int((seconds + LONGEST) * 1000)
    try:
        return bool(get_redis_connection("default").set(_name(task, line), 1, nx=True, px=lasts))
    except RedisError:
        return True


def _name(task: Nudge, line: Any) -> str:
    return f"{PREFIX}:{task.name}:{line}"
