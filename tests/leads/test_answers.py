"""A burst is answered once, under a lease, whoever dies in between; nothing is open meanwhile."""

import asyncio
from contextlib import aclosing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from importlib import import_module
from itertools import count

import pytest
from django.apps import apps
from django.db import connection, connections
from django.utils import timezone

from leads import streams, threads
from leads.agent.drafts import Draft
from leads.agent.providers.protocol import Usage
from leads.agent.turns import Action, Citation, Done, Failed, Token
from leads.models import AgentSpending, Conversation, Message, OpenQuestion
from leads.services import answers, bursts, conversations, leases, taking_over
from tests.factories import UserFactory
from tests.leads.people import STUCK, asks, conversation, fresh, said, write
from tests.together import run_together

pytestmark = pytest.mark.django_db
SATURDAY = "O mutirão de sábado é na praia do Pina, às 8h. Leve água."


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch):
    """Nothing answers by itself: the tests say when."""
    for name in (
        "answer_conversation.delay_on_commit",
        "summarize_conversation.delay_on_commit",
    ):
        monkeypatch.setattr(f"leads.tasks.agent.{name}", lambda *args: None)


def told(conversation_id, *, streaming=True):
    """All events of one run."""

    async def collect():
        return [event async for event in answers.run(conversation_id, streaming=streaming)]

    return threads.run(collect)


def test_nudged_before_the_burst_is_over_the_task_comes_again_when_it_is(settings, monkeypatch):
    settings.BURST_SILENCE = timedelta(seconds=4)
    found = []
    monkeypatch.setattr(
        "leads.tasks.agent.answer_conversation.delay_on_commit_by",
        lambda seconds, pk: found.append((round(seconds), pk)),
    )
    to = conversation()
    write(to)

    answers.answer(to.pk)

    assert found == [(4, to.pk)]
    assert not to.messages.filter(author="agent").exists()


def test_question_is_answered_with_its_source_and_once(knows):
    (found,) = knows(SATURDAY)
    to = conversation()
    message = write(to, "onde é o mutirão de sábado?")

    answers.answer(to.pk)
    answers.answer(to.pk)

    (reply,) = to.messages.filter(author="agent")
    assert SATURDAY in reply.text
    assert reply.text.endswith("[1] Documento 1")
    assert reply.citations == [
        {
            "number": 1,
            "document": found.document_id,
            "title": "Documento 1",
            "url": "",
            "quote": SATURDAY,
        }
    ]
    assert (reply.answers_through, reply.delivery) == (message.pk, "queued")
    assert (fresh(to).answered_through, to.answer_due_at) == (message.pk, None)
    assert (to.lease_owner, to.lease_until, to.answer_attempts) == (None, None, 0)


def test_model_reads_a_part_of_the_longest_texts(knows, model):
    knows(SATURDAY)
    provider = model("É na praia [1].")
    to = conversation()
    for _ in range(2):
        write(to, "onde é? " + "👋" * 65_000)
        answers.answer(to.pk)

    prompt = provider.prompts[-1]
    assert len(prompt.question) <= 2000
    assert [len(one.text) <= 2000 for one in prompt.history] == [True, True]


def test_burst_has_one_answer(knows, model):
    knows(SATURDAY)
    provider = model("É na praia [1].")
    to = conversation()
    for text in ("oi", "onde é", "o mutirão de sábado?"):
        write(to, text)

    answers.answer(to.pk)

    assert said(to) == ["É na praia [1].\n\n[1] Documento 1"]
    assert provider.prompts[0].question == "oi\nonde é\no mutirão de sábado?"


def test_events_come_in_order_and_end_with_the_stored_message(knows, model):
    knows(SATURDAY)
    model("É na ", "praia [1]. Quer ", "vir?")
    to = conversation(channel="web")
    write(to)

    events = told(to.pk)

    (reply,) = to.messages.filter(author="agent")
    assert [type(event) for event in events] == [Token, Citation, Token, Token, Done]
    assert "".join(event.text for event in events if isinstance(event, Token)) == reply.text
    assert events[-1].message_id == reply.pk


def test_without_a_message_nothing_is_said():
    to = conversation(channel="web")

    assert told(to.pk) == []
    assert fresh(to).lease_owner is None


def test_burst_that_goes_on_is_not_answered(settings, knows):
    settings.BURST_SILENCE = timedelta(seconds=4)
    knows(SATURDAY)
    to = conversation()
    write(to)

    answers.answer(to.pk)

    assert said(to) == []
    assert fresh(to).fence == 0


def test_who_has_no_lease_says_nothing(knows):
    knows(SATURDAY)
    to = conversation(channel="web")
    write(to)
    lease = leases.take(to.pk, is_hurried=True)

    assert told(to.pk) == []
    leases.release(lease)
    assert told(to.pk) != []


def test_late_worker_with_an_old_fence_changes_nothing(knows):
    knows(SATURDAY)
    to = conversation()
    write(to)
    late = leases.take(to.pk)
    burst = bursts.read(late)
    Conversation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    answers.answer(to.pk)
    before = fresh(to)

    with pytest.raises(leases.LeaseLost):
        bursts.store(late, burst, Draft(text="zu spät"))
    with pytest.raises(leases.LeaseLost):
        leases.renew(late)
    leases.release(late)

    assert len(said(to)) == 1
    assert fresh(to).__dict__.keys() == before.__dict__.keys()
    assert (to.fence, to.answered_through) == (before.fence, before.answered_through)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_answers(knows):
    knows(SATURDAY)
    to = conversation()
    write(to)

    run_together(*[partial(answers.answer, to.pk) for _ in range(6)])

    assert len(said(to)) == 1


class Died(Exception):
    """Stands for the end of the process: what was not committed did not happen."""


def die(*args, **kwargs):
    raise Died


@contextmanager
def dying_at(number):
    """A process that dies at its so-manyth statement: this and all after it are never made."""
    made = count(1)

    def execute(execute, *statement):
        if next(made) >= number:
            raise Died
        return execute(*statement)

    with connection.execute_wrapper(execute), suppress(Died):
        yield


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_statement_a_burst_is_answered_once(knows):
    knows(SATURDAY)
    for number in count(1):
        to = conversation(number)
        write(to)
        survived = []
        with dying_at(number):
            answers.answer(to.pk)
            survived.append(number)

        come_back(to)

        assert len(said(to)) == 1
        assert fresh(to).answer_due_at is None
        if survived:
            break
    assert number > 15  # or nothing was tried


def come_back(to):
    """What the sweep does once the lease of the dead one has run out."""
    Conversation.objects.filter(pk=to.pk, lease_until__isnull=False).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    due = Conversation.objects.filter(pk=to.pk, answer_due_at__isnull=False)
    due.update(answer_due_at=timezone.now() - timedelta(minutes=1))
    assert answers.overdue() == ([to.pk] if due.exists() else [])
    answers.answer(to.pk)
    assert answers.overdue() == []


def test_the_lease_of_a_dead_one_keeps_others_out_until_it_ends(knows, monkeypatch):
    knows(SATURDAY)
    to = conversation()
    write(to)
    with monkeypatch.context() as death:
        death.setattr(bursts, "read", die)
        with pytest.raises(Died):
            answers.answer(to.pk)

    answers.answer(to.pk)

    assert said(to) == []


def test_what_fails_again_and_again_goes_to_a_person(knows, monkeypatch):
    knows(SATURDAY)
    to = conversation()
    write(to)
    with monkeypatch.context() as death:
        death.setattr("leads.agent.graph.respond", die)
        for _ in range(bursts.MOST_ATTEMPTS):
            with pytest.raises(Died):
                answers.answer(to.pk)
            Conversation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

        answers.answer(to.pk)

    assert (fresh(to).state, to.handoff_reason) == ("waiting", "failed")
    assert len(said(to)) == 1


def test_reader_is_told_that_it_failed_and_may_try_again(monkeypatch):
    to = conversation(channel="web")
    write(to)
    monkeypatch.setattr("leads.agent.graph.respond", die)
    events = []

    async def collect():
        async for event in answers.run(to.pk, streaming=True):
            events.append(event)

    with pytest.raises(Died):
        threads.run(collect)
    assert events == [Failed(retry=True)]


def test_message_that_comes_during_the_answer_gets_its_own(knows, model):
    knows(SATURDAY)
    to = conversation(channel="web")
    write(to, "primeira?")

    async def meanwhile():
        provider.meanwhile = None
        await threads.in_thread(write, to, "segunda?")

    provider = model("Assim [1].", meanwhile=meanwhile)

    events = told(to.pk)

    assert [prompt.question for prompt in provider.prompts] == ["primeira?", "segunda?"]
    assert len([event for event in events if isinstance(event, Done)]) == 2
    assert fresh(to).answer_due_at is None


def test_older_message_that_comes_during_the_answer_gets_none(knows, model):
    knows(SATURDAY)
    to = conversation()
    write(to, "primeira?")

    async def meanwhile():
        await threads.in_thread(partial(write, to, "antes", ago=60))

    model("Assim [1].", meanwhile=meanwhile)

    answers.answer(to.pk)
    answers.answer(to.pk)

    assert len(said(to)) == 1
    assert fresh(to).answer_due_at is None


def test_answer_that_a_person_overtook_is_not_given(knows, model):
    knows(SATURDAY)
    to, person = conversation(channel="web"), UserFactory(is_staff=True)
    write(to)

    async def meanwhile():
        await threads.in_thread(partial(conversations.staff_wrote, to, by=person, text="Oi!"))

    model("Assim [1].", meanwhile=meanwhile)

    events = told(to.pk)

    assert events[-1] == Failed(retry=False)
    assert said(to) == []
    assert fresh(to).state == "staff"


def test_closed_early_it_is_billed_and_waits_for_who_comes_back(knows, model, settings):
    settings.AGENT_PRICES = {"dear": (3.0, 15.0)}
    knows(SATURDAY)
    to = conversation(channel="web")
    message = write(to)
    model(Usage(1000, 1), "Assim [1].", STUCK, model="dear")

    async def read_first():
        async with aclosing(answers.run(to.pk, streaming=True)) as events:
            return await anext(events)

    assert threads.run(read_first) == Token("Assim [1]")

    assert fresh(to).tokens_spent == 1000 + 4  # what was read is told, what was written is guessed
    assert to.money_spent == 1000 * 3 + 4 * 15
    assert AgentSpending.objects.get().tokens == to.tokens_spent
    assert (to.lease_owner, to.answer_due_at, said(to)) == (None, None, [])
    model("Assim [1].")
    assert isinstance(told(to.pk)[-1], Done)
    assert fresh(to).answered_through == message.pk


def test_hand_off_is_stored_with_its_question_and_summary(knows):
    knows()
    to = conversation()
    write(to, "qual é a capital da Mongólia?")

    answers.answer(to.pk)

    assert (fresh(to).state, to.handoff_reason) == ("waiting", "no_evidence")
    assert to.handoff_summary == "qual é a capital da Mongólia?"
    assert OpenQuestion.objects.get().text == "qual é a capital da Mongólia?"
    assert to.messages.get(author="agent").action == "hand_off"


def test_what_is_written_after_a_hand_off_is_left_to_people_until_they_hand_back(knows):
    knows()
    to = conversation(channel="web")
    write(to)
    told(to.pk)

    write(to, "alô?")

    assert told(to.pk) == []
    assert fresh(to).answer_due_at is None
    taking_over.hand_back(to, by=UserFactory())
    assert [said.text for said in conversations.unanswered(fresh(to))] == ["alô?"]
    assert to.answer_due_at <= timezone.now()


def test_contact_data_becomes_a_claim_and_does_not_leave_by_the_stream(knows):
    knows(SATURDAY)
    to = conversation(channel="web")
    write(to, "onde é o mutirão? meu e-mail é ana@example.org")

    events = told(to.pk)

    assert to.lead.claims.get().value == "ana@example.org"
    (action,) = [event for event in events if isinstance(event, Action)]
    assert action == Action("capture_lead_data", {"kind": "email"})


@pytest.mark.parametrize("streaming", [True, False])
def test_what_readers_saw_as_it_was_written_is_not_told_again(
    knows, monkeypatch, streaming, django_capture_on_commit_callbacks
):
    published = []
    monkeypatch.setattr(streams, "publish_message", published.append)
    knows(SATURDAY)
    to = conversation(channel="web", answer_due_at=None)
    write(to, "onde é o mutirão?", ago=60)
    Conversation.objects.update(answer_due_at=timezone.now())

    with django_capture_on_commit_callbacks(execute=True):
        told(to.pk, streaming=streaming)

    reply = to.messages.get(author="agent")
    assert published == ([] if streaming else [reply])
    assert reply.delivery == ("sent" if streaming else "queued")


def test_first_answer_says_who_answers_and_where_the_privacy_notice_is(knows, settings):
    knows(SATURDAY)
    to = conversation(introduced_at=None)
    write(to)

    answers.answer(to.pk)
    write(to)
    answers.answer(to.pk)

    first, second = said(to)
    assert settings.PRIVACY_URL in first
    assert settings.PRIVACY_URL not in second
    assert fresh(to).introduced_at


@pytest.mark.parametrize("kind", ["image", "audio"])
def test_answer_to_a_first_message_without_words_says_it_too(kind, settings):
    to = conversation(introduced_at=None)
    write(to, "", kind=kind)

    answers.answer(to.pk)

    assert settings.PRIVACY_URL in said(to)[0]
    assert fresh(to).introduced_at


def test_empty_message_is_greeted_as_settings_say(settings):
    settings.CHAT_GREETING = "Hello, CIMT!"
    to = conversation(channel="web", introduced_at=None)
    write(to, "")

    events = told(to.pk)

    assert [event for event in events if isinstance(event, Token)] == [Token("Hello, CIMT!")]
    assert fresh(to).introduced_at is None  # so the next answer says it


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [("image", "olha", "media"), ("document", "", "media"), ("audio", "", "voice_note")],
)
def test_what_is_no_text_goes_to_a_person(kind, text, reason):
    to = conversation()
    write(to, text, kind=kind)

    answers.answer(to.pk)

    assert (fresh(to).state, to.handoff_reason) == ("waiting", reason)


@pytest.mark.parametrize(("old", "new"), [("audio", "voice_note"), ("unreadable", "media")])
def test_reason_of_before_has_the_word_of_today(old, new):
    to = conversation(handoff_reason=old)

    import_module("leads.migrations.0008_one_word_per_reason").rename(apps, None)

    assert (fresh(to).handoff_reason, to.why) == (new, Conversation.Reason(new).label)


def test_voice_note_that_became_text_is_answered(knows):
    knows(SATURDAY)
    to = conversation()
    voice = write(to, "", kind="audio")
    Message.objects.filter(pk=voice.pk).update(text="onde é o mutirão de sábado?")

    answers.answer(to.pk)

    assert SATURDAY in said(to)[0]


def test_opt_out_in_a_burst_is_no_question(knows, model):
    knows(SATURDAY)
    provider = model("Assim [1].")
    to = conversation()
    write(to, "onde é?")
    write(to, "PARAR")

    answers.answer(to.pk)

    assert provider.prompts[0].question == "onde é?"


def test_erased_conversation_ends_the_answer(knows, model):
    knows(SATURDAY)
    to = conversation(channel="web")
    write(to)

    async def meanwhile():
        await threads.in_thread(to.lead.delete)

    model("Assim [1].", meanwhile=meanwhile)

    assert told(to.pk)[-1] == Failed(retry=False)
    assert not Message.objects.exists()


def test_answer_that_hangs_lets_the_lease_go(knows, model, monkeypatch):
    monkeypatch.setattr(answers, "DEADLINE", 0.05)
    knows(SATURDAY)
    model("Assim [1].", meanwhile=asyncio.Event().wait)
    to = conversation(channel="web")
    write(to)

    assert told(to.pk) == [Failed(retry=True)]
    assert (fresh(to).lease_owner, said(to)) == (None, [])
    assert to.answer_due_at is not None


def test_lease_is_renewed_while_the_agent_speaks(knows, model, monkeypatch):
    monkeypatch.setattr(leases, "RENEW_AFTER", timedelta(milliseconds=5))
    knows(SATURDAY)
    to = conversation(channel="web")
    write(to)
    renewed = asyncio.Event()
    renew = leases.renew

    def note(lease):
        renew(lease)
        loop.call_soon_threadsafe(renewed.set)

    async def meanwhile():
        nonlocal loop
        loop = asyncio.get_running_loop()
        await asyncio.wait_for(renewed.wait(), 10)

    loop = None
    monkeypatch.setattr(leases, "renew", note)
    model("Assim [1].", meanwhile=meanwhile)

    assert isinstance(told(to.pk)[-1], Done)


@pytest.mark.django_db(transaction=True)
def test_ten_answers_at_once_live_on_a_pool_of_two(knows, model):
    """All ten are with the model at the same time: none can hold a connection there."""
    people = [conversation(number, channel="web") for number in range(10)]
    knows(SATURDAY)
    for to in people:
        write(to)
    arrived, all_there = [], asyncio.Event()

    async def meanwhile():
        arrived.append(1)
        if len(arrived) == len(people):
            all_there.set()
        await asyncio.wait_for(all_there.wait(), 30)

    model("Assim [1].", meanwhile=meanwhile)

    async def one(to):
        return [event async for event in answers.run(to.pk, streaming=True)]

    async def together():
        return await asyncio.gather(*(one(to) for to in people))

    with pool_of(2):
        told_all = asyncio.run(together())

    assert all(isinstance(events[-1], Done) for events in told_all)
    assert Message.objects.filter(author="agent").count() == 10
    assert len(arrived) == 10


class pool_of:  # noqa: N801
    """A pool of so many connections for this block, and none of them is held outside of it."""

    def __init__(self, size):
        self.size = size

    def __enter__(self):
        self._resize(self.size)

    def __exit__(self, *error):
        self._resize(self.kept)

    def _resize(self, size):
        connection.close()
        connection.close_pool()
        pool = connections.settings["default"]["OPTIONS"]["pool"]
        self.kept, pool["max_size"] = pool["max_size"], size


def test_model_that_asks_for_a_hand_off_gets_it(knows, model):
    knows(SATURDAY)
    model("Assim [1].", asks("hand_off", summary="Quer doar mudas."))
    to = conversation()
    write(to)

    answers.answer(to.pk)

    assert (fresh(to).state, to.handoff_summary) == ("waiting", "Quer doar mudas.")
