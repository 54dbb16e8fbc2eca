"""Tokens of the API: signed, and bound to a person's token version and to a sign-in.

simplejwt makes them and keeps the list of the used ones; PyJWT reads them here.
"""

import time
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import jwt
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

Claims = Mapping[str, Any]

ACCESS, REFRESH = AccessToken.token_type, RefreshToken.token_type
REQUIRED = ["token_type", "exp", "iat", "jti", "user_id", "family", "ver"]
# How many tokens a process remembers as rightly signed: some megabytes.
REMEMBERED = 2048


class TokenRefused(AuthenticationFailed):
    default_detail = _("This token is invalid, was revoked or has expired.")


class Pair(NamedTuple):
    """What a client gets for a sign-in."""

    access: str
    refresh: str


def new_refresh(user_id: int, *, family: UUID, version: int) -> RefreshToken:
    """Make a refresh token; its access token has the same claims."""
    token = RefreshToken()
    token["user_id"] = str(user_id)
    token["family"] = str(family)
    token["ver"] = version
    return token


def pair(refresh: RefreshToken) -> Pair:
    return Pair(access=str(refresh.access_token), refresh=str(refresh))


def read(text: str, *, kind: str | None = None) -> Claims:
    """The claims of a token that holds now; of the given kind, or of either."""
    claims = _signed(text)
    if not _is_current(claims) or kind not in (None, claims["token_type"]):
        raise TokenRefused
    return claims


def family_of(text: str) -> UUID:
    """The sign-in of a refresh token of ours, even if that has expired."""
    claims = _signed(text)
    if claims["token_type"] != REFRESH:
        raise TokenRefused
    return UUID(claims["family"])


def _is_current(claims: Claims) -> bool:
    """Whether its time is now, by clocks that differ by no more than the leeway."""
    now, leeway = time.time(), settings.SIMPLE_JWT["LEEWAY"]
    return bool(claims["iat"] - leeway <= now < claims["exp"] + leeway)


def _signed(text: str) -> Claims:
    try:
        return _verified(text, settings.SIMPLE_JWT["SIGNING_KEY"])
    except jwt.InvalidTokenError as error:
        raise TokenRefused from error


@lru_cache(maxsize=REMEMBERED)
def _verified(text: str, key: str) -> Claims:
    """The claims of a token that we signed.

    Remembered, because this costs more than the rest of a request's authentication and its
    answer never changes; what time or the database may change is asked at every request.
    """
    claims = jwt.decode(
        text,
        key,
        algorithms=[settings.SIMPLE_JWT["ALGORITHM"]],
        issuer=settings.SIMPLE_JWT["ISSUER"],
        options={"require": REQUIRED, "verify_exp": False, "verify_iat": False},
    )
    return MappingProxyType(claims)
