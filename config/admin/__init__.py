"""What the admin pages of all apps share, and the pages of schedules and dead letters."""

from config.admin import dead_letters, periodic_tasks, schedules

__all__ = ["dead_letters", "periodic_tasks", "schedules"]
