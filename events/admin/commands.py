"""What staff may do with events and their participants, each through its service."""

from typing import Any, cast

from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from config.admin.commands import Command, ReasonForm
from events import services
from events.models import EventComment, EventNotification, EventParticipant, EventPhoto
from users.models import User


def acting_user(request: HttpRequest) -> User:
    """Who is signed in: the admin lets nobody but accounts this far."""
    return cast(User, request.user)


def check_in(request: HttpRequest, participant: EventParticipant, answers: dict[str, Any]) -> None:
    services.check_in(participant.event, participant.user, by=acting_user(request))


def check_out(request: HttpRequest, participant: EventParticipant, answers: dict[str, Any]) -> None:
    services.check_out(participant.event, participant.user, by=acting_user(request))


def approve(request: HttpRequest, comment: EventComment, answers: dict[str, Any]) -> None:
    services.approve_comment(comment, by=acting_user(request))


def hide(request: HttpRequest, comment: EventComment, answers: dict[str, Any]) -> None:
    services.hide_comment(comment, by=acting_user(request), reason=answers["reason"])


def words(comment: EventComment) -> str:
    return f"{comment.author.name}: {Truncator(comment.text).chars(80)}"


def approve_photo(request: HttpRequest, photo: EventPhoto, answers: dict[str, Any]) -> None:
    services.approve_photo(photo, by=acting_user(request))


def remove_photo(request: HttpRequest, photo: EventPhoto, answers: dict[str, Any]) -> None:
    services.remove_photo(photo, by=acting_user(request), reason=answers["reason"])


def who_and_where(row: EventParticipant | EventNotification) -> str:
    return f"{row.user.name} <{row.user.email}>, {row.event.title}"


PUBLISH = Command(
    question=_("Publish this?"),
    explanation=_("Everyone will see it, and people may sign up."),
    button=_("Publish"),
    done=ngettext_lazy(
        "%(count)d event was published.", "%(count)d events were published.", "count"
    ),
    act=lambda request, event, answers: services.publish(event),
)
CANCEL = Command(
    question=_("Cancel this?"),
    explanation=_("Everyone with a seat or on the waiting list gets a mail with the reason."),
    button=_("Cancel the event"),
    done=ngettext_lazy(
        "%(count)d event was cancelled.", "%(count)d events were cancelled.", "count"
    ),
    form_class=ReasonForm,
    variant="danger",
    act=lambda request, event, answers: services.cancel(event, reason=answers["reason"]),
)
CHECK_IN = Command(
    question=_("Check in?"),
    button=_("Check in"),
    done=ngettext_lazy(
        "%(count)d person was checked in.", "%(count)d people were checked in.", "count"
    ),
    label=who_and_where,
    act=check_in,
)
CHECK_OUT = Command(
    question=_("Check out?"),
    button=_("Check out"),
    done=ngettext_lazy(
        "%(count)d person was checked out.", "%(count)d people were checked out.", "count"
    ),
    label=who_and_where,
    act=check_out,
)
UNDO_CHECK_IN = Command(
    question=_("Undo the check-in?"),
    explanation=_("Hours that were counted for it are reversed in the ledger."),
    button=_("Undo the check-in"),
    done=ngettext_lazy(
        "%(count)d check-in was undone.", "%(count)d check-ins were undone.", "count"
    ),
    form_class=ReasonForm,
    label=who_and_where,
    act=lambda request, participant, answers: services.undo_check_in(
        participant.event, participant, reason=answers["reason"]
    ),
)
MARK_NO_SHOW = Command(
    question=_("Did not come?"),
    button=_("Did not come"),
    done=ngettext_lazy(
        "%(count)d person was noted as absent.", "%(count)d people were noted as absent.", "count"
    ),
    label=who_and_where,
    act=lambda request, participant, answers: services.mark_no_show(participant.event, participant),
)
REMOVE = Command(
    question=_("Remove from the event?"),
    explanation=_("The person gets a mail with the reason, and the seat goes to the next in line."),
    button=_("Remove"),
    done=ngettext_lazy("%(count)d person was removed.", "%(count)d people were removed.", "count"),
    form_class=ReasonForm,
    variant="danger",
    label=who_and_where,
    act=lambda request, participant, answers: services.remove(
        participant.event, participant, reason=answers["reason"]
    ),
)
APPROVE_PHOTO = Command(
    question=_("Show this to everyone?"),
    explanation=_("Objections to it are passed over, and who uploaded it gets a mail."),
    button=_("Approve"),
    done=ngettext_lazy("%(count)d photo was approved.", "%(count)d photos were approved.", "count"),
    act=approve_photo,
)
REMOVE_PHOTO = Command(
    question=_("Remove the photo?"),
    explanation=_("Its file is deleted, and who uploaded it gets a mail with the reason."),
    button=_("Remove the photo"),
    done=ngettext_lazy("%(count)d photo was removed.", "%(count)d photos were removed.", "count"),
    form_class=ReasonForm,
    variant="danger",
    act=remove_photo,
)
SEND_AGAIN = Command(
    question=_("Send again?"),
    button=_("Send again"),
    done=ngettext_lazy("%(count)d mail is sent again.", "%(count)d mails are sent again.", "count"),
    label=who_and_where,
    act=lambda request, notification, answers: services.send_again(notification),
)
APPROVE_COMMENT = Command(
    question=_("Approve?"),
    button=_("Approve"),
    done=ngettext_lazy(
        "%(count)d comment was approved.", "%(count)d comments were approved.", "count"
    ),
    label=words,
    act=approve,
)
HIDE_COMMENT = Command(
    question=_("Hide these comments?"),
    explanation=_("The authors get a mail with the reason."),
    button=_("Hide"),
    done=ngettext_lazy("%(count)d comment was hidden.", "%(count)d comments were hidden.", "count"),
    form_class=ReasonForm,
    variant="danger",
    label=words,
    act=hide,
)
