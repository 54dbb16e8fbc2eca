"""Fixtures of leads."""

import uuid
from datetime import timedelta

import pytest
import redis
import time_machine
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client

from config.encryption import keyed_hash
from leads import tasks
from leads.agent.providers import choice
from leads.evolution import gateway as outside
from leads.knowledge import retrieval
from leads.knowledge.retrieval import Evidence, Retrieved
from leads.models import (
    Conversation,
    Document,
    DutyShift,
    Lead,
    LeadConsent,
    LeadIdentity,
    Sequence,
    WebhookEvent,
    WhatsAppInstance,
)
from leads.services import capture, identities, sequences, webhooks
from leads.streams import publishing, wire
from tests.factories import UserFactory
from tests.leads.agreed import MINUTE, NOON, lead_who_agreed
from tests.leads.gateway import Gateway
from tests.leads.people import Scripted
from tests.leads.sending import ANA

CONSENT = {"text": "Concordo em receber uma resposta.", "version": "2027-05", "unasked": False}


PROOF = {"address": "192.0.2.7", "user_agent": "Firefox"}


def form(consent=CONSENT, **fields):
    """A lead who sent a form."""
    return capture.capture(fields, source="form", utm={}, consent=consent, proof=PROOF)


def from_whatsapp(phone, name=""):
    """A lead who wrote from this number."""
    return identities.lead_of(
        "phone", phone, proof=LeadIdentity.Proof.WHATSAPP, source="whatsapp", name=name
    )


def whole_database():
    """All text of all tables."""
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names():
            cursor.execute(f'SELECT "{name}"::text FROM "{name}"')
            yield from (row[0] for row in cursor.fetchall())


@pytest.fixture
def caretaker(db):
    """Staff who look after leads."""
    staff = UserFactory(is_staff=True)
    leads = Permission.objects.filter(content_type__app_label="leads", codename__endswith="_lead")
    staff.user_permissions.set(leads)
    return staff


@pytest.fixture
def care(client_of, caretaker):
    """A client of the API that acts as them."""
    return client_of(caretaker)


SECRET = "a-secret-of-the-gateway-0123456789-abcdef"


KEY = "path-key-0123456789-abcdefghij"


@pytest.fixture
def client_post():
    """Delivers a call of the gateway to the site, in this thread."""
    client = Client()

    def post(url, body, headers):
        content_type = headers.pop("Content-Type")
        path = url.partition("://")[2].partition("/")[2]
        return client.post(f"/{path}", body, content_type, headers=headers).status_code

    return post


@pytest.fixture
def gateway(settings, client_post):
    """Running, with the webhook of our one number set; the settings lead to it."""
    with Gateway(secret=SECRET, post=client_post) as gateway:
        webhook = {"url": "http://testserver/webhook/evolution", "headers": {"jwt_key": SECRET}}
        gateway.instances["mutirao"] = {"state": "open", "webhook": webhook}
        settings.WEBHOOK_SECRETS = [SECRET]
        settings.WEBHOOK_NETWORKS = []
        settings.EVOLUTION_URL, settings.EVOLUTION_API_KEY = gateway.url, gateway.key
        settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
        yield gateway


@pytest.fixture
def number(db):
    return WhatsAppInstance.objects.create(
        name="mutirao", path_key=KEY, state="open", is_default=True
    )


@pytest.fixture
def settled():
    """Processes all that was told and waits; returns the events that were not processed."""

    def settle():
        waiting = WebhookEvent.objects.waiting().order_by("pk")
        for contact in dict.fromkeys(waiting.values_list("contact", flat=True)):
            webhooks.process(contact)
        return list(WebhookEvent.objects.filter(processed_at=None).order_by("pk"))

    return settle


@pytest.fixture
def on_duty(db):
    """Staff who are told."""
    staff = UserFactory(is_staff=True)
    DutyShift.objects.create(staff=staff)
    return staff


@pytest.fixture
def lead_on_the_web(db):
    lead = Lead.objects.create(name="Ana", source="web")
    return Conversation.objects.create(
        lead=lead, channel="web", key="visitor", public_id=uuid.uuid4()
    )


@pytest.fixture
def make_lead(db):
    return lead_who_agreed


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def make_sequence(db):
    """Make an active sequence with a step for each number of minutes."""

    def make(*delays, trigger="created", channel="email", active=True, **fields):
        sequence = Sequence.objects.create(
            name=f"Sequência {Sequence.objects.count()}", trigger=trigger
        )
        for position, minutes in enumerate(delays or (10,), start=1):
            words = {"subject": "Oi", "text_pt_br": "Oi {name}!", **fields}
            sequence.steps.create(
                position=position, delay_minutes=minutes, channel=channel, **words
            )
        if active:
            sequences.activate(sequence)
        return sequence

    return make


@pytest.fixture
def later(clock):
    """Let time pass, then the minute's task run with all that it starts."""

    def run(delta=MINUTE):
        clock.shift(delta)
        tasks.follow_ups.begin_follow_ups()

    return run


@pytest.fixture
def sequence(db):
    sequence = Sequence.objects.create(name="Boas-vindas", trigger="created")
    for position, minutes in ((1, 60), (2, 12 * 60)):
        sequence.steps.create(
            position=position,
            delay_minutes=minutes,
            channel="email",
            subject=f"Passo {position}",
            text_pt_br="Oi {name}!",
        )
    return sequence


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


def evidence(number, text, **facts):
    """A passage as it is found; of a document of its own."""
    document = Document.objects.create(
        kind="faq", title=f"Documento {number}", text=text, status="ready", **facts
    )
    return Evidence(number, document.pk, document.title, document.url, text, 1.0, 0.9)


@pytest.fixture
def knows(monkeypatch):
    """Make the search find these texts, whatever is asked; without any, nothing."""

    def set_up(*texts, is_answerable=True, passages=()):
        found = [*(evidence(number, text) for number, text in enumerate(texts, 1)), *passages]
        answer = Retrieved(found, is_answerable and bool(found), 0.9 if found else 0.0)
        monkeypatch.setattr(retrieval, "search", lambda question, limit=8: answer)
        return found

    return set_up


@pytest.fixture
def model(monkeypatch):
    """Make a provider that says these pieces the chosen one."""

    def set_up(*pieces, **options):
        provider = Scripted(*pieces, **options)
        monkeypatch.setattr(choice, "chosen", lambda: provider)
        return provider

    return set_up


@pytest.fixture
def chat(gateway, number, settled, settings, monkeypatch):
    """Makes a conversation with a person who wrote; messages to it go out without a pause."""
    settings.WHATSAPP_PACE = timedelta(0)
    monkeypatch.setattr(outside, "TIMEOUT", 1)

    def make(who=ANA):
        gateway.says(who, "Oi")
        settled()
        return Conversation.objects.get(key=keyed_hash("jid", who))

    return make


@pytest.fixture
def published(db):
    """The events in the stream of the only conversation, in their order."""
    publishing._redis.cache_clear()

    def names():
        key = wire.stream_key(Conversation.objects.get().public_id)
        with redis.Redis.from_url(settings.CELERY_BROKER_URL) as broker:
            return [fields[b"event"].decode() for _, fields in broker.xrange(key)]

    return names


@pytest.fixture
def _nobody_answers(monkeypatch):
    """For tests of what comes in and goes out: the agent is not nudged."""
    monkeypatch.setattr(tasks.agent.answer_conversation, "delay_on_commit", lambda *arguments: None)
