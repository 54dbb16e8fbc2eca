"""Sign-ins: how one begins, is carried on by its refresh tokens, and ends."""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from django.core.management import call_command
from django.db import transaction
from django.db.models import Exists, F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import datetime_from_epoch

from users import tokens
from users.models import TokenFamily, User
from users.services.accounts import AccountClosed
from users.tokens import Claims

logger = logging.getLogger(__name__)

# Two tabs of one browser may use the same token at the same time.
GRACE = timedelta(seconds=10)


class Device(NamedTuple):
    """Where a sign-in comes from, as its owner will recognise it."""

    address: str
    user_agent: str


@transaction.atomic
def begin_session(user: User, device: Device) -> tokens.Pair:
    """Sign a person in; the tokens are as old as what was read of the person.

    So a password that is changed meanwhile ends this sign-in too. The first statement holds the
    row: an erasure finds the sign-in, or none begins.
    """
    if not User.objects.filter(pk=user.pk, is_active=True).update(last_login=Now()):
        raise AccountClosed
    refresh = tokens.new_refresh(user.pk, family=uuid4(), version=user.token_version)
    TokenFamily.objects.create(
        id=refresh["family"],
        user=user,
        version=user.token_version,
        current=refresh["jti"],
        address=device.address,
        user_agent=device.user_agent,
        expires_at=_expiry(refresh.payload),
    )
    _remember(refresh.payload)
    return tokens.pair(refresh)


def refresh_session(text: str) -> tokens.Pair:
    """Exchange a refresh token for a new pair, once.

    A token that is used again within GRACE is only refused; later it ends the sign-in,
    because either a thief uses it or its owner after a thief did.
    """
    old = tokens.read(text, kind=tokens.REFRESH)
    if not _is_owner_active(old):
        raise tokens.TokenRefused
    new = tokens.new_refresh(old["user_id"], family=UUID(old["family"]), version=old["ver"])
    if not _rotate(old, new):
        _end_unless_two_tabs(old)
        raise tokens.TokenRefused
    return tokens.pair(new)


def verify_token(text: str) -> None:
    """Refuse a token that would be refused if it were used now."""
    token = tokens.read(text)
    if not _is_owner_active(token):
        raise tokens.TokenRefused
    if token["token_type"] == tokens.REFRESH and not _usable(token).exists():
        raise tokens.TokenRefused


def end_session(text: str) -> None:
    """Sign out: no refresh token of this sign-in works any longer."""
    _unrevoked(tokens.family_of(text)).update(revoked_at=Now())


def revoke_session(family: TokenFamily) -> None:
    """End a sign-in from another device."""
    _unrevoked(family.pk).update(revoked_at=Now())


def end_all_sessions(user: User) -> None:
    """Sign out everywhere: access tokens, links in mails and the admin's cookie end as well."""
    User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)


def delete_expired_tokens() -> None:
    """Forget sign-ins and tokens that could not be used any longer anyway."""
    call_command("flushexpiredtokens")
    TokenFamily.objects.filter(expires_at__lt=timezone.now()).delete()


@transaction.atomic
def _rotate(old: Claims, new: RefreshToken) -> bool:
    """Put the new token in the place of the old one; of many who try, one succeeds.

    The conditional update decides. What follows it stands in the same transaction, so a
    crash at any line leaves the old token as it was.
    """
    if not _usable(old).update(
        previous=F("current"), current=new["jti"], rotated_at=Now(), expires_at=_expiry(new.payload)
    ):
        return False
    BlacklistedToken.objects.create(token=_remember(old))
    _remember(new.payload)
    return True


def _usable(token: Claims) -> QuerySet[TokenFamily]:
    blacklisted = BlacklistedToken.objects.filter(token__jti=token["jti"])
    return _unrevoked(UUID(token["family"])).filter(~Exists(blacklisted), current=token["jti"])


def _unrevoked(family: UUID) -> QuerySet[TokenFamily]:
    return TokenFamily.objects.filter(pk=family, revoked_at=None)


def _end_unless_two_tabs(old: Claims) -> None:
    two_tabs = Q(previous=old["jti"], rotated_at__gt=Now() - GRACE)
    if _unrevoked(UUID(old["family"])).exclude(two_tabs).update(revoked_at=Now()):
        logger.warning("A refresh token was used twice: sign-in %s ended.", old["family"])


def _is_owner_active(token: Claims) -> bool:
    return User.objects.filter(
        pk=token["user_id"], is_active=True, token_version=token["ver"]
    ).exists()


def _remember(token: Claims) -> OutstandingToken:
    """Keep the token's id, not its text, which would sign in whoever reads the database."""
    row, _ = OutstandingToken.objects.get_or_create(
        jti=token["jti"],
        defaults={
            "user_id": int(token["user_id"]),
            "token": "",
            "created_at": datetime_from_epoch(token["iat"]),
            "expires_at": _expiry(token),
        },
    )
    return row


def _expiry(token: Claims) -> datetime:
    return datetime_from_epoch(token["exp"])
