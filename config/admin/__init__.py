"""What the admin pages of all apps share, and the pages of the schedules."""

from config.admin import periodic_tasks, schedules

__all__ = ["periodic_tasks", "schedules"]
