"""Examples of reports for the description of the API."""

from drf_spectacular.utils import OpenApiExample

_SUMMARY = "Praia limpa do canto sul até o riacho."
_REPORT = {
    "event": 7,
    "status": "draft",
    "summary": _SUMMARY,
    "figures": {"waste": 412.5, "area": 6000.0},
    "photos": [20, 21],
    "attributed": {"waste": 0.0, "area": 0.0},
    "return_reason": "",
    "submitted_at": None,
    "decided_at": None,
}
_IN = {**_REPORT, "status": "submitted", "submitted_at": "2027-05-09T14:00:00Z"}
REPORT = OpenApiExample(
    "What came of it",
    {"summary": _SUMMARY, "figures": {"waste": 412.5, "area": 6000}, "photos": [20, 21]},
    request_only=True,
)
DRAFT = OpenApiExample("Written", _REPORT, response_only=True)
SUBMITTED = OpenApiExample("Handed in", _IN, response_only=True)
APPROVED = OpenApiExample(
    "Approved",
    {
        **_IN,
        "status": "approved",
        "attributed": {"waste": 93.5, "area": 0.0},
        "decided_at": "2027-05-10T09:30:00Z",
    },
    response_only=True,
)
_SAID = {
    "id": 5,
    "user": 12,
    "name": "Ana Souza",
    "kind": "waste",
    "amount": 18.5,
    "status": "pending",
    "approved_amount": None,
    "reason": "",
    "created_at": "2027-05-08T16:00:00Z",
    "decided_at": None,
}
_DECIDED = {**_SAID, "decided_at": "2027-05-09T13:00:00Z"}
CONTRIBUTION = OpenApiExample("One's own", {"kind": "waste", "amount": 18.5}, request_only=True)
PENDING = OpenApiExample(
    "Waits for an organizer", _SAID, response_only=True, status_codes=["200", "201"]
)
CREDITED = OpenApiExample(
    "Credited", {**_DECIDED, "status": "approved", "approved_amount": 18.5}, response_only=True
)
_WET = "A areia molhada pesou junto."
ADJUSTMENT = OpenApiExample("Less", {"amount": 15, "reason": _WET}, request_only=True)
ADJUSTED = OpenApiExample(
    "Adjusted",
    {**_DECIDED, "status": "adjusted", "approved_amount": 15.0, "reason": _WET},
    response_only=True,
)
_TWICE = "Já contado com o grupo."
REJECTION = OpenApiExample("Why", {"reason": _TWICE}, request_only=True)
REJECTED = OpenApiExample(
    "Rejected", {**_DECIDED, "status": "rejected", "reason": _TWICE}, response_only=True
)
_VISITS = {"events": 14, "people": 131, "visits": 212, "hours": 640.5}
_FIGURES = {"waste": 1830.0, "seedlings": 420.0}
_IMPACT = {**_VISITS, "reports": 12, "figures": _FIGURES}
IMPACT = OpenApiExample("A quarter", _IMPACT, response_only=True)
MONTH = OpenApiExample(
    "May",
    {
        **_IMPACT,
        "month": "2027-05",
        "generated_at": "2027-06-01T06:30:00Z",
        "categories": [{"category": 1, "name": "Plantio", **_VISITS, "figures": _FIGURES}],
        "weeks": [{"from": "2027-05-01", "to": "2027-05-02", **_VISITS}],
        "cities": [{"city": "Florianópolis", **_VISITS}],
    },
    response_only=True,
)
