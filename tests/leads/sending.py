"""What tests of the outbound queue share."""

from datetime import timedelta

from django.db import connection

from leads.models import Message, WhatsAppInstance
from leads.services import outbox

ANA, RUI = "5511987654321@s.whatsapp.net", "5581912345678@s.whatsapp.net"


def queue(conversation, text="Olá!"):
    return outbox.queue(conversation, author="agent", text=text)


def pass_time(**by):
    """As if so much time had passed for all that waits."""
    for message in Message.objects.exclude(try_at=None):
        message.try_at -= timedelta(**by)
        message.save()
    for number in WhatsAppInstance.objects.all():
        number.next_send_at -= timedelta(**by)
        number.save()


def state(message):
    message.refresh_from_db()
    return message.delivery


def in_use():
    """How many connections to the database all of this process has taken from the pool."""
    pool = connection.pool.get_stats()
    return pool["pool_size"] - pool["pool_available"]


def texts(gateway):
    return [text for _to, text in gateway.sent]
