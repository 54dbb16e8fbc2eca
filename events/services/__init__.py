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
from events.services.recounting import miscounted_seats, recount_seats
from events.services.report_statistics import process_report_statistics, unprocessed_reports
from events.services.reports import (
    FigureBelowContributions,
    ReportIncomplete,
    approve_report,
    return_report,
    save_report,
    submit_report,
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
    "NotCheckedIn",
    "NotGivenUp",
    "NotInSeries",
    "NotJoined",
    "NotStarted",
    "PeopleHaveCome",
    "ReportIncomplete",
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
    "archive_old_events",
    "cancel",
    "check_in",
    "check_in_oneself",
    "check_out",
    "check_takes_people_in",
    "copy",
    "create",
    "delete",
    "edit",
    "edit_series",
    "ended_events",
    "extend_series",
    "finish",
    "generate_monthly_report",
    "join",
    "leave",
    "mark_no_show",
    "miscounted_seats",
    "NobodyToWriteTo",
    "Reach",
    "overdue_notifications",
    "reach",
    "write_to",
    "process_report_statistics",
    "preview_series_edit",
    "publish",
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
]
