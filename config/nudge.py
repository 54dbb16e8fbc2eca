"""Tasks that a row waits for: the message only makes it quicker."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from kombu.exceptions import OperationalError

from config import request_log
from config.dead_letters import DeadLetterTask
from config.errors import DependencyAway
from config.resilience import Breaker

logger = logging.getLogger(__name__)
# After a failure nothing is sent for so many seconds: a request with a hundred messages
# waits for a dead broker once.
PAUSE = 5
BREAKER = Breaker("broker", failures=1, seconds=PAUSE, is_shared=False)


class Nudge(DeadLetterTask):
    """A task whose message may be lost, since a beat task finds the rows that still wait.

    So a request whose work is committed is neither failed nor held up by a dead broker.
    """

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        transaction.on_commit(partial(self._send, *args, **kwargs))

    def delay_on_commit_by(self, seconds: float, *args: Any) -> None:
        """The same, for work that is only due in so many seconds."""
        transaction.on_commit(partial(self._send_by, seconds, *args))

    def _send(self, *args: Any, **kwargs: Any) -> None:
        self._publish(partial(self.delay, *args, **kwargs))

    def _send_by(self, seconds: float, *args: Any) -> None:
        self._publish(partial(self.apply_async, args, countdown=max(0.0, seconds)))

    def _publish(self, publish: Callable[[], Any]) -> None:
        try:
            with structlog.contextvars.bound_contextvars(**_who()):
                BREAKER.call(publish)
        except DependencyAway:
            return  # said when it began
        except OperationalError:
            logger.warning("The broker is away; rows wait for %s.", self.name)


def _who() -> dict[str, Any]:
    """The user of the request, to stand in the lines of the task as well."""
    user_id = request_log.current_user_id()
    return {} if user_id is None else {"user_id": user_id}
