"""Imports of people: a table is brought, checked, looked at and then confirmed or discarded."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminFileFieldWidget

from config.admin import waiting
from config.admin.commands import Command, ask_about_one
from config.admin.lists import ReadOnlyAdmin
from config.errors import DomainError
from config.tables import reading
from users import services
from users.models import User, UserImport
from users.models.tables import TableImport
from users.services.tables import Tables

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Status = UserImport.Status
SHOWN = 10


def deciding(tables: Tables, question: "StrOrPromise", explanation: "StrOrPromise") -> Any:
    """The two commands about a table that was checked: to import it, and to discard it."""
    yes = Command(
        question=question,
        explanation=explanation,
        button=_("Import"),
        done=_("The import runs."),
        act=lambda request, row, answers: services.tables.confirm(tables, row),
    )
    no = Command(
        question=_("Discard this table?"),
        button=_("Discard"),
        done=_("The table was discarded."),
        act=lambda request, row, answers: services.tables.discard(tables, row),
    )
    return yes, no


def undecided() -> QuerySet[UserImport]:
    return UserImport.objects.filter(status=Status.CHECKED)


waiting.register(_("Imports of people"), undecided, "status__exact=checked")


class TableForm(forms.Form):
    """Reads the file that was chosen; what is wrong with it is an error of the field."""

    table = forms.FileField(label=_("File"), widget=UnfoldAdminFileFieldWidget)

    def clean_table(self) -> tuple[str, list[list[str]]]:
        file: UploadedFile = self.cleaned_data["table"]
        return file.name or "", reading.read(file, file.size or 0)


class TableImportAdmin(ReadOnlyAdmin):
    """Tables of one kind; a kind says which, and how people are asked about it."""

    tables: Tables
    title: "StrOrPromise"
    help_text: "StrOrPromise"
    commands: Any
    list_display = ["file_name", "uploaded_by", "created_at", "state", "row_count", "error_count"]
    list_filter = ["status"]
    list_select_related = ["uploaded_by"]
    ordering = ["-created_at", "-pk"]
    actions_detail = ["confirm", "discard"]
    change_form_template = "admin/users/user_import.html"
    fieldsets: Any = [
        (None, {"fields": ["file_name", "uploaded_by", "created_at", "status", "progress"]}),
        (
            _("Result"),
            {"fields": [("new_count", "changed_count"), ("same_count", "error_count")]},
        ),
        (_("Errors"), {"fields": ["error_list"]}),
        (_("The first lines"), {"fields": ["first_lines"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("rows")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.add_{self.opts.model_name}")

    def has_decide_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return self.has_add_permission(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Take a file instead of fields."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TableForm(request.POST or None, request.FILES or None)
        form.fields["table"].help_text = self.help_text
        if request.method == "POST" and form.is_valid() and (row := self._begin(request, form)):
            page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(page, args=[row.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": self.title,
            "opts": self.opts,
            "media": self.media,
            "form": form,
        }
        return TemplateResponse(request, "admin/users/new_import.html", context)

    def _begin(self, request: HttpRequest, form: TableForm) -> TableImport | None:
        """Note the lines of the file; a refusal is an error of the form."""
        assert isinstance(request.user, User)  # noqa: S101
        name, rows = form.cleaned_data["table"]
        try:
            return services.tables.begin(self.tables, name, rows, by=request.user)
        except DomainError as error:
            form.add_error("table", ValidationError(str(error)))
            return None

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        is_open = self.model.objects.filter(pk=object_id, status=Status.CHECKED).exists()
        return super().get_actions_detail(request, object_id) if is_open else []

    @action(description=_("Import"), permissions=["decide"], icon="check")
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, self.commands[0])

    @action(description=_("Discard"), permissions=["decide"], icon="delete")
    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, self.commands[1])

    @display(
        description=_("status"),
        ordering="status",
        label={
            Status.CHECKED.value: "warning",
            Status.DONE.value: "success",
            Status.FAILED.value: "danger",
            Status.CHECKING.value: "info",
            Status.IMPORTING.value: "info",
            Status.DISCARDED.value: "default",
        },
    )
    def state(self, row: TableImport) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @display(description=_("lines so far"))
    def progress(self, row: TableImport) -> str:
        return _("%(position)d of %(count)d") % {"position": row.position, "count": row.row_count}

    @display(description=_("errors"), empty_value="–")
    def error_list(self, row: TableImport) -> SafeString | None:
        texts = ((_("line %(line)d") % {"line": line}, text) for line, text in row.errors)
        return format_html_join("", "<p>{}: {}</p>", texts) or None

    @display(description=_("lines"), empty_value="–")
    def first_lines(self, row: TableImport) -> SafeString | None:
        """As they were read, so that a wrong column is seen before it is imported."""
        names = self.tables.fields
        shown = [
            ", ".join(line[name] for name in names if line.get(name)) for line in row.rows[:SHOWN]
        ]
        return format_html_join("", "<p>{}</p>", ((line,) for line in shown)) or None


@admin.register(UserImport)
class UserImportAdmin(TableImportAdmin):
    tables = services.imports.PEOPLE
    title = _("Import people")
    help_text = _(
        "CSV (UTF-8, with commas or semicolons) or a workbook (.xlsx), at most 20,000 lines. "
        "The first line names the columns: email and first_name, and any of last_name, "
        "phone, city, language, birth_date. Who is there already is found by the e-mail; "
        "empty cells change nothing."
    )
    commands = deciding(
        services.imports.PEOPLE,
        _("Import these people?"),
        _(
            "Lines with errors are left out. Nobody gets a mail; new people choose a password by "
            "“forgot password”."
        ),
    )
