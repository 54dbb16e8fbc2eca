"""The mails of leads: what a lead gets unasked, and what staff are told."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from leads.models import Conversation, Lead
from leads.wording import Letter
from users import unsubscribing
from users.models import User


def follow_up(
    lead: Lead, letter: Letter, *, to: str, way_out: str, by: BaseEmailBackend
) -> EmailMultiAlternatives:
    """Write what a lead gets unasked: in its headers and at its foot is how that ends."""
    with translation.override(lead.language):
        text = letter.text.strip()
        shown = {"subject": letter.subject, "text": text, "unsubscribe": way_out}
        page = render_to_string("leads/mail/base.html", shown)
        text += unsubscribing.footer(way_out)
    message = _message(letter.subject, text, page, to=to, by=by)
    message.extra_headers = unsubscribing.headers(way_out)
    return message


def handoff(conversation: Conversation, staff: User) -> None:
    """Tell one of the staff that somebody waits for a person, and what it is about."""
    with translation.override(staff.language):
        subject = _("Somebody waits for an answer: %(name)s")
        _to_staff("handoff", subject, conversation, staff)


def escalation(conversation: Conversation, staff: User) -> None:
    """Tell that a hand-off was left unanswered."""
    with translation.override(staff.language):
        _to_staff("escalation", _("Still without an answer: %(name)s"), conversation, staff)


def _to_staff(kind: str, subject: str, conversation: Conversation, staff: User) -> None:
    facts: dict[str, Any] = {
        "staff": staff,
        "conversation": conversation,
        "name": " ".join(conversation.lead.name.split()) or _("somebody without a name"),
        "page": _page(conversation),
    }
    subject %= facts
    text = render_to_string(f"leads/mail/{kind}.txt", facts).strip()
    page = render_to_string("leads/mail/base.html", {"subject": subject, "text": text})
    _message(subject, text, page, to=staff.email).send()


def _page(conversation: Conversation) -> str:
    """Where staff read the conversation and answer."""
    home = settings.SITE_URL + reverse("admin:index")
    return f"{home}leads/conversation/{conversation.pk}/change/"


def _message(
    subject: str, text: str, page: str, *, to: str, by: BaseEmailBackend | None = None
) -> EmailMultiAlternatives:
    # A line break in a subject would start another header.
    subject = " ".join(subject.split())
    message = EmailMultiAlternatives(subject, text, to=[to], connection=by)
    message.attach_alternative(page, "text/html")
    return message
