"""What a lead agreed to, each time with its proof."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from leads.models import Lead, LeadClaim, LeadConsent
from users import services as users

Channel = LeadConsent.Channel
Purpose = LeadConsent.Purpose
# Whoever comes by these may be anybody: their yes does not undo a no.
UNPROVEN = (Channel.FORM, Channel.IMPORT)


@transaction.atomic
def record(
    lead: Lead,
    *,
    purpose: str,
    is_given: bool,
    channel: str,
    text: str = "",
    version: str = "",
    proof: dict[str, Any],
) -> LeadConsent:
    """Write down a yes or a no; the lead's row is locked, so that the last word is the latest row.

    A no counts from wherever it comes. A yes lifts an opt-out only from a channel that is the
    lead's: a form can be filled in by anybody, and what it agreed to waits for `claim_proven`.
    """
    locked = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    row = LeadConsent.objects.create(
        lead=locked,
        purpose=purpose,
        is_given=is_given,
        channel=channel,
        text=text,
        version=version,
        proof=proof,
    )
    if purpose == Purpose.UNASKED and not (is_given and channel in UNPROVEN):
        locked.opted_out_at = None if is_given else locked.opted_out_at or timezone.now()
        locked.save(update_fields=["opted_out_at", "updated_at"])
        tell_account(locked)
    lead.opted_out_at = locked.opted_out_at
    return row


def linked(lead: Lead) -> None:
    """Let a no that was said before count for the account that the lead has now."""
    if lead.user and lead.opted_out_at:
        users.stop_unasked(lead.user)


def tell_account(lead: Lead) -> None:
    """What the organisation sends to accounts unasked stops and comes back with the word."""
    linked(lead)
    if lead.user and not lead.opted_out_at:
        users.resume_unasked(lead.user)


def may_write_unasked(lead: Lead) -> bool:
    return Lead.objects.alias(agreed=agreed()).filter(pk=lead.pk, agreed=True).exists()


def agreed() -> Case:
    """Whether the word that counts is a yes, and nobody opted out; for a query of leads."""
    said = LeadConsent.objects.filter(lead=OuterRef("pk"))
    last = Coalesce(Subquery(said.last_words().values("is_given")[:1]), Value(False))
    return Case(When(opted_out_at=None, then=last), default=Value(False))


def last_word(lead: Lead) -> LeadConsent | None:
    """The row that decides whether the lead is written to unasked."""
    return lead.consents.last_words().first()


def typed_with(lead: Lead, claim: LeadClaim) -> LeadConsent | None:
    """The latest yes that was ticked where the claim was typed."""
    forms = lead.consents.filter(channel=Channel.FORM, is_given=True, purpose=Purpose.UNASKED)
    rows = forms.order_by("-recorded_at", "-pk")
    # The first ones did not note with which claim they came.
    return next((row for row in rows if row.proof.get("claim", claim.pk) == claim.pk), None)


@transaction.atomic
def claim_proven(lead: Lead, claim: LeadClaim, *, channel: str, proof: dict[str, Any]) -> None:
    """Let the yes that was typed with this claim count from now on, if no later word did.

    What was typed with another claim of the lead stays what it is: whose that was is not known.
    """
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    typed = typed_with(lead, claim)
    last = last_word(lead)
    if typed and (last is None or _moment(last) < _moment(typed)):
        record(
            lead,
            purpose=typed.purpose,
            is_given=True,
            channel=channel,
            text=typed.text,
            version=typed.version,
            proof={"confirms": typed.pk, "claim": claim.pk, **proof},
        )


def _moment(row: LeadConsent) -> tuple[datetime, int]:
    return row.recorded_at, row.pk
