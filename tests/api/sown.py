"""A world with enough of everything for a fuzzer to find, and where in a request it belongs."""

from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from django.utils import timezone

from events import check_in_lists
from events import services as events
from events.models import CalendarFeed
from tests.factories import (
    PASSWORD,
    CategoryFactory,
    CommentFactory,
    EventFactory,
    ParticipantFactory,
    PhotoFactory,
    ResourceFactory,
    UserFactory,
)
from users import mail_tokens, services

MANY = 8
HOUR = timedelta(hours=1)


class SownWorld:
    """People, and events in every state; `organizer` runs most of them, and has a seat at one."""

    def __init__(self):
        self.organizer = UserFactory()
        self.people = UserFactory.create_batch(MANY, is_public=True)
        self.category = CategoryFactory(metrics=["waste"])
        self.feed = CalendarFeed.objects.create(user=self.people[0])
        self.planned = self.events(day=2)
        self.drafts = self.events(day=20, status="draft")
        self.foreign = self.events(day=40, organizer=self.people[0])
        self.running = EventFactory(
            organizer=self.organizer, starts_at=timezone.now() - HOUR, capacity=100
        )
        self.expected = self.places(self.running)
        self.present = self.places(self.running, checked_in_at=timezone.now() - HOUR / 2)
        self.photos = PhotoFactory.create_batch(MANY, event=self.running, uploader=self.organizer)
        ParticipantFactory(event=self.foreign[0], user=self.organizer)
        self.needed = ResourceFactory.create_batch(MANY, event=self.planned[0])
        self.pledgeable = ResourceFactory.create_batch(MANY, event=self.foreign[0])
        self.comments = CommentFactory.create_batch(MANY, event=self.planned[0])
        start = timezone.now() - 24 * HOUR
        self.over = EventFactory(
            organizer=self.organizer,
            category=self.category,
            starts_at=start,
            status="finished",
            capacity=100,
        )
        self.came = self.places(self.over, checked_in_at=start, checked_out_at=start)
        events.save_report(self.over, by=self.organizer, figures={"waste": Decimal(90)})
        self.told = [
            events.add_contribution(
                self.over, place.user, kind="waste", amount=Decimal(1), by=place.user
            )
            for place in self.came[: MANY // 2]
        ]
        events.generate_monthly_report(date(2026, 3, 1))
        self.attended = self.attended_event()

    def events(self, day, **fields):
        """Events on as many days, so that one may join all of them."""
        fields = {"organizer": self.organizer, "category": self.category, **fields}
        start = timezone.now() + timedelta(days=day)
        return [
            EventFactory(starts_at=start + timedelta(days=later), **fields) for later in range(MANY)
        ]

    def attended_event(self):
        """A finished one, with hours of the organizer."""
        start = timezone.now() - 5 * HOUR
        event = EventFactory(starts_at=start)
        ParticipantFactory(event=event, user=self.organizer, checked_in_at=start)
        events.finish(event.pk)
        return event

    def places(self, event, **fields):
        return ParticipantFactory.create_batch(MANY, event=event, **fields)

    def sign_in(self, person):
        return services.begin_session(person, services.Device("127.0.0.1", "A test"))

    def tokens_by_mail(self, purpose):
        """Of people of their own, since signing in makes some of them void."""
        people = UserFactory.create_batch(MANY)
        for number, person in enumerate(people):
            type(person).objects.filter(pk=person.pk).update(
                pending_email=f"{purpose}{number}@a.br"
            )
            person.refresh_from_db()
        return [mail_tokens.make(mail_tokens.Purpose(purpose), person) for person in people]

    @cached_property
    def everywhere(self):
        """What exists, by where in a request it is asked for."""
        events = [*self.planned, *self.drafts, *self.foreign]
        return {
            "path.event_id": [event.pk for event in events],
            "path.id": [person.pk for person in self.people],
            "path.photo_id": ids(self.photos),
            "path.token": [self.feed.token],
            "path.resource_id": ids(self.needed),
            "path.comment_id": ids(self.comments),
            "path.month": ["2026-03"],
            "body.kind": ["waste"],
            "body.amount": [1, 2.5],
            "query.category": [self.category.pk],
            "query.page": [1],
            "query.from": ["2027-01-01"],
            "query.to": ["2027-12-31"],
            "query.month": ["2027-05"],
            "body.category": [self.category.pk],
            "body.rrule": ["FREQ=WEEKLY;COUNT=3"],
            "body.starts_at": ["2098-05-08T09:00:00-03:00"],
            "body.ends_at": ["2098-05-08T12:00:00-03:00"],
            "body.email": [person.email for person in self.people],
            "body.password": [PASSWORD],
            "body.new_password": ["girassol amarelo 42"],
        }

    @cached_property
    def by_operation(self):
        """What else some operations need, to get any further than their door."""
        pairs = [self.sign_in(person) for person in self.people]
        own_sessions = [self.sign_in(self.organizer) for _ in range(MANY)]
        place = "POST /events/{event_id}/participants/{participant_id}"
        report = "/events/{event_id}/report/"
        over = {"path.event_id": [self.over.pk]}
        told = {**over, "path.contribution_id": ids(self.told)}
        return {
            "DELETE /events/{event_id}/": {"path.event_id": ids(self.drafts)},
            "PATCH /events/{event_id}/": {"path.event_id": ids(self.drafts)},
            "PUT /events/{event_id}/": {"path.event_id": ids(self.drafts)},
            "GET /events/{event_id}/certificate/": {"path.event_id": [self.attended.pk]},
            "GET /events/{event_id}/ticket/": {"path.event_id": ids(self.foreign[:1])},
            "POST /events/{event_id}/check_in/": self._scans(self.expected),
            "POST /events/{event_id}/check_out/": self._scans(self.present),
            "POST /events/{event_id}/hand-over/": {
                "path.event_id": ids(self.drafts),
                "body.organizer": [self.organizer.pk],
            },
            "POST /events/{event_id}/copy/": {"path.event_id": ids(self.planned)},
            "POST /events/{event_id}/series/preview/": self._repeated,
            "POST /events/{event_id}/series/apply/": self._repeated,
            "GET /events/{event_id}/waiver/": {"path.event_id": [self.guarded.pk]},
            "POST /events/{event_id}/checkin_sync/": {
                "path.event_id": [self.running.pk],
                "body.signature": [check_in_lists.make(self.running)["signature"]],
            },
            **self._photos(),
            f"{place}/no_show/": self._places(self.expected),
            f"{place}/remove/": self._places(self.expected),
            f"{place}/undo_check_in/": self._places(self.present),
            "POST /resources/{resource_id}/pledge/": {"path.resource_id": ids(self.pledgeable)},
            "DELETE /resources/{resource_id}/pledge/": {"path.resource_id": ids(self.pledgeable)},
            "GET /events/{event_id}/comments/": {"query.parent": ids(self.comments)},
            "POST /events/{event_id}/comments/": {
                "path.event_id": [self.planned[0].pk],
                "body.parent": ids(self.comments),
            },
            f"GET {report}": over,
            f"PUT {report}": over,
            f"POST {report}submit/": over,
            f"GET {report}contributions/": over,
            f"POST {report}contributions/": {
                **over,
                "body.participant": ids(self.came[MANY // 2 :]),
            },
            f"POST {report}contributions/{{contribution_id}}/approve/": told,
            f"POST {report}contributions/{{contribution_id}}/adjust/": told,
            f"POST {report}contributions/{{contribution_id}}/reject/": told,
            "POST /token/refresh/": {"body.refresh": [pair.refresh for pair in pairs]},
            "POST /token/logout/": {"body.refresh": [pair.refresh for pair in own_sessions]},
            "POST /token/verify/": {"body.token": [pair.access for pair in pairs]},
            "POST /token/magic/verify/": {"body.token": self.tokens_by_mail("sign_in")},
            "POST /users/email/change/": {"body.current_password": [PASSWORD]},
            "POST /users/email/confirm/": {"body.token": self.tokens_by_mail("confirm_email")},
            "POST /users/email/change/confirm/": {
                "body.token": self.tokens_by_mail("change_email")
            },
            "POST /users/password/reset/": {"body.token": self.tokens_by_mail("reset_password")},
            "DELETE /users/sessions/{id}/": {
                "path.id": [str(family.pk) for family in self.organizer.token_families.all()]
            },
        }

    @cached_property
    def _repeated(self):
        start = timezone.now() + timedelta(days=60)
        fields = {"city": "Olinda", "capacity": 9, "category": self.category, "title": "Limpeza"}
        times = {"starts_at": start, "ends_at": start + HOUR, "status": "published"}
        series = events.start_series(
            self.organizer, {**fields, **times}, rule=f"FREQ=WEEKLY;COUNT={MANY}"
        )
        return {"path.event_id": ids(series.events.all()), "body.rrule": ["FREQ=WEEKLY;COUNT=3"]}

    @cached_property
    def guarded(self):
        event = EventFactory(organizer=self.organizer, category=self.category)
        events.set_waiver(event, text="Participo por minha conta.", by=self.organizer)
        return event

    def _photos(self):
        """Those of the running event; deleting takes one away for all others."""
        photo = "/events/{event_id}/photos/{photo_id}/"
        there = {"path.event_id": [self.running.pk], "path.photo_id": ids(self.photos)}
        keys = (f"GET {photo}", f"PATCH {photo}", f"DELETE {photo}", f"POST {photo}flag/")
        return dict.fromkeys(keys, there)

    def _scans(self, places):
        return {
            "path.event_id": [self.running.pk],
            "body.participant": ids(places),
            "body.ticket_code": [place.ticket_code for place in places],
            "body.venue_code": [self.running.venue_code],
        }

    def _places(self, places):
        return {"path.event_id": [self.running.pk], "path.participant_id": ids(places)}


def ids(rows):
    return [row.pk for row in rows]
