"""What staff write to many leads: who gets it, who does not and why, and each only once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse

from leads import tasks
from leads.models import BulkMessage, FollowUp, Lead, LeadConsent, Message
from leads.services import bulk, sequences
from tests.factories import UserFactory
from tests.leads.conftest import talk_with
from tests.together import run_together

NOON = datetime(2026, 11, 26, 15, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def write(db):
    def run(leads=None, **fields):
        words = {"channel": "email", "subject": "Novidade", "text": "Oi {name}!"}
        facts = {**words, "by": UserFactory(is_staff=True), "token": uuid4(), **fields}
        return bulk.write_to(Lead.objects.all() if leads is None else leads, **facts)

    return run


@pytest.fixture
def everybody(make_lead):
    """One who gets it, and one for each reason not to."""
    kept = make_lead(email="iara@example.org", whatsapp=True)
    make_lead(email="a@example.org", opted_out_at=NOON)
    make_lead(email="b@example.org", agreed=False)
    undone = make_lead(email="c@example.org")
    LeadConsent.objects.create(lead=undone, purpose="unasked", is_given=False, channel="staff")
    make_lead()
    make_lead(email="d@example.org", merged_into=kept)
    return kept


@pytest.mark.parametrize("channel", ["email", "whatsapp"])
def test_each_lead_counts_once_for_the_first_reason(everybody, channel):
    reach = bulk.reach(Lead.objects.all(), channel)

    assert reach == bulk.Reach(get_it=1, opted_out=1, no_consent=2, no_address=1, gone=1)
    assert [*bulk.reachable(Lead.objects.all(), channel)] == [everybody]


def test_who_may_be_written_to_gets_a_copy(everybody, write, mailoutbox):
    write()

    tasks.follow_ups.begin_follow_ups()

    [mail] = mailoutbox
    assert (mail.to, mail.subject) == (["iara@example.org"], "Novidade")
    assert mail.body.startswith("Oi Iara!")
    assert "List-Unsubscribe" in mail.extra_headers


def test_by_whatsapp_it_goes_through_the_outbox(everybody, write):
    write(channel="whatsapp", subject="")

    tasks.follow_ups.begin_follow_ups()

    assert Message.objects.get().text.startswith("Oi Iara!\n\n")


def test_who_opts_out_before_it_goes_out_does_not_get_it(everybody, write, mailoutbox):
    write()
    sequences.opted_out(everybody)

    tasks.follow_ups.begin_follow_ups()

    assert FollowUp.objects.get().reason == "opted_out"
    assert not mailoutbox


def test_who_only_wrote_or_is_answered_gets_it_all_the_same(everybody, write, mailoutbox):
    write()
    sequences.person_wrote(everybody)
    talk_with(everybody, state="staff", last_message_at=NOON).delete()

    tasks.follow_ups.begin_follow_ups()

    assert len(mailoutbox) == 1


def test_nobody_is_woken_by_it(everybody, write, clock, mailoutbox):
    clock.shift(timedelta(hours=9))
    write()

    tasks.follow_ups.begin_follow_ups()
    assert not mailoutbox
    clock.shift(timedelta(hours=12))
    tasks.follow_ups.begin_follow_ups()

    assert len(mailoutbox) == 1


def test_it_counts_for_the_week_like_all_that_is_unasked(everybody, write, mailoutbox):
    for _ in range(4):
        write()

    tasks.follow_ups.begin_follow_ups()

    assert len(mailoutbox) == 3


def test_without_anybody_it_is_refused_and_not_kept(make_lead, write):
    make_lead()

    with pytest.raises(bulk.NobodyToWriteTo):
        write()

    assert not BulkMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_sent_four_times_at_once_it_is_written_once(everybody, write):
    token, by = uuid4(), UserFactory(is_staff=True)

    run_together(*[lambda: write(token=token, by=by)] * 4)

    assert BulkMessage.objects.count() == FollowUp.objects.count() == 1


def test_many_leads_take_few_statements(make_lead, write, django_assert_max_num_queries):
    for number in range(20):
        make_lead(email=f"p{number}@example.org")
    by = UserFactory(is_staff=True)

    with django_assert_max_num_queries(9):
        write(by=by)

    assert FollowUp.objects.count() == 20


# --- In the admin -------------------------------------------------------------------------

LIST = "admin:leads_lead_changelist"


def choose(**answers):
    return {
        "action": "write_to_selected",
        "_selected_action": list(Lead.objects.values_list("pk", flat=True)),
        **answers,
    }


def words(**fields):
    given = {"channel": "email", "subject": "Novidade", "text": "Oi {name}!", "token": uuid4()}
    return {**given, **fields}


def test_staff_write_look_and_send(admin_client, everybody):
    asked = admin_client.post(reverse(LIST), choose())
    looked = admin_client.post(reverse(LIST), choose(step="look", **words()))
    assert not BulkMessage.objects.exists()
    sent = admin_client.post(reverse(LIST), choose(step="send", **words()), follow=True)

    assert asked.text.count("1 contato recebe.") == 2  # by each channel
    assert "1 não quer receber." in asked.text
    assert "2 nunca concordaram" in asked.text
    assert "1 não tem endereço comprovado ali." in asked.text
    assert "1 foi unido a outro contato." in asked.text
    assert looked.text.count("1 contato recebe.") == 1
    assert "Oi Iara!" in looked.text
    assert "1 mensagem está planejada." in sent.text
    assert BulkMessage.objects.get().text == "Oi {name}!"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"subject": ""}, "Um e-mail precisa de assunto."),
        ({"text": "Oi {phone}"}, "Não existe a variável {phone}."),
        ({"text": "{event}"}, "{event} só existe se"),
        ({"text": ""}, "obrigatório"),
    ],
)
def test_what_cannot_be_sent_is_asked_again(admin_client, everybody, given, says):
    response = admin_client.post(reverse(LIST), choose(step="send", **words(**given)))

    assert says in response.text
    assert not BulkMessage.objects.exists()


def test_nobody_to_write_to_is_told(admin_client, make_lead):
    make_lead()

    response = admin_client.post(reverse(LIST), choose(step="send", **words()), follow=True)

    assert "Nenhuma destas pessoas" in response.text


def test_only_who_may_write_can(client, everybody):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_lead"))
    client.force_login(staff)

    client.post(reverse(LIST), choose(step="send", **words()))

    assert "write_to_selected" not in client.get(reverse(LIST)).text
    assert not BulkMessage.objects.exists()
