"""Plays the gateway of WhatsApp: calls of its webhook, signed as the product expects them."""

import hashlib
import hmac
import json
import time
from uuid import uuid4

from tests.load.client import Request

PATH = "/webhook/evolution"
INSTANCE = "load"


def number():
    """The instance that all calls are of."""
    from leads.models import WhatsAppInstance

    facts = {"path_key": uuid4().hex, "state": "open", "is_default": True}
    return WhatsAppInstance.objects.get_or_create(name=INSTANCE, defaults=facts)[0]


def message(contact, message_id, *, text="Oi", sent_at=None):
    """The body of one call: a text of the contact."""
    jid = f"55119{contact:08}@s.whatsapp.net"
    content = {
        "event": "messages.upsert",
        "instance": INSTANCE,
        "apikey": "never kept",
        "data": {
            "key": {"remoteJid": jid, "fromMe": False, "id": message_id},
            "pushName": f"Contato {contact}",
            "message": {"conversation": text},
            "messageType": "conversation",
            "messageTimestamp": int(sent_at or time.time()),
        },
    }
    return json.dumps(content).encode()


def call(body):
    """The request, signed now: it is believed for five minutes."""
    return Request(PATH, "POST", headers(body), body)


def headers(body):
    from django.conf import settings

    moment = str(int(time.time()))
    signed = hmac.new(settings.WEBHOOK_SECRETS[0].encode(), moment.encode() + b"." + body, "sha256")
    return {
        "Content-Type": "application/json",
        "X-Webhook-Timestamp": moment,
        "X-Webhook-Signature": f"sha256={signed.hexdigest()}",
    }


def new_id():
    return hashlib.sha256(uuid4().bytes).hexdigest()[:32].upper()
