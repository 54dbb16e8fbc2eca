"""Questions about many photos."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from users.models import User

if TYPE_CHECKING:
    from events.models import EventPhoto  # noqa: F401


class PhotoQuerySet(models.QuerySet["EventPhoto"]):
    def visible_to(self, user: object) -> "PhotoQuerySet":
        """What is shown; what is not, only to its uploader, the event's organizers and staff.

        Of an event that one may see. Removed ones are there for nobody.
        """
        photos = self.exclude(status="removed")
        if not isinstance(user, User):
            return photos.filter(status="shown")
        if user.is_staff:
            return photos
        organizes = Q(event__organizer=user) | Q(event__in=user.co_organized_events.values("pk"))
        return photos.filter(Q(status="shown") | Q(uploader=user) | organizes)

    def may_be_flagged_by(self, user: User) -> "PhotoQuerySet":
        """What they see, and what they hid by saying so before."""
        flagged = self.exclude(status="removed").filter(pk__in=user.photo_flags.values("photo"))
        return self.filter(Q(pk__in=self.visible_to(user)) | Q(pk__in=flagged))

    def waiting_for_decision(self) -> "PhotoQuerySet":
        """What staff must look at: not approved yet, or hidden by an objection."""
        return self.filter(status__in=("waiting", "hidden"))

    def waiting_for_mail(self) -> "PhotoQuerySet":
        """Decided, and its uploader was not told yet."""
        return self.filter(mail_due_at__isnull=False)
