"""The list of participants for a device that will be without a network, signed by us."""

import hashlib
from typing import Any

import orjson
from django.core import signing
from django.utils import timezone

from events.models import Event

SALT = "events.check_in_lists"


def make(event: Event) -> dict[str, Any]:
    """Who is expected at the event; its signature comes back with what was scanned."""
    places = event.participants.exclude(status="left").select_related("user").with_waiver()
    people = [_shown(place) for place in places.order_by("pk")]
    issued_at = timezone.now()
    signed = {
        "event": event.pk,
        "version": event.version,
        "issued_at": issued_at.isoformat(),
        "people": hashlib.sha256(orjson.dumps(people)).hexdigest(),
    }
    return {
        "event": event.pk,
        "version": event.version,
        "issued_at": issued_at,
        "participants": people,
        "signature": signing.dumps(signed, salt=SALT),
    }


def _shown(place: Any) -> dict[str, Any]:
    return {
        "id": place.pk,
        "name": place.user.name,
        "status": place.status,
        "ticket_hash": hashlib.sha256(place.ticket_code.encode()).hexdigest(),
        "checked_in_at": place.checked_in_at,
        "checked_out_at": place.checked_out_at,
        "waiver_missing": place.waiver_missing,
    }


def is_ours(event: Event, signature: str) -> bool:
    """Whether we signed a list of this event."""
    try:
        return signing.loads(signature, salt=SALT)["event"] == event.pk
    except signing.BadSignature:
        return False
