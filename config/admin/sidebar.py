"""What the sidebar of the admin offers; each entry only to those who may see its list."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config.admin import waiting

Entry = dict[str, Any]


def navigation(request: HttpRequest) -> list[Entry]:
    return [
        _home(),
        _events(),
        _people(),
        _leads(request),
        _follow_ups(),
        _knowledge(),
        _schedules(),
        _operations(),
    ]


def _home() -> Entry:
    return {
        "items": [
            {"title": _("Home"), "icon": "home", "link": reverse_lazy("admin:index")},
        ],
    }


def _events() -> Entry:
    return {
        "title": _("Events"),
        "items": [
            _list("events.event", _("Events"), "event"),
            _list("events.eventseries", _("Series of events"), "event_repeat"),
            _list("events.waiver", _("Waivers"), "contract"),
            _list("events.eventparticipant", _("Participants"), "how_to_reg"),
            _list("events.eventreport", _("Reports"), "assignment_turned_in"),
            _list("events.reportcontribution", _("Contributions to reports"), "weight"),
            _list("events.impactreport", _("Monthly reports"), "bar_chart"),
            _list("events.eventcomment", _("Comments"), "forum"),
            _list("events.eventphoto", _("Photos"), "photo_library"),
            _list("events.eventcategory", _("Categories"), "category"),
            _list("events.eventnotification", _("Notifications"), "outgoing_mail"),
            _list("events.digest", _("Weekly digests"), "newspaper"),
            _list("events.eventmail", _("Mails to participants"), "mail"),
        ],
    }


def _people() -> Entry:
    return {
        "title": _("People"),
        "items": [
            _list("users.user", _("People"), "group"),
            _list("users.contribution", _("Contributions"), "volunteer_activism"),
            _list("users.userimport", _("Imports"), "upload"),
            _list("users.export", _("Exports"), "download"),
            _list("users.badge", _("Badges"), "award_star"),
            _list("users.badgeaward", _("Badge awards"), "workspace_premium"),
            _list("auth.group", _("Groups"), "shield_person"),
            _list("users.erasure", _("Erasures"), "person_cancel"),
            _list("users.loginattempt", _("Login attempts"), "passkey"),
        ],
    }


def _leads(request: HttpRequest) -> Entry:
    return {
        "title": _("Leads"),
        "items": [
            {
                "title": _("Pipeline"),
                "icon": "view_kanban",
                "link": reverse_lazy("admin:leads_lead_board"),
                "permission": _may_view("leads", "lead"),
            },
            _badged(request, _list("leads.conversation", _("Conversations"), "chat")),
            _list("leads.lead", _("Leads"), "contacts"),
            _list("leads.leadimport", _("Imports"), "upload"),
            _list("leads.whatsappinstance", _("WhatsApp numbers"), "phone_iphone"),
            _list("leads.webhookevent", _("WhatsApp events"), "webhook"),
        ],
    }


def _follow_ups() -> Entry:
    return {
        "title": _("Follow-ups"),
        "items": [
            _list("leads.sequence", _("Sequences"), "schedule_send"),
            _list("leads.followup", _("Planned messages"), "forward_to_inbox"),
            _list("leads.bulkmessage", _("Messages to many"), "campaign"),
            _list("leads.dutyshift", _("Duty"), "support_agent"),
        ],
    }


def _knowledge() -> Entry:
    return {
        "title": _("Knowledge"),
        "items": [
            _list("leads.document", _("Documents"), "library_books"),
            _list("leads.chunk", _("Passages"), "format_quote"),
            _list("leads.openquestion", _("Open questions"), "contact_support"),
        ],
    }


def _schedules() -> Entry:
    return {
        "title": _("Schedules"),
        "items": [
            _list("django_celery_beat.periodictask", _("Periodic tasks"), "update"),
            _list("django_celery_beat.crontabschedule", _("Times of day"), "calendar_clock"),
            _list("django_celery_beat.intervalschedule", _("Intervals"), "timer"),
            _list("django_celery_beat.clockedschedule", _("Single times"), "alarm"),
            _list("config.deadletter", _("Dead letters"), "unsubscribe"),
        ],
    }


def _operations() -> Entry:
    return {
        "title": _("Operations"),
        "items": [
            {
                "title": _("Dependencies"),
                "icon": "cable",
                "link": reverse_lazy("breakers"),
                "permission": lambda request: request.user.is_superuser,
            },
        ],
    }


def _list(model: str, title: object, icon: str) -> Entry:
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": _may_view(app, name),
        "model": model,
    }


def _badged(request: HttpRequest, entry: Entry) -> Entry:
    """With the number of those that wait, if any do and this person may see them."""
    if entry["permission"](request) and (count := waiting.count(entry["model"])):
        return {**entry, "badge": count, "badge_variant": "danger"}
    return entry


def _may_view(app: str, name: str) -> Callable[[HttpRequest], bool]:
    def permission(request: HttpRequest) -> bool:
        user = request.user
        return user.has_perm(f"{app}.view_{name}") or user.has_perm(f"{app}.change_{name}")

    return permission
