"""Tokens: signing in, carrying on, signing out.

No Idempotency-Key here: an answer with tokens is kept nowhere.
"""

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    permission_classes,
    throttle_classes,
)
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from config import limits
from users import services
from users.authentication import ProofInBody
from users.examples import ACCEPTED, ADDRESS, CREDENTIALS, MAIL_TOKEN, PAIR, REFRESH, SENT, TOKEN
from users.inputs import (
    AddressSerializer,
    CredentialsSerializer,
    PairSerializer,
    RefreshSerializer,
    SentSerializer,
    TokenSerializer,
)
from users.tokens import Pair
from users.views.requests import device, given, sent

View = Callable[[Request], Response]


def token_command(*throttles: Any, **description: Any) -> Callable[[View], Any]:
    """Make a function the view of a POST that is proved by its body; the rest describes it."""
    nobody: Any = [{}]

    def decorate(view: View) -> Any:
        for decorate in (
            throttle_classes(throttles),
            permission_classes([AllowAny]),
            authentication_classes([ProofInBody]),
            api_view(["POST"]),
            extend_schema(**description, auth=nobody),
        ):
            view = decorate(view)
        return view

    return decorate


def tokens(pair: Pair) -> Response:
    return Response(pair._asdict(), headers={"Cache-Control": "no-store"})


@token_command(
    request=CredentialsSerializer, responses=PairSerializer, examples=[CREDENTIALS, PAIR]
)
def obtain(request: Request) -> Response:
    """Sign in with e-mail and password."""
    credentials = given(CredentialsSerializer, request)
    return tokens(services.sign_in(**credentials, device=device(request)))


@token_command(request=RefreshSerializer, responses=PairSerializer, examples=[REFRESH, PAIR])
def refresh(request: Request) -> Response:
    """Exchange a refresh token, once, for a new pair."""
    return tokens(services.refresh_session(given(RefreshSerializer, request)["refresh"]))


@token_command(
    request=TokenSerializer, responses={200: OpenApiTypes.OBJECT}, examples=[TOKEN, ACCEPTED]
)
def verify(request: Request) -> Response:
    """Ask whether an access or refresh token would be accepted."""
    services.verify_token(given(TokenSerializer, request)["token"])
    return Response({})


@token_command(request=RefreshSerializer, responses={204: None}, examples=[REFRESH])
def logout(request: Request) -> Response:
    """Sign out: the refresh tokens of this sign-in stop working."""
    services.end_session(given(RefreshSerializer, request)["refresh"])
    return Response(status=status.HTTP_204_NO_CONTENT)


@token_command(
    limits.by_address("mail_address"),
    request=AddressSerializer,
    responses={202: SentSerializer},
    examples=[ADDRESS, SENT],
)
def magic(request: Request) -> Response:
    """Ask for a mail with a link to sign in."""
    services.request_sign_in_link(given(AddressSerializer, request)["email"])
    return sent()


@token_command(request=TokenSerializer, responses=PairSerializer, examples=[MAIL_TOKEN, PAIR])
def magic_verify(request: Request) -> Response:
    """Sign in with the token of such a link; it works once, within 15 minutes."""
    token = given(TokenSerializer, request)["token"]
    return tokens(services.sign_in_by_link(token, device(request)))
