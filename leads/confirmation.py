"""The link that proves an e-mail address of a lead: signed, short-lived, for one use."""

from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from leads.models import LeadClaim
from users.mail_tokens import refused

AGE = timedelta(days=7)
SIGNER = signing.TimestampSigner(sep=".", salt="leads.confirmation")


def make(claim: LeadClaim) -> str:
    """A token that works until it is used, is too old, or the claim is gone."""
    return SIGNER.sign_object([claim.pk, _stamp(claim)])


def read(token: str) -> LeadClaim:
    """The claim of a token that holds now; whoever uses it notes so in `confirmed_at`."""
    try:
        pk, stamp = SIGNER.unsign_object(token, max_age=AGE)
    except signing.BadSignature as error:
        raise refused() from error
    claim = LeadClaim.objects.select_related("lead").filter(pk=pk).first()
    if claim is None or not constant_time_compare(stamp, _stamp(claim)):
        raise refused()
    return claim


def send(claim: LeadClaim, *, has_agreed: bool = False) -> None:
    """Ask whoever reads the address whether it is theirs, and say what follows from a yes.

    With `has_agreed` the form also said that they may be written to unasked.
    """
    with translation.override(claim.lead.language):
        subject = _("Is this e-mail yours?")
        link = f"{settings.FRONTEND_URL}/leads/confirm/?{urlencode({'token': make(claim)})}"
        facts = {"subject": subject, "link": link, "button": _("Yes, it is mine")}
        given = {**facts, "has_agreed": has_agreed}
        text = render_to_string("leads/mail/confirm_email.txt", given)
        paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
        html = render_to_string("users/mail/base.html", {**facts, "paragraphs": paragraphs})
        message = EmailMultiAlternatives(subject, "\n\n".join(paragraphs), to=[claim.value])
        message.attach_alternative(html, "text/html")
        message.send()


def _stamp(claim: LeadClaim) -> str:
    value = f"{claim.key}\n{claim.confirmed_at}"
    return salted_hmac("leads.confirmation.stamp", value, algorithm="sha256").hexdigest()[:32]
