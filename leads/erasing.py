"""What becomes of leads when a person's data is erased."""

from django.db.models import Q

from config.encryption import keyed_hash
from leads.models import DutyShift, Lead, LeadIdentity
from leads.services import erasing as leads
from users import erasing
from users.models import User


def register() -> None:
    erasing.register(check=lambda user: None, forget=forget)


def forget(user: User) -> None:
    """Erase who they were as a lead; of what they did as staff, only whose it is to be done.

    What was written down or decided by them stays: it is about others.
    """
    for lead in _leads_of(user):
        leads.erase(lead)
    user.assigned_leads.update(assigned_to=None)
    user.conversations.update(assigned_to=None)
    DutyShift.objects.filter(staff=user).delete()


def _leads_of(user: User) -> list[Lead]:
    """Theirs, and one that nobody linked though it has proven the address of the account."""
    mine = Q(user=user)
    if user.email_confirmed_at:
        kind = LeadIdentity.Kind.EMAIL
        known = LeadIdentity.objects.filter(kind=kind, key=keyed_hash(kind, user.email))
        mine |= Q(pk__in=known.exclude(proof=LeadIdentity.Proof.CLAIM).values("lead"))
    return list(Lead.objects.current().filter(mine).order_by("pk"))
