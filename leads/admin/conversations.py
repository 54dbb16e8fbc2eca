"""Conversations: who waits longest first, and a page that reads like a chat."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.crypto import salted_hmac
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from config.admin import waiting
from config.admin.lists import ReadOnlyAdmin
from config.errors import DomainError
from leads.models import Conversation, Lead, LeadConsent, LeadIdentity, Message
from leads.models.conversations import URGENCY
from leads.services import conversations, identities, taking_over
from users.models import User

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

State, Kind = Conversation.State, LeadIdentity.Kind
Conversations = QuerySet[Conversation]
LONGEST = 90
# Messages on the page at first; those before come by a link.
SHOWN = 100
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
LABELS = {
    State.WAITING.value: "danger",
    State.STAFF.value: "warning",
    State.AGENT.value: "success",
    State.CLOSED.value: "default",
}


class ReplyForm(forms.Form):
    text = forms.CharField(
        label=_("Answer"),
        max_length=2000,
        widget=UnfoldAdminTextareaWidget({"rows": 3, "placeholder": _("Write an answer …")}),
    )


ACTIONS: dict[str, tuple["StrOrPromise", Callable[..., object], "StrOrPromise"]] = {
    "take_over": (_("Take over"), taking_over.take_over, _("You answer from now on.")),
    "hand_back": (
        _("Hand back to the assistant"),
        taking_over.hand_back,
        _("The assistant answers from now on."),
    ),
    "close": (_("End conversation"), taking_over.close, _("The conversation is closed.")),
}
OFFERED = {
    State.WAITING: ["take_over", "hand_back", "close"],
    State.STAFF: ["hand_back", "close"],
    State.AGENT: ["take_over", "close"],
    State.CLOSED: ["take_over"],
}


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    """Written to through services only: what was said is never edited."""

    list_display = ["person", "channel", "status", "waits_since", "last_words", "assigned_to"]
    list_display_links = ["person"]
    list_filter = ["state", "channel", ("assigned_to", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["lead", "assigned_to"]
    list_per_page = 50
    search_fields = ["lead__name"]  # searched by get_search_results
    search_help_text = _("A name; or a whole e-mail address or phone number.")

    def get_queryset(self, request: HttpRequest) -> Conversations:
        latest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-sent_at", "-pk")
        return super().get_queryset(request).annotate(words=Subquery(latest.values("text")[:1]))

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return list(URGENCY)

    def get_search_results(
        self, request: HttpRequest, found: Conversations, term: str
    ) -> tuple[Conversations, bool]:
        """By name, or by the whole of an address: only its keyed hash can be asked for."""
        if not term:
            return found, False
        known = [identities.find(kind, term) for kind in (Kind.EMAIL, Kind.PHONE)]
        leads = Q(lead__in=[identity.lead_id for identity in known if identity])
        return found.filter(leads | Q(lead__in=Lead.objects.matching(term))), False

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        views = {"thread": self.thread, "reply": self.reply, "act": self.act}
        own = [
            path(
                f"<path:object_id>/{what}/",
                self.admin_site.admin_view(view),
                name=f"{name}_{what}",
            )
            for what, view in views.items()
        ]
        return [*own, *super().get_urls()]

    @display(description=_("person"), ordering="lead__name")
    def person(self, conversation: Conversation) -> str:
        return conversation.lead.name or f"{_('Visitor')} #{conversation.lead_id}"

    @display(description=_("state"), ordering="state", label=LABELS)
    def status(self, conversation: Conversation) -> tuple[str, str]:
        return conversation.state, conversation.get_state_display()

    @display(description=_("waits since"), ordering="handed_off_at")
    def waits_since(self, conversation: Conversation) -> Any:
        return conversation.handed_off_at

    @display(description=_("last message"), ordering="last_message_at")
    def last_words(self, conversation: Conversation) -> str:
        return Truncator(conversation.words or "").chars(LONGEST)  # type: ignore[attr-defined]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The conversation, who it is with, and what may be done."""
        conversation = self._visible(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": self.person(conversation),
            "opts": self.opts,
            "media": self.media,
            "form": ReplyForm(),
            "may_act": _may_act(request),
            "consents": _consents(conversation),
            **_thread(request, conversation),
        }
        return TemplateResponse(request, "admin/leads/conversation/page.html", context)

    def thread(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What is said and who answers, for the page that is open; nothing if it knows that."""
        conversation = self._visible(request, object_id)
        context = _thread(request, conversation)
        page = render_to_string("admin/leads/conversation/thread.html", context, request)
        version = _version(page)
        if request.GET.get("version") == version:
            return HttpResponse(status=204)
        return HttpResponse(page, headers={"X-Version": version, "Cache-Control": "no-store"})

    def reply(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Write to the person; whoever writes has taken over."""
        conversation = self._for_acting(request, object_id)
        form = ReplyForm(request.POST)
        if form.is_valid():
            staff, text = cast(User, request.user), form.cleaned_data["text"]
            self._try(request, lambda: conversations.staff_wrote(conversation, by=staff, text=text))
        else:
            messages.error(request, str(form.errors["text"][0]))
        return self._back(object_id)

    def act(self, request: HttpRequest, object_id: str) -> HttpResponse:
        conversation = self._for_acting(request, object_id)
        if (chosen := ACTIONS.get(request.POST.get("action", ""))) is None:
            raise Http404
        _label, service, done = chosen
        if self._try(request, lambda: service(conversation, by=request.user)):
            messages.success(request, str(done))
        return self._back(object_id)

    def _try(self, request: HttpRequest, work: Callable[[], object]) -> bool:
        try:
            work()
        except DomainError as error:
            messages.error(request, str(error))
            return False
        return True

    def _back(self, object_id: str) -> HttpResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[object_id]))

    def _visible(self, request: HttpRequest, object_id: str) -> Conversation:
        conversation = self.get_object(request, unquote(object_id))
        if conversation is None:
            raise Http404
        if not self.has_view_permission(request, conversation):
            raise PermissionDenied
        return conversation

    def _for_acting(self, request: HttpRequest, object_id: str) -> Conversation:
        if request.method != "POST" or not _may_act(request):
            raise PermissionDenied
        return self._visible(request, object_id)


def _may_act(request: HttpRequest) -> bool:
    return request.user.has_perm("leads.change_conversation")


def _thread(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    said = conversation.messages.select_related("staff")
    before = request.GET.get("before", "")
    if before.isdecimal() and (known := said.filter(pk=int(before)).first()):
        said = said.before(known)
    latest = list(said.order_by("-sent_at", "-pk")[: SHOWN + 1])
    shown = latest[:SHOWN][::-1]
    return {
        "conversation": conversation,
        "lead": conversation.lead,
        "said": shown,
        "older": shown[0].pk if len(latest) > SHOWN else None,
        "reason": conversation.why,
        "state_label": LABELS[conversation.state],
        "actions": [(name, ACTIONS[name][0]) for name in OFFERED[State(conversation.state)]],
        "may_act": _may_act(request),
    }


def _version(page: str) -> str:
    """Of all but the form's token, which is another one each time."""
    said = TOKEN.sub("", page)
    return salted_hmac("leads.conversation", said).hexdigest()[:16]


def _consents(conversation: Conversation) -> list[LeadConsent]:
    """Of each purpose the word that counts."""
    said = conversation.lead.consents
    contact = said.filter(purpose=LeadConsent.Purpose.CONTACT).order_by("-recorded_at", "-pk")
    return [*contact[:1], *said.last_words()[:1]]


waiting.register(_("Conversations"), Conversation.objects.waiting_for_staff, "state__exact=waiting")
