"""What everyone may see of an award whose address they know, as people and as programs."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from users import credentials
from users.models import BadgeAward

AWARDS = BadgeAward.objects.select_related("badge", "user")
# Wallets and verifiers are programs of others, also in browsers.
ANYONE = {"Access-Control-Allow-Origin": "*"}


@method_decorator(never_cache, name="dispatch")
class BadgePage(TemplateView):
    """Says who has which badge and since when; of a revoked one only that it is, not whose."""

    template_name = "users/badge_page.html"

    def get_context_data(self, **facts: Any) -> dict[str, Any]:
        award = get_object_or_404(AWARDS, pk=self.kwargs["award_id"])
        self.title = award.badge.name
        return super().get_context_data(award=award, **facts)


@require_safe
@never_cache
def credential(request: HttpRequest, award_id: UUID) -> HttpResponse:
    award = get_object_or_404(AWARDS, pk=award_id)
    if award.revoked_at:
        return _gone(award)
    name = f"{award.badge.slug}.jwt"
    return HttpResponse(
        credentials.credential(award),
        content_type="application/vc+jwt",
        headers={**ANYONE, "Content-Disposition": f'attachment; filename="{name}"'},
    )


def _gone(award: BadgeAward) -> HttpResponse:
    detail = _("This badge was revoked: %(reason)s") % {"reason": award.get_reason_display()}
    error = {"code": "badge_revoked", "detail": detail, "attr": None}
    body = {"type": "client_error", "errors": [error]}
    return JsonResponse(body, status=410, headers=ANYONE)


@require_safe
@cache_control(public=True, max_age=3600)
def keys(request: HttpRequest) -> HttpResponse:
    """The public key, as others keep theirs."""
    return JsonResponse({"keys": [credentials.public_key()]}, headers=ANYONE)


@require_safe
@cache_control(public=True, max_age=3600)
def key(request: HttpRequest, thumbprint: str) -> HttpResponse:
    """The public key that a credential names."""
    found = credentials.public_key()
    if found["kid"] != thumbprint:
        raise Http404
    return JsonResponse(found, headers=ANYONE)


@require_safe
@cache_control(public=True, max_age=3600)
def issuer(request: HttpRequest) -> HttpResponse:
    return JsonResponse(credentials.issuer(), headers=ANYONE)


@require_safe
@never_cache
def revocations(request: HttpRequest) -> HttpResponse:
    return HttpResponse(credentials.revocations(), "application/json", headers=ANYONE)
