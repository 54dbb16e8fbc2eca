"""Forms of the pages about knowledge."""

from typing import Any, ClassVar

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminURLInputWidget

from leads.knowledge import reading
from leads.models import Chunk, Document

Kind = Document.Kind
# What each kind is made of, and what to say if it is missing.
NEEDED = {
    Kind.FILE: ("file", _("Choose a file.")),
    Kind.URL: ("url", _("Write the address of the page.")),
    Kind.FAQ: ("text", _("Write the answer.")),
}


class DocumentForm(forms.ModelForm):
    url = forms.URLField(
        label=capfirst(_("address")),
        required=False,
        assume_scheme="https",
        max_length=500,
        widget=UnfoldAdminURLInputWidget,
        help_text=_("Citations link here; a web page is fetched from here every night."),
    )

    class Meta:
        model = Document
        fields: ClassVar[list[str]] = ["kind", "title", "text", "url", "file", "expires_at"]
        help_texts: ClassVar[dict[str, Any]] = {
            "title": _("Of a question and answer, the question."),
            "text": _("Of a question and answer, the answer. Of all others what was read."),
            "file": _(
                "PDF, Word (.docx), HTML, Markdown or plain text, at most 10 MB. In Markdown, "
                "lines that begin with “? ” are questions which the section answers."
            ),
            "expires_at": _("From then on nothing of it is found."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "kind" in self.fields:
            offered = [choice for choice in Kind.choices if choice[0] in NEEDED]
            self.fields["kind"].choices = offered  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("kind") or self.instance.kind
        field, sentence = NEEDED.get(kind, ("title", ""))
        if not cleaned.get(field):
            self.add_error(field, sentence)
        return cleaned

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and "file" in self.changed_data and file.size > reading.LARGEST:
            raise forms.ValidationError(_("The file is larger than 10 MB."), "too_large")
        return file


class QuestionsForm(forms.ModelForm):
    questions = forms.CharField(
        label=_("Questions"),
        required=False,
        max_length=6000,
        widget=UnfoldAdminTextareaWidget({"rows": 8}),
        help_text=_("Which this passage answers, in people's words; one a line, at most 20."),
    )

    class Meta:
        model = Chunk
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["questions"] = self.instance.asked
