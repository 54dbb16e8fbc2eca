"""The numbers through which we write: how each is, and when none may write."""

import secrets

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DependencyAway, DomainError
from leads import nudges
from leads.evolution import gateway
from leads.models import WhatsAppInstance
from leads.tasks import whatsapp as tasks

State = WhatsAppInstance.State
# Why we paused it ourselves, and take it back when the gateway says that it is open.
DISCONNECTED, REFUSED = "disconnected", "refused"
OURS = (DISCONNECTED, REFUSED)
# An open number whose messages are refused is refused again: like a pause of staff, staff end it.
UNSENT, STAFF = "sending_refused", "staff"


class AlreadyPaused(DomainError):
    code = "already_paused"
    message = _("This number is paused already.")


class NotPaused(DomainError):
    code = "not_paused"
    message = _("This number is not paused.")


def pause(instance: WhatsAppInstance, *, reason: str = STAFF) -> None:
    """Send nothing through it until it is resumed; what waits, waits."""
    going = WhatsAppInstance.objects.filter(pk=instance.pk, paused_at=None)
    if not going.update(paused_at=timezone.now(), pause_reason=reason):
        raise AlreadyPaused


def resume(instance: WhatsAppInstance) -> None:
    paused = WhatsAppInstance.objects.filter(pk=instance.pk, paused_at__isnull=False)
    if not paused.update(paused_at=None, pause_reason="", alerted_at=None):
        raise NotPaused
    nudges.send(tasks.deliver_messages, instance.pk)


@transaction.atomic
def fail(instance: WhatsAppInstance, *, reason: str) -> None:
    """Pause it because it cannot send, and tell staff once."""
    going = WhatsAppInstance.objects.filter(pk=instance.pk, paused_at=None)
    going.update(paused_at=timezone.now(), pause_reason=reason)
    tasks.send_instance_alert.delay_on_commit(instance.pk)


def state_is(instance: WhatsAppInstance, state: str) -> None:
    """Take over what the gateway says of it, whether it told us or was asked.

    One that closes is paused and staff are told; one that opens again goes on by itself, unless
    staff paused it.
    """
    if state not in State.values:
        return
    WhatsAppInstance.objects.filter(pk=instance.pk).update(state=state, checked_at=timezone.now())
    if state == State.CLOSED:
        fail(instance, reason=DISCONNECTED)
    elif state == State.OPEN:
        stopped = WhatsAppInstance.objects.filter(pk=instance.pk, pause_reason__in=OURS)
        stopped.update(paused_at=None, pause_reason="", alerted_at=None)
        nudges.send(tasks.deliver_messages, instance.pk)


def check(instance_id: int) -> None:
    """Ask the gateway how the instance is: it may have told us, and the call been lost."""
    instance = WhatsAppInstance.objects.filter(pk=instance_id).first()
    if instance is None or not settings.EVOLUTION_URL:
        return
    try:
        state = gateway.state(instance.name)
    except gateway.Refused as refusal:
        if refusal.is_about_the_instance:
            fail(instance, reason=REFUSED)
        return
    except DependencyAway:
        return  # the breaker tells; whether the number is connected is not known
    state_is(instance, state)


def connect(name: str, *, webhook_base: str) -> tuple[WhatsAppInstance, str]:
    """Make the instance here and at the gateway, and lead its calls to us, however often this runs.

    Returns it with what a phone must scan, "" if one is connected.
    """
    instance, _is_new = WhatsAppInstance.objects.get_or_create(
        name=name,
        defaults={
            "path_key": secrets.token_urlsafe(32),
            "is_default": not WhatsAppInstance.objects.filter(is_default=True).exists(),
        },
    )
    gateway.create(name)
    url = f"{webhook_base.rstrip('/')}/webhook/evolution/{instance.path_key}"
    gateway.set_webhook(name, url, settings.WEBHOOK_SECRETS[0])
    state = gateway.state(name)
    code = "" if state == State.OPEN else gateway.connect(name)
    if state == State.CLOSED:
        # One that was never connected is no reason to wake anybody.
        WhatsAppInstance.objects.filter(pk=instance.pk).update(
            state=state, checked_at=timezone.now()
        )
    else:
        state_is(instance, state)
    instance.refresh_from_db()
    return instance, code
