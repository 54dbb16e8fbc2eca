"""What people bring to the demo events, and what they say about them."""

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from events.models import Event, EventComment, EventResource, ResourcePledge

DEMO = Path(__file__).parents[1] / "demo"
# What apps above events add, once the events are there; each says so in AppConfig.ready.
_further: list[Callable[[], None]] = []


def register(step: Callable[[], None]) -> None:
    _further.append(step)


def add_further() -> None:
    for step in _further:
        step()


def read(name: str) -> list[dict[str, str]]:
    with (DEMO / name).open(newline="") as file:
        return list(csv.DictReader(file))


def add_resources(event: Event) -> None:
    """Ask for what such an event needs; some of it is pledged. The last one who comes drives."""
    people = list(event.participants.confirmed().order_by("pk"))
    for row in read("resources.csv"):
        if row["category"] == event.category.slug:
            needed, pledged = int(row["needed"]), int(row["pledged"]) if people else 0
            resource = event.resources.create(
                name=row["name"], description=row["description"], needed=needed, pledged=pledged
            )
            _share(resource, people)
    if len(people) > 1:
        *others, driver = people
        ride = event.resources.create(
            kind=EventResource.Kind.RIDE,
            name=f"Carro saindo do centro de {event.city}",
            description="Uma hora antes, na frente da rodoviária.",
            needed=4,
            pledged=min(2, len(others)),
            offered_by=driver.user,
        )
        ResourcePledge.objects.bulk_create(
            ResourcePledge(resource=ride, participant=one, quantity=1) for one in others[:2]
        )


def _share(resource: EventResource, people: list) -> None:
    """Give each of the first people a part of what is pledged."""
    left = resource.pledged
    part = -(-left // max(1, len(people) // 2))
    for participant in people:
        if left > 0:
            resource.pledges.create(participant=participant, quantity=min(part, left))
            left -= part


def add_comments(event: Event, number: int) -> None:
    """Some people ask and the organizer answers; each event begins with another question."""
    rows = read("comments.csv")
    people = [place.user for place in event.participants.select_related("user").order_by("pk")]
    for step, author in enumerate(people[:3]):
        row = rows[(number + step) % len(rows)]
        asked_at = event.created_at + timedelta(hours=2 * step + 1)
        comment = EventComment.objects.create(
            event=event, author=author, text=row["text"], created_at=asked_at
        )
        if row["answer"]:
            event.comments.create(
                author=event.organizer,
                text=row["answer"],
                parent=comment,
                created_at=asked_at + timedelta(minutes=40),
            )
