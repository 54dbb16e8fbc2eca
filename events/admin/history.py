"""Who changed what in an event, and when: a tab of its page."""

from datetime import datetime
from typing import Any

from django.contrib.admin.utils import display_for_field
from django.db.models import (
    BigIntegerField,
    CharField,
    F,
    Field,
    OuterRef,
    QuerySet,
    Subquery,
    Window,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Lag
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.admin.tabs import RowsOfObject, Tab
from events.admin import event_tabs
from events.models import CoOrganizer, Event
from users.models import User

EventHistory = Event.pgh_event_model  # type: ignore[attr-defined]
CoOrganizerHistory = CoOrganizer.pgh_event_model
CO_ORGANIZER_CHANGES = {"added": _("added"), "taken_off": _("taken off")}

LONGEST = 300
LINE = "<div>{}: <s>{}</s> → {}</div>"
# What a reader would call the value, where it is another row.
NAMES = {"category": "category__name", "organizer": "organizer__email"}
HIDDEN = {"id", "version", "created_at", "updated_at"}
SHOWN: list[Field] = [
    field
    for field in EventHistory._meta.fields
    if not field.name.startswith("pgh_") and field.name not in HIDDEN
]


def with_editor(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate `editor_email`: who was signed in when it was done."""
    editor = Cast(KeyTextTransform("user", "pgh_context__metadata"), BigIntegerField())
    emails = User.objects.filter(pk=OuterRef("editor")).values("email")
    return rows.alias(editor=editor).annotate(editor_email=Subquery(emails))


class RowsOfHistory(RowsOfObject):
    """What was done without a person was done by the system."""

    ordering = ["-pgh_id"]
    actions = None

    @display(description=_("when"))
    def when(self, row: Any) -> datetime:
        return row.pgh_created_at

    @display(description=_("who"))
    def who(self, row: Any) -> str:
        return row.editor_email or str(_("the system"))


class HistoryOfEvent(RowsOfHistory):
    """Each row beside the one before it."""

    list_display = ["when", "who", "changes"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = with_editor(EventHistory.objects.filter(pgh_obj=self.object_id))
        return rows.annotate(**_beside_the_one_before()).order_by("-pgh_id")

    @display(description=_("what changed"))
    def changes(self, row: Any) -> SafeString:
        if row.pgh_label == "insert":
            return format_html("{}", _("created"))
        lines = [_line(field, row) for field in SHOWN if _before(field, row) != _now(field, row)]
        return format_html("<div>{}</div>", format_html_join("", LINE, lines))


class HistoryTab(Tab):
    model = EventHistory
    model_admin = HistoryOfEvent
    title = _("History")


class HistoryOfCoOrganizers(RowsOfHistory):
    list_display = ["when", "who", "person", "change"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = CoOrganizerHistory.objects.filter(event=self.object_id).select_related("user")
        return with_editor(rows).order_by("-pgh_id")

    @display(description=_("person"))
    def person(self, row: Any) -> str:
        return row.user.email

    @display(description=_("what changed"))
    def change(self, row: Any) -> str:
        return str(CO_ORGANIZER_CHANGES[row.pgh_label])


class CoOrganizersTab(Tab):
    model = CoOrganizerHistory
    model_admin = HistoryOfCoOrganizers
    title = _("History of co-organizers")


event_tabs.register(HistoryTab, "events.view_event", 80)
event_tabs.register(CoOrganizersTab, "events.view_event", 90)


def _beside_the_one_before() -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for field in SHOWN:
        source = NAMES.get(field.name, field.name)
        columns[f"before_{field.name}"] = Window(Lag(source), order_by="pgh_id")
        if field.name in NAMES:
            columns[f"now_{field.name}"] = F(source)
    return columns


def _before(field: Field, row: Any) -> Any:
    return getattr(row, f"before_{field.name}")


def _now(field: Field, row: Any) -> Any:
    return getattr(row, f"now_{field.name}" if field.name in NAMES else field.name)


def _line(field: Field, row: Any) -> tuple[str, str, str]:
    return (
        capfirst(str(field.verbose_name)),
        _shown(field, _before(field, row)),
        _shown(field, _now(field, row)),
    )


def _shown(field: Field, value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    field = CharField() if field.name in NAMES else field
    return Truncator(display_for_field(value, field, "–")).chars(LONGEST) or "–"
