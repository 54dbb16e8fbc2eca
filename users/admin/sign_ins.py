"""Who tried to sign in, and the sign-ins that last."""

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from unfold.decorators import display

from config.admin.commands import run
from config.admin.filters import DayRangeFilter
from config.admin.lists import ReadOnlyAdmin
from config.admin.tabs import RowsOfObject, Tab
from users.admin import commands
from users.models import LoginAttempt, TokenFamily

# Nothing there tells more than the sessions on the page of a person.
for model in (BlacklistedToken, OutstandingToken):
    if admin.site.is_registered(model):  # without their app they are not, which users.E001 says
        admin.site.unregister(model)


@admin.register(LoginAttempt)
class LoginAttemptAdmin(ReadOnlyAdmin):
    list_display = ["account", "address", "outcome", "attempted_at"]
    list_filter = ["succeeded", "refused", ("attempted_at", DayRangeFilter)]
    list_filter_submit = True
    search_fields = ["account", "address"]
    ordering = ["-attempted_at", "-pk"]

    @display(
        description=_("outcome"),
        label={"succeeded": "success", "refused": "danger", "failed": "warning"},
    )
    def outcome(self, attempt: LoginAttempt) -> tuple[str, object]:
        if attempt.succeeded:
            return "succeeded", _("succeeded")
        if attempt.refused:
            return "refused", _("locked out")
        return "failed", _("failed")


class SessionsOfPerson(RowsOfObject):
    list_display = ["device", "address", "state", "created_at", "rotated_at"]
    ordering = ["-rotated_at"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("users.change_user")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenFamily]:
        sessions = TokenFamily.objects.filter(user=self.object_id)
        if not request.user.is_superuser:
            sessions = sessions.filter(
                Q(user__is_staff=False, user__is_superuser=False) | Q(user=request.user.pk)
            )
        alive = TokenFamily.objects.alive().filter(pk=OuterRef("pk"))
        return sessions.annotate(is_alive=Exists(alive)).order_by(*self.ordering)

    @display(description=_("device"), empty_value="–")
    def device(self, session: TokenFamily) -> str:
        return session.user_agent or "–"

    @display(description=_("state"), label={"open": "success", "ended": "default"})
    def state(self, session: TokenFamily) -> tuple[str, object]:
        is_open = session.is_alive  # type: ignore[attr-defined]
        return ("open", _("open")) if is_open else ("ended", _("ended"))

    @admin.action(description=commands.REVOKE.button, permissions=["revoke"])
    def revoke(self, request: HttpRequest, sessions: QuerySet[TokenFamily]) -> None:
        run(self, request, sessions, commands.REVOKE, {})


class SessionsTab(Tab):
    model = TokenFamily
    model_admin = SessionsOfPerson
    title = _("Sessions")
