"""Mails that staff write to the people of an event: written, looked at, sent."""

import uuid
from collections.abc import Iterable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from config.admin import letters
from config.admin.lists import ReadOnlyAdmin
from config.errors import DomainError
from events import services
from events.models import Event, EventMail, EventParticipant
from events.querysets import ParticipantQuerySet
from users.models import User

MAY_WRITE = "events.add_eventmail"


class MailForm(letters.LetterForm):
    subject = forms.CharField(
        label=_("Subject"), max_length=150, widget=UnfoldAdminTextInputWidget()
    )
    text = forms.CharField(
        label=_("Text"),
        max_length=5000,
        widget=UnfoldAdminTextareaWidget({"rows": 10}),
        help_text=_("Plain text. Greeting, time, place and address of the event are added."),
    )


def ask(
    page: ModelAdmin, request: HttpRequest, places: ParticipantQuerySet, *, back: str
) -> HttpResponse:
    """Ask what to write, show what it will be and who gets it, and send it when confirmed."""
    return letters.ask(
        page,
        request,
        MailForm,
        "admin/events/write_mail.html",
        title=_("Write to participants"),
        show=lambda words: {
            "mail": words,
            "reach": services.reach(places),
            "events": _events(places),
        },
        send=partial(_send, page, request, places),
        back=back,
    )


def _send(
    page: ModelAdmin, request: HttpRequest, places: ParticipantQuerySet, answers: dict[str, Any]
) -> None:
    """One mail for each event that the places belong to; a refusal is a message."""
    assert isinstance(request.user, User)  # noqa: S101
    count = 0
    for event in _events(places):
        token = uuid.uuid5(answers["token"], str(event.pk))
        facts = {**answers, "by": request.user, "token": token}
        try:
            mail = services.write_to(event, places, **facts)
        except DomainError as error:
            page.message_user(request, f"{event.title}: {error}", messages.ERROR)
        else:
            count += mail.notifications.count()
    if count:
        text = ngettext("%(count)d mail is on its way.", "%(count)d mails are on their way.", count)
        page.message_user(request, text % {"count": count}, messages.SUCCESS)


def _events(places: ParticipantQuerySet) -> Iterable[Event]:
    return Event.objects.filter(pk__in=places.order_by().values("event")).order_by("pk")


class MayWrite:
    """For pages with participants: the command is offered to who may write mails."""

    def has_write_mail_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm(MAY_WRITE)


def everybody(event: Event) -> ParticipantQuerySet:
    return EventParticipant.objects.active().filter(event=event)


@admin.register(EventMail)
class EventMailAdmin(ReadOnlyAdmin):
    """What was written, by whom, and how far it is."""

    list_display = ["subject", "event", "written_by", "created_at", "state"]
    list_select_related = ["event", "written_by"]
    search_fields = ["subject", "event__title"]
    ordering = ["-created_at", "-pk"]
    fields = ["event", "subject", "text", "written_by", "created_at", "state"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventMail]:
        copies = "notifications"
        return (
            super()
            .get_queryset(request)
            .annotate(
                number=Count(copies),
                sent=Count(copies, filter=Q(notifications__sent_at__isnull=False)),
                given_up=Count(copies, filter=Q(notifications__failed_at__isnull=False)),
            )
        )

    @display(description=_("state"))
    def state(self, mail: EventMail) -> str:
        numbers = {"sent": mail.sent, "number": mail.number, "given_up": mail.given_up}  # type: ignore[attr-defined]
        if numbers["given_up"]:
            return _("%(sent)d of %(number)d sent, %(given_up)d given up") % numbers
        return _("%(sent)d of %(number)d sent") % numbers
