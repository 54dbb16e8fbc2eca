"""No more messages unasked, and how that is undone; whoever writes is answered all the same."""

import re
import unicodedata
from typing import Any, Final, Literal

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from leads.models import Conversation, Lead, LeadConsent, Message
from leads.services import consent, sequences

Word = Literal["out", "in"]
WORDS: Final[dict[str, Word]] = {
    "parar": "out",
    "sair": "out",
    "stop": "out",
    "cancelar": "out",
    "voltar": "in",
}
# Longer than any of them with its punctuation: a long message is not looked at.
LONGEST = 60
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
# A dot, unlike a colon, needs no escaping in an address.
_signer = signing.Signer(sep=".", salt="leads.opting_out")


def opt_word(text: str) -> Word | None:
    """What a message of one such word means: whatever its case, accents, and signs around it."""
    if len(text) > LONGEST:
        return None
    parts = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(sign for sign in parts if not unicodedata.combining(sign))
    return WORDS.get(_AROUND.sub("", plain))


@transaction.atomic
def apply(conversation: Conversation, message: Message, word: Word) -> str:
    """Do what the word says, with the message as proof; return the confirmation to send."""
    lead = conversation.lead
    proof = {"message": message.pk, "words": message.text}
    with translation.override(lead.language):
        said = _confirmation(word)
    _record(lead, is_given=word == "in", channel=conversation.channel, text=said, proof=proof)
    return said


def _confirmation(word: Word) -> str:
    if word == "in":
        return _("Good to have you back: you get our news again. To stop them, answer PARAR.")
    return _(
        "Done: we will not write to you unasked any more. If you write, we still answer. "
        "To get our news again, answer VOLTAR."
    )


def link(lead: Lead) -> str:
    """Where the lead stops what comes unasked, without signing in; it never expires.

    Mails are kept for years, and all that the address can do is to change what its reader gets.
    """
    return settings.SITE_URL + reverse("lead-pages:opt-out", args=[_signer.sign_object([lead.pk])])


def lead_of(token: str) -> Lead:
    """Whose link it is: the one that a merge left, if there was one."""
    try:
        (pk,) = _signer.unsign_object(token)
        lead = Lead.objects.select_related("merged_into").get(pk=pk)
    except (signing.BadSignature, ValueError, Lead.DoesNotExist) as error:
        raise ValidationError(_("This link is not valid any more."), "invalid_link") from error
    while lead.merged_into is not None:
        lead = lead.merged_into
    return lead


@transaction.atomic
def by_link(token: str, *, is_given: bool, text: str, address: str) -> None:
    """Take a yes or no from the page of the link, once; `text` is what stood there."""
    lead = lead_of(token)
    if is_given == (lead.opted_out_at is None):
        return
    proof = {"link": token, "address": address}
    channel = LeadConsent.Channel.EMAIL
    _record(lead, is_given=is_given, channel=channel, text=text, proof=proof)


def _record(lead: Lead, *, is_given: bool, channel: str, text: str, proof: dict[str, Any]) -> None:
    purpose = LeadConsent.Purpose.UNASKED
    consent.record(
        lead, purpose=purpose, is_given=is_given, channel=channel, text=text, proof=proof
    )
    if not is_given:
        sequences.opted_out(lead)
