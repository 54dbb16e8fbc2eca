"""The mails about events, in the language of their reader and at the clocks of the venue."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format, time_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from events.models import Event, EventNotification, ResourcePledge

Kind = EventNotification.Kind

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
    Kind.NOT_NEEDED: _("Not needed any more: %(title)s"),
    Kind.RIDE_GONE: _("Your ride is not offered any more: %(title)s"),
    Kind.SHORTFALL: _("Something is missing: %(title)s"),
    Kind.MENTION: _("You are mentioned in a comment: %(title)s"),
    Kind.COMMENT_HIDDEN: _("Your comment is hidden: %(title)s"),
}


def send(notification: EventNotification) -> None:
    """Write and send the mail of a notification: one text, as plain text and as HTML."""
    event, user = notification.event, notification.user
    with translation.override(user.language), timezone.override(ZoneInfo(event.time_zone)):
        facts = {
            "event": event,
            "user": user,
            "reason": notification.reason or event.cancel_reason,
            "when": when(event),
            "where": ", ".join(filter(None, [event.address, event.city])),
            "page": page(event),
            # Only the mails that tell of these look them up.
            "pledges": ResourcePledge.objects.of(user, event),
            "rides": event.resources.filter(offered_by=user),
            "missing": event.resources.missing(),
            "notification": notification,
            "calendar": f"{settings.SITE_URL}/api/v1/events/{event.pk}/calendar.ics",
        }
        subject = SUBJECTS[Kind(notification.kind)] % {"title": event.title}
        text = render_to_string(f"events/mail/{notification.kind}.txt", facts).strip()
        page_of_mail = render_to_string("events/mail/base.html", {"subject": subject, "text": text})
    # A line break in a subject would start another header.
    message = EmailMultiAlternatives(" ".join(subject.split()), text, to=[user.email])
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
