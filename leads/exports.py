"""What leads know about a person: for the copy of an account's data, and of a lead's own."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import models

from leads.models import (
    Lead,
    LeadClaim,
    LeadConsent,
    LeadIdentity,
    LeadNote,
    LeadStageChange,
    LeadSubmission,
    Message,
)
from users import exports
from users.exports import Row, columns
from users.models import User

# By the name of each part: the rows, how they lead to their lead, and what is told of them.
PARTS: dict[str, tuple[type[models.Model], str, tuple[str, ...]]] = {
    "lead": (
        Lead,
        "",
        (
            *("id", "name", "city", "state", "time_zone", "language", "source", "utm", "stage"),
            *("lost_reason", "tags", "opted_out_at", "last_inbound_at", "created_at"),
        ),
    ),
    "lead_identities": (
        LeadIdentity,
        "lead",
        ("kind", "value", "proof", "proven_at", "created_at"),
    ),
    "lead_claims": (LeadClaim, "lead", ("kind", "value", "created_at", "confirmed_at")),
    "lead_forms": (LeadSubmission, "lead", ("fields", "source", "utm", "submitted_at")),
    "lead_consents": (
        LeadConsent,
        "lead",
        ("purpose", "is_given", "text", "version", "channel", "proof", "recorded_at"),
    ),
    "lead_stages": (LeadStageChange, "lead", ("old", "new", "reason", "changed_at")),
    "lead_notes": (LeadNote, "lead", ("text", "created_at")),
    "messages": (
        Message,
        "conversation__lead",
        ("conversation_id", "conversation__channel", "author", "kind", "text", "sent_at"),
    ),
}


def register() -> None:
    """Let the copy of an account hold them, but for what staff wrote down for themselves."""
    for name in PARTS.keys() - {"lead_notes"}:
        exports.register(name, _rows_of_user(name))


def _rows_of_user(name: str) -> Callable[[User], Iterable[Row]]:
    return lambda user: _part(name, "user", user)


def everything(lead: Lead) -> dict[str, list[Row]]:
    """All that is held about a lead."""
    return {name: list(_part(name, "pk", lead.pk)) for name in PARTS}


def _part(name: str, field: str, value: Any) -> Iterable[Row]:
    model, path, names = PARTS[name]
    lookup = f"{path}__{field}" if path else field
    return columns(model._default_manager.filter(**{lookup: value}), *names)
