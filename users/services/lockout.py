"""Passwords may be guessed a few times only, by each address for each account."""

import logging
import math
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from limits import parse
from rest_framework.exceptions import Throttled

from config import limits
from users.models import LoginAttempt

logger = logging.getLogger(__name__)


class LockedOut(Throttled):
    default_detail = _("Too many attempts.")


def begin_attempt(account: str, address: str) -> LoginAttempt:
    """Note a try before the password is looked at, and refuse it if it is one too many.

    Counting first keeps simultaneous guesses within the limit. Only the pair of account
    and address is locked, so a stranger cannot lock the owner out.
    """
    attempt = LoginAttempt.objects.create(account=account, address=address)
    try:
        wait = limits.hit_strictly("login", account, address)
    except limits.LimitsUnavailable:
        wait = _wait_by_rows(account, address)
    if wait is not None:
        _finish(attempt, refused=True)
        raise LockedOut(wait)
    return attempt


def end_attempt(attempt: LoginAttempt, *, succeeded: bool) -> None:
    """Note how it went; the right password forgets the wrong ones before it, once that is sure."""
    _finish(attempt, succeeded=succeeded)
    if succeeded:
        forget = partial(limits.clear, "login", attempt.account, attempt.address)
        transaction.on_commit(forget)


def record_success(account: str, address: str) -> None:
    """Note that someone proved by a mail who they are: that forgets wrong passwords too."""
    attempt = LoginAttempt.objects.create(account=account, address=address)
    end_attempt(attempt, succeeded=True)


def _finish(attempt: LoginAttempt, **outcome: bool) -> None:
    LoginAttempt.objects.filter(pk=attempt.pk).update(**outcome)
    logger.info("Login attempt %s: %s.", attempt.pk, outcome)


def _wait_by_rows(account: str, address: str) -> int | None:
    """What Redis would answer, from the rows of the attempts.

    The row of this attempt is written already, so of simultaneous ones each counts the others.
    """
    rate = parse(settings.RATE_LIMITS["login"])
    window = timedelta(seconds=rate.get_expiry())
    tries = LoginAttempt.objects.filter(account=account, address=address, refused=False)
    success = tries.filter(succeeded=True).order_by("-attempted_at").first()
    since = timezone.now() - window
    if success:
        since = max(since, success.attempted_at)
    failures = tries.filter(succeeded=False, attempted_at__gt=since).order_by("-attempted_at")
    latest = list(failures.values_list("attempted_at", flat=True)[: rate.amount + 1])
    if len(latest) <= rate.amount:
        return None
    return max(1, math.ceil((latest[-1] + window - timezone.now()).total_seconds()))
