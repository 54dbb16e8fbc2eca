"""What people do to a message afterwards: edits, reactions, takings back."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

from leads.evolution import jids, messages
from leads.evolution.jids import Contact
from leads.evolution.messages import Change
from leads.models import Conversation, LeadIdentity, Message, WhatsAppInstance
from leads.services import conversations, identities, leases, opting_out

Author = Message.Author
Kind = LeadIdentity.Kind


@transaction.atomic
def changed(instance: WhatsAppInstance | None, external_id: str, changes: Sequence[Change]) -> None:
    """Do all that was done to a message, in this order, if it is there; it asks for no answer.

    The one word that stops messages stops them, though it came as an edit.

    A message is changed from its own chat only, its words only by the side that wrote them: a
    person cannot rewrite what we said, nor what another one did. What a person took back stays
    so, whatever else is told of it. What we said ourselves is edited on the phone, but stays on
    record.
    """
    rows = Message.objects.filter(instance=instance, external_id=external_id)
    found = rows.values_list("conversation", flat=True).first()
    if found is None:
        return
    conversation = leases.locked(found)
    message = rows.get()
    mine = [change for change in changes if _is_theirs(change, message, rows)]
    for change in mine:
        if change.what == messages.REACTED:
            rows.update(reaction=change.text[:16])
        elif change.what == messages.EDITED:
            _edit(rows, change)
    if taken_back := [change for change in mine if change.what == messages.TAKEN_BACK]:
        _take_back(conversation, rows.filter(author=Author.PERSON), taken_back[-1])
    _heed_edit(conversation, rows.get(), was=message.text)


def _is_theirs(change: Change, message: Message, rows: QuerySet[Message]) -> bool:
    """Whether whoever did it may: anybody can name any id."""
    side = Author.STAFF if change.is_from_us else Author.PERSON
    if change.what != messages.REACTED and message.author != side:
        return False
    return change.by is None or rows.filter(_is_in_chat_of(change.by)).exists()


def _is_in_chat_of(contact: Contact) -> Q:
    """In their chat, under whatever address it began."""
    phone = f"{contact.phone}{jids.PHONE}" if contact.phone else ""
    known = [identities.find(*one) for one in ((Kind.PHONE, phone), (Kind.LID, contact.lid))]
    leads = [one.lead_id for one in known if one and one.proof != LeadIdentity.Proof.CLAIM]
    keys = [key for key in (contact.key, contact.lid_key) if key]
    return Q(conversation__key__in=keys) | Q(conversation__lead__in=leads)


def _edit(rows: QuerySet[Message], change: Change) -> None:
    """Take the newer wording; what was answered stays answered."""
    newer = Q(edited_at=None) | Q(edited_at__lte=change.at)
    text = change.text.replace("\0", "")[: messages.LONGEST]
    rows.filter(newer).update(text=text, edited_at=change.at)


def _heed_edit(conversation: Conversation, message: Message, *, was: str) -> None:
    is_news = opting_out.opt_word(message.text) != opting_out.opt_word(was)
    if is_news and message.author == Author.PERSON:
        conversations.heed(conversation, message)


def _take_back(conversation: Conversation, rows: QuerySet[Message], change: Change) -> None:
    """Of what was said there is only left that it was; nobody listens to it any more."""
    unheard = rows.filter(transcription_due_at__isnull=False, transcribed_at=None)
    if unheard.update(transcribed_at=change.at):
        conversations.voice_changed(conversation)
    rows.update(text="", kind=Message.Kind.TEXT, edited_at=change.at)
