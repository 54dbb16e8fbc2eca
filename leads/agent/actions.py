"""Which of a model's wishes come true: decided here, by what the person and our own rows say."""

import logging
import re
from collections.abc import Iterator, Sequence

from django.utils import timezone

from events.models import Event
from leads.agent.providers.protocol import Asked
from leads.agent.turns import Action, Turn
from leads.knowledge.retrieval import Evidence
from leads.models import Document, LeadIdentity, Message

logger = logging.getLogger(__name__)

HAND_OFF, CAPTURE, OFFER_EVENT = "hand_off", "capture_lead_data", "offer_event"
NOT_IN_EVIDENCE = "not_in_evidence"
LONGEST_SUMMARY = 500
MOST_WORDS_BESIDE = 6
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(r"\+?\(?\d[\d\s().-]{8,18}\d")


def allowed(asked: Asked, turn: Turn, evidence: Sequence[Evidence]) -> Iterator[Action]:
    """What of this wish may take effect; all else, and whatever we do not know, does not."""
    match asked.name:
        case "hand_off":
            summary = str(asked.arguments.get("summary", ""))[:LONGEST_SUMMARY]
            yield Action(HAND_OFF, {"reason": _reason(turn), "summary": summary})
        case "not_in_evidence":
            yield Action(HAND_OFF, {"reason": "no_evidence"})
        case "capture_lead_data":
            yield from _claims(asked, turn)
        case "offer_event":
            yield from _event(asked, evidence)
        case _:
            logger.warning("A model asked for an action that there is not.")


def _reason(turn: Turn) -> str:
    if not turn.unreadable:
        return "asked"
    return "voice_note" if turn.unreadable == Message.Kind.AUDIO else "media"


def _claims(asked: Asked, turn: Turn) -> Iterator[Action]:
    """Contact data that the person has typed, this time: no passage and no model can add any."""
    email, phone = (str(asked.arguments.get(name, "")).strip() for name in ("email", "phone"))
    if email and email.lower() in [found.lower() for found in EMAIL.findall(turn.question)]:
        yield Action(CAPTURE, {"kind": LeadIdentity.Kind.EMAIL.value, "value": email})
    if phone and _digits(phone) in map(_digits, PHONE.findall(turn.question)):
        yield Action(CAPTURE, {"kind": LeadIdentity.Kind.PHONE.value, "value": phone})


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _event(asked: Asked, evidence: Sequence[Evidence]) -> Iterator[Action]:
    """An event of the passages that were found, if it is published and still to come."""
    number = asked.arguments.get("passage")
    if not isinstance(number, int) or not 1 <= number <= len(evidence):
        return
    found = evidence[number - 1]
    source = Document.objects.filter(pk=found.document_id).values_list("source", flat=True).first()
    kind, _, pk = (source or "").partition(":")
    if kind != "event" or not pk.isdecimal():
        return
    events = Event.objects.filter(
        pk=pk, status=Event.Status.PUBLISHED, starts_at__gt=timezone.now()
    )
    if event := events.first():
        yield Action(OFFER_EVENT, {"event": event.pk, "title": event.title, "url": found.url})


def typed(turn: Turn) -> Iterator[Asked]:
    """What the person told of how to reach them, found without any model."""
    emails, phones = EMAIL.findall(turn.question), PHONE.findall(turn.question)
    if emails or phones:
        arguments = {"email": (emails or [""])[0], "phone": (phones or [""])[0]}
        yield Asked(CAPTURE, arguments)


def is_only_contact(turn: Turn) -> bool:
    """Whether hardly more was written than how to reach them: "meu e-mail é …"."""
    rest = PHONE.sub(" ", EMAIL.sub(" ", turn.question))
    return len(rest.split()) <= MOST_WORDS_BESIDE


def summary_of(turn: Turn) -> str:
    """What a person who takes over must know, when no model has said it better."""
    asked = [said.text for said in turn.history if said.author == Message.Author.PERSON]
    return "\n".join([*filter(None, [turn.summary]), *asked[-3:], turn.question])
