"""How the status of an event may change: from where, to where, by whom and when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import rules
from events.models import Event
from users.models import User

Status = Event.Status


class WrongStatus(DomainError):
    code = "wrong_status"
    message = _("The status of the event does not allow this.")


class StartsInPast(DomainError):
    code = "starts_in_past"
    message = _("The start must be in the future.")

    def __init__(self) -> None:
        super().__init__(attr="starts_at")


class EventOver(DomainError):
    code = "event_over"
    message = _("The event is over.")


class EventNotOver(DomainError):
    code = "event_not_over"
    message = _("The event is not over yet.")


def starts_later(event: Event) -> None:
    if event.has_started:
        raise StartsInPast


def is_not_over(event: Event) -> None:
    if event.is_over:
        raise EventOver


def is_over(event: Event) -> None:
    if not event.is_over:
        raise EventNotOver


def is_long_over(event: Event) -> None:
    if event.ends_at > archived_until():
        raise EventNotOver


def archived_until() -> datetime:
    """What ended by then is long over."""
    return timezone.now() - settings.EVENT_ARCHIVE_AFTER


@dataclass(frozen=True)
class Transition:
    """One allowed change of status; `apply` changes the object, whose lock the caller holds."""

    source: Event.Status
    target: Event.Status
    who: Callable[[User, Event], bool]
    check: Callable[[Event], None]

    def apply(self, event: Event, **facts: Any) -> bool:
        """Change the status and say so; False if it was changed before, as a retry finds it."""
        if event.status == self.target:
            return False
        if event.status != self.source:
            raise WrongStatus
        self.check(event)
        for name, value in {"status": self.target, **facts}.items():
            setattr(event, name, value)
        event.save(update_fields=["status", "updated_at", *facts])
        return True


PUBLISH = Transition(Status.DRAFT, Status.PUBLISHED, rules.may_manage, starts_later)
CANCEL = Transition(Status.PUBLISHED, Status.CANCELLED, rules.may_manage, is_not_over)
FINISH = Transition(Status.PUBLISHED, Status.FINISHED, rules.nobody, is_over)
ARCHIVE = Transition(Status.FINISHED, Status.ARCHIVED, rules.nobody, is_long_over)
ALL = (PUBLISH, CANCEL, FINISH, ARCHIVE)
