"""What the agent answers from: documents, their passages, and questions that found nothing."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display

from config import files
from config.admin import waiting
from config.admin.commands import ask_about_one, run
from config.admin.lists import ReadOnlyAdmin
from leads.admin import knowledge_commands as commands
from leads.admin.knowledge_forms import DocumentForm, QuestionsForm
from leads.models import Chunk, Document, OpenQuestion
from leads.services import knowledge
from users.models import User

LINK = '<a href="{}" class="text-primary-600 underline">{}</a>'
LABELS = {"waiting": "info", "indexing": "info", "ready": "success", "failed": "danger"}
SHOWN = 120  # letters of a passage or question in a list


@admin.register(Document)
class DocumentAdmin(ModelAdmin):
    form = DocumentForm
    list_display = ["title", "kind", "state", "passages", "expires_at", "updated_at"]
    list_filter = ["status", "kind"]
    search_fields = ["title__unaccent", "text__unaccent"]
    ordering = ["-updated_at", "-pk"]
    list_per_page = 50
    actions = ["reread_selected"]
    actions_detail: ClassVar[list[str]] = ["reread"]
    # What is known of one only after it was added.
    readonly_fields: ClassVar[list[str]] = ["status", "error", "fetched_at", "passages"]
    fields = ["kind", "title", "text", "url", "file", "expires_at", *readonly_fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        return super().get_queryset(request).annotate(chunk_count=Count("chunks"))

    def get_fields(self, request: HttpRequest, obj: Document | None = None) -> list[str]:
        return self.fields if obj else self.fields[: -len(self.readonly_fields)]

    def get_readonly_fields(self, request: HttpRequest, obj: Document | None = None) -> list[str]:
        return [*self.readonly_fields, "kind"] if obj else self.readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        """What a task makes of an event is only looked at: it would be overwritten."""
        is_of_event = obj is not None and obj.kind == Document.Kind.EVENT
        return super().has_change_permission(request, obj) and not is_of_event

    def has_reread_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("leads.change_document")

    def save_model(
        self, request: HttpRequest, obj: Document, form: forms.ModelForm, change: bool
    ) -> None:
        if not change:
            assert isinstance(request.user, User)  # noqa: S101
            obj.added_by = request.user
        elif "file" in form.changed_data:
            files.delete_on_commit([form.initial["file"].name])
        super().save_model(request, obj, form, change)
        # Of one whose time was over the passages are gone: with more time it is read again.
        if {"title", "text", "url", "file", "expires_at"} & {*form.changed_data}:
            knowledge.reread(obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """What is said goes with its document, though nobody deletes a passage alone."""
        passages = Chunk.objects.filter(document__in=objs).count()
        counts = {_("documents"): len(objs), _("passages"): passages}
        return [str(one) for one in objs], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        knowledge.delete_document(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        for document in queryset:
            knowledge.delete_document(document)

    @display(description=_("status"), ordering="status", label=LABELS)
    def state(self, document: Document) -> tuple[str, str]:
        return document.status, document.get_status_display()

    @display(description=_("passages"), ordering="chunk_count")
    def passages(self, document: Document) -> SafeString:
        page = reverse("admin:leads_chunk_changelist")
        count = getattr(document, "chunk_count", 0)
        return format_html(LINK, f"{page}?document__id__exact={document.pk}", count)

    @admin.action(description=commands.REREAD.button, permissions=["reread"])
    def reread_selected(self, request: HttpRequest, documents: QuerySet[Document]) -> None:
        run(self, request, documents, commands.REREAD, {})

    @action(description=commands.REREAD.button, permissions=["reread"], icon="sync")
    def reread(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.REREAD)


@admin.register(Chunk)
class ChunkAdmin(ModelAdmin):
    """Passages are made from their document; what they are asked is written here."""

    form = QuestionsForm
    list_display = ["beginning", "document", "question_count"]
    list_select_related = ["document"]
    list_per_page = 50
    search_fields = ["text__unaccent"]
    ordering = ["document", "position"]
    fields = ["document", "text", "questions"]
    readonly_fields: ClassVar[list[str]] = ["document", "text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Chunk]:
        counted = super().get_queryset(request).annotate(questions_in_all=Count("questions"))
        return counted.defer("document__text", "words")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup == "document__id__exact" or super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Chunk, form: forms.ModelForm, change: bool
    ) -> None:
        knowledge.set_questions(obj.pk, form.cleaned_data["questions"].splitlines())

    @display(description=_("text"))
    def beginning(self, chunk: Chunk) -> str:
        return chunk.text[:SHOWN]

    @display(description=_("questions"), ordering="questions_in_all")
    def question_count(self, chunk: Chunk) -> int:
        return int(getattr(chunk, "questions_in_all", 0))


def unanswered() -> QuerySet[OpenQuestion]:
    return OpenQuestion.objects.filter(handled_at=None)


waiting.register(_("Open questions"), unanswered, "handled_at__isempty=1")


@admin.register(OpenQuestion)
class OpenQuestionAdmin(ReadOnlyAdmin):
    list_display = ["question", "asked_at", "handled_at", "document"]
    list_filter: ClassVar[list[Any]] = [("handled_at", EmptyFieldListFilter)]
    list_select_related = ["document"]
    list_per_page = 50
    ordering = ["-asked_at", "-pk"]
    actions = ["set_aside_selected"]
    actions_detail: ClassVar[list[str]] = ["answer", "set_aside"]
    fields: ClassVar[list[str]] = ["text", "asked_at", "handled_at", "document"]

    def has_decide_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("leads.change_openquestion")

    def has_answer_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """From then on everyone is answered so: who may not write documents may not."""
        may_add = request.user.has_perm("leads.add_document")
        return may_add and self.has_decide_permission(request)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        is_open = unanswered().filter(pk=object_id).exists()
        return super().get_actions_detail(request, object_id) if is_open else []

    @display(description=_("question"))
    def question(self, question: OpenQuestion) -> str:
        return question.text[:SHOWN]

    @action(description=commands.ANSWER.button, permissions=["answer"], icon="quiz")
    def answer(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.ANSWER)

    @action(description=commands.SET_ASIDE.button, permissions=["decide"], icon="do_not_disturb_on")
    def set_aside(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.SET_ASIDE)

    @admin.action(description=commands.SET_ASIDE.button, permissions=["decide"])
    def set_aside_selected(self, request: HttpRequest, rows: QuerySet[OpenQuestion]) -> None:
        run(self, request, rows, commands.SET_ASIDE, {})
