"""What staff may do with accounts and their sign-ins, each through its service."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from config.admin.commands import Command
from users import services
from users.models import User


def check_may_touch(request: HttpRequest, user: User) -> None:
    """A superuser is touched by superusers only."""
    if user.is_superuser and not request.user.is_superuser:
        raise PermissionDenied


def deactivate(request: HttpRequest, user: User, answers: dict[str, Any]) -> None:
    check_may_touch(request, user)
    services.deactivate(user)


def reactivate(request: HttpRequest, user: User, answers: dict[str, Any]) -> None:
    check_may_touch(request, user)
    services.reactivate(user)


DEACTIVATE = Command(
    question=_("Deactivate this account?"),
    explanation=_("The person is signed out everywhere and cannot sign in; what they did stays."),
    button=_("Deactivate"),
    done=ngettext_lazy(
        "%(count)d account was deactivated.", "%(count)d accounts were deactivated.", "count"
    ),
    variant="danger",
    act=deactivate,
)
REACTIVATE = Command(
    question=_("Reactivate this account?"),
    explanation=_("The person may sign in again."),
    button=_("Reactivate"),
    done=ngettext_lazy(
        "%(count)d account was reactivated.", "%(count)d accounts were reactivated.", "count"
    ),
    act=reactivate,
)
REVOKE = Command(
    question=_("End these sessions?"),
    button=_("End session"),
    done=ngettext_lazy("%(count)d session was ended.", "%(count)d sessions were ended.", "count"),
    act=lambda request, family, answers: services.revoke_session(family),
)
