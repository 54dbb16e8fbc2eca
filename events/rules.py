"""Who may do what with an event."""

from events.models import Event, EventComment, EventPhoto, EventResource, EventSeries
from users.models import User


def may_manage(user: User, event: Event) -> bool:
    """Organizers run their event, and staff whose role says so any: edit, publish, check in."""
    return is_staff(user, event) or organizes(user, event)


def organizes(user: User, event: Event) -> bool:
    """Whose event it is."""
    return event.organizer_id == user.pk or event.co_organizers.filter(pk=user.pk).exists()


def may_change_resource(user: User, resource: EventResource) -> bool:
    """Who drives changes the ride; all else is for those who run the event."""
    return resource.offered_by_id == user.pk or may_manage(user, resource.event)


def may_see_pledges(user: User, event: Event) -> bool:
    """Who brings what is for those who go there, and those who run the event."""
    return may_manage(user, event) or event.participants.confirmed().filter(user=user).exists()


def may_delete_comment(user: User, comment: EventComment) -> bool:
    """One's own; those who run the event, any."""
    return comment.author_id == user.pk or may_manage(user, comment.event)


def is_staff(user: User, event: Event | EventSeries) -> bool:
    """For what only the organisation itself decides; read-only roles do not."""
    return user.is_staff and user.has_perm("events.change_event")


def may_hand_over(user: User, event: Event | EventSeries) -> bool:
    """Whose event or series it is; who only helps to run it does not give it away."""
    return event.organizer_id == user.pk or is_staff(user, event)


def may_decide_reports(user: User, event: Event) -> bool:
    """The organisation says what counts; who runs the event does not."""
    return user.is_staff and user.has_perm("events.change_eventreport")


def may_manage_series(user: User, series: EventSeries) -> bool:
    """Whoever was made an organizer of one event only does not speak for the others."""
    runs_it = user.pk == series.organizer_id or user.pk in series.plan.get("co_organizers", [])
    return runs_it or is_staff(user, series)


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
