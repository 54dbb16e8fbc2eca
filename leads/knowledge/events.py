"""Published events as knowledge: in the words in which people ask for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone, translation
from django.utils.formats import date_format

from events import emails
from events.models import Event
from leads.models import Document

AHEAD = timedelta(days=120)
MOST = 500
# In Portuguese whatever the language of who asks: it is what is quoted, and how it is found.
TEXT = """\
## {title}, {city}
? O que tem {weekday} em {city}?
? Quando e a que horas é {title}?
? Onde é {title}? Qual é o endereço?
{title} em {city}: {day}, das {start} às {end}{zone}. Local: {address}. {description}
{age}{seats}"""
PARTS = ((12, "de manhã"), (18, "à tarde"), (24, "à noite"))


@dataclass(frozen=True)
class EventText:
    """What is known of an event, and where its row is found again."""

    source: str
    title: str
    url: str
    text: str
    expires_at: datetime

    def fields(self) -> dict[str, Any]:
        return {
            "kind": Document.Kind.EVENT,
            "title": self.title,
            "url": self.url,
            "text": self.text,
            "expires_at": self.expires_at,
        }


def upcoming() -> Iterator[EventText]:
    """The published events that begin soon enough to be asked for."""
    soon = Event.objects.published().upcoming().filter(starts_at__lt=timezone.now() + AHEAD)
    for event in soon.order_by("starts_at", "pk")[:MOST]:
        yield EventText(
            source=f"event:{event.pk}",
            title=event.title,
            url=emails.page(event),
            text=text_of(event),
            expires_at=event.ends_at,
        )


def text_of(event: Event) -> str:
    start, end = event.starts_at_local, event.ends_at_local
    with translation.override("pt-br"):
        weekday = str(date_format(start, "l")).lower()
        day = str(date_format(start, r"l, j \d\e F \d\e Y")).lower()
    part = next(words for hour, words in PARTS if start.hour < hour)
    return TEXT.format(
        title=_line(event.title),
        city=_line(event.city),
        weekday=f"{weekday} {part}",
        day=day,
        start=_clock(start),
        end=_clock(end),
        zone="" if event.time_zone == "America/Sao_Paulo" else f" ({event.time_zone})",
        address=_line(event.address) or "na página do evento",
        description=_line(event.description)[:1500],
        age=f"Idade mínima: {event.min_age} anos. " if event.min_age else "",
        # How many are left changes by the minute: the page tells.
        seats=f"São {event.capacity} vagas; quantas restam está na página do evento.",
    )


def _line(text: str) -> str:
    """In one line: whatever an organizer wrote, no line of it begins with a mark."""
    return " ".join(text.split())


def _clock(moment: datetime) -> str:
    return f"{moment:%-Hh}" if moment.minute == 0 else f"{moment:%-Hh%M}"
