"""Examples of comments for the description of the API."""

from drf_spectacular.utils import OpenApiExample

NEW_COMMENT = OpenApiExample(
    "A question", {"text": "@organizer, tem onde deixar a bicicleta?"}, request_only=True
)
NEW_REPLY = OpenApiExample(
    "An answer", {"text": "Tem, ao lado do portão 7.", "parent": 31}, request_only=True
)
FLAG = OpenApiExample("Why", {"reason": "É propaganda."}, request_only=True)
_COMMENT = {
    "id": 31,
    "event": 7,
    "parent": None,
    "author": 12,
    "author_name": "Bia",
    "text": "@organizer, tem onde deixar a bicicleta?",
    "state": "shown",
    "created_at": "2027-05-01T12:00:00Z",
}
_REPLY = {**_COMMENT, "id": 32, "parent": 31, "author": 3, "author_name": "Ana Lima"}
COMMENT = OpenApiExample(
    "With an answer",
    {
        **_COMMENT,
        "reply_count": 1,
        "replies": [{**_REPLY, "text": "Tem, ao lado do portão 7."}],
    },
    response_only=True,
    status_codes=["200", "201"],
)
