"""Backups: one archive a night, read back before it counts, and the way back from one."""

from config.backups.archive import BackupError
from config.backups.making import back_up, back_up_unless_done, last_good_at
from config.backups.restoring import look, restore

__all__ = ["BackupError", "back_up", "back_up_unless_done", "last_good_at", "look", "restore"]
