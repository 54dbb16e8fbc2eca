"""A valid request for each operation, and what it answers to whom."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests.api.schema import PREFIX
from tests.api.world import ROLES
from tests.factories import PASSWORD


@dataclass(frozen=True)
class Request:
    """The answer to each role, what it is about and what it sends."""

    anonymous: int
    other: int
    owner: int
    organizer: int
    staff: int
    event: str = "published"
    query: str = ""
    sends: Any = None  # a function of the world

    @property
    def welcome(self):
        """A role whose request is fulfilled."""
        return next(role for role in ROLES if getattr(self, role) < 300)

    def path(self, world, key, **instead):
        template = key.split(" ")[1]
        ids = {**world.ids(template, self.event), **instead}
        return PREFIX + template.format(**ids) + self.query

    def body(self, world):
        return self.sends and self.sends(world)


def new_event(world):
    start = timezone.now() + timedelta(days=3)
    return {
        "title": "Plantio na nascente",
        "description": "Com mudas nativas.",
        "category": world.category.pk,
        "co_organizers": [],
        "address": "Estrada Velha, 1",
        "city": "Campinas",
        "latitude": -22.9,
        "longitude": -47.06,
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(hours=2)).isoformat(),
        "time_zone": "America/Sao_Paulo",
        "capacity": 12,
        "waitlist_enabled": True,
        "signup_closes_at": None,
        "leave_closes_at": None,
        "min_age": None,
    }


def new_person(world):
    return {
        "email": "someone@example.org",
        "password": PASSWORD,
        "first_name": "Rosa",
        "last_name": "Lima",
    }


def reason(world):
    return {"reason": "Tempestade."}


def place_at(event):
    return lambda world: {"participant": getattr(world, event).participants.get().pk}


def venue_code_of(event):
    return lambda world: {"venue_code": getattr(world, event).venue_code}


def mail_token(purpose):
    return lambda world: {"token": world.mail_token(purpose)}


def passwords(world):
    return {"current_password": PASSWORD, "new_password": "girassol amarelo 42"}


ALL = [200] * 5
SIGNED_IN = [401, 200, 200, 200, 200]
# Other people and participants may know of it, but not do it.
RUNS_IT = [401, 403, 403, 200, 200]
# Only its people know of it.
HIDDEN = [401, 404, 404, 200, 200]

# By "METHOD /path", and what is special about the object after a colon.
REQUESTS = {
    "GET /events/": Request(*ALL),
    "POST /events/": Request(401, 201, 201, 201, 201, sends=new_event),
    "GET /events/{event_id}/": Request(*ALL),
    "GET /events/{event_id}/ : draft": Request(404, 404, 404, 200, 200, event="draft"),
    "PUT /events/{event_id}/": Request(*RUNS_IT, sends=new_event),
    "PUT /events/{event_id}/ : draft": Request(*HIDDEN, event="draft", sends=new_event),
    "PATCH /events/{event_id}/": Request(*RUNS_IT, sends=lambda world: {"capacity": 11}),
    "PATCH /events/{event_id}/ : draft": Request(
        *HIDDEN, event="draft", sends=lambda world: {"capacity": 11}
    ),
    "DELETE /events/{event_id}/": Request(401, 404, 404, 204, 204, event="draft"),
    "DELETE /events/{event_id}/ : published": Request(401, 403, 403, 409, 409),
    "POST /events/{event_id}/publish/": Request(*HIDDEN, event="draft"),
    "POST /events/{event_id}/publish/ : published": Request(*RUNS_IT),
    "POST /events/{event_id}/cancel/": Request(*RUNS_IT, sends=reason),
    "POST /events/{event_id}/cancel/ : draft": Request(
        401, 404, 404, 409, 409, event="draft", sends=reason
    ),
    "POST /events/{event_id}/join/": Request(401, 201, 200, 201, 201),
    "POST /events/{event_id}/join/ : draft": Request(401, 404, 404, 409, 409, event="draft"),
    "POST /events/{event_id}/leave/": Request(401, 409, 200, 409, 409),
    "POST /events/{event_id}/check_in/": Request(
        *RUNS_IT, event="running", sends=place_at("running")
    ),
    "POST /events/{event_id}/check_in/ : oneself": Request(
        401, 409, 200, 409, 409, event="running", sends=venue_code_of("running")
    ),
    "POST /events/{event_id}/check_out/": Request(
        *RUNS_IT, event="visited", sends=place_at("visited")
    ),
    "POST /events/{event_id}/check_out/ : oneself": Request(
        401, 409, 200, 409, 409, event="visited", sends=venue_code_of("visited")
    ),
    "GET /events/{event_id}/participants/": Request(*RUNS_IT),
    "GET /events/{event_id}/participants/ : draft": Request(*HIDDEN, event="draft"),
    "POST /events/{event_id}/participants/{participant_id}/remove/": Request(
        *RUNS_IT, sends=reason
    ),
    "POST /events/{event_id}/participants/{participant_id}/undo_check_in/": Request(
        *RUNS_IT, event="visited", sends=reason
    ),
    "POST /events/{event_id}/participants/{participant_id}/no_show/": Request(
        *RUNS_IT, event="running"
    ),
    "GET /events/{event_id}/stats/": Request(*ALL),
    "GET /events/{event_id}/stats/ : draft": Request(404, 404, 404, 200, 200, event="draft"),
    "GET /events/{event_id}/ticket/": Request(401, 404, 200, 404, 404),
    "GET /events/{event_id}/venue_code/": Request(*RUNS_IT),
    "GET /events/{event_id}/calendar.ics/": Request(*ALL),
    "GET /events/{event_id}/calendar.ics/ : draft": Request(404, 404, 404, 200, 200, event="draft"),
    "GET /events/categories/": Request(*ALL),
    "GET /events/nearby/": Request(*ALL, query="?lat=-23.5&lng=-46.6"),
    "GET /events/my_events/": Request(*SIGNED_IN),
    "GET /events/calendar_feed/": Request(401, 404, 200, 404, 404),
    "POST /events/calendar_feed/": Request(401, 201, 201, 201, 201),
    "DELETE /events/calendar_feed/": Request(401, 204, 204, 204, 204),
    "GET /events/calendar/{token}.ics/": Request(*ALL),
    "POST /token/": Request(
        *ALL, sends=lambda world: {"email": world.owner.email, "password": PASSWORD}
    ),
    "POST /token/refresh/": Request(*ALL, sends=lambda world: {"refresh": world.sign_in.refresh}),
    "POST /token/verify/": Request(*ALL, sends=lambda world: {"token": world.sign_in.access}),
    "POST /token/logout/": Request(
        *[204] * 5, sends=lambda world: {"refresh": world.sign_in.refresh}
    ),
    "POST /token/magic/": Request(*[202] * 5, sends=lambda world: {"email": world.owner.email}),
    "POST /token/magic/verify/": Request(*ALL, sends=mail_token("sign_in")),
    "POST /users/register/": Request(*[201] * 5, sends=new_person),
    "POST /users/email/confirm/": Request(*[204] * 5, sends=mail_token("confirm_email")),
    "POST /users/email/confirm/send/": Request(401, *[202] * 4),
    "POST /users/email/change/": Request(
        401,
        *[202] * 4,
        sends=lambda world: {"email": "new@example.org", "current_password": PASSWORD},
    ),
    "POST /users/email/change/confirm/": Request(*[204] * 5, sends=mail_token("change_email")),
    "POST /users/password/forgot/": Request(
        *[202] * 5, sends=lambda world: {"email": world.owner.email}
    ),
    "POST /users/password/reset/": Request(
        *[204] * 5,
        sends=lambda world: {
            "token": world.mail_token("reset_password"),
            "new_password": "girassol amarelo 42",
        },
    ),
    "POST /users/password/change/": Request(*SIGNED_IN, sends=passwords),
    "GET /users/profile/": Request(*SIGNED_IN),
    "PATCH /users/profile/": Request(*SIGNED_IN, sends=lambda world: {"city": "Olinda"}),
    "GET /users/profile/participations/": Request(*SIGNED_IN),
    "GET /users/profile/statistics/": Request(*SIGNED_IN),
    "GET /users/profile/badges/": Request(*SIGNED_IN),
    "GET /users/leaderboard/": Request(*SIGNED_IN),
    "GET /users/sessions/": Request(*SIGNED_IN),
    "DELETE /users/sessions/": Request(401, *[204] * 4),
    "DELETE /users/sessions/{id}/": Request(401, 404, 204, 404, 404),
    "GET /users/{id}/": Request(*ALL),
}


# Without the special cases: one row for each operation of the schema.
OPERATIONS = [key for key in REQUESTS if " : " not in key]


def method_of(key):
    return key.partition(" ")[0].lower()


def errors(response, status=400):
    """The errors of an answer, in the one shape that they all have."""
    assert response.status_code == status, response.content[:300]
    assert response.headers["Content-Type"] == "application/json"
    assert response.json().keys() == {"type", "errors"}
    return response.json()["errors"]
