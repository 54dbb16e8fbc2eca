"""What staff write to many leads: who gets it, who does not and why, and each only once."""

from datetime import timedelta
from uuid import uuid4

import pytest

from leads import tasks
from leads.models import BulkMessage, FollowUp, Lead, Message
from leads.services import bulk, sequences
from tests.factories import UserFactory
from tests.leads.agreed import NOON, talk_with
from tests.together import run_together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def write(db):
    def run(leads=None, **fields):
        words = {"channel": "email", "subject": "Novidade", "text": "Oi {name}!"}
        facts = {**words, "by": UserFactory(is_staff=True), "token": uuid4(), **fields}
        return bulk.write_to(Lead.objects.all() if leads is None else leads, **facts)

    return run


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


def test_the_database_makes_the_copies(make_lead, write, monkeypatch):
    """None is built here, as there may be more than memory is for."""
    monkeypatch.setattr(FollowUp, "__init__", None)
    leads = [make_lead(email=f"p{number}@example.org") for number in range(3)]

    message = write()

    copies = message.copies.order_by("lead").values_list("lead", "status", "due_at", "touched_at")
    assert list(copies) == [(lead.pk, "planned", NOON, NOON) for lead in leads]


def test_each_copy_is_due_by_the_clocks_of_its_lead(make_lead, write, clock):
    clock.shift(timedelta(hours=9))  # nine in the evening
    make_lead(email="iara@example.org")
    make_lead(email="bia@example.org", time_zone="America/Rio_Branco")  # seven there

    copies = write().copies.order_by("lead").values_list("due_at", flat=True)

    assert list(copies) == [NOON + timedelta(hours=21), NOON + timedelta(hours=9)]


def test_many_leads_take_few_statements(make_lead, write, django_assert_max_num_queries):
    for number in range(20):
        make_lead(email=f"p{number}@example.org")
    by = UserFactory(is_staff=True)

    with django_assert_max_num_queries(9):
        write(by=by)

    assert FollowUp.objects.count() == 20
