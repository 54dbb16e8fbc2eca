"""A gateway on this machine, and one number that is connected to it."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client

from config.encryption import keyed_hash
from leads.evolution import gateway as wire
from leads.models import Conversation, DutyShift, Lead, WebhookEvent, WhatsAppInstance
from leads.services import webhooks
from tests.factories import UserFactory
from tests.leads.gateway import Gateway
from tests.leads.sending import ANA

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
def chat(gateway, number, settled, settings, monkeypatch):
    """Makes a conversation with a person who wrote; messages to it go out without a pause."""
    settings.WHATSAPP_PACE = timedelta(0)
    monkeypatch.setattr(wire, "TIMEOUT", 1)

    def make(who=ANA):
        gateway.says(who, "Oi")
        settled()
        return Conversation.objects.get(key=keyed_hash("jid", who))

    return make
