"""Pictures of a place before and after, for the report of a month."""

from collections.abc import Iterator
from datetime import date
from typing import cast

from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef, Q

from events.impact import monthly, sums
from events.models import EventPhoto, EventReport

Pair = tuple[bytes, bytes, str]
# So many say it; each is two pictures in the file.
MOST = 6


def pairs(month: date) -> Iterator[Pair]:
    """JPEGs of before and after with their caption: of each event the newest pair that is shown.

    Those that an approved report tells of come first, of an event and of all.
    """
    begin, end = sums.period(month, monthly.last_day(month))
    shown = EventPhoto.objects.filter(
        status="shown",
        stage="after",
        pair_with__status="shown",
        event__in=sums.events_in(begin, end),
    )
    told = EventReport.photos.through.objects.filter(eventreport__status="approved")
    either = Q(eventphoto=OuterRef("pk")) | Q(eventphoto=OuterRef("pair_with"))
    is_told = Exists(told.filter(either))
    chosen = shown.annotate(is_told=is_told).order_by("event_id", "-is_told", "-pk")
    one_each = chosen.distinct("event_id").select_related("pair_with", "event")
    for photo in sorted(one_each, key=lambda photo: not photo.is_told)[:MOST]:
        before = cast(EventPhoto, photo.pair_with)
        yield _read(before), _read(photo), photo.caption or photo.event.title


def _read(photo: EventPhoto) -> bytes:
    with default_storage.open(str(photo.image.name)) as file:
        return bytes(file.read())
