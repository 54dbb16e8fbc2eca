"""Pages of the admin about events: one module for each topic."""

from events.admin import (
    categories,
    comments,
    dashboard,
    events,
    history,
    impact,
    mails,
    notifications,
    participants,
    photos,
    reports,
)

__all__ = [
    "categories",
    "comments",
    "dashboard",
    "events",
    "history",
    "impact",
    "mails",
    "notifications",
    "participants",
    "photos",
    "reports",
]
