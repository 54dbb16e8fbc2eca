"""A small world in which every operation of the API can be tried, by every kind of person."""

from datetime import timedelta
from functools import cached_property

from django.utils import timezone
from rest_framework.test import APIClient

from events import services as events
from events.models import CalendarFeed
from tests.factories import CategoryFactory, EventFactory, ParticipantFactory, UserFactory
from users import mail_tokens, services, tokens
from users.models import DataExport

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
        DataExport.objects.create(user=owner)
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
    def attended(self):
        start = timezone.now() - timedelta(hours=5)
        event = self._joined(self._event(starts_at=start), checked_in_at=start)
        events.finish(event.pk)
        return event

    @cached_property
    def sign_in(self):
        return self._session_of(self.owner)

    def ids(self, template, event):
        """What stands in the place of the parameters of a path."""
        if "{event_id}" in template:
            event = getattr(self, event)
            place = event.participants.filter(user=self.owner).first()
            return {"event_id": event.pk, "participant_id": place and place.pk}
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
