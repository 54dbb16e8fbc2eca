"""Tasks that never end well are given up: a row for staff, and the others go on."""

import json
import logging
import os
from typing import Any

from billiard.einfo import ExceptionInfo
from celery import current_app
from celery.contrib.django.task import DjangoTask
from celery.exceptions import Ignore
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from config.errors import DomainError
from config.models import DeadLetter, Redelivery
from config.redaction import Redactor

logger = logging.getLogger(__name__)

# So often a task may lose its worker. The first delivery is not counted, so it costs nothing.
MAX_DELIVERIES = 3
LONGEST_ERROR = 1000
_redact = Redactor(os.environ)


class AlreadyHandled(DomainError):
    code = "already_handled"
    message = _("This dead letter was handled already.")


class BrokerAway(DomainError):
    code = "broker_away"
    message = _("The broker does not answer: nothing was queued.")


class DeadLetterTask(DjangoTask):
    """A task that ends well, by a refusal, or as a dead letter; it neither loops nor vanishes."""

    throws = (DomainError,)

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Give up what lost its worker MAX_DELIVERIES times, or it would come back for ever."""
        if not (self.request.delivery_info or {}).get("redelivered"):
            return
        # Committed before the task runs and may kill this process.
        Redelivery.objects.create(task_id=task_id)
        if Redelivery.objects.filter(task_id=task_id).count() >= MAX_DELIVERIES:
            _give_up(self.name, task_id, args, kwargs, reason=DeadLetter.Reason.WORKER_LOST)
            raise Ignore  # which acknowledges the message

    def on_failure(
        self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: ExceptionInfo
    ) -> None:
        """Give up what failed after its last retry, or ran into the hard time limit."""
        # What cannot be pickled comes in a wrapper: only here its class is still told.
        kind = einfo.type or type(exc)
        if issubclass(kind, DomainError):
            return
        error = _redact.text(f"{kind.__name__}: {exc}".replace("\0", ""))[:LONGEST_ERROR]
        try:
            if not connection.in_atomic_block:  # as for a task that its caller runs at once
                close_old_connections()  # the failure may have been that of the connection
            _give_up(self.name, task_id, args, kwargs, reason=DeadLetter.Reason.FAILED, error=error)
        except DatabaseError:
            logger.exception("The dead letter of %s could not be stored.", self.name)
        if self.request.called_directly:
            # The main process, after a time limit: it keeps none of the hundred connections.
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]  # of our backend


def _give_up(task: str, task_id: str, args: Any, kwargs: Any, **why: Any) -> None:
    work = {"task": task, "args": args, "kwargs": kwargs}
    # A beat task may have queued the same work before: one letter waits for staff, not many.
    if not DeadLetter.objects.waiting().filter(**work).update(given_up_at=timezone.now(), **why):
        # Delivered once more, killed before its message was acknowledged: one letter all the same.
        DeadLetter.objects.get_or_create(task_id=task_id, defaults={**work, **why})
    logger.error("%s was given up: a dead letter.", task)


def shown(letter: DeadLetter) -> str:
    """The arguments as people may see them: task arguments are ids, but nobody can be sure."""
    arguments = [letter.args, letter.kwargs] if letter.kwargs else letter.args
    return json.dumps(_redact.anything(arguments), ensure_ascii=False)


@transaction.atomic
def queue_again(letter: DeadLetter) -> None:
    """Queue the task anew, with all its tries; a broker that is away leaves the letter as it was.

    Killed between publishing and commit, it may be queued twice: tasks may run twice.
    """
    set_aside(letter)
    try:
        current_app.send_task(letter.task, letter.args, letter.kwargs)
    except OperationalError as error:
        raise BrokerAway from error


def set_aside(letter: DeadLetter) -> None:
    """Mark the letter as handled, once."""
    mine = DeadLetter.objects.waiting().filter(pk=letter.pk)
    if not mine.update(handled_at=timezone.now()):
        raise AlreadyHandled
