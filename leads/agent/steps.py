"""The steps of an answer, each small: it yields what the reader gets, and says what comes next."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.utils.translation import gettext as _

from config.errors import DependencyAway
from leads.agent import actions, budget, prompts, smalltalk
from leads.agent.providers import choice, offline, patience
from leads.agent.providers.offline import Offline
from leads.agent.providers.protocol import Asked, ChatProvider, Piece, Prompt
from leads.agent.sieve import Sieve
from leads.agent.turns import Action, AgentEvent, Token, Turn
from leads.knowledge import retrieval
from leads.knowledge.retrieval import Evidence
from leads.threads import in_thread

logger = logging.getLogger(__name__)

LONGEST_QUESTION = 2000
MOST_PASSAGES = 6
MOST_WISHES = 5


@dataclass
class State:
    """What the steps know by now; the graph follows `next`."""

    turn: Turn
    next: str = "greet"
    provider: ChatProvider = field(default_factory=Offline)
    evidence: Sequence[Evidence] = ()
    is_answerable: bool = False
    sieve: Sieve = field(default_factory=lambda: Sieve(()))
    wishes: list[Asked] = field(default_factory=list)
    tokens: int = 0


async def greet(state: State) -> AsyncGenerator[AgentEvent, None]:
    """Say first who answers; what is no question for what we know goes straight on."""
    turn = state.turn
    if not turn.question.strip() and not turn.unreadable and settings.CHAT_GREETING:
        state.next = "act"
        yield Token(settings.CHAT_GREETING)
        return
    if not turn.is_introduced:
        yield Token(introduction())
    if turn.unreadable or _wants_person(turn):
        state.wishes, state.next = [Asked(actions.HAND_OFF)], "act"
    elif reply := _small_talk(turn):
        state.next = "act"
        yield Token(reply)


def _wants_person(turn: Turn) -> bool:
    """Whether they ask for one, or say yes to the offer of one."""
    said_yes = smalltalk.is_yes(turn.question) and _was_offered_person(turn)
    return said_yes or smalltalk.wants_person(turn.question)


def _was_offered_person(turn: Turn) -> bool:
    return bool(turn.history) and offline.offer() in turn.history[-1].text


def _small_talk(turn: Turn) -> str:
    if smalltalk.is_greeting(turn.question):
        return _("Hello! What would you like to know?")
    declines = smalltalk.is_no(turn.question) and _was_offered_person(turn)
    if declines or smalltalk.is_thanks(turn.question):
        return _("You are welcome! Write whenever you like.")
    return ""


def introduction() -> str:
    """What the first message says, whatever else it does."""
    text = _("I am the automatic assistant; a person can take over at any time. Privacy: %(url)s")
    return text % {"url": settings.PRIVACY_URL} + "\n\n"


async def limits(state: State) -> None:
    """Shorten what is too long, and choose who writes."""
    state.turn = replace(state.turn, question=state.turn.question[:LONGEST_QUESTION])
    state.provider = choice.chosen()
    state.wishes.extend(actions.typed(state.turn))


async def retrieve(state: State) -> None:
    """Find what we know about it."""
    found = await in_thread(retrieval.search, state.turn.question)
    state.evidence = found.evidence[:MOST_PASSAGES]
    state.sieve = Sieve(state.evidence)
    state.is_answerable = found.is_answerable and bool(state.evidence)


async def gate(state: State) -> None:
    """Ask no model what the evidence does not answer."""
    if not state.is_answerable:
        state.next = "act"
        if not (state.wishes and actions.is_only_contact(state.turn)):
            state.wishes.append(Asked(actions.NOT_IN_EVIDENCE))


async def generate(state: State) -> AsyncGenerator[AgentEvent, None]:
    """Have it written from the evidence; where the model is away or too dear, quoted."""
    try:
        async with aclosing(_speak(state, state.provider)) as events:
            async for event in events:
                yield event
        return
    except (DependencyAway, budget.Exhausted) as error:
        logger.warning("The evidence is quoted: %s.", type(error).__name__)
    state.sieve.drop()
    if state.sieve.cited:
        yield Token("\n\n")
    async for event in _speak(state, Offline()):
        yield event


async def _speak(state: State, provider: ChatProvider) -> AsyncGenerator[AgentEvent, None]:
    """Stream what it writes, through the sieve; whatever happens, what it cost is settled."""
    turn = state.turn
    prompt = Prompt(
        rules=prompts.rules(turn.language),
        question=turn.question,
        evidence=state.evidence,
        history=turn.history,
        summary=turn.summary,
        language=turn.language,
    )
    give_up_at = asyncio.get_running_loop().time() + patience.LONGEST_WAIT
    bill = budget.Bill(turn.conversation_id, provider.model, prompt)
    try:
        async with bill, aclosing(patience.stream(provider, prompt, give_up_at)) as pieces:
            async for piece in pieces:
                bill.note(piece)
                for event in _events(state, piece):
                    yield event
    finally:
        state.tokens += bill.tokens


def _events(state: State, piece: Piece) -> Iterator[AgentEvent]:
    if isinstance(piece, Asked):
        state.wishes += [piece] if len(state.wishes) < MOST_WISHES else []
    elif isinstance(piece, str):
        yield from state.sieve.feed(piece)


async def cite(state: State) -> AsyncGenerator[AgentEvent, None]:
    """Let the rest go; an answer without a single source is none."""
    if state.sieve.cited:
        for token in state.sieve.close():
            yield token
    elif not any(wish.name == actions.HAND_OFF for wish in state.wishes):
        state.wishes.append(Asked(actions.NOT_IN_EVIDENCE))


async def act(state: State) -> AsyncGenerator[AgentEvent, None]:
    """Of what was asked for, let happen what may, and say what it means for the reader."""
    done: set[str] = set()
    for action in await in_thread(_allowed, state):
        if action.name not in done:
            yield Token(_said(action, state.turn))
        if action.name not in done or action.name == actions.CAPTURE:
            yield action
        done.add(action.name)


def _allowed(state: State) -> list[Action]:
    asked = (actions.allowed(wish, state.turn, state.evidence) for wish in state.wishes)
    return [action for wish in asked for action in wish]


def _said(action: Action, turn: Turn) -> str:
    if action.name == actions.CAPTURE:
        return _("Thank you, I noted how to reach you.") + "\n\n"
    if action.name == actions.OFFER_EVENT:
        return "\n\n{title}: {url}".format(**action.details)
    text = {
        "no_evidence": _("I did not find that in what I know, and I do not want to make it up."),
        "voice_note": _("I could not understand the voice note."),
        "media": _("I cannot look at images, videos and files."),
    }.get(action.details["reason"], "")
    return f"\n\n{text} {next_step()}"


def next_step() -> str:
    """What happens when somebody was told."""
    return _(
        "I have told the team: a person will answer you here. You may go on writing meanwhile, "
        "they read all of it."
    )
