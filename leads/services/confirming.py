"""Who opened a link has the address: it is proven, and what belongs to it comes together."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from leads import confirmation
from leads.models import Lead, LeadClaim, LeadConsent, LeadIdentity
from leads.services import consent, identities, merging
from users.mail_tokens import refused

Channel = LeadConsent.Channel


@transaction.atomic
def confirm_email(token: str) -> LeadIdentity:
    """Prove the address of a link. If another lead is known by it, the two are one person.

    Leads are locked before the claim, whose update decides between two who press at once.
    """
    claim = confirmation.read(token)
    lead = identities.current(claim.lead)
    other = identities.find(claim.kind, claim.value)
    if other and other.lead_id != lead.pk:
        reason = _("opened the link that was mailed to the address")
        lead = merging.merge(other.lead, lead, by=None, reason=reason).kept
    identity = identities.prove(lead, claim.kind, claim.value, proof=LeadIdentity.Proof.EMAIL)
    unused = LeadClaim.objects.filter(pk=claim.pk, confirmed_at=claim.confirmed_at)
    if not unused.update(confirmed_at=timezone.now()):
        raise refused()
    _agree_again(lead, claim)
    return identity


def _agree_again(lead: Lead, claim: LeadClaim) -> None:
    """What a form agreed to was anybody's word; now it is that of who has the address."""
    said = lead.consents.filter(purpose=LeadConsent.Purpose.UNASKED)
    latest = said.order_by("recorded_at", "pk").last()
    if latest and latest.is_given and latest.channel == Channel.FORM:
        consent.record(
            lead,
            purpose=latest.purpose,
            is_given=True,
            channel=Channel.EMAIL,
            text=latest.text,
            version=latest.version,
            proof={"confirms": latest.pk, "claim": claim.pk},
        )
