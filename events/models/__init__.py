"""Events, who takes part in them, and what they are told."""

from events.models.codes import new_code
from events.models.events import (
    CoOrganizer,
    Event,
    EventCategory,
    known_time_zones,
    validate_time_zone,
)
from events.models.notifications import EventNotification
from events.models.participation import CalendarFeed, CheckInScan, EventParticipant
from events.models.photos import EventPhoto, PhotoFlag

__all__ = [
    "CalendarFeed",
    "CheckInScan",
    "CoOrganizer",
    "Event",
    "EventCategory",
    "EventNotification",
    "EventParticipant",
    "EventPhoto",
    "PhotoFlag",
    "known_time_zones",
    "new_code",
    "validate_time_zone",
]
