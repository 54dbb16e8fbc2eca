"""Where the gateway calls: verified, stored, answered; all else comes later."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import addresses
from config.exception_handler import TooLarge
from leads.evolution import payloads, signatures
from leads.services import webhooks


class Unsigned(exceptions.APIException):
    status_code = status.HTTP_401_UNAUTHORIZED
    default_code = "not_signed"
    default_detail = _("Nothing proves who sent this.")
    auth_header = "Bearer"


@extend_schema(exclude=True)  # for one program only, which has its own description of it
class EvolutionWebhookView(APIView):
    """What cannot be stored is answered 503: after most of the 4xx it would never come again."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def post(self, request: Request, key: str = "") -> Response:
        body = _body(request)
        try:
            proof = signatures.verify(request.headers, body, key=key, address=addresses.of(request))
            payload = payloads.read(body)
            if payloads.is_received_form(payload) and proof is not signatures.Proof.BODY:
                raise signatures.Unsigned
            is_new = webhooks.accept(payloads.call(payload), key=key)
        except signatures.Unsigned as error:
            raise Unsigned from error
        except payloads.Malformed as error:
            raise exceptions.ParseError(str(error)) from error
        return Response(_told("success", "accepted" if is_new else "known already"))

    def handle_exception(self, exc: Exception) -> Response:
        """The errors as everywhere, and beside them what the gateway's own clients read."""
        response = super().handle_exception(exc)
        detail = response.data["errors"][0]["detail"]
        response.data = {**response.data, **_told("error", str(detail))}
        return response


def _told(outcome: str, message: str) -> dict[str, Any]:
    return {"status": outcome, "message": message, "processed_at": timezone.now()}


def _body(request: Request) -> bytes:
    """Every byte as it came, but not more than is allowed."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > settings.WEBHOOK_MAX_BYTES:
        raise TooLarge
    body: bytes = request._request.body
    if len(body) > settings.WEBHOOK_MAX_BYTES:
        raise TooLarge
    return body
