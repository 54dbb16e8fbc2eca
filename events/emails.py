"""The mails about events, in the language of their reader and at the clocks of the venue."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format, time_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from events.models import Event, EventNotification, EventPhoto, ResourcePledge
from users import unsubscribing
from users.models import NotificationPreference, User

Kind = EventNotification.Kind
Preference = NotificationPreference.Kind

# Each has its news in templates/events/mail/<kind>.txt.
SUBJECTS: dict[Kind, Promise] = {
    Kind.JOINED: _("You have a seat: %(title)s"),
    Kind.WAITLISTED: _("You are on the waiting list: %(title)s"),
    Kind.PROMOTED: _("A seat is free for you: %(title)s"),
    Kind.CHANGED: _("New time or place: %(title)s"),
    Kind.CANCELLED: _("Cancelled: %(title)s"),
    Kind.REMOVED: _("You are no longer signed up: %(title)s"),
    Kind.DAY_BEFORE: _("Coming up: %(title)s"),
    Kind.HOURS_BEFORE: _("Starting soon: %(title)s"),
    Kind.MESSAGE: _("%(subject)s: %(title)s"),
    Kind.WAIVER: _("Please accept the waiver: %(title)s"),
    Kind.NOT_NEEDED: _("Not needed any more: %(title)s"),
    Kind.RIDE_GONE: _("Your ride is not offered any more: %(title)s"),
    Kind.SHORTFALL: _("Something is missing: %(title)s"),
    Kind.MENTION: _("You are mentioned in a comment: %(title)s"),
    Kind.COMMENT_HIDDEN: _("Your comment is hidden: %(title)s"),
    Kind.COMMENT_DECIDED: _("About the comment that you flagged: %(title)s"),
    Kind.PHOTO_DECIDED: _("About the photo that you objected to: %(title)s"),
    Kind.REPORT_RETURNED: _("Your report was returned: %(title)s"),
}

# What people may switch off, and as what. The others tell that one need not come, or must do
# something first.
OPTIONAL = {
    Kind.JOINED: Preference.EVENT_CHANGES,
    Kind.WAITLISTED: Preference.EVENT_CHANGES,
    Kind.CHANGED: Preference.EVENT_CHANGES,
    Kind.DAY_BEFORE: Preference.REMINDERS,
    Kind.HOURS_BEFORE: Preference.REMINDERS,
    Kind.SHORTFALL: Preference.REMINDERS,
    Kind.MENTION: Preference.COMMENTS,
    Kind.COMMENT_HIDDEN: Preference.COMMENTS,
    Kind.COMMENT_DECIDED: Preference.COMMENTS,
    Kind.PHOTO_DECIDED: Preference.COMMENTS,
    Kind.MESSAGE: Preference.NEWS,
}

PHOTO_DECISIONS = Preference.COMMENTS
PHOTO_SUBJECTS: dict[str, Promise] = {
    "photo_shown": _("Your photo is shown: %(title)s"),
    "photo_removed": _("Your photo was removed: %(title)s"),
}


def send(notification: EventNotification) -> None:
    """Write and send the mail of a notification: one text, as plain text and as HTML."""
    event, user, mail = notification.event, notification.user, notification.mail
    kind = Kind(notification.kind)
    facts = {
        "subject": mail and mail.subject,
        "reason": notification.reason or event.cancel_reason,
        "mail": mail,
        # Only the mails that tell of these look them up.
        "pledges": ResourcePledge.objects.of(user, event),
        "rides": event.resources.filter(offered_by=user),
        "missing": event.resources.missing(),
        "notification": notification,
    }
    _send(kind, SUBJECTS[kind], event, user, facts, optional=OPTIONAL.get(kind))


def photo_decision(photo: EventPhoto) -> None:
    """Tell the uploader what staff decided."""
    kind = f"photo_{photo.status}"
    facts = {"reason": photo.reason}
    subject = PHOTO_SUBJECTS[kind]
    _send(kind, subject, photo.event, photo.uploader, facts, optional=PHOTO_DECISIONS)


def _send(
    kind: str,
    subject_line: Promise,
    event: Event,
    user: User,
    facts: dict[str, Any],
    *,
    optional: Preference | None = None,
) -> None:
    with translation.override(user.language), timezone.override(ZoneInfo(event.time_zone)):
        subject = subject_line % {"title": event.title, **facts}
        facts = {
            "event": event,
            "user": user,
            "when": when(event),
            "where": ", ".join(filter(None, [event.address, event.city])),
            "page": page(event),
            "calendar": f"{settings.SITE_URL}/api/v1/events/{event.pk}/calendar.ics",
            **facts,
        }
        _mail(kind, subject, user, facts, optional)


def digest(user: User, events: list[Event]) -> None:
    """What goes on near the person, each with its own clocks."""
    with translation.override(user.language):
        lines = [{"event": event, "when": when(event), "page": page(event)} for event in events]
        facts = {"user": user, "lines": lines}
        subject = ngettext("Near you: %(count)d event", "Near you: %(count)d events", len(lines))
        _mail("digest", subject % {"count": len(lines)}, user, facts, Preference.DIGEST)


def _mail(
    kind: str,
    subject: str,
    user: User,
    facts: dict[str, Any],
    optional: Preference | None,
) -> None:
    text = render_to_string(f"events/mail/{kind}.txt", facts).strip()
    address = unsubscribing.link(user, optional) if optional else ""
    shown = {"subject": subject, "text": text, "unsubscribe": address}
    page_of_mail = render_to_string("events/mail/base.html", shown)
    if address:
        text += unsubscribing.footer(address)
    # A line break in a subject would start another header.
    message = EmailMultiAlternatives(" ".join(subject.split()), text, to=[user.email])
    message.extra_headers = unsubscribing.headers(address) if address else {}
    message.attach_alternative(page_of_mail, "text/html")
    message.send()


def page(event: Event) -> str:
    """Where a reader sees the event: the front end if there is one, else the API."""
    if settings.FRONTEND_URL.startswith(settings.SITE_URL):
        return f"{settings.SITE_URL}/api/v1/events/{event.pk}/"
    return f"{settings.FRONTEND_URL}/events/{event.pk}"


def when(event: Event) -> str:
    """The time in words, like "Saturday, 3 May 2027, 09:00–12:00 (America/Sao_Paulo)"."""
    starts_at, ends_at = event.starts_at_local, event.ends_at_local
    end = time_format(ends_at.time())
    if ends_at.date() != starts_at.date():
        end = _day_and_time(ends_at)
    return f"{_day_and_time(starts_at)}–{end} ({event.time_zone})"


def _day_and_time(moment: datetime) -> str:
    day = f"{date_format(moment, 'l')}, {date_format(moment, 'DATE_FORMAT')}"
    return f"{day}, {time_format(moment.time())}"
