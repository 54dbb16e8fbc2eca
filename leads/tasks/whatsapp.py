"""WhatsApp: each task may run twice, late, or be killed; a sweep finds the rows that wait."""

from celery import shared_task

from config.nudge import Nudge
from leads import nudges
from leads.models import WhatsAppInstance
from leads.services import alerts, instances, outbox, reconciling, transcribing, webhooks


# One try of one event may take that long.
@shared_task(base=Nudge, soft_time_limit=30)
def process_webhooks(contact: str) -> None:
    wait = webhooks.process(contact)
    if wait is not None:
        nudges.send_later(process_webhooks, contact, seconds=wait)


@shared_task
def retry_waiting_webhooks() -> None:
    """Every minute: contacts whose events wait, and nobody works on them."""
    for contact in webhooks.overdue_contacts():
        process_webhooks.delay(contact)


@shared_task(base=Nudge)
def deliver_messages(instance_id: int) -> None:
    outbox.deliver(instance_id)


@shared_task
def retry_waiting_messages() -> None:
    """Every minute: numbers that may send and have something to."""
    for instance_id in outbox.waiting_instances():
        deliver_messages.delay(instance_id)


@shared_task(base=Nudge)
def transcribe_message(message_id: int) -> None:
    transcribing.transcribe(message_id)


@shared_task
def retry_waiting_transcriptions() -> None:
    """Every minute: voice notes whose message was lost, or for which the time is over."""
    in_time, late = transcribing.unheard()
    for message_id in in_time:
        transcribe_message.delay(message_id)
    for message_id in late:
        transcribing.give_up(message_id)


@shared_task(base=Nudge, autoretry_for=(OSError,), retry_backoff=5, max_retries=2)
def send_instance_alert(instance_id: int) -> None:
    alerts.alert(instance_id)


@shared_task
def check_whatsapp() -> None:
    """Every minute: ask the gateway how each number is."""
    for instance_id in WhatsAppInstance.objects.values_list("pk", flat=True):
        check_instance.delay(instance_id)


@shared_task
def check_instance(instance_id: int) -> None:
    instances.check(instance_id)


@shared_task
def reconcile_whatsapp() -> None:
    """Every five minutes: take in what the gateway remembers and we were never told."""
    for instance_id in WhatsAppInstance.objects.values_list("pk", flat=True):
        reconcile_instance.delay(instance_id)


@shared_task
def reconcile_instance(instance_id: int) -> None:
    reconciling.reconcile(instance_id)
