"""Badges and who has them: staff write the rules, and the ledger decides."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy
from unfold.admin import ModelAdmin
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display

from config.admin import commands
from config.admin.filters import DayRangeFilter
from config.admin.lists import ReadOnlyAdmin
from users import measures, services
from users.models import Badge, BadgeAward, User

RULE = ("metric", "category", "window_days", "threshold")
NAMES_SHOWN = 50
DISABLE = commands.Command(
    question=_("Disable this badge?"),
    explanation=_("Nobody else gets it; who has it keeps it."),
    button=_("Disable"),
    done=ngettext_lazy("%(count)d badge was disabled.", "%(count)d badges were disabled.", "count"),
    act=lambda request, badge, answers: services.disable_badge(badge),
)


def enabling(badge: Badge) -> commands.Command:
    """The question that tells who would get the badge now."""
    people = measures.earners(badge)
    first = User.objects.in_bulk(people[:NAMES_SHOWN])
    told = ngettext(
        "%(count)d person gets it now.", "%(count)d people get it now.", len(people)
    ) % {"count": len(people)}
    names = ", ".join(first[pk].name for pk in people[:NAMES_SHOWN])
    return commands.Command(
        question=_("Enable this badge?"),
        explanation=f"{badge.criteria}. {told} {names}",
        button=_("Enable"),
        done=ngettext_lazy(
            "%(count)d badge was enabled.", "%(count)d badges were enabled.", "count"
        ),
        act=lambda request, badge, answers: services.enable_badge(badge),
    )


@admin.register(Badge)
class BadgeAdmin(ModelAdmin):
    """The rule of a badge that anyone may get or ever got stays.

    What was previewed was this rule, and what was signed would say another one.
    """

    list_display = ["name", "rule", "holders", "enabled"]
    list_filter = ["is_enabled", "metric"]
    search_fields = ["name__unaccent", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["is_enabled"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "description", "icon", "is_enabled"]}),
        (_("Rule"), {"fields": [("metric", "threshold"), ("category", "window_days")]}),
    ]
    actions_detail: ClassVar[list[str]] = ["enable", "disable"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Badge]:
        return Badge.objects.with_holders()

    def get_readonly_fields(self, request: HttpRequest, obj: Badge | None = None) -> list[str]:
        fields = [*super().get_readonly_fields(request, obj)]
        stays = obj and (obj.is_enabled or obj.awards.exists())
        return [*fields, *RULE] if stays else fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and not (obj and obj.awards.exists())

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Those in use cannot be deleted, and to delete many at once would not ask which."""
        return {}

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        badge = self.get_object(request, unquote(object_id))
        hidden = "enable" if badge and badge.is_enabled else "disable"
        actions = super().get_actions_detail(request, object_id)
        return [one for one in actions if one.path != hidden]

    @display(description=_("rule"))
    def rule(self, badge: Badge) -> str:
        return badge.criteria

    @display(description=_("holders"), ordering="holders")
    def holders(self, badge: Badge) -> int:
        return badge.holders  # type: ignore[attr-defined]

    @display(description=_("enabled"), boolean=True, ordering="is_enabled")
    def enabled(self, badge: Badge) -> bool:
        return badge.is_enabled

    @action(description=_("Who gets it?"), permissions=["change"], icon="preview")
    def enable(self, request: HttpRequest, object_id: str) -> HttpResponse:
        badge = self.get_object(request, unquote(object_id))
        command = enabling(badge) if badge else DISABLE  # of nothing, which is not found
        return commands.ask_about_one(self, request, object_id, command)

    @action(description=DISABLE.button, permissions=["change"], icon="block")
    def disable(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return commands.ask_about_one(self, request, object_id, DISABLE)


@admin.register(BadgeAward)
class BadgeAwardAdmin(ReadOnlyAdmin):
    """Only the ledger gives and takes: to take a badge back, reverse what was counted wrongly."""

    list_display = ["user", "badge", "state", "awarded_at", "revoked_at"]
    list_filter = ["badge", ("awarded_at", DayRangeFilter)]
    list_filter_submit = True
    list_select_related = ["user", "badge"]
    search_fields = ["user__email", "user__first_name__unaccent", "user__last_name__unaccent"]
    ordering = ["-awarded_at", "-pk"]
    fields = ["user", "badge", "awarded_at", "revoked_at", "reason", "page"]

    @display(description=_("state"), label={"valid": "success", "revoked": "warning"})
    def state(self, award: BadgeAward) -> tuple[str, object]:
        return ("revoked", _("revoked")) if award.revoked_at else ("valid", _("valid"))

    @display(description=_("public page"))
    def page(self, award: BadgeAward) -> str:
        return award.page_url
