"""What staff change in a lead: its facts, whose it is, and what they note down about it."""

from typing import Any

from django.db import transaction

from leads import places
from leads.models import Lead, LeadIdentity, LeadNote
from leads.services import identities
from users.models import User


@transaction.atomic
def edit(lead: Lead, fields: dict[str, Any]) -> Lead:
    """Change these fields; another city is another place, unless the state was said too."""
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    for name, value in fields.items():
        setattr(lead, name, value)
    if fields.keys() & {"city", "state"}:
        phone = identities.value_of(lead, LeadIdentity.Kind.PHONE)
        state = fields.get("state", "") if "state" in fields or "city" not in fields else ""
        place = places.place_of(city=lead.city, state=state, phone=phone)
        lead.state, lead.time_zone = place
    lead.save()
    return lead


def assign(lead: Lead, to: User | None) -> Lead:
    """Say who of the staff looks after the lead, or nobody."""
    Lead.objects.filter(pk=lead.pk).update(assigned_to=to)
    lead.assigned_to = to
    return lead


def add_note(lead: Lead, text: str, *, by: User) -> LeadNote:
    return lead.notes.create(author=by, text=text)
