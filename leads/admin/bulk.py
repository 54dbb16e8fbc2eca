"""Messages that staff write to many leads: written, looked at with who gets them, sent."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from config.admin import letters
from config.admin.lists import ReadOnlyAdmin
from config.errors import DomainError
from leads import wording
from leads.models import BulkMessage, FollowUp, SequenceStep
from leads.models.people import LeadQuerySet
from leads.services import bulk, follow_ups
from users.models import User

MAY_WRITE = "leads.add_bulkmessage"
Channel = SequenceStep.Channel
ENDS = ("sent", "skipped", "failed")


class MessageForm(letters.LetterForm):
    channel = forms.ChoiceField(
        label=_("Channel"), choices=Channel, widget=UnfoldAdminSelectWidget()
    )
    subject = forms.CharField(
        label=_("Subject"),
        max_length=150,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Of e-mails only."),
    )
    text = forms.CharField(
        label=_("Text"),
        max_length=2000,
        widget=UnfoldAdminTextareaWidget({"rows": 8}),
        help_text=_("Plain text; {name} and {city} are filled in. How to stop it is added."),
    )

    def clean(self) -> None:
        given = self.cleaned_data
        for field in {"subject", "text"} & given.keys():
            wording.check(field, given[field], with_event=False)
        if given.get("channel") == Channel.EMAIL and given.get("subject") == "":
            self.add_error("subject", _("An e-mail needs a subject."))
        if given.get("channel") == Channel.WHATSAPP:
            given["subject"] = ""


def ask(page: ModelAdmin, request: HttpRequest, leads: LeadQuerySet, *, back: str) -> HttpResponse:
    """Ask what to write, show what it will be and who gets it, and send it when confirmed."""
    return letters.ask(
        page,
        request,
        MessageForm,
        "admin/leads/write_to_many.html",
        title=_("Write to leads"),
        show=partial(_shown, leads),
        send=partial(_send, page, request, leads),
        back=back,
    )


def _shown(leads: LeadQuerySet, words: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "reaches": _reaches(leads, words["channel"] if words else None),
        "letter": _example(leads, words) if words else None,
    }


def _reaches(leads: LeadQuerySet, chosen: str | None) -> list[tuple[str, bulk.Reach]]:
    """Who would get it, by each channel, or by the one that was chosen."""
    channels = [chosen] if chosen else Channel.values
    return [(str(Channel(one).label), bulk.reach(leads, one)) for one in channels]


def _example(leads: LeadQuerySet, words: dict[str, Any]) -> wording.Letter | None:
    """As the first of those who get it reads it."""
    lead = bulk.reachable(leads, words["channel"]).order_by("pk").first()
    if lead is None:
        return None
    source = BulkMessage(channel=words["channel"], subject=words["subject"], text=words["text"])
    return follow_ups.compose(source, lead, None)


def _send(
    page: ModelAdmin, request: HttpRequest, leads: LeadQuerySet, answers: dict[str, Any]
) -> None:
    assert isinstance(request.user, User)  # noqa: S101
    try:
        count = bulk.write_to(leads, **answers, by=request.user).copies.count()
    except DomainError as error:
        page.message_user(request, str(error), messages.ERROR)
    else:
        text = ngettext("%(count)d message is planned.", "%(count)d messages are planned.", count)
        page.message_user(request, text % {"count": count}, messages.SUCCESS)


class WritesToMany:
    """For the page of leads: the command is offered to who may write to many."""

    def has_write_to_many_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm(MAY_WRITE)

    @admin.action(description=_("Write to selected leads"), permissions=["write_to_many"])
    def write_to_selected(self, request: HttpRequest, leads: LeadQuerySet) -> HttpResponse:
        if not self.has_write_to_many_permission(request):
            raise PermissionDenied
        assert isinstance(self, ModelAdmin)  # noqa: S101
        return ask(self, request, leads, back=request.get_full_path())


@admin.register(BulkMessage)
class BulkMessageAdmin(ReadOnlyAdmin):
    """What was written, by whom, and how far it is."""

    list_display = ["shown", "channel", "written_by", "created_at", "state"]
    list_filter = ["channel"]
    list_select_related = ["written_by"]
    list_per_page = 20  # the copies of each are counted
    search_fields = ["subject", "text"]
    ordering = ["-created_at", "-pk"]
    fields = ["channel", "subject", "text", "written_by", "created_at", "state"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkMessage]:
        """With `numbers`, which the database counts only for the rows of the page."""
        copies = FollowUp.objects.filter(bulk=OuterRef("pk")).values("bulk")
        ends = {name: Count("pk", filter=Q(status=name)) for name in ENDS}
        counted = copies.values(numbers=JSONObject(number=Count("pk"), **ends))
        return super().get_queryset(request).annotate(numbers=Subquery(counted))

    @display(description=_("message"))
    def shown(self, message: BulkMessage) -> str:
        return message.subject or message.text[:80]

    @display(description=_("state"))
    def state(self, message: BulkMessage) -> str:
        none = dict.fromkeys(["number", *ENDS], 0)  # all who got it were erased
        numbers = message.numbers or none  # type: ignore[attr-defined]
        return _("%(sent)d of %(number)d sent, %(skipped)d left out, %(failed)d failed") % numbers
