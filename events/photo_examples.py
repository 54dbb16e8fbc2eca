"""Examples of photos for the description of the API."""

from drf_spectacular.utils import OpenApiExample

NEW_PHOTO = OpenApiExample(
    "The same place afterwards",
    {
        "photo": "(the file)",
        "stage": "after",
        "caption": "A praia depois do mutirão",
        "pair_with": 20,
        "people_agreed": True,
    },
    request_only=True,
)
PHOTO = OpenApiExample(
    "After the event",
    {
        "id": 21,
        "event": 7,
        "uploader": 12,
        "image": "https://mutirao.example.org/media/photos/5f0c.jpg?expires=…&signature=…",
        "thumbnail": "https://mutirao.example.org/media/photos/a91e.jpg?expires=…&signature=…",
        "caption": "A praia depois do mutirão",
        "stage": "after",
        "pair_with": 20,
        "status": "shown",
        "created_at": "2027-05-08T15:20:00Z",
    },
    response_only=True,
    status_codes=["200", "201"],
)
CAPTION = OpenApiExample("A caption", {"caption": "Limpa de novo"}, request_only=True)
FLAG = OpenApiExample(
    "It shows me", {"reason": "shows_me", "note": "Estou à esquerda."}, request_only=True
)
