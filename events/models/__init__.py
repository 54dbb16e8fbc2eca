"""Events, who takes part in them, and what they are told."""

from events.models.certificates import Certificate
from events.models.codes import new_code
from events.models.events import (
    CoOrganizer,
    Event,
    EventCategory,
    known_time_zones,
    validate_time_zone,
)
from events.models.notifications import EventMail, EventNotification
from events.models.participation import CalendarFeed, CheckInScan, EventParticipant

__all__ = [
    "CalendarFeed",
    "Certificate",
    "CheckInScan",
    "CoOrganizer",
    "Event",
    "EventCategory",
    "EventMail",
    "EventNotification",
    "EventParticipant",
    "known_time_zones",
    "new_code",
    "validate_time_zone",
]
