"""The ledger of what people gave: to be read, and reversed with a reason."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import action, display

from config.admin import commands
from config.admin.lists import ReadOnlyAdmin
from users import services
from users.admin.exports import Exported
from users.models import Contribution
from users.resources import LedgerTable

REVERSE = commands.Command(
    question=_("Reverse this contribution?"),
    explanation=_("The line stays; another one with a minus is added, and the totals follow."),
    button=_("Reverse"),
    done=ngettext_lazy(
        "%(count)d contribution was reversed.", "%(count)d contributions were reversed.", "count"
    ),
    form_class=commands.ReasonForm,
    variant="danger",
    act=lambda request, line, answers: services.reverse_contribution(
        line, reason=answers["reason"]
    ),
)


@admin.register(Contribution)
class ContributionAdmin(Exported, ReadOnlyAdmin):
    """Nobody changes the ledger, the database sees to that; a line may be reversed by another."""

    list_display = ["user", "kind", "amount", "state", "source", "happened_at"]
    list_filter = ["kind", ("happened_at", RangeDateFilter)]
    list_filter_submit = True
    list_select_related = ["user", "reversed_by"]
    search_fields = ["source", "user__email", "user__first_name", "user__last_name"]
    ordering = ["-happened_at", "-pk"]
    actions = ["reverse_selected", "export_csv", "export_xlsx"]
    table = LedgerTable
    table_related = ("user",)
    actions_detail: ClassVar[list[str]] = ["reverse"]

    def has_reverse_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("users.add_contribution")

    @display(
        description=_("state"),
        label={"counts": "success", "reversed": "warning", "reversal": "info"},
    )
    def state(self, line: Contribution) -> tuple[str, object]:
        if line.reverses_id:
            return "reversal", _("reversal")
        if hasattr(line, "reversed_by"):
            return "reversed", _("reversed")
        return "counts", _("counts")

    @admin.action(description=_("Reverse selected contributions"), permissions=["reverse"])
    def reverse_selected(self, request: HttpRequest, lines: QuerySet[Contribution]) -> HttpResponse:
        return commands.ask_about_many(self, request, lines, REVERSE)

    @action(description=_("Reverse"), permissions=["reverse"], icon="undo")
    def reverse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return commands.ask_about_one(self, request, object_id, REVERSE)
