"""A small world in which every operation of the API can be tried, by every kind of person."""

from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from django.contrib.auth.models import Permission
from django.utils import timezone
from rest_framework.test import APIClient

from events import services as events
from events.models import CalendarFeed, EventReport, ImpactReport, ReportContribution
from events.services import add_contribution, generate_monthly_report, save_report
from leads import confirmation
from leads.services import merging
from tests.factories import (
    CategoryFactory,
    CommentFactory,
    EventFactory,
    ParticipantFactory,
    PhotoFactory,
    ResourceFactory,
    UserFactory,
)
from tests.leads.conftest import form as lead_of_form
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
        staff = UserFactory(email="staff@example.org", is_staff=True)
        codes = ["change_event", "view_lead", "change_lead", "delete_lead", "add_export"]
        staff.user_permissions.set(Permission.objects.filter(codename__in=codes))
        return staff

    @cached_property
    def category(self):
        return CategoryFactory(metrics=["waste"])

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
    def over(self):
        """An event that its owner came to, with a report of 9 kg and one kilogram for them."""
        start = timezone.now() - timedelta(days=1)
        event = self._event(starts_at=start, status="finished")
        self._joined(event, checked_in_at=start, checked_out_at=start)
        save_report(event, by=self.organizer, figures={"waste": Decimal(9)})
        add_contribution(event, self.owner, kind="waste", amount=Decimal(1), by=self.owner)
        return event

    @cached_property
    def approved(self):
        EventReport.objects.filter(event=self.over).update(status="approved")
        return self.over

    @cached_property
    def month(self):
        generate_monthly_report(date(2026, 3, 1))
        return ImpactReport.objects.get()

    @cached_property
    def repeated(self):
        starts_at = timezone.now() + timedelta(days=7)
        fields = {
            "title": "Limpeza",
            "category": self.category,
            "city": "São Paulo",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=3),
            "capacity": 10,
            "status": "published",
        }
        series = events.start_series(self.organizer, fields, rule="FREQ=WEEKLY;COUNT=3")
        return self._joined(series.events.order_by("series_slot").first())

    @cached_property
    def guarded(self):
        event = self._joined(self._event())
        events.set_waiver(event, text="Participo por minha conta.", by=self.organizer)
        event.refresh_from_db()
        return event

    @cached_property
    def resource(self):
        return ResourceFactory(event=self.published)

    @cached_property
    def comment(self):
        return CommentFactory(event=self.published, author=self.owner)

    @cached_property
    def reviewed(self):
        """An event whose photos wait for staff."""
        event = self._event(photos_need_approval=True)
        PhotoFactory(event=event, uploader=self.owner, status="waiting")
        return event

    @cached_property
    def attended(self):
        start = timezone.now() - timedelta(hours=5)
        event = self._joined(self._event(starts_at=start), checked_in_at=start)
        events.finish(event.pk)
        return event

    @cached_property
    def lead(self):
        """Somebody who wrote by a form, and a second lead that was merged into them."""
        return lead_of_form(email="lead@example.org", phone="(81) 98765-4300", name="Iara")

    @cached_property
    def other_lead(self):
        return lead_of_form(email="other.lead@example.org", name="Iara")

    @cached_property
    def lead_token(self):
        return confirmation.make(self.lead.claims.get(kind="email"))

    @cached_property
    def merge(self):
        gone = lead_of_form(email="third.lead@example.org", name="Iara")
        return merging.merge(self.lead, gone, by=None, reason="Disse ela.")

    @cached_property
    def sign_in(self):
        return self._session_of(self.owner)

    def ids(self, template, event):
        """What stands in the place of the parameters of a path."""
        if "{event_id}" in template:
            return self._event_ids(template, getattr(self, event))
        if "{lead_id}" in template:
            return self._lead_ids(template)
        if "{month}" in template:
            return {"month": self.month.slug}
        if "{resource_id}" in template:
            return {"resource_id": self.resource.pk}
        if "{comment_id}" in template:
            return {"comment_id": self.comment.pk}
        if "{token}" in template:
            return {"token": CalendarFeed.objects.get(user=self.owner).token}
        if "/sessions/" in template:
            return {"id": tokens.read(self.sign_in.refresh)["family"]}
        return {"id": self.owner.pk}

    def _event_ids(self, template, event):
        place = event.participants.filter(user=self.owner).first()
        told = ReportContribution.objects.filter(report__event=event).first()
        ids = {
            "event_id": event.pk,
            "participant_id": place and place.pk,
            "contribution_id": told and told.pk,
        }
        if "{photo_id}" in template:
            photo = event.photos.first() or PhotoFactory(event=event, uploader=self.owner)
            ids["photo_id"] = photo.pk
        return ids

    def _lead_ids(self, template):
        ids = {"lead_id": self.lead.pk}
        if "{claim_id}" in template:
            ids["claim_id"] = self.lead.claims.get(kind="phone").pk
        if "{merge_id}" in template:
            ids["merge_id"] = self.merge.pk
        return ids

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
