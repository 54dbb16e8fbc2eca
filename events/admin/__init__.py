"""Pages of the admin about events: one module for each topic."""

from events.admin import categories, comments, events, notifications, participants

__all__ = ["categories", "comments", "events", "notifications", "participants"]
