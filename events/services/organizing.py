"""Whether a mail to somebody who need not take part still tells what is so."""

from collections.abc import Callable

from events import rules
from events.models import Event, EventComment, EventNotification, EventPhoto, EventReport

Kind = EventNotification.Kind


def _something_is_missing(notification: EventNotification) -> bool:
    event = notification.event
    is_to_come = event.status == Event.Status.PUBLISHED and not event.has_started
    is_theirs = rules.organizes(notification.user, event)
    return is_to_come and is_theirs and event.resources.missing().exists()


def _is_asked(notification: EventNotification) -> bool:
    comment = notification.comment
    return (
        comment is not None
        and comment.is_shown
        and rules.organizes(notification.user, notification.event)
    )


def _is_hidden(notification: EventNotification) -> bool:
    comment = notification.comment
    return comment is not None and comment.status == EventComment.Status.HIDDEN


def _comment_is_decided(notification: EventNotification) -> bool:
    comment = notification.comment
    decided = (EventComment.Status.APPROVED, EventComment.Status.HIDDEN)
    return comment is not None and not comment.deleted_at and comment.status in decided


def _photo_is_decided(notification: EventNotification) -> bool:
    photo = notification.photo
    decided = (EventPhoto.Status.SHOWN, EventPhoto.Status.REMOVED)
    return photo is not None and photo.status in decided


def _report_is_returned(notification: EventNotification) -> bool:
    event = notification.event
    returned = EventReport.objects.filter(event=event, status=EventReport.Status.RETURNED)
    return returned.exists() and rules.organizes(notification.user, event)


WANTED: dict[Kind, Callable[[EventNotification], bool]] = {
    Kind.SHORTFALL: _something_is_missing,
    Kind.MENTION: _is_asked,
    Kind.COMMENT_HIDDEN: _is_hidden,
    Kind.COMMENT_DECIDED: _comment_is_decided,
    Kind.PHOTO_DECIDED: _photo_is_decided,
    Kind.REPORT_RETURNED: _report_is_returned,
}
