# PLACEHOLDER
"""Who is on duty."""

from leads.models import DutyShift
from users.models import User


def on_duty() -> list[User]:
    return [shift.staff for shift in DutyShift.objects.filter(is_on=True).select_related("staff")]


def escalations() -> list[User]:
    shifts = DutyShift.objects.filter(is_escalation=True).select_related("staff")
    return [shift.staff for shift in shifts]
