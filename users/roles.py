"""What staff may do, by role: this table decides, at each start (`manage.py seed_roles`)."""

from collections.abc import Iterator

from django.contrib.auth.models import Group, Permission
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LOOK = "view"
EDIT = "view add change"
ALL = "view add change delete"

EVENTS = {
    "events.event": EDIT,
    "events.eventparticipant": LOOK,
    "events.eventcategory": LOOK,
    "events.eventseries": LOOK,
    "events.waiver": LOOK,
    "events.eventnotification": "view change",
    "events.digest": LOOK,
    "events.eventmail": "view add",
    "events.eventresource": ALL,
    "events.resourcepledge": LOOK,
    "events.eventreport": LOOK,
    "events.reportcontribution": LOOK,
    "events.eventphoto": LOOK,
    "events.eventcomment": LOOK,
}
# What people show and say, and the numbers they claim: a moderator decides about each.
DECISIONS = {
    "events.eventphoto": "view change",
    "events.eventcomment": "view change",
    "events.eventreport": "view change",
    "events.reportcontribution": "view change",
}
FOLLOW_UPS = {
    "leads.sequence": LOOK,
    "leads.sequencestep": LOOK,
    "leads.followup": LOOK,
    "leads.bulkmessage": LOOK,
    "leads.dutyshift": LOOK,
}
PEOPLE = {
    "users.user": LOOK,
    "users.contribution": LOOK,
    "users.badge": LOOK,
    "users.badgeaward": LOOK,
}
# What people write to us is for those who answer them.
LEADS = {
    "leads.lead": "view change",
    "leads.conversation": "view change",
    "leads.whatsappinstance": LOOK,
    "leads.webhookevent": LOOK,
}
KNOWLEDGE = {
    "leads.document": ALL,
    "leads.chunk": "view change",
    "leads.openquestion": "view change",
}
ROLES: dict[str, dict[str, str]] = {
    "administrator": {
        **KNOWLEDGE,
        **EVENTS,
        **LEADS,
        **DECISIONS,
        "events.event": ALL,
        "events.eventcategory": ALL,
        "events.impactreport": "view change",
        **FOLLOW_UPS,
        "leads.sequence": EDIT,
        "leads.sequencestep": EDIT,
        "leads.bulkmessage": "view add",
        "leads.dutyshift": ALL,
        **PEOPLE,
        **LEADS,
        "leads.lead": "view change delete",
        "leads.whatsappinstance": "view change",
        "leads.webhookevent": "view change",
        "leads.leadimport": "view add change",
        "users.user": EDIT,
        "users.contribution": "view add",
        "users.badge": EDIT,
        "users.userimport": "view add change",
        "users.export": "view add",
        "users.loginattempt": LOOK,
        "auth.group": LOOK,
        "config.deadletter": "view change",
        "django_celery_beat.periodictask": "view change",
        "django_celery_beat.crontabschedule": EDIT,
        "django_celery_beat.intervalschedule": EDIT,
        "django_celery_beat.clockedschedule": EDIT,
    },
    "moderator": {
        "events.event": LOOK,
        "events.eventparticipant": LOOK,
        "events.eventcategory": LOOK,
        **DECISIONS,
        "users.user": LOOK,
        "users.contribution": "view add",
    },
    "organizer-support": {
        **EVENTS,
        **PEOPLE,
        **LEADS,
        **KNOWLEDGE,
        **FOLLOW_UPS,
        "users.export": "view add",
    },
    "read-only": {
        **dict.fromkeys(KNOWLEDGE, LOOK),
        **dict.fromkeys(EVENTS, LOOK),
        **PEOPLE,
        **dict.fromkeys(LEADS, LOOK),
        **FOLLOW_UPS,
        "events.impactreport": LOOK,
        "config.deadletter": LOOK,
    },
}
NAMES: dict[str, Promise] = {
    "administrator": _("administrator"),
    "moderator": _("moderator"),
    "organizer-support": _("support for organizers"),
    "read-only": _("looks only"),
}


def seed() -> None:
    """Make the groups and give each exactly what the table says.

    Staff who want something else make a group of their own: only these four are kept.
    """
    known = _known_permissions()
    for role, lines in ROLES.items():
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set(_ids(lines, known))


def _known_permissions() -> dict[tuple[str, str], int]:
    rows = Permission.objects.values_list("content_type__app_label", "codename", "pk")
    return {(app, codename): pk for app, codename, pk in rows}


def _ids(lines: dict[str, str], known: dict[tuple[str, str], int]) -> Iterator[int]:
    for model, actions in lines.items():
        app, name = model.split(".")
        for action in actions.split():
            if (pair := (app, f"{action}_{name}")) in known:
                yield known[pair]
