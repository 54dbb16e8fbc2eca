"""Events are processed in their order, three times at most, and nothing is lost on the way."""

import time
from datetime import timedelta
from functools import partial

import orjson
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisAway

from leads import nudges
from leads.evolution import payloads
from leads.models import Conversation, Message, WebhookEvent
from leads.services import inbound, webhooks
from leads.tasks import whatsapp as tasks
from tests.factories import UserFactory
from tests.together import run_together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_nobody_answers")]
ANA, RUI = "+5511987654321", "+5581912345678"
LIST = "/admin/leads/webhookevent/"


@pytest.fixture(autouse=True)
def _one_number(gateway, number):
    return number


@pytest.fixture
def broken(monkeypatch):
    """Every event fails; what failed is listed."""
    failed = []

    def apply(event):
        failed.append(event.external_id)
        raise RuntimeError("call +5511987654321")

    monkeypatch.setattr(inbound, "apply", apply)
    return failed


def contact_of(gateway, who=ANA):
    gateway.says(who, "Oi")
    return WebhookEvent.objects.order_by("pk").last().contact


def claim(contact):
    """As a worker does that has gone no further yet."""
    event = webhooks._first(contact)
    assert webhooks._claim(event)
    return event


def pass_time(**by):
    """As if so much time had passed for all that waits."""
    for event in WebhookEvent.objects.all():
        event.received_at -= timedelta(**by)
        event.try_at = event.try_at and event.try_at - timedelta(**by)
        event.save()


def test_event_is_tried_three_times_and_given_up(gateway, broken):
    contact = contact_of(gateway)

    waits = []
    for _ in range(4):
        waits.append(webhooks.process(contact))
        pass_time(seconds=3)

    assert waits == [1, 2, None, None]
    event = WebhookEvent.objects.dead().get()
    assert (event.attempts, len(broken)) == (3, 3)
    assert event.error == "RuntimeError: call ***"


def test_event_that_waits_for_its_next_try_is_left_alone(gateway, broken):
    contact = contact_of(gateway)
    webhooks.process(contact)

    assert 0 < webhooks.process(contact) <= 1  # asks for its nudge again

    assert len(broken) == 1


def test_event_that_another_worker_is_at_asks_for_nothing(gateway):
    contact = contact_of(gateway)
    claim(contact)

    assert webhooks.process(contact) is None


def test_those_of_the_same_contact_wait_behind_it_and_others_do_not(gateway, broken, monkeypatch):
    contact, other = contact_of(gateway), contact_of(gateway, RUI)
    gateway.says(ANA, "Alguém aí?")
    webhooks.process(contact)
    monkeypatch.undo()

    webhooks.process(contact)
    webhooks.process(other)
    assert [message.conversation.address[:12] for message in Message.objects.all()] == [
        "558191234567"
    ]

    pass_time(seconds=3)
    webhooks.process(contact)
    assert not WebhookEvent.objects.waiting().exists()


def test_after_it_is_given_up_the_others_get_their_turn(gateway, monkeypatch):
    contact, real = contact_of(gateway), inbound.apply
    gateway.says(ANA, "Alguém aí?")
    first = WebhookEvent.objects.order_by("pk").first().pk
    monkeypatch.setattr(inbound, "apply", lambda event: 1 / (event.pk - first) and real(event))

    for _ in range(3):
        webhooks.process(contact)
        pass_time(seconds=3)

    assert Message.objects.get().text == "Alguém aí?"
    assert WebhookEvent.objects.dead().get().pk == first


def test_what_failed_left_nothing_behind(gateway, monkeypatch):
    contact = contact_of(gateway)
    monkeypatch.setattr("leads.services.conversations.receive", lambda *a, **b: 1 / 0)

    webhooks.process(contact)

    assert not Conversation.objects.exists()


def test_try_that_takes_too_long_counts(gateway, monkeypatch):
    contact = contact_of(gateway)

    def apply(event):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(inbound, "apply", apply)

    assert webhooks.process(contact) == 1
    assert WebhookEvent.objects.get().attempts == 1
    assert tasks.process_webhooks.soft_time_limit == webhooks.LEASE.total_seconds() == 30


class Killed(BaseException):
    """As if the process had ended here."""


def die(*arguments, **more):
    raise Killed


def kill(monkeypatch, where, contact):
    monkeypatch.setattr(where, die)
    with pytest.raises(Killed):
        webhooks.process(contact)
    monkeypatch.undo()


STEPS = [
    "leads.services.webhooks._try",
    "leads.services.inbound.apply",
    "leads.services.identities.lead_of",
    "leads.services.conversations.receive",
    "leads.services.inbound._catch_up",
]


@pytest.mark.parametrize("where", STEPS)
def test_event_whose_worker_is_killed_is_processed_once_by_the_sweep(gateway, monkeypatch, where):
    contact = contact_of(gateway)
    kill(monkeypatch, where, contact)
    assert webhooks.overdue_contacts() == []

    pass_time(seconds=31)
    assert webhooks.overdue_contacts() == [contact]
    tasks.retry_waiting_webhooks()

    assert Message.objects.count() == 1
    assert not WebhookEvent.objects.waiting().exists()


def test_event_that_kills_each_worker_is_given_up(gateway, monkeypatch):
    contact = contact_of(gateway)
    for _ in range(3):
        kill(monkeypatch, "leads.services.inbound.apply", contact)
        pass_time(seconds=31)

    webhooks.process(contact)

    assert WebhookEvent.objects.dead().get().error == "killed its worker"


def test_last_try_that_goes_on_is_left_alone(gateway):
    contact = contact_of(gateway)
    for _ in range(2):
        claim(contact)
        pass_time(seconds=31)
    claim(contact)

    assert webhooks.process(contact) is None

    assert not WebhookEvent.objects.dead().exists()


def test_worker_that_was_taken_for_dead_changes_nothing(gateway, monkeypatch):
    """Its try is over: another one has taken the event meanwhile."""
    contact = contact_of(gateway)
    event = claim(contact)
    pass_time(seconds=31)
    webhooks.process(contact)
    monkeypatch.setattr(inbound, "apply", die)

    assert webhooks._try(event) is None

    assert Message.objects.count() == 1


def test_event_whose_nudge_was_lost_is_found(gateway):
    contact = contact_of(gateway)
    assert webhooks.overdue_contacts() == []

    pass_time(seconds=21)

    assert webhooks.overdue_contacts() == [contact]


@pytest.fixture
def sent(monkeypatch):
    """The messages for workers, which nobody takes."""
    sent = []

    def apply_async(arguments, **options):
        sent.append((*arguments, options.get("countdown")))

    monkeypatch.setattr(tasks.process_webhooks, "apply_async", apply_async)
    return sent


def test_contact_is_nudged_once_while_its_nudge_waits(
    gateway, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(5):
            gateway.says(ANA, f"{number}")
        contact = contact_of(gateway, RUI)
    assert len(sent) == 2

    webhooks.process(contact)
    with django_capture_on_commit_callbacks(execute=True):
        gateway.says(RUI, "De novo")

    assert [line for line, _ in sent].count(contact) == 2


def test_cache_that_is_away_costs_a_nudge_each(
    gateway, sent, monkeypatch, django_capture_on_commit_callbacks
):
    def away(name):
        raise RedisAway

    monkeypatch.setattr(nudges, "get_redis_connection", away)

    with django_capture_on_commit_callbacks(execute=True):
        gateway.says(ANA, "Oi")
        gateway.says(ANA, "Oi?")

    assert len(sent) == 2
    assert webhooks.process(sent[0][0]) is None


def test_broker_that_is_away_does_not_fail_the_call(
    gateway, number, monkeypatch, django_capture_on_commit_callbacks
):
    def away(*arguments, **options):
        raise OperationalError

    monkeypatch.setattr(tasks.process_webhooks, "apply_async", away)

    with django_capture_on_commit_callbacks(execute=True):
        record = gateway.record(ANA, {"conversation": "Oi"})
        assert gateway.tell("messages.upsert", record) == 200


@pytest.mark.usefixtures("broken")
def test_next_try_is_asked_for_in_time(gateway, sent, django_capture_on_commit_callbacks):
    contact = contact_of(gateway)

    with django_capture_on_commit_callbacks(execute=True):
        tasks.process_webhooks(contact)

    assert sent == [(contact, 1.0)]


def give_up(gateway, monkeypatch, number=1):
    def apply(event):
        raise RuntimeError

    monkeypatch.setattr(inbound, "apply", apply)
    for one in range(number):
        contact = contact_of(gateway, f"+551198765432{one}")
        for _ in range(3):
            webhooks.process(contact)
            pass_time(seconds=3)
    monkeypatch.undo()
    return list(WebhookEvent.objects.dead())


def test_given_up_event_is_replayed_in_the_admin(
    gateway, monkeypatch, admin_client, django_capture_on_commit_callbacks
):
    (event,) = give_up(gateway, monkeypatch)
    answer = {"action": "replay", "_selected_action": [event.pk]}

    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(LIST, answer)
    again = admin_client.post(LIST, answer, follow=True)

    assert Message.objects.get(author="person").text == "Oi"
    assert "já foi processado" in again.text


def test_given_up_events_wait_on_the_dashboard(gateway, monkeypatch, admin_client):
    give_up(gateway, monkeypatch)

    assert "Avisos do WhatsApp sem solução" in admin_client.get("/admin/").text
    assert admin_client.get(f"{LIST}?given_up_at__isempty=0").text.count("messages.upsert")


def test_who_may_only_look_replays_nothing(gateway, monkeypatch, client):
    (event,) = give_up(gateway, monkeypatch)
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_webhookevent"))
    client.force_login(staff)

    client.post(LIST, {"action": "replay", "_selected_action": [event.pk]})

    assert WebhookEvent.objects.dead().exists()


def test_command_replays_all_or_those_that_are_named(gateway, monkeypatch, settled, capsys):
    events = give_up(gateway, monkeypatch, 3)

    call_command("replay_webhooks", str(events[0].pk))
    call_command("replay_webhooks", event="messages.update")
    assert WebhookEvent.objects.dead().count() == 2
    call_command("replay_webhooks")
    settled()

    assert capsys.readouterr().out.split("\n")[:3] == [
        "Replayed: 1.",
        "Replayed: 0.",
        "Replayed: 2.",
    ]
    assert Message.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_workers_process_each_event_once_and_in_order(gateway, monkeypatch, sent):
    seen, real = [], inbound.apply

    def apply(event):
        seen.append(event.external_id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.01)")  # long enough for the others to try
        real(event)

    monkeypatch.setattr(inbound, "apply", apply)
    for _number in range(12):
        contact = contact_of(gateway)
    told = list(WebhookEvent.objects.order_by("pk").values_list("external_id", flat=True))

    run_together(*[lambda: webhooks.process(contact)] * 4)

    assert seen == told
    assert Message.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_call_that_comes_again_while_it_is_processed_waits_for_nobody(gateway, monkeypatch, sent):
    seen = []

    @transaction.atomic
    def again(event):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
        seen.append(webhooks.accept(payloads.call(orjson.loads(event.payload))))

    monkeypatch.setattr(inbound, "apply", lambda event: run_together(partial(again, event)))

    webhooks.process(contact_of(gateway))

    assert seen == [False]
    assert not WebhookEvent.objects.waiting().exists()


@pytest.mark.django_db(transaction=True)
def test_message_is_visible_within_five_seconds(gateway):
    """The tasks run at once here; what is measured is all that they do."""
    began = time.monotonic()

    gateway.says(ANA, "Oi")

    assert Message.objects.get().text == "Oi"
    assert time.monotonic() - began < 5
    assert Message.objects.get().accepted_at > timezone.now() - timedelta(seconds=5)
