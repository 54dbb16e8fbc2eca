"""A lead becomes a volunteer: an account, opened by a link in a mail, that keeps the history."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from leads.models import Lead, LeadIdentity
from leads.services import consent, identities, stages
from users import services as users
from users.models import User

Kind = LeadIdentity.Kind
Proof = LeadIdentity.Proof


class EmailRequired(DomainError):
    code = "email_required"
    message = _("The lead has no e-mail of its own: ask for one, and let it be confirmed.")

    def __init__(self) -> None:
        super().__init__(attr="email")


class EmailUnproven(DomainError):
    code = "email_unproven"
    message = _("There is an account with this e-mail: the lead must confirm it first.")

    def __init__(self) -> None:
        super().__init__(attr="email")


class AccountHasLead(DomainError):
    code = "account_has_lead"
    message = _("The account with this e-mail is that of another lead: merge the two.")


def convert(lead: Lead, *, by: User | None) -> User:
    """Give the lead an account, once, and mail the link that opens it: there is no password.

    Asked again, it is the same account, and until it was opened another link.
    """
    user = account_of(lead, by=by)
    if user.last_login is None:
        users.request_sign_in_link(user.email)
    return user


@transaction.atomic
def account_of(lead: Lead, *, by: User | None) -> User:
    """The account of the lead, made if there is none; nobody is written to.

    Locks the account before the lead: whoever erases it has that order too.
    """
    if lead.user:
        return lead.user
    email = _email_of(lead)
    account = User.objects.filter(email=email.value).first()
    if account:
        account = users.lock_account(account)
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    if lead.user:  # somebody else did it meanwhile
        return lead.user
    if account is None:
        account = _new_account(lead, email)
    elif email.proof == Proof.CLAIM:
        raise EmailUnproven
    elif Lead.objects.filter(user=account).exists():
        raise AccountHasLead
    lead.user = account
    lead.save(update_fields=["user", "updated_at"])
    consent.linked(lead)
    if lead.stage != Lead.Stage.VOLUNTEER:
        stages.step(lead, Lead.Stage.VOLUNTEER, by=by)
    return account


def _email_of(lead: Lead) -> LeadIdentity:
    known = lead.identities.filter(kind=Kind.EMAIL)
    email = known.order_by(identities.proven_first(), "pk").first()
    if email is None:
        raise EmailRequired
    return email


def _new_account(lead: Lead, email: LeadIdentity) -> User:
    first, _space, last = lead.name.strip().partition(" ")
    is_confirmed = email.proof in (Proof.EMAIL, Proof.ACCOUNT)
    try:
        with transaction.atomic():
            return User.objects.create_user(
                email.value,
                first_name=(first or email.value.partition("@")[0])[:80],
                last_name=last.strip()[:80],
                city=lead.city,
                language=lead.language,
                email_confirmed_at=email.proven_at if is_confirmed else None,
            )
    except IntegrityError:  # signed up a moment ago
        raise EmailUnproven from None
