"""Pages without script that anybody may open who has their address."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from events import services
from events.models import Certificate


@method_decorator(never_cache, name="dispatch")
class CertificatePage(TemplateView):
    """Says whether a certificate is ours and still holds; its code is known to who was shown it."""

    template_name = "events/certificate_page.html"
    title = _("Certificate of participation")

    def get_context_data(self, **facts: Any) -> dict[str, Any]:
        # Not at the start of a process: it brings numpy along, which most never need.
        from events import certificates

        issued = Certificate.objects.select_related("participant__user", "participant__event")
        certificate = get_object_or_404(issued, code=self.kwargs["code"])
        event = certificate.participant.event
        return super().get_context_data(
            certificate=certificate,
            event=event,
            person=certificate.participant.user,
            where_and_when=certificates.where_and_when(event),
            hours=certificates.hours_in_words(certificate.hours),
            holds=services.holds(certificate),
            **facts,
        )
