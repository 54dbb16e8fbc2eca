"""The recurring tasks: what runs, when, and whether at all."""

import json
from typing import Any

from celery import current_app
from django import forms
from django.contrib import admin, messages
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_celery_beat.models import PeriodicTask, PeriodicTasks
from kombu.exceptions import OperationalError
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from config.admin.crontabs import in_words

admin.site.unregister(PeriodicTask)

SCHEDULES = ("crontab", "interval", "clocked")


def task_choices() -> list[tuple[str, str]]:
    current_app.loader.import_default_modules()
    return [(name, name) for name in sorted(current_app.tasks) if not name.startswith("celery.")]


class PeriodicTaskForm(forms.ModelForm):
    task = forms.ChoiceField(label=_("Task"), choices=task_choices, widget=UnfoldAdminSelectWidget)

    def clean_args(self) -> str:
        return self._json("args", list)

    def clean_kwargs(self) -> str:
        return self._json("kwargs", dict)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = [name for name in SCHEDULES if cleaned.get(name)]
        if len(chosen) != 1:
            self.add_error(None, _("Choose exactly one: a crontab, an interval or a single time."))
        if chosen == ["clocked"] and not cleaned.get("one_off"):
            self.add_error("one_off", _("What runs at a single time runs only once."))
        if cleaned.get("expires") and cleaned.get("expire_seconds") is not None:
            self.add_error("expire_seconds", _("Give a moment or a number of seconds, not both."))
        return cleaned

    def validate_unique(self) -> None:
        """Left out while there are errors: the model would tell them again, in English."""
        if not self.errors:
            super().validate_unique()

    def _json(self, name: str, kind: type) -> str:
        text: str = self.cleaned_data[name] or json.dumps(kind())
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, kind):
            raise forms.ValidationError(
                _("Write a JSON list.") if kind is list else _("Write a JSON object.")
            )
        return text


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(ModelAdmin):
    form = PeriodicTaskForm
    list_display = ["name", "enabled", "runs", "last_run_at", "total_run_count"]
    list_filter = ["enabled", "one_off"]
    list_select_related = ["crontab", "interval", "clocked"]
    search_fields = ["name", "task"]
    ordering = ["name"]
    actions = ["enable", "disable", "run_now"]
    readonly_fields = ["last_run_at", "total_run_count"]
    fieldsets = [
        (None, {"fields": ["name", "description", "task", "enabled"]}),
        (_("When"), {"fields": ["crontab", "interval", "clocked", "one_off", "start_time"]}),
        (_("With what"), {"fields": ["args", "kwargs"]}),
        (_("How"), {"fields": ["queue", "priority", "expires", "expire_seconds"]}),
        (_("So far"), {"fields": ["last_run_at", "total_run_count"]}),
    ]

    @display(description=_("runs"))
    def runs(self, task: PeriodicTask) -> str:
        return in_words(task.crontab) if task.crontab else str(task.interval or task.clocked)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField | None:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field and db_field.name == "crontab":
            field.label_from_instance = in_words
        return field

    @admin.action(description=_("Enable selected tasks"), permissions=["change"])
    def enable(self, request: HttpRequest, tasks: QuerySet[PeriodicTask]) -> None:
        count = tasks.update(enabled=True)
        PeriodicTasks.update_changed()
        text = ngettext("%(count)d task was enabled.", "%(count)d tasks were enabled.", count)
        self.message_user(request, text % {"count": count})

    @admin.action(description=_("Disable selected tasks"), permissions=["change"])
    def disable(self, request: HttpRequest, tasks: QuerySet[PeriodicTask]) -> None:
        count = tasks.update(enabled=False, last_run_at=None)
        PeriodicTasks.update_changed()
        text = ngettext("%(count)d task was disabled.", "%(count)d tasks were disabled.", count)
        self.message_user(request, text % {"count": count})

    @admin.action(description=_("Run selected tasks now"), permissions=["change"])
    def run_now(self, request: HttpRequest, tasks: QuerySet[PeriodicTask]) -> None:
        for task in tasks:
            try:
                current_app.send_task(
                    task.task,
                    json.loads(task.args),
                    json.loads(task.kwargs),
                    queue=task.queue or None,
                )
            except OperationalError:
                text = _("%(name)s could not be queued: the broker is away.")
                self.message_user(request, text % {"name": task.name}, messages.ERROR)
            else:
                self.message_user(request, _("%(name)s was queued.") % {"name": task.name})
