"""From a burst of messages to one answer, whoever dies in between.

Nothing is open while the agent works: the lease says whose turn it is, and the answer is written
in one transaction that checks the fence.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

from django.utils import timezone

from leads import tasks, threads
from leads.agent import graph
from leads.agent.drafts import Burst, Draft
from leads.agent.turns import Action, AgentEvent, Done, Failed, Token
from leads.models import Conversation
from leads.services import bursts, leases
from leads.services.leases import Lease, LeaseLost
from leads.threads import in_thread

logger = logging.getLogger(__name__)

# Seconds for one answer, below the time limit of a task: whatever hangs, the lease is let go.
DEADLINE = 35
# What a worker was nudged for a moment ago is left to it.
GRACE = timedelta(seconds=5)
SWEEP_SIZE = 200
# Of an action's details, what a reader may see.
PUBLIC = {"kind", "reason", "event", "title", "url"}

Events = asyncio.Queue[AgentEvent | None]


def answer(conversation_id: int) -> None:
    """Answer the burst that is over, if nobody else is at it; one that goes on is waited for.

    Waiting is a message that comes back later, never a worker that sleeps.
    """
    seconds = _seconds_to_go(conversation_id)
    if seconds is not None:
        tasks.agent.answer_conversation.delay_on_commit_by(seconds, conversation_id)
        return
    threads.run(_finish, conversation_id)


async def _finish(conversation_id: int) -> None:
    async for _event in run(conversation_id, streaming=False):
        pass


def _seconds_to_go(conversation_id: int) -> float | None:
    """How long the burst may still go on; None if it is over, or there is none."""
    due = Conversation.objects.filter(pk=conversation_id, answer_due_at__gt=timezone.now())
    due_at = due.values_list("answer_due_at", flat=True).first()
    return None if due_at is None else (due_at - timezone.now()).total_seconds()


def overdue() -> list[int]:
    """Those whose burst is over and that nobody is at, the oldest first."""
    waiting = Conversation.objects.waiting_for_answer().filter(
        state=Conversation.State.AGENT, answer_due_at__lte=timezone.now() - GRACE
    )
    return list(waiting.order_by("answer_due_at").values_list("pk", flat=True)[:SWEEP_SIZE])


async def run(conversation_id: int, *, streaming: bool) -> AsyncGenerator[AgentEvent, None]:
    """Take the turn and yield the answer as it is made; nothing if nobody waits, or is at it.

    With a reader (`streaming`) the end of the burst is not waited for, and what they write in the
    meantime is answered too. Closed early, it bills what was spent, and the message waits for
    its writer to ask again.
    """
    events: Events = asyncio.Queue()
    # A task of its own: whatever the reader does, its steps run in one context, to one end.
    work = asyncio.create_task(_work(conversation_id, events, streaming))
    try:
        while (event := await events.get()) is not None:
            yield event
        if work.done() and work.exception():
            yield Failed(retry=True)
        await work
    finally:
        work.cancel()
        await asyncio.wait({work})


async def _work(conversation_id: int, events: Events, streaming: bool) -> None:
    try:
        while lease := await in_thread(leases.take, conversation_id, is_hurried=streaming):
            is_more = await _answer(lease, events, streaming)
            if not (streaming and is_more):
                return
    finally:
        events.put_nowait(None)


async def _answer(lease: Lease, events: Events, streaming: bool) -> bool:
    """Answer one burst; whether more was written since.

    Should anything else go wrong than is named here, the lease runs out, and the sweep tries
    again; after a few times a person has to answer.
    """
    try:
        burst = await in_thread(bursts.read, lease)
        if burst is None:
            return False
        async with asyncio.timeout(DEADLINE):
            draft = await _draft(lease, burst, events)
        message_id, is_more = await in_thread(bursts.store, lease, burst, draft, is_told=streaming)
    except LeaseLost:
        events.put_nowait(Failed(retry=False))
        return False
    except TimeoutError:
        logger.error("The answer of conversation %s took too long.", lease.conversation_id)
        await in_thread(leases.release, lease)
        events.put_nowait(Failed(retry=True))
        return False
    except asyncio.CancelledError:
        await in_thread(leases.release, lease, is_given_up=True)
        raise
    events.put_nowait(Done(message_id, draft.tokens))
    return is_more


async def _draft(lease: Lease, burst: Burst, events: Events) -> Draft:
    """Pass on what the agent says, and keep the lease for as long as it speaks."""
    if burst.is_hopeless:
        draft = bursts.failure(burst.turn)
        events.put_nowait(Token(draft.text))
        return draft
    draft, keeper = Draft(), asyncio.create_task(_keep(lease))
    try:
        async with aclosing(graph.respond(burst.turn)) as said:
            async for event in said:
                if keeper.done():
                    keeper.result()  # raises what ended it
                draft.add(event)
                if not isinstance(event, Done):
                    events.put_nowait(_public(event))
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
    return draft


async def _keep(lease: Lease) -> None:
    while True:
        await asyncio.sleep(leases.RENEW_AFTER.total_seconds())
        await in_thread(leases.renew, lease)


def _public(event: AgentEvent) -> AgentEvent:
    """Readers get what lies in the stream: no contact data and no notes for staff go there."""
    if not isinstance(event, Action):
        return event
    details = {key: value for key, value in event.details.items() if key in PUBLIC}
    return Action(event.name, details)
