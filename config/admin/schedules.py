"""When the recurring tasks may run: the pages of django-celery-beat, in the look of the others."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from config.admin.crontabs import in_words

# Sunrise and the like need an astronomical library that nothing here asks for.
admin.site.unregister([CrontabSchedule, IntervalSchedule, ClockedSchedule, SolarSchedule])


class PeriodicTaskInline(TabularInline):
    """The tasks that run then, to look at."""

    model = PeriodicTask
    fields = readonly_fields = ["name", "enabled", "last_run_at"]
    extra = 0
    show_change_link = True
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ScheduleAdmin(ModelAdmin):
    inlines = [PeriodicTaskInline]


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(ScheduleAdmin):
    list_display = ["words", "minute", "hour", "day_of_month", "month_of_year", "day_of_week"]

    @display(description=_("runs"))
    def words(self, crontab: CrontabSchedule) -> str:
        return in_words(crontab)


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ScheduleAdmin):
    list_display = ["__str__"]


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(ScheduleAdmin):
    list_display = ["clocked_time"]
