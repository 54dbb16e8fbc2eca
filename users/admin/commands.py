"""What staff may do with accounts and their sign-ins, each through its service."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from config.admin.commands import Command, ReasonForm
from config.errors import DomainError
from users import services
from users.models import User


class OwnAccount(DomainError):
    code = "own_account"
    message = _("You cannot deactivate your own account.")


class OwnData(OwnAccount):
    message = _("Erase your own data in your profile, where your password is asked for.")


def may_touch(request: HttpRequest, user: User) -> bool:
    """Only superusers touch the accounts of others who may enter the admin."""
    has_powers = user.is_staff or user.is_superuser
    return bool(request.user.is_superuser or user == request.user or not has_powers)


def check_may_touch(request: HttpRequest, user: User) -> None:
    if not may_touch(request, user):
        raise PermissionDenied


def deactivate(request: HttpRequest, user: User, answers: dict[str, Any]) -> None:
    if user == request.user:
        raise OwnAccount
    services.deactivate(user)


def erase(request: HttpRequest, user: User, answers: dict[str, Any]) -> None:
    if user == request.user:
        raise OwnData
    assert isinstance(request.user, User)  # noqa: S101
    services.erase(user, by=request.user, reason=answers["reason"])


ERASE = Command(
    question=_("Erase this person's data?"),
    explanation=_(
        "Name, e-mail and all that tells who it is are gone for good; hours and totals stay. "
        "Seats at coming events are given to others."
    ),
    button=_("Erase data"),
    done=ngettext_lazy(
        "The data of %(count)d person was erased.",
        "The data of %(count)d people was erased.",
        "count",
    ),
    form_class=ReasonForm,
    variant="danger",
    check=check_may_touch,
    act=erase,
)
DEACTIVATE = Command(
    question=_("Deactivate this account?"),
    explanation=_("The person is signed out everywhere and cannot sign in; what they did stays."),
    button=_("Deactivate"),
    done=ngettext_lazy(
        "%(count)d account was deactivated.", "%(count)d accounts were deactivated.", "count"
    ),
    variant="danger",
    check=check_may_touch,
    act=deactivate,
)
REACTIVATE = Command(
    question=_("Reactivate this account?"),
    explanation=_("The person may sign in again."),
    button=_("Reactivate"),
    done=ngettext_lazy(
        "%(count)d account was reactivated.", "%(count)d accounts were reactivated.", "count"
    ),
    check=check_may_touch,
    act=lambda request, user, answers: services.reactivate(user),
)
REVOKE = Command(
    question=_("End these sessions?"),
    button=_("End session"),
    done=ngettext_lazy("%(count)d session was ended.", "%(count)d sessions were ended.", "count"),
    act=lambda request, family, answers: services.revoke_session(family),
)
