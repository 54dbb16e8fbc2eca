"""Mails that were given up."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import tasks
from events.models import EventNotification


class NotGivenUp(DomainError):
    code = "not_given_up"
    message = _("This mail was not given up.")


@transaction.atomic
def send_again(notification: EventNotification) -> None:
    """Let a mail that was given up wait again, with all its tries."""
    given_up = EventNotification.objects.filter(pk=notification.pk, failed_at__isnull=False)
    if not given_up.update(failed_at=None, attempts=0):
        raise NotGivenUp
    tasks.send_event_notification_email.delay_on_commit(notification.pk)
