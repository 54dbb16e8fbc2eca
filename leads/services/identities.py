# PLACEHOLDER
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.encryption import keyed_hash
from leads.models import Lead, LeadIdentity


def lead_of(kind: str, value: str, *, proof: str, source: str, name: str = "") -> Lead:
    key = keyed_hash(kind, value)
    if found := LeadIdentity.objects.filter(kind=kind, key=key).first():
        return found.lead
    try:
        with transaction.atomic():
            lead = Lead.objects.create(name=name, source=source)
            lead.identities.create(
                kind=kind, key=key, value=value, proof=proof, proven_at=timezone.now()
            )
    except IntegrityError:
        return LeadIdentity.objects.get(kind=kind, key=key).lead
    return lead


def normalize(kind: str, value: str) -> str:
    return value.strip().lower()


def find(kind: str, value: str) -> LeadIdentity | None:
    return LeadIdentity.objects.filter(
        kind=kind, key=keyed_hash(kind, normalize(kind, value))
    ).first()
