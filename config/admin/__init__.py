"""What the admin pages of all apps share, and the pages of schedules and dead letters."""

from config.admin import dashboard, dead_letters, periodic_tasks, schedules

__all__ = ["dashboard", "dead_letters", "periodic_tasks", "schedules"]
