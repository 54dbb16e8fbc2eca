"""What leads know about a person: for the copy of an account's data, and of a lead's own."""

from collections.abc import Callable, Iterable

from django.db import models

from leads.models import (
    Conversation,
    FollowUp,
    Lead,
    LeadClaim,
    LeadConsent,
    LeadIdentity,
    LeadMerge,
    LeadNote,
    LeadStageChange,
    LeadSubmission,
    Message,
    OpenQuestion,
)
from leads.services import identities
from users import exports
from users.exports import Row, columns
from users.models import User

# By the name of each part: the rows, how they lead to their lead, and what is told of them.
PARTS: dict[str, tuple[type[models.Model], str, tuple[str, ...]]] = {
    "lead": (
        Lead,
        "pk",
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
    "lead_merges": (LeadMerge, "kept", ("gone_id", "reason", "merged_at", "undone_at")),
    "lead_notes": (LeadNote, "lead", ("text", "created_at")),
    "conversations": (
        Conversation,
        "lead",
        (
            *("id", "channel", "state", "summary", "handoff_reason", "handoff_summary"),
            *("handed_off_at", "created_at", "last_message_at"),
        ),
    ),
    "messages": (
        Message,
        "conversation__lead",
        ("conversation_id", "conversation__channel", "author", "kind", "text", "sent_at"),
    ),
    "open_questions": (OpenQuestion, "conversation__lead", ("text", "asked_at", "handled_at")),
    "follow_ups": (
        FollowUp,
        "lead",
        (
            *("enrolment__sequence__name", "step__channel", "step__subject", "step__text_pt_br"),
            *("step__subject_en", "step__text_en", "bulk__channel", "bulk__subject", "bulk__text"),
            *("event__title", "status", "reason", "due_at", "sent_at"),
        ),
    ),
}


def register() -> None:
    """Let the copy of an account hold them, but for what staff wrote down for themselves."""
    for name in PARTS.keys() - {"lead_notes"}:
        exports.register(name, _rows_of_user(name))


def _rows_of_user(name: str) -> Callable[[User], Iterable[Row]]:
    def rows(user: User) -> Iterable[Row]:
        lead = Lead.objects.filter(user=user).first()
        return _part(name, identities.family(lead) if lead else [])

    return rows


def everything(lead: Lead) -> dict[str, list[Row]]:
    """All that is held about a lead, also what is left of those that were merged into it."""
    family = identities.family(lead)
    return {name: list(_part(name, family)) for name in PARTS}


def _part(name: str, family: list[int]) -> Iterable[Row]:
    model, path, names = PARTS[name]
    return columns(model._default_manager.filter(**{f"{path}__in": family}), *names)
