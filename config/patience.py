"""How often a row that waits for its mail is tried, and how long it rests in between."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

# How old a row is, by its tries so far, before a sweep starts it again: together they outlast a
# mail server's bad morning. The second and third try are the task's own.
PATIENCE = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240)]
MAX_ATTEMPTS = len(PATIENCE)
# Of a task whose row waits, should they fail too.
OWN_TRIES: dict[str, Any] = {"autoretry_for": (OSError,), "retry_backoff": 5, "max_retries": 2}


def overdue(*, attempts: str, since: str) -> Q:
    """Rows that may be tried again now, by the fields that count their tries and tell their age."""
    now, found = timezone.now(), Q()
    for count, patience in enumerate(PATIENCE):
        found |= Q(**{attempts: count, f"{since}__lte": now - patience})
    return found
