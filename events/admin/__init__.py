"""Pages of the admin about events: one module for each topic."""

from events.admin import categories, events, notifications, participants, photos

__all__ = ["categories", "events", "notifications", "participants", "photos"]
