"""A valid request for each operation, and what it answers to whom."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from events import check_in_lists
from tests.api.schema import PREFIX
from tests.api.world import ROLES
from tests.factories import PASSWORD, PhotoFactory
from tests.pictures import picture


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
    uploads: Any = None  # likewise, as a form

    @property
    def welcome(self):
        """A role whose request is fulfilled."""
        return next(role for role in ROLES if getattr(self, role) < 300)

    def path(self, world, key, **instead):
        template = key.split(" ")[1]
        ids = {**world.ids(template, self.event), **instead}
        return PREFIX + template.format(**ids) + self.query

    def body(self, world):
        sent = self.sends or self.uploads
        return sent and sent(world)


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


def new_series(world):
    needs = [{"name": "Enxada", "description": "De cabo longo.", "needed": 10}]
    return {
        **new_event(world),
        "rrule": "FREQ=WEEKLY;COUNT=3",
        "waiver": "Sigo as orientações.",
        "resources": needs,
    }


def series_edit(world):
    return {"scope": "all", "title": "Outro nome"}


def new_organizer(world):
    type(world.owner).objects.filter(pk=world.owner.pk).update(email_confirmed_at=timezone.now())
    return {"organizer": world.owner.pk, "scope": "this"}


def later(world):
    return {"starts_at": (timezone.now() + timedelta(days=30)).isoformat()}


def waiver(world):
    return {"text": "Participo por minha conta e risco.", "scope": "this"}


def scans(world):
    place = world.running.participants.get()
    item = {
        "nonce": "a",
        "participant": place.pk,
        "direction": "in",
        "happened_at": world.running.starts_at.isoformat(),
    }
    return {"signature": check_in_lists.make(world.running)["signature"], "items": [item]}


def new_person(world):
    return {
        "email": "someone@example.org",
        "password": PASSWORD,
        "first_name": "Rosa",
        "last_name": "Lima",
    }


def reason(world):
    return {"reason": "Tempestade."}


def report(world):
    photo = PhotoFactory(event=world.over, uploader=world.organizer)
    return {"summary": "Praia limpa.", "figures": {"waste": 12.5}, "photos": [photo.pk]}


def work_of_the_owner(world):
    place = world.over.participants.get()
    return {"participant": place.pk, "kind": "waste", "amount": 2}


def needs(world):
    return {"kind": "item", "name": "Enxada", "description": "De cabo longo.", "needed": 10}


def lift(world):
    return {"kind": "ride", "name": "Carro", "description": "", "needed": 3}


def remark(world):
    return {"text": "Tem onde deixar a bicicleta?", "parent": world.comment.pk}


def new_photo(world):
    return {"photo": picture(), "stage": "during", "people_agreed": True}


def place_at(event):
    return lambda world: {"participant": getattr(world, event).participants.get().pk}


def venue_code_of(event):
    return lambda world: {"venue_code": getattr(world, event).venue_code}


def mail_token(purpose):
    return lambda world: {"token": world.mail_token(purpose)}


def passwords(world):
    return {"current_password": PASSWORD, "new_password": "girassol amarelo 42"}


def lead_form(world):
    return {
        "name": "Rosa Lima",
        "email": "rosa@example.org",
        "phone": "(81) 98765-4321",
        "message": "Quero ajudar na horta.",
        "city": "Recife",
        "language": "pt-br",
        "source": "form",
        "utm_source": "instagram",
        "utm_medium": "",
        "utm_campaign": "",
        "utm_term": "",
        "utm_content": "",
        "consent_text": "Concordo em receber uma resposta.",
        "consent_version": "2027-05",
        "accepts_messages": True,
        "website": "",
    }


ALL = [200] * 5
SIGNED_IN = [401, 200, 200, 200, 200]
# Other people and participants may know of it, but not do it.
RUNS_IT = [401, 403, 403, 200, 200]
# Only its people know of it.
HIDDEN = [401, 404, 404, 200, 200]
# Only for staff, whatever it is about.
STAFF_ONLY = [401, 403, 403, 403, 200]

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
    "POST /events/series/": Request(401, 201, 201, 201, 201, sends=new_series),
    "POST /events/{event_id}/series/preview/": Request(
        *RUNS_IT, event="repeated", sends=series_edit
    ),
    "POST /events/{event_id}/series/apply/": Request(*RUNS_IT, event="repeated", sends=series_edit),
    "POST /events/{event_id}/series/apply/ : alone": Request(
        401, 403, 403, 409, 409, sends=series_edit
    ),
    "POST /events/{event_id}/hand-over/": Request(*RUNS_IT, sends=new_organizer),
    "POST /events/{event_id}/hand-over/ : draft": Request(
        *HIDDEN, event="draft", sends=new_organizer
    ),
    "POST /events/{event_id}/copy/": Request(401, 403, 403, 201, 201, sends=later),
    "POST /events/{event_id}/copy/ : draft": Request(
        401, 404, 404, 201, 201, event="draft", sends=later
    ),
    "GET /events/{event_id}/waiver/": Request(*ALL, event="guarded"),
    "GET /events/{event_id}/waiver/ : none": Request(*[404] * 5),
    "PUT /events/{event_id}/waiver/": Request(*RUNS_IT, sends=waiver),
    "PUT /events/{event_id}/waiver/ : draft": Request(*HIDDEN, event="draft", sends=waiver),
    "DELETE /events/{event_id}/waiver/": Request(401, 403, 403, 204, 204, event="guarded"),
    "GET /events/{event_id}/checkin_list/": Request(*RUNS_IT),
    "GET /events/{event_id}/checkin_list/ : draft": Request(*HIDDEN, event="draft"),
    "POST /events/{event_id}/checkin_sync/": Request(*RUNS_IT, event="running", sends=scans),
    "POST /events/{event_id}/join/": Request(
        401, 201, 200, 201, 201, sends=lambda world: {"accepts_waiver": 1}
    ),
    "POST /events/{event_id}/join/ : guarded": Request(401, 409, 200, 409, 409, event="guarded"),
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
    "GET /events/{event_id}/resources/": Request(*ALL),
    "GET /events/{event_id}/resources/ : draft": Request(404, 404, 404, 200, 200, event="draft"),
    "POST /events/{event_id}/resources/": Request(401, 403, 403, 201, 201, sends=needs),
    "POST /events/{event_id}/resources/ : draft": Request(
        401, 404, 404, 201, 201, event="draft", sends=needs
    ),
    "POST /events/{event_id}/resources/ : ride": Request(401, 409, 201, 409, 409, sends=lift),
    "PATCH /resources/{resource_id}/": Request(
        *RUNS_IT, sends=lambda world: {"name": "Pá", "description": "", "needed": 11}
    ),
    "DELETE /resources/{resource_id}/": Request(401, 403, 403, 204, 204),
    "POST /resources/{resource_id}/pledge/": Request(
        401, 409, 201, 409, 409, sends=lambda world: {"quantity": 2}
    ),
    "DELETE /resources/{resource_id}/pledge/": Request(401, *[204] * 4),
    "GET /events/{event_id}/comments/": Request(*ALL),
    "GET /events/{event_id}/comments/ : draft": Request(404, 404, 404, 200, 200, event="draft"),
    "POST /events/{event_id}/comments/": Request(401, *[201] * 4, sends=remark),
    "DELETE /comments/{comment_id}/": Request(401, 403, 204, 204, 204),
    "POST /comments/{comment_id}/flag/": Request(401, 204, 409, 204, 204, sends=reason),
    "GET /events/{event_id}/photos/": Request(*ALL),
    "GET /events/{event_id}/photos/ : draft": Request(404, 404, 404, 200, 200, event="draft"),
    "POST /events/{event_id}/photos/": Request(
        401, 403, 201, 201, 201, event="visited", uploads=new_photo
    ),
    "GET /events/{event_id}/photos/{photo_id}/": Request(*ALL),
    "GET /events/{event_id}/photos/{photo_id}/ : waiting": Request(
        404, 404, 200, 200, 200, event="reviewed"
    ),
    "PATCH /events/{event_id}/photos/{photo_id}/": Request(
        401, 403, 200, 200, 200, sends=lambda world: {"caption": "Limpa de novo"}
    ),
    "DELETE /events/{event_id}/photos/{photo_id}/": Request(401, 403, 204, 204, 204),
    "DELETE /events/{event_id}/photos/{photo_id}/ : waiting": Request(
        401, 404, 204, 204, 204, event="reviewed"
    ),
    "POST /events/{event_id}/photos/{photo_id}/flag/": Request(
        401, *[204] * 4, sends=lambda world: {"reason": "shows_me"}
    ),
    "POST /events/{event_id}/photos/{photo_id}/flag/ : waiting": Request(
        401, 404, 204, 204, 204, event="reviewed", sends=lambda world: {"reason": "other"}
    ),
    "GET /events/{event_id}/stats/": Request(*ALL),
    "GET /events/{event_id}/stats/ : draft": Request(404, 404, 404, 200, 200, event="draft"),
    "GET /events/{event_id}/report/": Request(404, 404, 404, 200, 200, event="over"),
    "GET /events/{event_id}/report/ : approved": Request(*ALL, event="approved"),
    "PUT /events/{event_id}/report/": Request(*RUNS_IT, event="over", sends=report),
    "PUT /events/{event_id}/report/ : running": Request(
        401, 403, 403, 409, 409, event="running", sends=lambda world: {"summary": "Ainda não."}
    ),
    "POST /events/{event_id}/report/submit/": Request(*RUNS_IT, event="over"),
    "POST /events/{event_id}/report/submit/ : none": Request(401, 403, 403, 404, 404),
    "GET /events/{event_id}/report/contributions/": Request(*SIGNED_IN, event="over"),
    "POST /events/{event_id}/report/contributions/": Request(
        401, 403, 403, 201, 201, event="over", sends=work_of_the_owner
    ),
    "POST /events/{event_id}/report/contributions/ : oneself": Request(
        401, 409, 201, 409, 409, event="over", sends=lambda world: {"kind": "waste", "amount": 2}
    ),
    "POST /events/{event_id}/report/contributions/{contribution_id}/approve/": Request(
        *RUNS_IT, event="over"
    ),
    "POST /events/{event_id}/report/contributions/{contribution_id}/adjust/": Request(
        *RUNS_IT, event="over", sends=lambda world: {"amount": 3, "reason": "Pesado de novo."}
    ),
    "POST /events/{event_id}/report/contributions/{contribution_id}/reject/": Request(
        *RUNS_IT, event="over", sends=reason
    ),
    "GET /events/impact/": Request(*ALL, query="?from=2026-03-01&to=2026-03-31&city=Recife"),
    "GET /events/impact/monthly/": Request(*ALL),
    "GET /events/impact/monthly/{month}/": Request(*ALL),
    "GET /events/impact/monthly/{month}.csv/": Request(*ALL),
    "GET /events/impact/monthly/{month}.pdf/": Request(*ALL),
    "GET /events/{event_id}/ticket/": Request(401, 404, 200, 404, 404),
    "GET /events/{event_id}/certificate/": Request(401, 404, 200, 404, 404, event="attended"),
    "GET /events/{event_id}/certificate/ : to come": Request(401, 404, 409, 404, 404),
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
    "GET /users/profile/notifications/": Request(*SIGNED_IN),
    "PATCH /users/profile/notifications/": Request(
        *SIGNED_IN, sends=lambda world: {"reminders": {"email": False}}
    ),
    "DELETE /users/profile/": Request(
        401, *[204] * 4, sends=lambda world: {"current_password": PASSWORD}
    ),
    "GET /users/profile/export/": Request(401, 404, 200, 404, 404),
    "POST /users/profile/export/": Request(401, *[202] * 4),
    "PUT /users/profile/avatar/": Request(*SIGNED_IN, uploads=lambda world: {"avatar": picture()}),
    "DELETE /users/profile/avatar/": Request(401, *[204] * 4),
    "GET /users/profile/participations/": Request(*SIGNED_IN),
    "GET /users/profile/statistics/": Request(*SIGNED_IN),
    "GET /users/profile/badges/": Request(*SIGNED_IN),
    "GET /users/leaderboard/": Request(*SIGNED_IN),
    "GET /users/sessions/": Request(*SIGNED_IN),
    "DELETE /users/sessions/": Request(401, *[204] * 4),
    "DELETE /users/sessions/{id}/": Request(401, 404, 204, 404, 404),
    "GET /users/{id}/": Request(*ALL),
    "GET /leads/": Request(*STAFF_ONLY),
    "POST /leads/": Request(*[202] * 5, sends=lead_form),
    "POST /leads/email/confirm/": Request(
        *[204] * 5, sends=lambda world: {"token": world.lead_token}
    ),
    "GET /leads/{lead_id}/": Request(*STAFF_ONLY),
    "PATCH /leads/{lead_id}/": Request(
        *STAFF_ONLY,
        sends=lambda world: {
            "name": "Rosa",
            "city": "Olinda",
            "state": "PE",
            "language": "en",
            "tags": ["horta"],
        },
    ),
    "DELETE /leads/{lead_id}/": Request(401, 403, 403, 403, 204),
    "POST /leads/{lead_id}/assign/": Request(
        *STAFF_ONLY, sends=lambda world: {"assigned_to": world.staff.pk}
    ),
    "POST /leads/{lead_id}/stage/": Request(
        *STAFF_ONLY, sends=lambda world: {"stage": "lost", "reason": "Mudou-se."}
    ),
    "POST /leads/{lead_id}/stage/ : too far": Request(
        401, 403, 403, 403, 409, sends=lambda world: {"stage": "invited"}
    ),
    "GET /leads/{lead_id}/stages/": Request(*STAFF_ONLY),
    "GET /leads/{lead_id}/notes/": Request(*STAFF_ONLY),
    "POST /leads/{lead_id}/notes/": Request(
        401, 403, 403, 403, 201, sends=lambda world: {"text": "Prefere sábados."}
    ),
    "POST /leads/{lead_id}/convert/": Request(*STAFF_ONLY),
    "POST /leads/{lead_id}/claims/{claim_id}/confirm/": Request(*STAFF_ONLY),
    "GET /leads/{lead_id}/merges/": Request(*STAFF_ONLY),
    "POST /leads/{lead_id}/merges/": Request(
        401,
        403,
        403,
        403,
        201,
        sends=lambda world: {"other": world.other_lead.pk, "reason": "Mesma pessoa."},
    ),
    "POST /leads/{lead_id}/merges/{merge_id}/undo/": Request(*STAFF_ONLY),
    "GET /leads/{lead_id}/export/": Request(*STAFF_ONLY),
}


# Without the special cases: one row for each operation of the schema.
OPERATIONS = [key for key in REQUESTS if " : " not in key]


def call(client, key, path, body):
    """Send the request of a row: what it uploads as a form, all else as JSON."""
    how = {"format": "multipart"} if REQUESTS[key].uploads else {}
    return getattr(client, method_of(key))(path, body, **how)


def method_of(key):
    return key.partition(" ")[0].lower()


def errors(response, status=400):
    """The errors of an answer, in the one shape that they all have."""
    assert response.status_code == status, response.content[:300]
    assert response.headers["Content-Type"] == "application/json"
    assert response.json().keys() == {"type", "errors"}
    return response.json()["errors"]
