"""Events, who takes part in them, what they bring and say, and what they are told."""

from events.models.codes import new_code
from events.models.comments import CommentFlag, EventComment
from events.models.events import (
    CoOrganizer,
    Event,
    EventCategory,
    known_time_zones,
    validate_time_zone,
)
from events.models.notifications import EventNotification
from events.models.participation import CalendarFeed, CheckInScan, EventParticipant
from events.models.resources import EventResource, ResourcePledge

__all__ = [
    "CalendarFeed",
    "CheckInScan",
    "CoOrganizer",
    "CommentFlag",
    "Event",
    "EventCategory",
    "EventComment",
    "EventNotification",
    "EventParticipant",
    "EventResource",
    "ResourcePledge",
    "known_time_zones",
    "new_code",
    "validate_time_zone",
]
