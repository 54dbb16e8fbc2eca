"""Pages of the admin about events: one module for each topic."""

from events.admin import (
    categories,
    dashboard,
    events,
    history,
    mails,
    notifications,
    participants,
)

__all__ = [
    "categories",
    "dashboard",
    "events",
    "history",
    "mails",
    "notifications",
    "participants",
]
