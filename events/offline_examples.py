"""Examples of check-ins without a network for the description of the API."""

from drf_spectacular.utils import OpenApiExample

_SIGNATURE = "eyJldmVudCI6NywidmVyc2lvbiI6M30:1vOabc:Q2f1wXc3nVYh0s8cDkq"
CHECK_IN_LIST = OpenApiExample(
    "One is expected",
    {
        "event": 7,
        "version": 3,
        "issued_at": "2027-05-08T10:00:00Z",
        "participants": [
            {
                "id": 41,
                "name": "Ana Souza",
                "status": "confirmed",
                "ticket_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "checked_in_at": None,
                "checked_out_at": None,
                "waiver_missing": False,
            }
        ],
        "signature": _SIGNATURE,
    },
    response_only=True,
)
SYNC = OpenApiExample(
    "Two scans",
    {
        "signature": _SIGNATURE,
        "items": [
            {
                "nonce": "b3d1c2a4",
                "ticket_code": "ZrD7f0b0sV3nJx8kq2TQ1A",
                "direction": "in",
                "happened_at": "2027-05-08T12:05:00Z",
            },
            {
                "nonce": "b3d1c2a5",
                "participant": 42,
                "direction": "in",
                "happened_at": "2027-05-08T12:06:00Z",
            },
        ],
    },
    request_only=True,
)
SYNCED = OpenApiExample(
    "One of them has no seat",
    {
        "results": [
            {"nonce": "b3d1c2a4", "result": "ok", "code": "", "detail": ""},
            {
                "nonce": "b3d1c2a5",
                "result": "conflict",
                "code": "not_joined",
                "detail": "Esta pessoa não tem vaga: receba-a na entrada.",
            },
        ]
    },
    response_only=True,
)
