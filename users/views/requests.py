"""What views of accounts take from a request."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from config import addresses
from users.models import TokenFamily, User
from users.services import Device


def given(serializer: type[Serializer], request: Request) -> dict[str, Any]:
    """The valid input of a command."""
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return checked.validated_data


def acting_user(request: Request) -> User:
    """Who sends the request; the view admits nobody without a token."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def device(request: HttpRequest | Request) -> Device:
    length = TokenFamily._meta.get_field("user_agent").max_length
    agent = request.headers.get("User-Agent", "").replace("\0", "")
    return Device(address=addresses.of(request), user_agent=agent[:length])


def sent(detail: str = "") -> Response:
    """The answer to whoever asks for a mail, whether the address has an account or not."""
    detail = detail or _("If this e-mail has an account, a message is on its way.")
    return Response({"detail": detail}, status.HTTP_202_ACCEPTED)
