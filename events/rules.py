"""Who may do what with an event."""

from events.models import Event
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


def nobody(user: User, event: Event) -> bool:
    """For what only time does."""
    return False
