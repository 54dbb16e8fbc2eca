"""What may be done with events, by topic; `seats` holds the lock that all of them take first."""

from events.services.attendance import (
    AlreadyCheckedIn,
    AlreadyCheckedOut,
    CheckInNotOpen,
    NotCheckedIn,
    check_in,
    check_in_oneself,
    check_out,
    check_takes_people_in,
)
from events.services.certificates import EventNotFinished, NoHours, certify, holds
from events.services.corrections import NotStarted, mark_no_show, undo_check_in
from events.services.dead_letters import NotGivenUp, send_again
from events.services.editing import (
    CapacityBelowConfirmed,
    EndsInPast,
    EventNotDeletable,
    EventNotEditable,
    PeopleHaveCome,
    create,
    delete,
    edit,
)
from events.services.lifecycle import archive_old_events, cancel, ended_events, finish, publish
from events.services.notifications import (
    overdue_notifications,
    remind,
    send_notification,
)
from events.services.participation import (
    BirthDateRequired,
    EventClosed,
    HasCome,
    LeavingClosed,
    NotJoined,
    SignupClosed,
    TimeClash,
    TooYoung,
    join,
    leave,
    remove,
)
from events.services.recounting import miscounted_seats, recount_seats
from events.services.seats import EventFull, EventGone
from events.transitions import EventNotOver, EventOver, StartsInPast, WrongStatus

__all__ = [
    "AlreadyCheckedIn",
    "AlreadyCheckedOut",
    "BirthDateRequired",
    "CapacityBelowConfirmed",
    "CheckInNotOpen",
    "EndsInPast",
    "EventClosed",
    "EventFull",
    "EventGone",
    "EventNotDeletable",
    "EventNotEditable",
    "EventNotFinished",
    "EventNotOver",
    "EventOver",
    "HasCome",
    "LeavingClosed",
    "NoHours",
    "NotCheckedIn",
    "NotGivenUp",
    "NotJoined",
    "NotStarted",
    "PeopleHaveCome",
    "SignupClosed",
    "StartsInPast",
    "TimeClash",
    "TooYoung",
    "WrongStatus",
    "archive_old_events",
    "cancel",
    "certify",
    "check_in",
    "check_in_oneself",
    "check_out",
    "check_takes_people_in",
    "create",
    "delete",
    "edit",
    "ended_events",
    "finish",
    "holds",
    "join",
    "leave",
    "mark_no_show",
    "miscounted_seats",
    "overdue_notifications",
    "publish",
    "recount_seats",
    "remind",
    "remove",
    "send_again",
    "send_notification",
    "undo_check_in",
]
