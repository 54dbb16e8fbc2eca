"""The web chat in the database: short sections of what a stream does."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, Throttled

from config import limits
from config.encryption import keyed_hash
from config.idempotency import KeyReused
from leads import streams
from leads.models import Conversation, Lead, LeadIdentity, Message
from leads.services import confirming, conversations, identities
from users.models import User

# Of one conversation, in the order they were written.
SHOWN = 50
# A message that is not told so long after it was written was not told; after an hour, whoever
# comes back reads the rows.
QUICK, STREAMED = timedelta(seconds=15), timedelta(hours=1)


@dataclass(frozen=True)
class Visitor:
    """Who chats: one conversation, whose token is made from its id, so that none is stored.

    A greeting costs no row; the row comes with the first message.
    """

    conversation: UUID

    @property
    def token(self) -> str:
        return self.conversation.hex + keyed_hash("chat", self.conversation.hex)

    @property
    def key(self) -> str:
        return keyed_hash("visitor_token", self.token)

    @classmethod
    def holding(cls, token: str) -> "Visitor | None":
        """The one whose token this is; none, if we never gave it."""
        try:
            visitor = cls(UUID(hex=token[:32]))
        except ValueError:
            return None
        return visitor if constant_time_compare(visitor.token, token) else None

    @classmethod
    def new(cls, *, address: str, key: str, text: str) -> "Visitor":
        """Another one; the same again for who sends the same first message with the same key."""
        if not key:
            return cls(uuid.uuid4())
        return cls(UUID(hex=keyed_hash("first_message", f"{address}\0{key}\0{text}")[:32]))


@dataclass(frozen=True)
class Accepted:
    """A message that is stored, and what its sender is to get."""

    message: int
    conversation: int
    state: str
    is_unanswered: bool
    # Of a message that was sent again: the answer that it had, if it had one.
    answer: dict[str, Any] | None


def greeting() -> str:
    """What an empty message is answered: the organisation's own words, or what this is."""
    return settings.CHAT_GREETING or _(
        "Hello! I am a virtual assistant, and answer from what our organisation knows. "
        "A person can take over whenever you ask. How we treat your data: %(url)s"
    ) % {"url": settings.PRIVACY_URL}


def limit(visitor: Visitor, address: str, *, is_new: bool) -> None:
    """Raise Throttled for who writes too much, or begins too many chats."""
    checks = [("chat_message", visitor.key), ("chat_address", address)]
    if is_new:
        checks.append(("chat_start", address))
    for name, whom in checks:
        if wait := limits.hit(name, whom):
            raise Throttled(wait)


def accept(visitor: Visitor, text: str, *, key: str, user: User | None) -> Accepted:
    """Store a message once, however often it is sent, and tell what it needs.

    Who is signed in says it as the person of the account.
    """
    lead, conversation = _of_visitor(visitor)
    if user is not None:
        lead = confirming.confirm_account(lead, user)
        if lead.user_id not in (None, user.pk):
            raise NotFound  # of who used this browser before: the client begins a chat of its own
    message, is_stored = conversations.receive(
        conversation,
        external_id=key or secrets.token_hex(16),
        text=text,
        sent_at=timezone.now(),
    )
    if message.text != text:
        raise KeyReused
    conversation.refresh_from_db()
    return Accepted(
        message.pk,
        conversation.pk,
        conversation.state,
        conversation.state == Conversation.State.AGENT
        and conversation.answered_through < message.pk,
        None if is_stored else _answer_to(message),
    )


@transaction.atomic
def _of_visitor(visitor: Visitor) -> tuple[Lead, Conversation]:
    """Their lead and conversation, which a merge at the same time finds both or neither."""
    lead = identities.lead_of(
        LeadIdentity.Kind.VISITOR,
        visitor.conversation.hex,
        proof=LeadIdentity.Proof.TOKEN,
        source="web",
    )
    conversation, _ = Conversation.objects.get_or_create(
        channel=Conversation.Channel.WEB,
        instance=None,
        key=visitor.key,
        defaults={"lead": lead, "public_id": visitor.conversation},
    )
    return lead, conversation


def _answer_to(message: Message) -> dict[str, Any] | None:
    answers = message.conversation.messages.filter(answers_through__gte=message.pk)
    answer = answers.order_by("answers_through").first()
    return streams.message_fields(answer) if answer else None


def state(visitor: Visitor) -> str:
    """Who answers; the assistant, as long as nothing was written."""
    states = Conversation.objects.filter(public_id=visitor.conversation)
    return states.values_list("state", flat=True).first() or Conversation.State.AGENT


def history(visitor: Visitor) -> list[dict[str, Any]]:
    """The last messages, the first first."""
    said = Message.objects.filter(conversation__public_id=visitor.conversation)
    latest = said.order_by("-sent_at", "-pk")[:SHOWN]
    return [streams.message_fields(message) for message in reversed(latest)]


def rate(visitor: Visitor, message: int, value: str) -> bool:
    """Keep the latest thumb of an answer, "" takes it back; false if it is none of theirs."""
    answers = Message.objects.filter(
        conversation__public_id=visitor.conversation, author=Message.Author.AGENT, pk=message
    )
    return bool(answers.update(feedback=value))


def publish_waiting() -> None:
    """Tell visitors what could not be told when it was written, as long as somebody may read."""
    now = timezone.now()
    waiting = Message.objects.filter(
        conversation__channel=Conversation.Channel.WEB,
        instance=None,
        delivery=Message.Delivery.QUEUED,
        accepted_at__range=(now - STREAMED, now - QUICK),
    )
    for message in waiting.select_related("conversation").order_by("pk")[:200]:
        streams.publish_message(message)
