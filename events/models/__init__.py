"""Events, who takes part in them, what they bring and say, and what they are told."""

from events.models.certificates import Certificate
from events.models.codes import new_code
from events.models.comments import CommentFlag, EventComment
from events.models.digests import Digest, ToldEvent
from events.models.events import (
    IMPACT_KINDS,
    CoOrganizer,
    Event,
    EventCategory,
    known_time_zones,
    validate_time_zone,
)
from events.models.impact import ImpactReport
from events.models.notifications import EventMail, EventNotification
from events.models.participation import CalendarFeed, CheckInScan, EventParticipant
from events.models.photos import EventPhoto, PhotoFlag
from events.models.reports import MAX_AMOUNT, EventReport, ReportContribution, ReportFigure
from events.models.resources import EventResource, ResourcePledge
from events.models.series import EventSeries
from events.models.waivers import Waiver, WaiverAcceptance

__all__ = [
    "IMPACT_KINDS",
    "MAX_AMOUNT",
    "CalendarFeed",
    "Certificate",
    "CheckInScan",
    "CoOrganizer",
    "Digest",
    "CommentFlag",
    "Event",
    "EventCategory",
    "EventMail",
    "EventNotification",
    "EventParticipant",
    "EventReport",
    "ImpactReport",
    "ReportContribution",
    "ReportFigure",
    "EventSeries",
    "ToldEvent",
    "Waiver",
    "WaiverAcceptance",
    "EventComment",
    "EventResource",
    "ResourcePledge",
    "EventPhoto",
    "PhotoFlag",
    "known_time_zones",
    "new_code",
    "validate_time_zone",
]
