# PLACEHOLDER
"""What a person is known by."""

from django.utils import timezone

from config.encryption import keyed_hash
from leads.models import Lead, LeadIdentity


def normalize(kind: str, value: str) -> str:
    return value.strip().lower()


def find(kind: str, value: str) -> LeadIdentity | None:
    key = keyed_hash(kind, normalize(kind, value))
    return LeadIdentity.objects.filter(kind=kind, key=key).select_related("lead").first()


def lead_of(kind: str, value: str, *, proof: str, source: str, name: str = "") -> Lead:
    if known := find(kind, value):
        return known.lead
    lead = Lead.objects.create(name=name, source=source)
    normal = normalize(kind, value)
    LeadIdentity.objects.create(
        lead=lead,
        kind=kind,
        key=keyed_hash(kind, normal),
        value=normal,
        proof=proof,
        proven_at=timezone.now(),
    )
    return lead
