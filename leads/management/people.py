"""Leads of the demo: somebody in every stage, with what they wrote and what staff noted."""

import csv
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from leads.management import demo_follow_ups
from leads.models import Lead, LeadConsent, LeadIdentity
from leads.services import capture, consent, converting, editing, identities, stages
from users.models import User

FILE = Path(__file__).parents[1] / "demo" / "leads.csv"
TEXT = "Concordo em receber uma resposta e, se marcado, convites para mutirões."
PROOF = {"address": "192.0.2.10", "user_agent": "demo"}
# By which steps each stage is reached.
WAYS = {
    "new": [],
    "qualified": ["qualified"],
    "invited": ["qualified", "invited"],
    "volunteer": ["qualified", "invited"],
    "lost": ["lost"],
}


def add_leads() -> None:
    """Make them, as if they had written in the last weeks; nobody gets a mail."""
    staff = User.objects.filter(is_active=True).order_by("-is_staff", "pk").first()
    assert staff is not None  # noqa: S101
    with FILE.open(newline="") as file:
        rows = enumerate(csv.DictReader(file))
        leads = [_add_lead(row, staff, days=2 * number + 1) for number, row in rows]
    demo_follow_ups.add([lead for lead in leads if lead.stage == Lead.Stage.NEW], staff)


def _add_lead(row: dict[str, str], staff: User, *, days: int) -> Lead:
    lead = _wrote(row)
    if row["opted_out"]:
        consent.record(
            lead,
            purpose=LeadConsent.Purpose.UNASKED,
            is_given=False,
            channel=LeadConsent.Channel.WHATSAPP,
            proof={"word": "PARAR"},
        )
    for stage in WAYS[row["stage"]]:
        stages.move(lead, stage, by=staff, reason=row["reason"])
    if row["stage"] == "volunteer":
        converting.account_of(lead, by=staff)
    if row["note"]:
        editing.add_note(lead, row["note"], by=staff)
    if row["tags"]:
        editing.edit(lead, {"tags": row["tags"].split(";")})
    then = timezone.now() - timedelta(days=days)
    Lead.objects.filter(pk=lead.pk).update(created_at=then, stage_changed_at=then)
    lead.refresh_from_db()
    return lead


def _wrote(row: dict[str, str]) -> Lead:
    """By a form, or from a number that is known to be theirs."""
    if not row["email"]:
        lead = identities.lead_of(
            LeadIdentity.Kind.PHONE,
            row["phone"],
            proof=LeadIdentity.Proof.WHATSAPP,
            source="whatsapp",
            name=row["name"],
        )
        return editing.edit(lead, {"city": row["city"]})
    lead = capture.capture(
        {name: row[name] for name in ("name", "email", "phone", "city", "message")},
        source="form",
        utm={"utm_source": row["utm"]} if row["utm"] else {},
        consent={"text": TEXT, "version": "2026-11", "unasked": True},
        proof=PROOF,
    )
    lead.claims.update(mail_due_at=None)  # nobody lives at these addresses
    for claim in lead.claims.filter(kind=LeadIdentity.Kind.EMAIL):
        consent.claim_proven(lead, claim, channel=LeadConsent.Channel.EMAIL, proof=PROOF)
    return lead
