"""Accounts: signing up, addresses, passwords."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import api_view
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from config import limits
from config.api import command
from users import services
from users.authentication import ProofInBody
from users.examples import (
    ADDRESS,
    CHANGE_SENT,
    MAIL_TOKEN,
    NEW_ACCOUNT,
    NEW_ADDRESS,
    NEW_PASSWORD,
    PAIR,
    PASSWORD_CHANGE,
    SENT,
    USER,
)
from users.inputs import (
    AddressSerializer,
    EmailChangeSerializer,
    NewPasswordSerializer,
    PairSerializer,
    PasswordChangeSerializer,
    SentSerializer,
    TokenSerializer,
)
from users.models import User
from users.serializers import RegisterSerializer, UserSerializer
from users.views.requests import acting_user, device, given, sent
from users.views.tokens import tokens

# Open to everyone, also to who sends a token that has expired.
PUBLIC: dict[str, Any] = {
    "authentication_classes": [ProofInBody],
    "permission_classes": [AllowAny],
    "auth": [{}],
}


@command(
    **PUBLIC,
    throttle_classes=[limits.by_address("register")],
    request=RegisterSerializer,
    responses={201: UserSerializer},
    examples=[NEW_ACCOUNT, USER],
)
def register(request: Request) -> Response:
    """Sign up; a mail asks to confirm the address."""
    user = services.register(**given(RegisterSerializer, request))
    return Response(UserSerializer(user).data, status.HTTP_201_CREATED)


@command(
    **PUBLIC,
    request=TokenSerializer,
    responses={204: None},
    examples=[MAIL_TOKEN],
)
def confirm_email(request: Request) -> Response:
    """Confirm the address with the token of the mail."""
    services.confirm_email(given(TokenSerializer, request)["token"])
    return Response(status=status.HTTP_204_NO_CONTENT)


@command(
    throttle_classes=[limits.by_address("mail_address")],
    request=None,
    responses={202: None},
)
def send_confirmation(request: Request) -> Response:
    """Ask for the mail that confirms the address once more."""
    services.request_confirmation(User.objects.get(pk=acting_user(request).pk))
    return Response(status=status.HTTP_202_ACCEPTED)


@command(
    throttle_classes=[limits.by_address("mail_address")],
    request=EmailChangeSerializer,
    responses={202: SentSerializer},
    examples=[NEW_ADDRESS, CHANGE_SENT],
)
def change_email(request: Request) -> Response:
    """Ask for another address; it counts once its owner confirms it."""
    asked = given(EmailChangeSerializer, request)
    user = services.confirm_password(
        acting_user(request), asked["current_password"], device(request)
    )
    services.request_email_change(user, asked["email"])
    return sent(_("The change waits for the link that we mail to the new address."))


@command(
    **PUBLIC,
    request=TokenSerializer,
    responses={204: None},
    examples=[MAIL_TOKEN],
)
def confirm_email_change(request: Request) -> Response:
    """Make the new address the login, with the token of the mail to it."""
    services.confirm_email_change(given(TokenSerializer, request)["token"])
    return Response(status=status.HTTP_204_NO_CONTENT)


@command(
    **PUBLIC,
    throttle_classes=[limits.by_address("mail_address")],
    request=AddressSerializer,
    responses={202: SentSerializer},
    examples=[ADDRESS, SENT],
)
def forgot_password(request: Request) -> Response:
    """Ask for a mail with a link to choose a new password."""
    services.request_reset(given(AddressSerializer, request)["email"])
    return sent()


@command(
    **PUBLIC,
    request=NewPasswordSerializer,
    responses={204: None},
    examples=[NEW_PASSWORD],
)
def reset_password(request: Request) -> Response:
    """Choose a new password with the token of the mail; all sessions end."""
    services.reset_password(**given(NewPasswordSerializer, request), device=device(request))
    return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(
    request=PasswordChangeSerializer, responses=PairSerializer, examples=[PASSWORD_CHANGE, PAIR]
)
@api_view(["POST"])
def change_password(request: Request) -> Response:
    """Replace the password; all other sessions end, and this device gets new tokens."""
    passwords = given(PasswordChangeSerializer, request)
    return tokens(
        services.change_password(acting_user(request), **passwords, device=device(request))
    )
