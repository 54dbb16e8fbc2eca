"""By what people are known: which lead something belongs to, and what is only said of it."""

import re
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.encryption import keyed_hash
from config.errors import DomainError
from leads import places
from leads.evolution import jids
from leads.models import Lead, LeadClaim, LeadConsent, LeadIdentity
from leads.services import consent
from users import phones
from users.models import User

Kind = LeadIdentity.Kind
Proof = LeadIdentity.Proof
# A Brazilian mobile number as it was before 2016, dialled from within the country.
OLD_MOBILE = re.compile(r"0?(?P<number>[1-9][1-9][6-9][0-9]{7})")
LONGEST_NAME = 150


class IdentityTaken(DomainError):
    code = "identity_taken"
    message = _("Another lead is known by this: merge the two.")


def normalize(kind: str, value: str) -> str:
    """The one way a value of this kind is written; raises ValidationError if it is none.

    Giving it its own result changes nothing.
    """
    match kind:
        case Kind.EMAIL:
            address = User.normalize_username(value)
            validate_email(address)
            return address
        case Kind.PHONE:
            return _phone(value.strip())
        case Kind.LID:
            if (jid := jids.plain(value.strip())).endswith(jids.LID):
                return jid
            raise ValidationError(_("This is not a WhatsApp id."), code="invalid")
    return value.strip()


def key_of(kind: str, value: str) -> str:
    """By what a normalized value is found."""
    return keyed_hash(kind, value)


def _phone(text: str) -> str:
    """E.164, with the ninth digit. A JID is the gateway's word: it is a number, known or not."""
    if (jid := jids.plain(text)).endswith(jids.PHONE):
        number = f"+{jids.with_ninth(jid.removesuffix(jids.PHONE))}"
        try:
            return phones.normalize(number)
        except ValidationError:
            return number
    digits = re.sub(r"[\s().-]", "", text)
    if match := OLD_MOBILE.fullmatch(digits):
        digits = f"55{match['number']}"
    plain = digits.removeprefix("+")
    number = jids.with_ninth(plain)
    return phones.normalize(digits if number == plain else f"+{number}")


def find(kind: str, value: str) -> LeadIdentity | None:
    """What is known by it, proven or not; nothing if it cannot be such a value."""
    try:
        key = keyed_hash(kind, normalize(kind, value))
    except ValidationError:
        return None
    return LeadIdentity.objects.select_related("lead").filter(kind=kind, key=key).first()


@transaction.atomic(savepoint=False)
def lead_of(kind: str, value: str, *, proof: str, source: str, name: str = "") -> Lead:
    """The lead of whoever has just proven that this is theirs, with its row locked; made if new.

    The unique key decides between two who come at once. A claim becomes proven.
    """
    value, found = normalize(kind, value), None
    while found is None:
        found = locked(kind, value) or _made(kind, value, source=source, name=name, proof=proof)
    identity, lead = found
    if identity.proof == Proof.CLAIM:
        _mark(identity, proof)
    if name and not lead.name:
        lead.name = name[:LONGEST_NAME]
        lead.save(update_fields=["name", "updated_at"])
    return lead


def locked(kind: str, value: str) -> tuple[LeadIdentity, Lead] | None:
    """The identity and its lead, locked; the lead comes first, as it does when two are merged."""
    mine = LeadIdentity.objects.filter(kind=kind, key=keyed_hash(kind, value))
    while identity := mine.first():
        lead = Lead.objects.select_for_update(no_key=True).filter(pk=identity.lead_id).first()
        # Merged or erased while we waited: where is it now?
        if lead and (still := mine.filter(lead=lead).first()):
            return still, lead
    return None


def _made(
    kind: str, value: str, *, source: str, name: str, proof: str
) -> tuple[LeadIdentity, Lead] | None:
    """A new lead that is known by it; nothing if somebody else was quicker."""
    try:
        with transaction.atomic():
            lead = new_lead(source=source, name=name, phone=value if kind == Kind.PHONE else "")
            return add(lead, kind, value, proof=proof), lead
    except IntegrityError:
        return None


def new_lead(
    *, source: str, phone: str = "", utm: dict[str, str] | None = None, **facts: str
) -> Lead:
    """A lead with the place that follows from what is known of it."""
    facts["name"] = facts.get("name", "")[:LONGEST_NAME]
    place = places.place_of(city=facts.get("city", ""), state=facts.pop("state", ""), phone=phone)
    return Lead.objects.create(source=source[:80], utm=utm or {}, **place._asdict(), **facts)


def add(lead: Lead, kind: str, value: str, *, proof: str = Proof.CLAIM) -> LeadIdentity:
    """Let the lead be known by a normalized value that nobody else has."""
    return LeadIdentity.objects.create(
        lead=lead,
        kind=kind,
        key=keyed_hash(kind, value),
        value=value,
        proof=proof,
        proven_at=None if proof == Proof.CLAIM else timezone.now(),
    )


def _mark(identity: LeadIdentity, proof: str) -> None:
    identity.proof, identity.proven_at = proof, timezone.now()
    identity.save(update_fields=["proof", "proven_at"])


@transaction.atomic
def prove(lead: Lead, kind: str, value: str, *, proof: str) -> LeadIdentity:
    """Let the lead be known by this for sure; refused if another lead is."""
    value = normalize(kind, value)
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    mine = LeadIdentity.objects.filter(kind=kind, key=keyed_hash(kind, value))
    try:
        with transaction.atomic():
            identity = mine.first() or add(lead, kind, value, proof=proof)
    except IntegrityError:
        raise IdentityTaken from None
    if identity.lead_id != lead.pk:
        raise IdentityTaken
    if identity.proof == Proof.CLAIM:
        _mark(identity, proof)
    return identity


@transaction.atomic
def confirm_claim(claim: LeadClaim) -> LeadIdentity:
    """Staff asked the person, who typed it: it is proven, with what was agreed to beside it."""
    identity = prove(claim.lead, claim.kind, claim.value, proof=Proof.STAFF)
    consent.claim_proven(claim.lead, claim, channel=LeadConsent.Channel.STAFF, proof={})
    return identity


def lead_of_user(user: User) -> Lead | None:
    """The lead of an account: the one that has it, else that of the address it confirmed."""
    if lead := Lead.objects.filter(user=user).first():
        return lead
    known = find(Kind.EMAIL, user.email) if user.email_confirmed_at else None
    # What somebody only typed, whose lead that may be, is for staff to decide about.
    if known and known.proof != Proof.CLAIM and known.lead.user_id is None:
        return known.lead
    return None


def current(lead: Lead) -> Lead:
    """The lead itself, or the one that it was merged into in the end."""
    while lead.merged_into:
        lead = lead.merged_into
    return lead


def family(lead: Lead) -> list[int]:
    """The lead, and those that were merged into it, at whatever remove."""
    members, found = [lead.pk], [lead.pk]
    while found:
        found = list(Lead.objects.filter(merged_into__in=found).values_list("pk", flat=True))
        members += found
    return members


def value_of(lead: Lead, kind: str) -> str:
    """What the lead is known by, the proven first; "" if it has nothing of this kind."""
    found = lead.identities.filter(kind=kind).order_by(proven_first(), "pk").first()
    return found.value if found else ""


def proven_first() -> models.Case:
    claim = models.When(proof=Proof.CLAIM, then=1)
    return models.Case(claim, default=0, output_field=models.IntegerField())


def look_alikes(lead: Lead) -> models.QuerySet[Lead]:
    """Other leads that are known by, or said to have, what this one is or is said to have."""
    keys = {*_keys(lead.identities.all()), *_keys(lead.claims.all())}
    same = Q(pk__in=[])
    for kind, key in keys:
        same |= Q(pk__in=LeadIdentity.objects.filter(kind=kind, key=key).values("lead"))
        same |= Q(pk__in=LeadClaim.objects.filter(kind=kind, key=key).values("lead"))
    return Lead.objects.current().filter(same).exclude(pk=lead.pk).order_by("pk")


def _keys(rows: models.QuerySet) -> Iterator[tuple[str, str]]:
    for row in rows:
        if row.kind in (Kind.EMAIL, Kind.PHONE):
            yield row.kind, row.key
