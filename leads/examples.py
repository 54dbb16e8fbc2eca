"""Examples for the description of the API."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_LEAD: dict[str, Any] = {
    "id": 7,
    "name": "Rosa Lima",
    "city": "Recife",
    "state": "PE",
    "time_zone": "America/Recife",
    "language": "pt-br",
    "source": "form",
    "stage": "new",
    "stage_changed_at": "2027-05-03T12:00:00Z",
    "lost_reason": "",
    "tags": ["horta"],
    "assigned_to": 3,
    "user": None,
    "merged_into": None,
    "opted_out_at": None,
    "last_inbound_at": None,
    "created_at": "2027-05-03T12:00:00Z",
}
_IDENTITY = {
    "id": 11,
    "kind": "email",
    "value": "rosa@example.org",
    "proof": "staff",
    "proven_at": "2027-05-03T12:05:00Z",
    "created_at": "2027-05-03T12:00:00Z",
}
_PAGE = {
    **_LEAD,
    "utm": {"utm_source": "instagram"},
    "identities": [_IDENTITY],
    "claims": [
        {
            "id": 5,
            "kind": "phone",
            "value": "+5581987654321",
            "confirmed_at": None,
            "created_at": "2027-05-03T12:00:00Z",
        }
    ],
    "consents": [
        {
            "id": 2,
            "purpose": "contact",
            "is_given": True,
            "text": "Concordo em receber uma resposta.",
            "version": "2027-05",
            "channel": "form",
            "recorded_at": "2027-05-03T12:00:00Z",
        }
    ],
    "submissions": [
        {
            "id": 2,
            "typed": {"name": "Rosa Lima", "email": "rosa@example.org", "message": "Oi!"},
            "source": "form",
            "utm": {"utm_source": "instagram"},
            "submitted_at": "2027-05-03T12:00:00Z",
        }
    ],
    "look_alikes": [9],
}
_NOTE = {
    "id": 4,
    "author": 3,
    "text": "Prefere sábados de manhã.",
    "created_at": "2027-05-03T13:00:00Z",
}
_MERGE = {
    "id": 2,
    "kept": 7,
    "gone": 9,
    "reason": "Mesmo telefone, confirmado por voz.",
    "merged_by": 3,
    "merged_at": "2027-05-03T13:00:00Z",
    "undone_at": None,
}
FORM = OpenApiExample(
    "Rosa writes",
    {
        "name": "Rosa Lima",
        "email": "rosa@example.org",
        "phone": "(81) 98765-4321",
        "message": "Quero ajudar na horta.",
        "city": "Recife",
        "source": "form",
        "utm_source": "instagram",
        "consent_text": "Concordo em receber uma resposta.",
        "consent_version": "2027-05",
        "accepts_messages": True,
    },
    request_only=True,
)
THANKS = OpenApiExample(
    "For everyone",
    {"detail": "Thank you! We have your message and will write to you."},
    response_only=True,
    status_codes=["202"],
)
TOKEN = OpenApiExample(
    "From the link of a mail", {"token": "WzcsIjNmMmUi…:1uBQ0x:…"}, request_only=True
)
LEAD = OpenApiExample("A lead", _LEAD, response_only=True)
LEAD_PAGE = OpenApiExample("A lead", _PAGE, response_only=True)
EDIT = OpenApiExample("Another city", {"city": "Olinda", "tags": ["horta"]}, request_only=True)
ASSIGNMENT = OpenApiExample("To somebody", {"assigned_to": 3}, request_only=True)
STAGE = OpenApiExample("Lost", {"stage": "lost", "reason": "Mudou de cidade."}, request_only=True)
ACCOUNT = OpenApiExample("The account", {"user": 12}, response_only=True)
IDENTITY = OpenApiExample("Proven by staff", _IDENTITY, response_only=True)
STAGE_CHANGE = OpenApiExample(
    "Qualified",
    {
        "id": 3,
        "old": "new",
        "new": "qualified",
        "reason": "",
        "changed_by": 3,
        "changed_at": "2027-05-03T13:00:00Z",
    },
    response_only=True,
)
NOTE = OpenApiExample("A note", _NOTE, response_only=True)
NOTE_MADE = OpenApiExample("The note", _NOTE, response_only=True, status_codes=["201"])
NEW_NOTE = OpenApiExample("A new note", {"text": _NOTE["text"]}, request_only=True)
OTHER_LEAD = OpenApiExample(
    "One person", {"other": 9, "reason": "Mesmo telefone, confirmado por voz."}, request_only=True
)
MERGE = OpenApiExample("A merge", _MERGE, response_only=True)
MERGE_MADE = OpenApiExample("The merge", _MERGE, response_only=True, status_codes=["201"])
MERGE_UNDONE = OpenApiExample(
    "Undone", {**_MERGE, "undone_at": "2027-05-04T09:00:00Z"}, response_only=True
)
LEAD_COPY = OpenApiExample(
    "A copy",
    {
        "exported_at": "2027-05-03T13:00:00Z",
        "parts": {"lead_identities": [{"kind": "email", "value": "rosa@example.org"}]},
    },
    response_only=True,
)
