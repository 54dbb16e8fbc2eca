"""A small world in which every operation of the API can be tried, by every kind of person."""

from datetime import timedelta
from functools import cached_property

from django.utils import timezone
from rest_framework.test import APIClient

from events.models import CalendarFeed
from tests.factories import (
    CategoryFactory,
    CommentFactory,
    EventFactory,
    ParticipantFactory,
    ResourceFactory,
    UserFactory,
)
from users import mail_tokens, services, tokens

ROLES = ("anonymous", "other", "owner", "organizer", "staff")


class World:
    """Makes what is asked for: `owner` holds a seat, a session, a feed; `organizer` the events."""

    @cached_property
    def other(self):
        return UserFactory(email="other@example.org")

    @cached_property
    def owner(self):
        owner = UserFactory(
            email="owner@example.org", is_public=True, pending_email="new@example.org"
        )
        CalendarFeed.objects.create(user=owner)
        return owner

    @cached_property
    def organizer(self):
        return UserFactory(email="organizer@example.org")

    @cached_property
    def staff(self):
        return UserFactory(email="staff@example.org", is_staff=True)

    @cached_property
    def category(self):
        return CategoryFactory()

    @cached_property
    def draft(self):
        return self._event(status="draft")

    @cached_property
    def published(self):
        return self._joined(self._event())

    @cached_property
    def running(self):
        return self._joined(self._event(starts_at=timezone.now() - timedelta(hours=1)))

    @cached_property
    def visited(self):
        event = self._event(starts_at=timezone.now() - timedelta(hours=1))
        return self._joined(event, checked_in_at=timezone.now() - timedelta(minutes=30))

    @cached_property
    def resource(self):
        return ResourceFactory(event=self.published)

    @cached_property
    def comment(self):
        return CommentFactory(event=self.published, author=self.owner)

    @cached_property
    def sign_in(self):
        return self._session_of(self.owner)

    def ids(self, template, event):
        """What stands in the place of the parameters of a path."""
        if "{event_id}" in template:
            event = getattr(self, event)
            place = event.participants.filter(user=self.owner).first()
            return {"event_id": event.pk, "participant_id": place and place.pk}
        if "{resource_id}" in template:
            return {"resource_id": self.resource.pk}
        if "{comment_id}" in template:
            return {"comment_id": self.comment.pk}
        if "{token}" in template:
            return {"token": CalendarFeed.objects.get(user=self.owner).token}
        if "/sessions/" in template:
            return {"id": tokens.read(self.sign_in.refresh)["family"]}
        return {"id": self.owner.pk}

    def mail_token(self, purpose):
        self.owner.refresh_from_db()  # signing in changes what the token stands for
        return mail_tokens.make(mail_tokens.Purpose(purpose), self.owner)

    def _event(self, **fields):
        return EventFactory(organizer=self.organizer, category=self.category, **fields)

    def _joined(self, event, **fields):
        ParticipantFactory(event=event, user=self.owner, **fields)
        return event

    def _session_of(self, user):
        return services.begin_session(user, services.Device("127.0.0.1", "A test"))

    def client_of(self, role):
        """A client with a real token, so that a view which reads none is found out."""
        client = APIClient()
        if role != "anonymous":
            token = self._session_of(getattr(self, role)).access
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client
