"""Who takes part in events."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.admin import search
from config.admin.commands import ask_about_many, run
from config.admin.lists import ReadOnlyAdmin
from config.admin.tabs import RowsOfObject, Tab
from events.admin import commands, event_tabs, mails
from events.models import EventParticipant
from events.tables import ParticipantTable
from users.admin.exports import Exported

Status = EventParticipant.Status
Participants = QuerySet[EventParticipant]

search.register(
    EventParticipant,
    search.Found(
        icon="how_to_reg",
        title=lambda place: place.user.name,
        detail=lambda place: f"{place.user.email}, {place.event.title}",
        related=("user", "event"),
    ),
)


@admin.register(EventParticipant)
class EventParticipantAdmin(mails.MayWrite, Exported, ReadOnlyAdmin):
    """Read-only: a seat added here would pass by the rules of `services.join`."""

    list_display = ["person", "event", "state", "joined_at", "checked_in_at", "checked_out_at"]
    list_filter = ["status", "event__category"]
    list_select_related = ["event", "user"]
    list_per_page = 50
    search_fields = ["user__email", "user__first_name__unaccent", "user__last_name__unaccent"]
    ordering = ["-pk"]
    actions = ["check_in", "check_out", "undo_check_in", "mark_no_show", "remove", "write_mail"]
    actions += ["export_csv", "export_xlsx"]
    table = ParticipantTable
    table_related = ("event", "user")
    fields = [
        "event",
        "user",
        "status",
        "joined_at",
        "checked_in_at",
        "checked_in_by",
        "checked_out_at",
        "checked_out_by",
    ]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.change_event")

    @admin.action(description=commands.CHECK_IN.button, permissions=["manage"])
    def check_in(self, request: HttpRequest, participants: Participants) -> None:
        run(self, request, participants, commands.CHECK_IN, {})

    @admin.action(description=commands.CHECK_OUT.button, permissions=["manage"])
    def check_out(self, request: HttpRequest, participants: Participants) -> None:
        run(self, request, participants, commands.CHECK_OUT, {})

    @admin.action(description=commands.UNDO_CHECK_IN.button, permissions=["manage"])
    def undo_check_in(self, request: HttpRequest, participants: Participants) -> HttpResponse:
        return ask_about_many(self, request, participants, commands.UNDO_CHECK_IN)

    @admin.action(description=commands.MARK_NO_SHOW.button, permissions=["manage"])
    def mark_no_show(self, request: HttpRequest, participants: Participants) -> HttpResponse:
        return ask_about_many(self, request, participants, commands.MARK_NO_SHOW)

    @admin.action(description=commands.REMOVE.button, permissions=["manage"])
    def remove(self, request: HttpRequest, participants: Participants) -> HttpResponse:
        return ask_about_many(self, request, participants, commands.REMOVE)

    @admin.action(description=_("Write to them"), permissions=["write_mail"])
    def write_mail(self, request: HttpRequest, participants: Participants) -> HttpResponse:
        # Of what the list adds to each row the mail needs nothing.
        chosen = EventParticipant.objects.filter(pk__in=participants.order_by().values("pk"))
        return mails.ask(self, request, chosen, back=request.get_full_path())

    @display(description=_("person"), header=True)
    def person(self, participant: EventParticipant) -> list[str]:
        return [participant.user.name, participant.user.email]

    @display(
        description=_("status"),
        ordering="status",
        label={
            Status.CONFIRMED.value: "success",
            Status.WAITLISTED.value: "warning",
            Status.LEFT.value: "default",
            Status.NO_SHOW.value: "danger",
        },
    )
    def state(self, participant: EventParticipant) -> tuple[str, str]:
        return participant.status, participant.get_status_display()


class ParticipantsOfEvent(RowsOfObject, EventParticipantAdmin):
    """The participants of one event: who has a seat first, then who waits, in their order."""

    list_display = ["person", "state", "position", "checked_in_at", "checked_out_at"]
    ordering = ["status", "joined_at", "pk"]

    def get_queryset(self, request: HttpRequest) -> Participants:
        participants = EventParticipant.objects.filter(event=self.object_id).with_position()
        return participants.select_related("event", "user").order_by(*self.ordering)

    @display(description=_("position"), empty_value="–")
    def position(self, participant: EventParticipant) -> int | None:
        return participant.position  # type: ignore[attr-defined]


class ParticipantsTab(Tab):
    model = EventParticipant
    model_admin = ParticipantsOfEvent
    title = _("Participants")


event_tabs.register(ParticipantsTab, "events.view_eventparticipant", 10)
