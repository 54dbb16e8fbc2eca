"""Telling staff that a number cannot send."""

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from leads.models import WhatsAppInstance
from leads.services import duty


@transaction.atomic
def alert(instance_id: int) -> None:
    """Mail who is on duty that the instance is paused; once for each pause.

    The update is the claim: if no mail server takes it, a retry sends it.
    """
    mine = WhatsAppInstance.objects.filter(pk=instance_id, paused_at__isnull=False, alerted_at=None)
    if not mine.update(alerted_at=timezone.now()):
        return
    name = WhatsAppInstance.objects.values_list("name", flat=True).get(pk=instance_id)
    page = reverse("admin:leads_whatsappinstance_change", args=[instance_id])
    for person in duty.on_duty():
        with translation.override(person.language):
            subject = _("WhatsApp: %(name)s cannot send") % {"name": name}
            text = _(
                "The number %(name)s does not send any more: the gateway says that it is not"
                " connected, or refuses our key. Messages wait until it works again.\n\n%(page)s"
            ) % {"name": name, "page": f"{settings.SITE_URL}{page}"}
        send_mail(subject, text, None, [person.email])
