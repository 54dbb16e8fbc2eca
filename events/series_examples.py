"""Examples of series and copies for the description of the API."""

from drf_spectacular.utils import OpenApiExample

from events.examples import EVENT, NEW_EVENT

_RULE = "FREQ=WEEKLY;BYDAY=SA;COUNT=10"
COPY = OpenApiExample(
    "A month later", {"starts_at": "2027-06-05T09:00:00-03:00"}, request_only=True
)
NEW_SERIES = OpenApiExample(
    "Ten Saturdays",
    {
        **NEW_EVENT.value,
        "rrule": _RULE,
        "waiver": "Participo por minha conta e sigo as orientações de quem coordena.",
        "resources": [{"name": "Luva", "description": "De borracha.", "needed": 30}],
    },
    request_only=True,
)
SERIES = OpenApiExample(
    "Its first event",
    {
        "id": 5,
        "rrule": _RULE,
        "time_zone": "America/Sao_Paulo",
        "events": [{**EVENT.value, "series": 5}],
    },
    response_only=True,
    status_codes=["201"],
)
SERIES_EDIT = OpenApiExample(
    "Sundays from now on",
    {"scope": "following", "rrule": "FREQ=WEEKLY;BYDAY=SU"},
    request_only=True,
)
_LINE = {"event": 9, "starts_at": "2027-05-22T12:00:00Z", "was": None, "participants": 0}
SERIES_OUTCOME = OpenApiExample(
    "People count on one Saturday",
    {
        "scope": "following",
        "series": 6,
        "created": [{**_LINE, "event": None, "starts_at": "2027-05-16T12:00:00Z", "reason": ""}],
        "moved": [],
        "changed": [],
        "dropped": [{**_LINE, "reason": ""}],
        "kept": [{**_LINE, "event": 8, "participants": 4, "reason": "people"}],
    },
    response_only=True,
)
