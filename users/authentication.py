"""Who sends a request, by its access token."""

from typing import Any

from django.db import connection
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from users import tokens
from users.models import User

SCHEME = "bearer"
# What views ask of `request.user`; the rest of the row is read when it is asked for.
NEEDED = {
    "id",
    "email",
    "first_name",
    "last_name",
    "language",
    "birth_date",
    "is_active",
    "is_staff",
    "is_superuser",
    "token_version",
}
# In the order of the model, which is how `from_db` takes them.
COLUMNS = [field.attname for field in User._meta.concrete_fields if field.attname in NEEDED]
# By hand, because the ORM takes twice as long to write the same words at every request.
OWNER = (
    f"SELECT {', '.join(COLUMNS)} FROM users_user"  # noqa: S608  # names of ours
    " WHERE id = %s AND token_version = %s AND is_active"
)


class TokenAuthentication(BaseAuthentication):
    """Accepts an access token until the account is closed or its tokens are ended.

    The row is read at every request and no cache stands in between: what the database
    says now, holds now.
    """

    def authenticate(self, request: HttpRequest | Request) -> tuple[User, tokens.Claims] | None:
        scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        claims = tokens.read(text.strip(), kind=tokens.ACCESS)
        return owner(claims), claims

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def signed_in(request: HttpRequest | Request) -> User | None:
    """Whose access token a request carries, if any, where no view asks; raises TokenRefused."""
    found = TokenAuthentication().authenticate(request)
    return found[0] if found else None


def owner(claims: tokens.Claims) -> User:
    with connection.cursor() as cursor:
        cursor.execute(OWNER, [int(claims["user_id"]), claims["ver"]])
        row = cursor.fetchone()
    if row is None:
        raise tokens.TokenRefused
    return User.from_db(connection.alias, COLUMNS, row)


class ProofInBody(TokenAuthentication):
    """For requests that prove themselves by what they send: a stale header does not matter."""

    def authenticate(self, request: HttpRequest | Request) -> None:
        return None


class TokenScheme(OpenApiAuthenticationExtension):
    """How the description of the API calls it."""

    target_class = TokenAuthentication
    match_subclasses = True
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": SCHEME, "bearerFormat": "JWT"}
