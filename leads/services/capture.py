"""What people tell us of themselves: kept as it was typed, and linked to nothing by it."""

from contextlib import suppress
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from config import limits
from config.patience import MAX_ATTEMPTS, overdue
from leads import confirmation
from leads.models import Lead, LeadClaim, LeadConsent, LeadIdentity
from leads.services import consent as consents
from leads.services import identities
from leads.tasks import people as tasks

Kind = LeadIdentity.Kind
Purpose = LeadConsent.Purpose
SWEEP_SIZE = 200


@transaction.atomic
def capture(
    fields: dict[str, str],
    *,
    source: str,
    utm: dict[str, str],
    consent: dict[str, Any],
    proof: dict[str, Any],
) -> Lead:
    """Keep a form: added to the lead that is known by its e-mail, else phone, or to a new one.

    Nothing that a lead says of itself already is overwritten, and what is typed beside the one
    value by which it is found stays a claim. `consent` is `text`, `version` and `unasked`.
    """
    kind = Kind.EMAIL if fields.get("email") else Kind.PHONE
    lead = _lead_of(kind, fields, source, utm)
    typed = {name: text for name, text in fields.items() if text}
    lead.submissions.create(fields=typed, source=source, utm=utm)
    # Only the yes of who has the address counts.
    is_asked = bool(consent.get("unasked")) and not consents.may_write_unasked(lead)
    claims = [
        claim(lead, kind=each, value=fields[each], is_asked=is_asked)
        for each in (Kind.EMAIL, Kind.PHONE)
        if fields.get(each)
    ]
    _agree(lead, consent, {**proof, "claim": claims[0].pk})
    return lead


def _lead_of(kind: str, fields: dict[str, str], source: str, utm: dict[str, str]) -> Lead:
    value, found = identities.normalize(kind, fields[kind]), None
    while found is None:
        found = identities.locked(kind, value)
        if found is None:
            with suppress(IntegrityError), transaction.atomic():  # of two, one is quicker
                return _new_lead(kind, value, fields, source=source, utm=utm)
    return found[1]


def _new_lead(
    kind: str, value: str, fields: dict[str, str], *, source: str, utm: dict[str, str]
) -> Lead:
    lead = identities.new_lead(
        source=source,
        utm=utm,
        name=fields.get("name", ""),
        city=fields.get("city", ""),
        phone=identities.normalize(Kind.PHONE, fields["phone"]) if fields.get("phone") else "",
        **({"language": fields["language"]} if fields.get("language") else {}),
    )
    identities.add(lead, kind, value)
    return lead


def _agree(lead: Lead, consent: dict[str, Any], proof: dict[str, Any]) -> None:
    """Who sends a form wants to be answered; what else they agreed to, they ticked."""
    purposes = [Purpose.CONTACT, *([Purpose.UNASKED] if consent.get("unasked") else [])]
    for purpose in purposes:
        consents.record(
            lead,
            purpose=purpose,
            is_given=True,
            channel=LeadConsent.Channel.FORM,
            text=consent["text"],
            version=consent["version"],
            proof=proof,
        )


@transaction.atomic
def claim(lead: Lead, *, kind: str, value: str, is_asked: bool = False) -> LeadClaim:
    """Note what was typed; a mail asks whoever has the address whether it was they.

    Once, or whenever `is_asked`.
    """
    claim, is_new = note_claim(lead, kind, identities.normalize(kind, value))
    if kind == Kind.EMAIL and (is_asked or (is_new and not _is_proven(lead, claim))):
        ask_for_proof(claim)
    return claim


def note_claim(lead: Lead, kind: str, value: str) -> tuple[LeadClaim, bool]:
    """The row of a claim, once, and whether it is new; nobody is written to."""
    key = identities.key_of(kind, value)
    return LeadClaim.objects.get_or_create(lead=lead, kind=kind, key=key, defaults={"value": value})


def _is_proven(lead: Lead, claim: LeadClaim) -> bool:
    proven = lead.identities.exclude(proof=LeadIdentity.Proof.CLAIM)
    return proven.filter(kind=claim.kind, key=claim.key).exists()


def ask_for_proof(claim: LeadClaim) -> None:
    """Have the link mailed that proves the address, within the limit of the mailbox."""
    claim.mail_due_at, claim.mail_attempts = timezone.now(), 0
    claim.save(update_fields=["mail_due_at", "mail_attempts"])
    tasks.send_lead_confirmation.delay_on_commit(claim.pk)


def mail_confirmation(claim_id: int) -> None:
    """Ask the address once, counted and claimed as a welcome is; so many an hour for one mailbox.

    The mailbox is counted here, at the first try: nobody waits for Redis while a lead is locked.
    """
    waiting = LeadClaim.objects.filter(pk=claim_id, mail_due_at__isnull=False)
    with transaction.atomic():
        untired = waiting.filter(mail_attempts__lt=MAX_ATTEMPTS)
        claim = untired.select_for_update(no_key=True).first()
        if claim is None:
            return
        claim.mail_attempts += 1
        claim.save(update_fields=["mail_attempts"])
    if claim.mail_attempts == 1 and limits.hit("mail", claim.value) is not None:
        waiting.update(mail_due_at=None)
        return
    with transaction.atomic():
        if waiting.update(mail_due_at=None):
            agreed = consents.typed_with(claim.lead, claim) is not None
            confirmation.send(claim, has_agreed=agreed)


def overdue_confirmations() -> list[int]:
    """Claims whose mail waits for too long."""
    waiting = LeadClaim.objects.filter(mail_due_at__isnull=False)
    due = waiting.filter(overdue(attempts="mail_attempts", since="mail_due_at"))
    return list(due.order_by("mail_due_at").values_list("pk", flat=True)[:SWEEP_SIZE])
