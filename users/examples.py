"""Examples for the description of the API."""

from drf_spectacular.utils import OpenApiExample

_PROFILE = {
    "email": "ana@example.org",
    "first_name": "Ana",
    "last_name": "Souza",
    "phone": "+5548987654321",
    "bio": "Gosto de plantar árvores.",
    "city": "Florianópolis",
    "latitude": -27.5954,
    "longitude": -48.548,
    "travel_radius_km": 25,
    "language": "pt-br",
    "birth_date": "1994-08-21",
    "is_public": True,
    "refuses_photos": False,
    "avatar": None,
    "in_leaderboard": False,
}
_AVATAR = "https://mutirao.example.org/media/avatars/9c1d.jpg?expires=…&signature=…"
_TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"  # noqa: S105
_MAIL_TOKEN = "WzcsIjNmMmUi…:1uBQ0x:…"  # noqa: S105

CREDENTIALS = OpenApiExample(
    "Ana", {"email": "ana@example.org", "password": "um segredo bem guardado"}, request_only=True
)
REFRESH = OpenApiExample("Refresh token", {"refresh": _TOKEN}, request_only=True)
ACCEPTED = OpenApiExample("Accepted", {}, response_only=True)
PAIR = OpenApiExample("Tokens", {"access": _TOKEN, "refresh": _TOKEN}, response_only=True)
TOKEN = OpenApiExample("A token", {"token": _TOKEN}, request_only=True)
MAIL_TOKEN = OpenApiExample("From the link of a mail", {"token": _MAIL_TOKEN}, request_only=True)
ADDRESS = OpenApiExample("Ana", {"email": "ana@example.org"}, request_only=True)
NEW_ADDRESS = OpenApiExample(
    "Another address",
    {"email": "ana.souza@example.org", "current_password": "um segredo bem guardado"},
    request_only=True,
)
NEW_PASSWORD = OpenApiExample(
    "From the link of a mail",
    {"token": _MAIL_TOKEN, "new_password": "girassol amarelo 42"},
    request_only=True,
)
PASSWORD_CHANGE = OpenApiExample(
    "Another password",
    {"current_password": "um segredo bem guardado", "new_password": "girassol amarelo 42"},
    request_only=True,
)
SENT = OpenApiExample(
    "Whether or not there is such an account",
    {"detail": "Se houver uma conta com este e-mail, uma mensagem está a caminho."},
    response_only=True,
    status_codes=["202"],
)
CHANGE_SENT = OpenApiExample(
    "Asked for",
    {"detail": "A mudança espera pelo link que enviamos ao novo endereço."},
    response_only=True,
    status_codes=["202"],
)
SESSION = OpenApiExample(
    "A telephone",
    {
        "id": "8f14e45f-ceea-467f-a0e6-3c1d5b7a9d20",
        "user_agent": "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36",
        "address": "203.0.113.7",
        "created_at": "2027-05-01T12:00:00Z",
        "last_used_at": "2027-05-03T18:30:00Z",
        "expires_at": "2027-05-10T18:30:00Z",
        "is_current": True,
    },
    response_only=True,
)
NEW_ACCOUNT = OpenApiExample(
    "Ana",
    {
        "email": "ana@example.org",
        "password": "um segredo bem guardado",
        "first_name": "Ana",
        "last_name": "Souza",
    },
    request_only=True,
)
USER = OpenApiExample("Ana", {"id": 7, **_PROFILE}, response_only=True, status_codes=["201"])
PROFILE_CHANGE = OpenApiExample("A move", {"city": "Olinda", "is_public": True}, request_only=True)
PROFILE = OpenApiExample(
    "Ana", {**_PROFILE, "avatar": _AVATAR}, response_only=True, status_codes=["200"]
)
NEW_AVATAR = OpenApiExample("A picture", {"avatar": "(the file)"}, request_only=True)
PUBLIC_PROFILE = OpenApiExample(
    "Ana",
    {
        "id": 7,
        "first_name": "Ana",
        "last_name": "Souza",
        "bio": "Gosto de plantar árvores.",
        "city": "Florianópolis",
        "avatar": _AVATAR,
        "joined_at": "2026-03-01T12:00:00Z",
        "hours": 42.5,
    },
    response_only=True,
    status_codes=["200"],
)
WISHES = OpenApiExample(
    "No reminders",
    {
        "event_changes": {"email": True},
        "reminders": {"email": False},
        "comments": {"email": True},
        "badges": {"email": True},
        "digest": {"email": True},
        "news": {"email": True},
        "security": {"email": True},
        "cancellations": {"email": True},
    },
    response_only=True,
)
WISHES_CHANGE = OpenApiExample(
    "No reminders any more", {"reminders": {"email": False}}, request_only=True
)
_EXPORT = {
    "status": "waiting",
    "requested_at": "2027-05-03T12:00:00Z",
    "ready_at": None,
    "expires_at": None,
    "url": None,
}
EXPORT_BEGUN = OpenApiExample("Begun", _EXPORT, response_only=True, status_codes=["202"])
EXPORT = OpenApiExample(
    "Ready",
    {
        **_EXPORT,
        "status": "ready",
        "ready_at": "2027-05-03T12:00:09Z",
        "expires_at": "2027-05-04T12:00:09Z",
        "url": "https://mutirao.example/media/exports/3f6a….zip?expires=…&signature=…",
    },
    response_only=True,
)
ERASURE = OpenApiExample(
    "By password", {"current_password": "um segredo bem guardado"}, request_only=True
)
_IMPACT = [{"kind": "waste", "unit": "kg", "amount": 31.5}]
STATISTICS = OpenApiExample(
    "Half a year",
    {
        "from": "2027-01-01",
        "to": "2027-06-30",
        "events": 7,
        "hours": 22.5,
        "impact": _IMPACT,
        "current_streak": 2,
        "longest_streak": 5,
        "by_category": [{"category": "limpeza", "events": 7, "hours": 22.5, "impact": _IMPACT}],
        "by_month": [{"month": "2027-05", "events": 7, "hours": 22.5, "impact": _IMPACT}],
    },
    response_only=True,
)
_AWARD = "https://mutirao.example/account/badges/5f0c1f0e-9f2b-4c55-8d0a-0d3f6f6d2a11/"
BADGE = OpenApiExample(
    "Earned",
    {
        "slug": "mao-na-massa",
        "name": "Mão na massa",
        "description": "Participou de dez mutirões.",
        "icon": "https://mutirao.example/static/users/badges/hands.svg",
        "metric": "events",
        "unit": "",
        "category": "",
        "window_days": None,
        "threshold": 10,
        "progress": 11,
        "award": {
            "id": "5f0c1f0e-9f2b-4c55-8d0a-0d3f6f6d2a11",
            "awarded_at": "2027-05-03T18:30:00Z",
            "page": _AWARD,
            "credential": f"{_AWARD}credential.jwt",
        },
    },
    response_only=True,
)
RANK = OpenApiExample(
    "The first",
    {"rank": 1, "first_name": "Ana", "last_name": "Souza", "city": "Olinda", "hours": 42.5},
    response_only=True,
)
