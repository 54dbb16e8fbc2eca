"""Which messages a person wants; asked at the moment of sending, never before."""

from typing import Final

from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from users import mail_tokens, unsubscribing
from users.models import NotificationPreference, User

Kind = NotificationPreference.Kind
Channel = NotificationPreference.Channel
Wishes = dict[str, dict[str, bool]]  # by kind, then by channel

# What protects the account, and that one need not come: nobody switches these off.
ALWAYS_SENT: Final = ("security", "cancellations")
# What nobody asked for: who opts out of such messages anywhere gets none of these either. In the
# order in which a change of them is written, so that the two cannot block each other.
UNASKED: Final = (Kind.DIGEST, Kind.NEWS)


class CannotBeSwitchedOff(DomainError):
    code = "cannot_be_switched_off"
    message = _("These messages protect you and your time; they cannot be switched off.")


def wants(user: User, kind: Kind, channel: Channel = Channel.EMAIL) -> bool:
    """Whether the person wants such messages, as of now."""
    return not NotificationPreference.objects.filter(
        user=user, kind=kind, channel=channel, is_wanted=False
    ).exists()


def wishes_of(user: User) -> Wishes:
    """All kinds and channels, also those that were never chosen."""
    chosen = {
        (row.kind, row.channel): row.is_wanted
        for row in NotificationPreference.objects.filter(user=user)
    }
    wishes = {
        kind: {channel: chosen.get((kind, channel), True) for channel in Channel.values}
        for kind in Kind.values
    }
    return wishes | {kind: dict.fromkeys(Channel.values, True) for kind in ALWAYS_SENT}


@transaction.atomic
def change_wishes(user: User, wishes: Wishes) -> None:
    """Note what the person wants from now on; what is not named stays.

    In one statement and always in the same order, so that two requests cannot block each other.
    """
    for kind in ALWAYS_SENT:
        if not all(wishes.get(kind, {}).values()):
            raise CannotBeSwitchedOff(attr=kind)
    now = timezone.now()
    NotificationPreference.objects.bulk_create(
        [
            NotificationPreference(
                user=user, kind=kind, channel=channel, is_wanted=is_wanted, changed_at=now
            )
            for kind in Kind.values
            for channel, is_wanted in sorted(wishes.get(kind, {}).items())
        ],
        update_conflicts=True,
        unique_fields=["user", "kind", "channel"],
        update_fields=["is_wanted", "by_opt_out", "changed_at"],
    )


@transaction.atomic
def stop_unasked(user: User) -> None:
    """Switch off what comes unasked, for who said so elsewhere; what was off stays theirs."""
    NotificationPreference.objects.bulk_create(
        [
            NotificationPreference(
                user=user, kind=kind, channel=channel, is_wanted=False, by_opt_out=True
            )
            for kind in UNASKED
            for channel in sorted(Channel.values)
        ],
        ignore_conflicts=True,
    )
    _turn(user, Q(is_wanted=True), is_wanted=False)


@transaction.atomic
def resume_unasked(user: User) -> None:
    """Give back what `stop_unasked` took, where the person has chosen nothing since."""
    _turn(user, Q(by_opt_out=True), is_wanted=True)


def _turn(user: User, which: Q, *, is_wanted: bool) -> None:
    for kind in UNASKED:
        NotificationPreference.objects.filter(which, user=user, kind=kind).update(
            is_wanted=is_wanted, by_opt_out=not is_wanted, changed_at=timezone.now()
        )


def unsubscribe(token: str) -> None:
    """Switch off the mails that the token of a mail stands for, however often this is asked.

    Who has no open account gets no mails anyway.
    """
    try:
        pk, kind = unsubscribing.read(token)
    except (signing.BadSignature, ValueError) as error:
        raise mail_tokens.refused() from error
    if user := User.objects.filter(pk=pk, is_active=True).first():
        change_wishes(user, {kind: {Channel.EMAIL: False}})
