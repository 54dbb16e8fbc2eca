"""Whom of the staff a hand-off reaches: somebody, always."""

from users.models import User


def on_duty() -> list[User]:
    """Who is on duty; if nobody is, who is told of what was left unanswered."""
    return _staff(duty__is_on=True) or escalations()


def escalations() -> list[User]:
    """Who is told of what was left unanswered; if nobody is named, the superusers."""
    return _staff(duty__is_escalation=True) or _staff(is_superuser=True)


def _staff(**which: bool) -> list[User]:
    return list(User.objects.filter(is_active=True, is_staff=True, **which).order_by("pk"))
