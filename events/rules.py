"""Who may do what with an event."""

from events.models import Event, EventPhoto
from users.models import User


def may_manage(user: User, event: Event) -> bool:
    """Organizers run their event, and staff any: edit, publish, cancel, check people in."""
    return (
        user.is_staff
        or event.organizer_id == user.pk
        or event.co_organizers.filter(pk=user.pk).exists()
    )


def may_add_photos(user: User, event: Event) -> bool:
    """Who came, and who runs the event."""
    came = event.participants.filter(user=user, checked_in_at__isnull=False)
    return may_manage(user, event) or came.exists()


def may_change_photo(user: User, photo: EventPhoto) -> bool:
    """Its uploader, and who runs the event."""
    return photo.uploader_id == user.pk or may_manage(user, photo.event)


def nobody(user: User, event: Event) -> bool:
    """For what only time does."""
    return False
