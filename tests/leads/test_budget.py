"""What answers cost is set aside before, settled after, and never more than was allowed."""

from functools import partial

import pytest

from config.errors import DependencyAway
from leads import threads
from leads.agent import budget
from leads.agent.budget import Bill, Cost, Exhausted
from leads.agent.providers.protocol import Prompt, ProviderAway, Usage
from leads.agent.turns import Said
from leads.models import AgentSpending
from leads.services import answers, bursts, summaries
from tests.leads.people import conversation, fresh, said, write
from tests.together import run_together

pytestmark = pytest.mark.django_db
SATURDAY = "O mutirão de sábado é na praia do Pina, às 8h. Leve água."
PROMPT = Prompt(rules="Regras.", question="Onde é?")


@pytest.fixture(autouse=True)
def _prices(settings):
    settings.AGENT_PRICES = {"dear": (3.0, 15.0), "cheap": (0.25, 2.0)}


def spent():
    return AgentSpending.objects.get().tokens


def test_price_is_that_of_the_model_and_rounded_up():
    assert budget.cost("cheap", Usage(1001, 10)) == Cost(1011, 271)
    assert budget.cost("dear", Usage(1000, 10)) == Cost(1010, 3150)


def test_model_without_a_price_costs_as_much_as_the_dearest():
    assert budget.cost("new", Usage(1000, 10)) == budget.cost("dear", Usage(1000, 10))


def test_estimate_counts_all_that_a_model_reads():
    less = budget.estimate(PROMPT)
    more = budget.estimate(Prompt("Regras.", "Onde é?", history=[Said("person", "a" * 250)]))

    assert more.read - less.read == 100


@pytest.mark.parametrize(
    "limits",
    [
        {"AGENT_CONVERSATION_TOKENS": 999},
        {"AGENT_CONVERSATION_CENTS": 1},
        {"AGENT_DAILY_TOKENS": 999},
        {"AGENT_DAILY_DOLLARS": 0},
    ],
)
def test_what_has_no_room_is_not_set_aside(settings, limits):
    for name, value in limits.items():
        setattr(settings, name, value)
    to = conversation()

    with pytest.raises(Exhausted):
        budget.set_aside(to.pk, Cost(1000, 10_001))

    assert fresh(to).tokens_spent == 0
    assert not AgentSpending.objects.filter(tokens__gt=0).exists()


@pytest.mark.django_db(transaction=True)
def test_answers_at_once_share_one_budget(settings):
    settings.AGENT_DAILY_TOKENS = 3000
    refused = []

    def spend(to):
        try:
            budget.set_aside(to.pk, Cost(1000, 10))
        except Exhausted:
            refused.append(to.pk)

    run_together(*[partial(spend, conversation(number)) for number in range(6)])

    assert spent() == 3000
    assert len(refused) == 3


def bill(to, work, model="dear"):
    async def pay():
        async with Bill(to.pk, model, PROMPT) as account:
            return work(account)

    return threads.run(pay)


def test_what_was_set_aside_becomes_what_it_was():
    to = conversation()

    bill(to, lambda account: account.note(Usage(700, 30)))

    assert (fresh(to).tokens_spent, spent()) == (730, 730)
    assert to.money_spent == 700 * 3 + 30 * 15


def test_who_is_cut_off_pays_what_was_written_by_then():
    to = conversation()

    def break_off(account):
        account.note(Usage(700, 1))
        account.note("a" * 250)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        bill(to, break_off)

    assert spent() == 700 + 100


def test_who_was_never_asked_is_not_paid():
    to = conversation()

    def is_away(account):
        raise DependencyAway("dear")

    with pytest.raises(DependencyAway):
        bill(to, is_away)

    assert (fresh(to).tokens_spent, spent()) == (0, 0)


def test_who_failed_may_have_read_it_all():
    def fails(account):
        raise ProviderAway("dear")

    with pytest.raises(ProviderAway):
        bill(conversation(), fails)

    assert spent() == budget.estimate(PROMPT).read


def test_without_word_from_the_provider_our_own_estimate_counts():
    to = conversation()

    bill(to, lambda account: account.note("a" * 250))

    assert spent() == budget.estimate(PROMPT).read + 100


def test_killed_in_between_it_has_cost_what_was_set_aside():
    to = conversation()
    most = budget.cost("dear", budget.estimate(PROMPT))

    budget.set_aside(to.pk, most)

    assert spent() == most.tokens


def test_offline_provider_costs_nothing():
    to = conversation()

    bill(to, lambda account: account.note("Encontrei isto."), model="")

    assert not AgentSpending.objects.exists()
    assert fresh(to).tokens_spent == 0


def test_with_the_budget_spent_the_evidence_is_quoted(settings, knows, model):
    settings.AGENT_CONVERSATION_TOKENS = 100
    knows(SATURDAY)
    provider = model("É caro [1].", model="dear")
    to = conversation()
    write(to)

    answers.answer(to.pk)

    assert provider.prompts == []
    assert SATURDAY in said(to)[0]


def talk(to, count):
    for number in range(count):
        to.messages.create(author="person", text=f"pergunta {number}")
        to.messages.create(author="agent", text=f"resposta {number}")


def test_what_leaves_the_window_is_summed_up_once():
    to = conversation()
    talk(to, 10)

    summaries.summarize(to.pk)
    summaries.summarize(to.pk)

    assert fresh(to).summary == "\n".join(f"pergunta {number}" for number in range(4))
    assert to.messages.filter(pk__gt=to.summarized_through).count() == bursts.WINDOW


def test_short_conversation_needs_no_summary():
    to = conversation()
    talk(to, 7)

    summaries.summarize(to.pk)

    assert fresh(to).summary == ""


def test_model_sums_up_and_is_paid_for_it(model):
    to = conversation()
    talk(to, 10)
    provider = model("Quer plantar.", Usage(500, 5), model="dear")

    summaries.summarize(to.pk)

    assert fresh(to).summary == "Quer plantar."
    assert to.tokens_spent == 505
    assert "person: pergunta 3" in provider.prompts[0].question


def test_summary_is_what_a_model_reads_of_the_past(knows, model):
    knows(SATURDAY)
    provider = model("Assim [1].")
    to = conversation(summary="Quer plantar.")
    write(to)

    answers.answer(to.pk)

    assert provider.prompts[0].summary == "Quer plantar."


def test_answer_has_the_next_summary_made(knows, django_capture_on_commit_callbacks):
    knows(SATURDAY)
    to = conversation()
    talk(to, 10)
    with django_capture_on_commit_callbacks():
        write(to)

    with django_capture_on_commit_callbacks(execute=True):
        answers.answer(to.pk)

    assert fresh(to).summary
