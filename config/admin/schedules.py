"""When the recurring tasks may run: the pages of django-celery-beat, in the look of the others."""

from django.contrib import admin
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
from config.admin.lists import ReadOnly

# Sunrise and the like need an astronomical library that nothing here asks for.
admin.site.unregister([CrontabSchedule, IntervalSchedule, ClockedSchedule, SolarSchedule])


class PeriodicTaskInline(ReadOnly, TabularInline):
    """The tasks that run then, to look at."""

    model = PeriodicTask
    fields = readonly_fields = ["name", "enabled", "last_run_at"]
    extra = 0
    show_change_link = True
    hide_title = True


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
