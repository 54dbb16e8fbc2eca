"""What staff write to many people: written, looked at with who gets it, sent when confirmed."""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from config.api import LineField, TextField


class LetterForm(forms.Form):
    """Has a `subject` and a `text`; by its token a form that is sent twice is one letter."""

    token = forms.UUIDField(widget=forms.HiddenInput)

    def clean_subject(self) -> str:
        return LineField().clean(self.cleaned_data["subject"])

    def clean_text(self) -> str:
        return TextField().clean(self.cleaned_data["text"])


def ask(
    page: ModelAdmin,
    request: HttpRequest,
    form_class: type[LetterForm],
    template: str,
    *,
    title: object,
    show: Callable[[dict[str, Any] | None], dict[str, Any]],
    send: Callable[[dict[str, Any]], None],
    back: str,
) -> HttpResponse:
    """Ask what to write, show what it will be and who gets it, and send it when confirmed.

    `show` gives what the template, an admin/letter.html, tells beside the form, or of the words
    that are looked at.
    """
    step = request.POST.get("step", "")
    form = form_class(request.POST if step else None, initial={"token": uuid.uuid4()})
    is_written = bool(step) and form.is_valid()
    if is_written and step == "send":
        send(form.cleaned_data)
        return HttpResponseRedirect(back)
    words = form.cleaned_data if is_written and step == "look" else None
    context = {
        **page.admin_site.each_context(request),
        "title": title,
        "opts": page.opts,
        "media": page.media,
        "form": form,
        "is_preview": words is not None,
        "back": back,
        "repeated": [
            (name, value)
            for name in ("action", "dataset", ACTION_CHECKBOX_NAME, "select_across")
            for value in request.POST.getlist(name)
        ],
        **show(words),
    }
    return TemplateResponse(request, template, context)
