"""Commands of the admin: a page asks, a service acts, and a rule that says no is a message."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from config.errors import DomainError

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN = 20


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=UnfoldAdminTextareaWidget({"rows": 3})
    )


@dataclass(frozen=True, kw_only=True)
class Command:
    """What staff may do to objects; `act` calls the service with the object and the answers."""

    question: "StrOrPromise"
    explanation: "StrOrPromise" = ""
    button: "StrOrPromise"
    done: "StrOrPromise"  # with the number of objects as %(count)d
    act: Callable[[HttpRequest, Any, dict[str, Any]], object]
    form_class: type[forms.Form] = forms.Form
    variant: str = "primary"  # or "danger", for what cannot be taken back
    label: Callable[[Any], str] = str  # how staff know the object
    # Raises PermissionDenied for an object out of reach: then nothing is done to the others.
    check: Callable[[HttpRequest, Any], object] = lambda request, thing: None


def ask_about_one(
    admin: ModelAdmin, request: HttpRequest, object_id: str, command: Command
) -> HttpResponse:
    """Ask about one object, act, and go back to its page."""
    thing = admin.get_object(request, unquote(object_id))
    if thing is None:
        raise Http404
    name = f"admin:{admin.opts.app_label}_{admin.opts.model_name}_change"
    return _ask(admin, request, [thing], command, back=reverse(name, args=[object_id]))


def ask_about_many(
    admin: ModelAdmin, request: HttpRequest, things: QuerySet[Any], command: Command
) -> HttpResponse:
    """Ask about the objects chosen in a list, act, and go back to the list."""
    return _ask(admin, request, list(things), command, back=request.get_full_path())


def run(
    admin: ModelAdmin,
    request: HttpRequest,
    things: Iterable[Any],
    command: Command,
    answers: dict[str, Any],
) -> None:
    """Act on each object, and tell what worked and what was refused."""
    count = 0
    for thing in things:
        try:
            command.act(request, thing, answers)
        except DomainError as error:
            admin.message_user(request, f"{command.label(thing)}: {error}", messages.ERROR)
        else:
            count += 1
    if count:
        admin.message_user(request, command.done % {"count": count}, messages.SUCCESS)


def _ask(
    admin: ModelAdmin, request: HttpRequest, things: list[Any], command: Command, *, back: str
) -> HttpResponse:
    for thing in things:
        command.check(request, thing)
    form = command.form_class(request.POST if "confirmed" in request.POST else None)
    if form.is_bound and form.is_valid():
        run(admin, request, things, command, form.cleaned_data)
        return HttpResponseRedirect(back)
    context = {
        **admin.admin_site.each_context(request),
        "title": command.question,
        "opts": admin.opts,
        "media": admin.media,
        "command": command,
        "form": form,
        "shown": [command.label(thing) for thing in things[:SHOWN]],
        "hidden_count": len(things[SHOWN:]),
        "back": back,
        # What makes the list hand the answer to the same action again.
        "repeated": [
            (name, value)
            for name in ("action", "dataset", ACTION_CHECKBOX_NAME, "select_across")
            for value in request.POST.getlist(name)
        ],
    }
    return TemplateResponse(request, "admin/ask.html", context)
