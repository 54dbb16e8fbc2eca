"""Pages of the admin about events: one module for each topic."""

from events.admin import categories, events, impact, notifications, participants, reports

__all__ = ["categories", "events", "impact", "notifications", "participants", "reports"]
