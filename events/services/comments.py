"""Comments: written, flagged, deleted by people, judged by staff."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events.mentions import mentioned
from events.models import Event, EventComment, EventNotification
from events.services import notifications, seats
from users.models import User

Kind = EventNotification.Kind
Status = EventComment.Status


class CommentGone(DomainError, EventComment.DoesNotExist):
    """Gone with a draft between the look-up and the lock: 404, like any other."""

    code = "not_found"
    message = _("This comment does not exist any more.")


class NotShown(DomainError):
    code = "comment_not_shown"
    message = _("This comment is not shown any more.")


class ReplyToReply(DomainError):
    code = "reply_to_reply"
    message = _("Only a comment can be answered, not a reply.")

    def __init__(self) -> None:
        super().__init__(attr="parent")


class OwnComment(DomainError):
    code = "own_comment"
    message = _("Your own comment can be deleted, not flagged.")


@transaction.atomic
def comment(
    event: Event, author: User, text: str, *, parent: EventComment | None = None
) -> EventComment:
    """Say something about the event, or answer to it; organizers who are called get a mail.

    Only a draft can go away at the same moment, so only a draft is locked.
    """
    if event.status == Event.Status.DRAFT:
        event = seats.lock(event)
    if parent is not None:
        _check_takes_replies(parent)
    comment = event.comments.create(author=author, text=text, parent=parent)
    _tell_mentioned(comment)
    return comment


def _check_takes_replies(parent: EventComment) -> None:
    if parent.parent_id is not None:
        raise ReplyToReply
    if not parent.is_shown:
        raise NotShown(attr="parent")


def _tell_mentioned(comment: EventComment) -> None:
    event = comment.event
    helpers = event.co_organizers.values_list("pk", flat=True) if "@" in comment.text else []
    called = mentioned(comment.text, [event.organizer_id, *helpers]) - {comment.author_id}
    if called:
        this_event = Event.objects.filter(pk=event.pk)
        notifications.tell_organizers(
            Kind.MENTION, this_event, version=str(comment.pk), among=called
        )


@transaction.atomic
def delete_comment(comment: EventComment, *, by: User) -> None:
    """Take the text out of sight for good; the row stays, and so do its replies."""
    comment = _lock(comment)
    if comment.deleted_at:
        return
    comment.deleted_at, comment.deleted_by = timezone.now(), by
    comment.save(update_fields=["deleted_at", "deleted_by"])


@transaction.atomic
def flag(comment: EventComment, user: User, *, reason: str) -> None:
    """Note that the user objects; enough of them hide it, until staff has judged.

    The lock of the comment lets no flag be lost beside another, and each person's count once.
    """
    comment = _lock(comment)
    if comment.author_id == user.pk:
        raise OwnComment
    if comment.flags.filter(user=user).exists():
        return
    if comment.deleted_at or comment.status == Status.HIDDEN:
        raise NotShown
    comment.flags.create(user=user, reason=reason)
    comment.flag_count += 1
    is_undecided = comment.status == Status.VISIBLE
    if is_undecided and comment.flag_count >= settings.COMMENT_FLAGS_TO_HIDE:
        comment.status = Status.SUSPENDED
    comment.save(update_fields=["flag_count", "status"])


@transaction.atomic
def approve_comment(comment: EventComment, *, by: User) -> None:
    """Let it stand for good, whoever flags it."""
    comment = _lock(comment)
    _decide(comment, Status.APPROVED, by)


@transaction.atomic
def hide_comment(comment: EventComment, *, by: User, reason: str) -> None:
    """Take it out of sight, and tell its author why."""
    comment = _lock(comment)
    if _decide(comment, Status.HIDDEN, by):
        notifications.tell(
            Kind.COMMENT_HIDDEN,
            comment.event,
            comment.author,
            version=notifications.decision(comment),
            reason=reason,
        )


def _decide(comment: EventComment, status: EventComment.Status, by: User) -> bool:
    """Note what staff decided, tell who flagged it since they did before, and say if it is new."""
    if comment.deleted_at:
        raise NotShown
    if comment.status == status:
        return False
    before = comment.decided_at
    comment.status = status
    comment.decided_at, comment.decided_by = timezone.now(), by
    comment.save(update_fields=["status", "decided_at", "decided_by"])
    notifications.tell_who_objected(Kind.COMMENT_DECIDED, comment, since=before)
    return True


def _lock(comment: EventComment) -> EventComment:
    try:
        return EventComment.objects.select_for_update(no_key=True).get(pk=comment.pk)
    except EventComment.DoesNotExist:
        raise CommentGone from None
