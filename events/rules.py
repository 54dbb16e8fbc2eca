"""Who may do what with an event."""

from events.models import Event, EventSeries
from users.models import User


def may_manage(user: User, event: Event) -> bool:
    """Organizers run their event, and staff any: edit, publish, cancel, check people in."""
    return (
        user.is_staff
        or event.organizer_id == user.pk
        or event.co_organizers.filter(pk=user.pk).exists()
    )


def is_staff(user: User, event: Event) -> bool:
    """For what only the organisation itself decides."""
    return user.is_staff


def may_manage_series(user: User, series: EventSeries) -> bool:
    """Whoever was made an organizer of one event only does not speak for the others."""
    runs_it = user.pk == series.organizer_id or user.pk in series.plan.get("co_organizers", [])
    return user.is_staff or runs_it


def nobody(user: User, event: Event) -> bool:
    """For what only time does."""
    return False
