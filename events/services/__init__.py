"""What may be done with events, by topic; `seats` holds the lock that all of them take first."""

from events.report_transitions import WrongReportStatus
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
from events.services.comments import (CommentGone, NotShown, OwnComment, ReplyToReply, approve_comment, comment, delete_comment, flag, hide_comment)
from events.services.contributions import (ContributionDecided, ContributionsExceedFigure, add_contribution, adjust_contribution, approve_contribution, reject_contribution)
from events.services.copies import (copy)
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
from events.services.mails import (NobodyToWriteTo, Reach, reach, write_to)
from events.services.monthly import (generate_monthly_report, remake_monthly_report)
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
from events.services.pledges import (MoreThanNeeded, OneSeatEach, OwnRide, pledge, take_back, warn_of_shortfalls)
from events.services.recounting import (miscounted_resources, miscounted_seats, recount_resource, recount_seats)
from events.services.report_statistics import (process_report_statistics, unprocessed_reports)


from events.services.reports import (
    FigureBelowContributions,
    ReportIncomplete,
    approve_report,
    return_report,
    save_report,
    submit_report,
)
from events.services.resources import (
    NeededBelowPledged,
    PledgingClosed,
    ResourceGone,
    RideExists,
    SeatRequired,
    add_resource,
    delete_resource,
    edit_resource,
    offer_ride,
)
from events.services.seats import EventFull, EventGone
from events.services.series import extend_series, series_to_extend, start_series
from events.services.series_edits import NotInSeries, edit_series, preview_series_edit
from events.services.syncing import sync_check_ins
from events.services.waivers import WaiverRequired, remove_waiver, set_waiver
from events.transitions import EventNotOver, EventOver, StartsInPast, WrongStatus

__all__ = [
    "AlreadyCheckedIn",
    "AlreadyCheckedOut",
    "BirthDateRequired",
    "CapacityBelowConfirmed",
    "CheckInNotOpen",
    "ContributionDecided",
    "ContributionsExceedFigure",
    "CommentGone",
    "EndsInPast",
    "EventClosed",
    "EventFull",
    "EventGone",
    "EventNotDeletable",
    "EventNotEditable",
    "EventNotOver",
    "EventOver",
    "FigureBelowContributions",
    "HasCome",
    "LeavingClosed",
    "MoreThanNeeded",
    "NeededBelowPledged",
    "NotCheckedIn",
    "NotGivenUp",
    "NotInSeries",
    "NotJoined",
    "NotShown",
    "NotStarted",
    "OneSeatEach",
    "OwnComment",
    "OwnRide",
    "PeopleHaveCome",
    "ReportIncomplete",
    "PledgingClosed",
    "ReplyToReply",
    "ResourceGone",
    "RideExists",
    "SeatRequired",
    "SignupClosed",
    "StartsInPast",
    "TimeClash",
    "TooYoung",
    "WrongReportStatus",
    "WaiverRequired",
    "WrongStatus",
    "add_contribution",
    "adjust_contribution",
    "approve_contribution",
    "approve_report",
    "add_resource",
    "approve_comment",
    "archive_old_events",
    "cancel",
    "check_in",
    "check_in_oneself",
    "check_out",
    "check_takes_people_in",
    "copy",
    "comment",
    "create",
    "delete",
    "delete_comment",
    "delete_resource",
    "edit",
    "edit_series",
    "edit_resource",
    "ended_events",
    "extend_series",
    "finish",
    "generate_monthly_report",
    "flag",
    "hide_comment",
    "join",
    "leave",
    "mark_no_show",
    "miscounted_resources",
    "miscounted_seats",
    "NobodyToWriteTo",
    "Reach",
    "overdue_notifications",
    "reach",
    "write_to",
    "process_report_statistics",
    "preview_series_edit",
    "offer_ride",
    "pledge",
    "publish",
    "recount_resource",
    "recount_seats",
    "reject_contribution",
    "remake_monthly_report",
    "remind",
    "remove",
    "return_report",
    "save_report",
    "send_again",
    "send_notification",
    "submit_report",
    "remove_waiver",
    "series_to_extend",
    "set_waiver",
    "start_series",
    "sync_check_ins",
    "undo_check_in",
    "unprocessed_reports",
    "take_back",
    "warn_of_shortfalls",
]
