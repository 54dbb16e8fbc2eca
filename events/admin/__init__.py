"""Pages of the admin about events: one module for each topic."""

from events.admin import (
    categories,
    comments,
    dashboard,
    digests,
    events,
    history,
    impact,
    mails,
    notifications,
    participants,
    photos,
    reports,
    series,
    waivers,
)

__all__ = [
    "categories",
    "comments",
    "dashboard",
    "digests",
    "events",
    "history",
    "impact",
    "mails",
    "notifications",
    "participants",
    "photos",
    "reports",
    "series",
    "waivers",
]
