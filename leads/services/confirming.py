"""Who opened a link has the address, and who signed in the account: what is theirs is joined."""

from contextlib import suppress

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from leads import confirmation
from leads.models import Lead, LeadClaim, LeadConsent, LeadIdentity
from leads.services import capture, consent, identities, merging, stages
from users import services as users
from users.mail_tokens import refused
from users.models import User
from users.services import AccountClosed

Channel = LeadConsent.Channel
Kind = LeadIdentity.Kind


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
    consent.claim_proven(lead, claim, channel=Channel.EMAIL, proof={})
    return identity


def confirm_account(lead: Lead, user: User) -> Lead:
    """Give the lead to whoever signed in, joined with what they are known by, or leave it.

    What belongs to another account stays there; who closed theirs has none.
    """
    if lead.user_id is None:
        with suppress(AccountClosed, merging.TwoAccounts):
            return _of_account(lead, user)
    return lead


def confirm_form(lead: Lead, user: User, *, has_agreed: bool = False) -> Lead:
    """The same for who sent a form with the address that they confirmed, and maybe a yes.

    A lead that was only said to have it may be somebody else's: unless it came with this form,
    staff decide.
    """
    key = identities.key_of(Kind.EMAIL, user.email)
    typed = lead.claims.filter(kind=Kind.EMAIL, key=key).first()
    mine = lead.identities.filter(kind=Kind.EMAIL).exclude(proof=LeadIdentity.Proof.CLAIM)
    is_new = lead.submissions.count() == 1 and not lead.conversations.exists()
    lead = confirm_account(lead, user) if is_new or mine.exists() else lead
    if has_agreed and typed and lead.user_id == user.pk:
        consent.claim_proven(lead, typed, channel=Channel.EMAIL, proof={"account": user.pk})
        LeadClaim.objects.filter(pk=typed.pk).update(mail_due_at=None)  # nothing to ask any more
    return lead


@transaction.atomic
def _of_account(lead: Lead, user: User) -> Lead:
    """The account is locked first: of two chats at once, one becomes its lead, the other joins."""
    user = users.lock_account(user)
    lead = identities.current(Lead.objects.get(pk=lead.pk))  # merged, while we waited
    known = identities.lead_of_user(user)
    if known and known.pk != lead.pk:
        lead = merging.merge(known, lead, by=None, reason=_("signed in to the account")).kept
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    if lead.user_id is None:
        lead.user, lead.name = user, lead.name or user.name[: identities.LONGEST_NAME]
        lead.save(update_fields=["user", "name", "updated_at"])
        consent.linked(lead)
    if lead.user_id == user.pk and lead.stage != Lead.Stage.VOLUNTEER:
        stages.step(lead, Lead.Stage.VOLUNTEER, by=None)
    if user.email_confirmed_at:
        _prove_email(lead, user)
    return lead


def _prove_email(lead: Lead, user: User) -> None:
    try:
        identities.prove(lead, Kind.EMAIL, user.email, proof=LeadIdentity.Proof.ACCOUNT)
    except identities.IdentityTaken:
        capture.note_claim(lead, Kind.EMAIL, user.email)  # so that staff see the two
