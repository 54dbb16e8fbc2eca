"""Both providers against servers that speak as the real ones: they stream, fail, and give way."""

import os
import subprocess
import sys

import pytest
import stamina

from config.errors import DependencyAway
from leads import threads
from leads.agent import graph
from leads.agent.providers import choice, claude, openai, patience
from leads.agent.providers.protocol import Asked, Prompt, ProviderAway, Usage
from leads.agent.turns import Action, Said, Token, Turn
from leads.models import AgentSpending
from leads.services import answers
from tests.leads.people import conversation, fresh, said, write
from tests.leads.providers import Anthropic, Failure, OpenAI, running

pytestmark = pytest.mark.django_db
SATURDAY = "O mutirão de sábado é na praia do Pina, às 8h. Leve água."
BEFORE = [Failure.BUSY, Failure.BROKEN, Failure.OVERLOADED, Failure.REFUSED, Failure.HANGS]
WITHIN = [Failure.CUT, Failure.ENDS_EARLY, Failure.INSIDE]


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    """Tries follow at once, and nobody waits long for what hangs."""
    monkeypatch.setattr(claude, "READ", 0.3)
    monkeypatch.setattr(openai, "READ", 0.3)
    monkeypatch.setattr(
        "leads.tasks.agent.summarize_conversation.delay_on_commit", lambda *args: None
    )
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(params=[Anthropic, OpenAI])
def server(request, settings):
    """A server of each kind, and the key that makes it the chosen one."""
    with running(request.param) as fake:
        if request.param is Anthropic:
            settings.CLAUDE_API_KEY, settings.CLAUDE_URL = "sk-ant-test", fake.url
        else:
            settings.OPENAI_API_KEY, settings.OPENAI_URL = "sk-test", f"{fake.url}/v1"
        yield fake


def pieces(prompt=None):
    """All that the chosen provider gives."""
    provider = choice.chosen()

    async def collect():
        prompt_ = prompt or Prompt(rules="Rules.", question="Onde é?")
        stream = patience.stream(provider, prompt_, give_up_at=float("inf"))
        return [piece async for piece in stream]

    return threads.run(collect)


def test_text_comes_as_it_is_written_and_its_cost_is_told(server):
    told = pieces()

    assert [piece for piece in told if isinstance(piece, str)] == server.text
    assert [piece for piece in told if isinstance(piece, Usage)][-1] == Usage(1000, 40)


def test_action_is_asked_for_beside_the_text(server):
    server.tool = {"action": "offer_event", "passage": 1}

    asked = [piece for piece in pieces() if isinstance(piece, Asked)]

    assert asked == [Asked("offer_event", {"action": "offer_event", "passage": 1})]


def test_arguments_that_are_no_object_ask_for_nothing(server):
    server.tool = ["hand_off"]

    (asked,) = [piece for piece in pieces() if isinstance(piece, Asked)]

    assert asked == Asked("", {})


def test_request_holds_rules_history_and_question_apart(server, knows):
    (found,) = knows(SATURDAY)
    history = [Said("agent", "Oi."), Said("person", "Oi"), Said("staff", "Sim?")]
    pieces(Prompt(rules="Rules.", question="Onde é?", evidence=[found], history=history))

    (_path, headers, request) = server.requests[0]
    is_claude = isinstance(server, Anthropic)
    messages = request["messages"] if is_claude else request["messages"][1:]
    rules = request["system"] if is_claude else request["messages"][0]["content"]
    assert rules == "Rules."
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert SATURDAY in messages[-1]["content"]
    assert request["stream"] is True
    assert len(request["tools"]) == 1
    assert "temperature" not in request
    assert headers.get("X-Stainless-Retry-Count", headers.get("x-stainless-retry-count")) == "0"


@pytest.mark.parametrize("failure", BEFORE)
def test_failure_before_the_first_word_is_none_after_another_try(server, failure):
    server.behaviours.extend([failure])

    if failure in (Failure.REFUSED, Failure.HANGS):
        with pytest.raises(ProviderAway):
            pieces()
        assert len(server.requests) == 1
    else:
        assert server.text[0] in pieces()
        assert len(server.requests) == 2


@pytest.mark.parametrize("failure", WITHIN)
def test_stream_that_does_not_end_well_is_not_begun_again(server, failure):
    server.behaviours.append(failure)

    with pytest.raises(ProviderAway):
        pieces()

    assert len(server.requests) == 1


@pytest.mark.parametrize("failure", [*BEFORE, *WITHIN])
def test_whatever_fails_the_evidence_is_quoted(server, knows, failure):
    knows(SATURDAY)
    server.behaviours.extend([failure] * 3)
    to = conversation()
    write(to, "onde é o mutirão de sábado?")

    answers.answer(to.pk)

    (text,) = said(to)
    assert SATURDAY in text
    assert "[1]" in text
    assert fresh(to).state == "agent"


def test_who_is_known_to_be_away_is_not_asked(server):
    server.behaviours.extend([Failure.REFUSED] * 5)
    for _ in range(5):
        with pytest.raises(ProviderAway):
            pieces()

    with pytest.raises(DependencyAway):
        pieces()

    assert len(server.requests) == 5


def test_a_success_forgets_the_failures_before_it(server):
    for _ in range(2):
        server.behaviours.extend([Failure.REFUSED] * 4)
        for _ in range(4):
            with pytest.raises(ProviderAway):
                pieces()
        assert pieces()


def test_reader_who_leaves_says_nothing_about_the_provider(server):
    provider = choice.chosen()

    async def read_first():
        stream = patience.stream(provider, Prompt("Rules.", "?"), give_up_at=float("inf"))
        await anext(stream)
        await stream.aclose()

    for _ in range(6):
        threads.run(read_first)

    assert provider.breaker.report().state == "closed"


def test_answer_costs_what_the_provider_says(server, knows, settings):
    settings.AGENT_PRICES = {"claude-sonnet-5": (3.0, 15.0), "gpt-5-mini": (3.0, 15.0)}
    knows(SATURDAY)
    to = conversation()
    write(to)

    answers.answer(to.pk)

    assert (fresh(to).tokens_spent, to.money_spent) == (1040, 3000 + 600)
    assert AgentSpending.objects.get().money == 3600
    assert to.messages.get(author="agent").tokens == 1040


def test_text_and_action_of_a_model_become_events(server, knows):
    knows(SATURDAY)
    server.tool = {"action": "hand_off", "summary": "Quer doar."}

    async def collect():
        return [event async for event in graph.respond(Turn("Onde é?", is_introduced=True))]

    told = threads.run(collect)

    assert "".join(event.text for event in told if isinstance(event, Token)).startswith(
        "É na praia do Pina [1]."
    )
    (action,) = [event for event in told if isinstance(event, Action)]
    assert action == Action("hand_off", {"reason": "asked", "summary": "Quer doar."})


def test_without_keys_nothing_outside_is_asked(settings):
    settings.CLAUDE_API_KEY = settings.OPENAI_API_KEY = ""

    assert choice.chosen().name == "offline"


def test_sdks_are_imported_by_whoever_asks_and_by_nobody_else():
    code = (
        "import sys, django; django.setup();"
        "import config.urls, leads.services.answers, leads.tasks, leads.agent.graph;"
        "print(sorted({'anthropic', 'openai'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.splitlines()[-1] == "[]"
