"""Who works on a conversation: one holder at a time, who writes only while the fence is theirs.

A lease is a row's columns, not a lock: nobody waits for it, and nothing is open meanwhile.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from leads.models import Conversation, Lead

# So long a holder that died keeps others out; a living one renews it well before.
LEASE = timedelta(seconds=20)
RENEW_AFTER = timedelta(seconds=6)


class LeaseLost(Exception):
    """Somebody else works on it, or a person took it over: what was done here does not count."""


class _Moved(Exception):
    """The conversation went to another lead while we waited."""


@dataclass(frozen=True)
class Lease:
    """One holder's turn with a conversation; the fence is never given out twice."""

    conversation_id: int
    owner: UUID
    fence: int

    @property
    def rows(self) -> QuerySet[Conversation]:
        """The conversation, as long as it is ours."""
        return Conversation.objects.filter(
            pk=self.conversation_id, lease_owner=self.owner, fence=self.fence
        )


def take(conversation_id: int, *, is_hurried: bool = False) -> Lease | None:
    """Take the turn if the assistant answers, nobody has it, and the burst is over.

    Who is hurried, because a reader waits, does not wait for the end of a burst.
    """
    now, owner = timezone.now(), uuid4()
    rows = Conversation.objects.free().filter(pk=conversation_id, state=Conversation.State.AGENT)
    if not is_hurried:
        rows = rows.filter(answer_due_at__lte=now)
    # What comes from here on is a burst of its own, unless it is read with this one.
    taken = rows.update(
        lease_owner=owner,
        lease_until=now + LEASE,
        fence=F("fence") + 1,
        answer_attempts=F("answer_attempts") + 1,
        burst_began_at=None,
    )
    if not taken:
        return None
    # Should another one have taken it since, the owner is not ours, and the fence helps nobody.
    fence = Conversation.objects.values_list("fence", flat=True).get(pk=conversation_id)
    return Lease(conversation_id, owner, fence)


def renew(lease: Lease) -> None:
    """Keep the turn for longer; raise LeaseLost if it is not ours any more."""
    if not lease.rows.update(lease_until=timezone.now() + LEASE):
        raise LeaseLost


def release(lease: Lease, *, is_given_up: bool = False) -> None:
    """Let the next one have it; of what is given up nothing waits, until somebody writes."""
    given_up = {"answer_due_at": None, "answer_attempts": 0} if is_given_up else {}
    lease.rows.update(lease_owner=None, lease_until=None, **given_up)


def held(lease: Lease) -> Conversation:
    """Lock the conversation for a last word under the lease; raise LeaseLost if it is lost."""
    try:
        conversation = locked(lease.conversation_id)
    except ObjectDoesNotExist as error:  # erased meanwhile, with all that was said
        raise LeaseLost from error
    if (conversation.lease_owner, conversation.fence) != (lease.owner, lease.fence):
        raise LeaseLost
    return conversation


def locked(conversation_id: int) -> Conversation:
    """Lock the lead, then the conversation: the order in which all do."""
    while True:
        with suppress(_Moved), transaction.atomic():
            return _lock(conversation_id)


def _lock(conversation_id: int) -> Conversation:
    leads = Lead.objects.select_for_update(no_key=True, of=("self",))
    lead = leads.get(conversations=conversation_id)
    conversation = Conversation.objects.select_for_update(no_key=True).get(pk=conversation_id)
    if conversation.lead_id != lead.pk:
        raise _Moved  # merged while we waited: the savepoint lets go of both rows
    conversation.lead = lead
    return conversation
