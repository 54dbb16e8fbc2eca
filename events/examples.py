"""Examples for the description of the API."""

from drf_spectacular.utils import OpenApiExample

_EVENT = {
    "title": "Mutirão na Praia do Campeche",
    "description": "Vamos recolher o lixo da areia e das trilhas.",
    "category": 1,
    "co_organizers": [],
    "address": "Av. Pequeno Príncipe, 2700",
    "city": "Florianópolis",
    "latitude": -27.6816,
    "longitude": -48.4823,
    "starts_at": "2027-05-08T12:00:00Z",
    "ends_at": "2027-05-08T15:00:00Z",
    "time_zone": "America/Sao_Paulo",
    "capacity": 30,
    "waitlist_enabled": True,
    "signup_closes_at": None,
    "leave_closes_at": "2027-05-07T12:00:00Z",
    "min_age": None,
}
_MADE = {
    "organizer": 3,
    "seats_left": 30,
    "status": "published",
    "cancel_reason": "",
    "series": None,
    "waiver_version": None,
}
NEW_EVENT = OpenApiExample(
    "A beach clean-up", {**_EVENT, "starts_at": "2027-05-08T09:00:00-03:00"}, request_only=True
)
EVENT = OpenApiExample(
    "Published",
    {
        "id": 7,
        **_EVENT,
        **_MADE,
    },
    response_only=True,
    status_codes=["200", "201"],
)
NEARBY = OpenApiExample(
    "Eight minutes on a bicycle", {**EVENT.value, "distance_km": 2.148}, response_only=True
)
MINE = OpenApiExample(
    "As a participant",
    {**EVENT.value, "my_role": "participant", "my_status": "confirmed"},
    response_only=True,
)
CHANGE = OpenApiExample("More seats", {"capacity": 40}, request_only=True)
HAND_OVER = OpenApiExample("To somebody else", {"organizer": 12}, request_only=True)
CATEGORY = OpenApiExample(
    "Planting",
    {
        "id": 1,
        "name": "Plantio",
        "slug": "plantio",
        "description": "Mudas e cuidado com elas.",
        "metrics": ["seedlings", "area"],
    },
    response_only=True,
)
VENUE_CODE = OpenApiExample(
    "What hangs at the venue",
    {
        "event": 7,
        "venue_code": "n8rXfWvLq3mT0aYcB5uKdw",
        "qr_code": "data:image/svg+xml;charset=utf-8,…",
    },
    response_only=True,
)
CALENDAR_FEED = OpenApiExample(
    "To subscribe to",
    {
        "url": "https://mutirao.example.org/api/v1/events/calendar/Zx1pQ7o2TnB9sWdKfE3uVg.ics",
        "created_at": "2027-03-01T12:00:00Z",
    },
    response_only=True,
)
_REASON = "Previsão de tempestade no sábado."
CANCELLATION = OpenApiExample("A storm", {"reason": _REASON}, request_only=True)
CANCELLED = OpenApiExample(
    "Cancelled",
    {**EVENT.value, "status": "cancelled", "cancel_reason": _REASON},
    response_only=True,
)
STATS = OpenApiExample(
    "After the event",
    {
        "event": 7,
        "capacity": 30,
        "confirmed": 24,
        "waitlisted": 0,
        "left": 3,
        "no_show": 2,
        "checked_in": 24,
        "checked_out": 21,
        "attendance_rate": 0.9231,
        "hours": 70.5,
        "figures": {"waste": 412.5},
    },
    response_only=True,
)
_PARTICIPANT = {
    "id": 41,
    "event": 7,
    "user": 12,
    "name": "Ana Souza",
    "status": "confirmed",
    "position": None,
    "checked_in_at": None,
    "checked_out_at": None,
    "waiver_missing": False,
    "no_photos": False,
}
JOIN = OpenApiExample("Under the waiver that was read", {"accepts_waiver": 2}, request_only=True)
PARTICIPANT = OpenApiExample(
    "A seat", _PARTICIPANT, response_only=True, status_codes=["200", "201"]
)
WAITING = OpenApiExample(
    "A place on the waiting list",
    {**_PARTICIPANT, "status": "waitlisted", "position": 2},
    response_only=True,
    status_codes=["200", "201"],
)
LEFT = OpenApiExample("Gone", {**_PARTICIPANT, "status": "left"}, response_only=True)
NO_SHOW = OpenApiExample("Missed", {**_PARTICIPANT, "status": "no_show"}, response_only=True)
_CAME = {**_PARTICIPANT, "checked_in_at": "2027-05-08T12:05:00Z"}
CHECKED_IN = OpenApiExample("Has come", _CAME, response_only=True)
CHECKED_OUT = OpenApiExample(
    "Went home", {**_CAME, "checked_out_at": "2027-05-08T15:05:00Z"}, response_only=True
)
CHECK_IN = OpenApiExample(
    "An organizer scans a ticket",
    {"ticket_code": "ZrD7f0b0sV3nJx8kq2TQ1A", "nonce": "b3d1c2a4"},
    request_only=True,
)
CHECK_IN_ONESELF = OpenApiExample(
    "Oneself, with the code at the venue",
    {"venue_code": "n8rXfWvLq3mT0aYcB5uKdw", "nonce": "77aa01"},
    request_only=True,
)
WALK_UP = OpenApiExample(
    "Someone who is not signed up", {"email": "ana@example.org"}, request_only=True
)
REMOVAL = OpenApiExample("Why", {"reason": "Pediu por telefone para sair."}, request_only=True)
WRONG_SCAN = OpenApiExample("Why", {"reason": "Era o crachá de outra pessoa."}, request_only=True)
PARTICIPATION = OpenApiExample(
    "Three hours",
    {
        "id": 41,
        "event": 7,
        "title": "Mutirão na Praia do Campeche",
        "city": "Florianópolis",
        "starts_at": "2027-05-08T12:00:00Z",
        "ends_at": "2027-05-08T15:00:00Z",
        "event_status": "finished",
        "status": "confirmed",
        "position": None,
        "checked_in_at": "2027-05-08T12:05:00Z",
        "checked_out_at": "2027-05-08T15:05:00Z",
        "hours": 3.0,
    },
    response_only=True,
)

_WAIVER = "Participo por minha conta e sigo as orientações de quem coordena."
NEW_WAIVER = OpenApiExample("A waiver", {"text": _WAIVER}, request_only=True)
WAIVER = OpenApiExample(
    "The second version",
    {"event": 7, "version": 2, "text": _WAIVER, "created_at": "2027-03-01T12:00:00Z"},
    response_only=True,
)
