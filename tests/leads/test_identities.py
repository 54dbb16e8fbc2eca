import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as some

from leads.models import Lead, LeadClaim, LeadIdentity
from leads.services import identities
from tests.leads.conftest import form, from_whatsapp
from tests.together import run_together

AREAS = some.sampled_from([f"{area}" for area in (11, 21, 27, 31, 41, 51, 61, 71, 81, 91, 99)])
OLD_MOBILES = some.builds(
    lambda area, first, rest: (area, f"{first}{rest:07d}"),
    AREAS,
    some.sampled_from("6789"),
    some.integers(0, 9_999_999),
)


def spellings(area, number):
    """How a Brazilian mobile number comes: typed, dialled, from an old or a new JID."""
    half = f"{number[:4]}-{number[4:]}"
    return [
        f"({area}) {half}",
        f"0{area} {half}",
        f"+55 {area} {half}",
        f"+55 ({area}) 9{half}",
        f"{area}9{number}",
        f"55{area}{number}@s.whatsapp.net",
        f"55{area}9{number}@s.whatsapp.net",
        f"55{area}9{number}:12@s.whatsapp.net",
        f"55{area}{number}@c.us",
    ]


@given(OLD_MOBILES)
def test_one_mobile_number_has_one_form_however_it_is_written(mobile):
    area, number = mobile

    found = {identities.normalize("phone", text) for text in spellings(area, number)}

    assert found == {f"+55{area}9{number}"}


@given(some.text(max_size=40) | some.from_regex(r"\+?[0-9 ()-]{5,20}", fullmatch=True))
def test_normalizing_twice_is_normalizing_once(text):
    for kind in ("phone", "email", "lid", "visitor"):
        try:
            once = identities.normalize(kind, text)
        except ValidationError:
            continue
        assert identities.normalize(kind, once) == once


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("email", " Ana.Souza@Example.ORG ", "ana.souza@example.org"),
        ("phone", "(11) 3333-4444", "+551133334444"),  # no mobile, so no ninth digit
        ("phone", "+351 912 345 678", "+351912345678"),
        ("phone", "351912345678@s.whatsapp.net", "+351912345678"),
        ("phone", "999123456789@s.whatsapp.net", "+999123456789"),  # the gateway knows better
        ("lid", "123456789012345:3@lid", "123456789012345@lid"),
    ],
)
def test_values_have_one_form(kind, text, expected):
    assert identities.normalize(kind, text) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [("email", "ana"), ("email", ""), ("phone", "123"), ("phone", "🌱"), ("lid", "5511@g.us")],
)
def test_what_is_none_is_refused(kind, text):
    with pytest.raises(ValidationError):
        identities.normalize(kind, text)
    assert identities.find(kind, text) is None


@pytest.mark.django_db
def test_who_proves_a_number_has_one_lead_with_its_place():
    first = from_whatsapp("558198765432@s.whatsapp.net", name="Rosa")
    second = from_whatsapp("+55 81 9 9876-5432", name="Outra")

    assert first == second
    assert (second.name, second.state, second.time_zone) == ("Rosa", "PE", "America/Recife")
    identity = identities.find("phone", "(81) 9876-5432")
    assert (identity.lead, identity.proof) == (first, "whatsapp")
    assert identity.proven_at


@pytest.mark.django_db
def test_what_was_typed_is_proven_once_its_owner_comes():
    typed = form(phone="(11) 98765-4321", name="Rui")

    lead = from_whatsapp("5511987654321@s.whatsapp.net")

    assert lead == typed
    assert LeadIdentity.objects.get().proof == "whatsapp"


@pytest.mark.django_db
def test_a_number_typed_beside_an_address_links_nothing():
    """Whoever typed a stranger's number does not get the stranger's messages."""
    typed = form(email="mallory@example.org", phone="(11) 98765-4321")

    lead = from_whatsapp("5511987654321@s.whatsapp.net")

    assert lead != typed
    assert LeadClaim.objects.filter(lead=typed, kind="phone").exists()
    assert list(identities.look_alikes(lead)) == [typed]
    assert list(identities.look_alikes(typed)) == [lead]


@pytest.mark.django_db
def test_an_identity_belongs_to_one_lead():
    lead = form(email="ana@example.org")
    identity = lead.identities.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        identities.add(form(email="rui@example.org"), "email", "ana@example.org")
    assert LeadIdentity.objects.get(key=identity.key).lead == lead


@pytest.mark.django_db
def test_staff_may_confirm_a_claim_but_not_what_is_anothers():
    lead = form(email="ana@example.org", phone="(11) 98765-4321")
    claim = lead.claims.get(kind="phone")

    identity = identities.confirm_claim(claim)

    assert (identity.lead, identity.proof, identity.value) == (lead, "staff", "+5511987654321")
    rival = form(email="rui@example.org", phone="11 98765 4321").claims.get(kind="phone")
    with pytest.raises(identities.IdentityTaken):
        identities.confirm_claim(rival)


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.django_db(transaction=True)
def test_two_proofs_of_one_number_at_once_make_one_lead(turn):
    run_together(*[lambda: from_whatsapp("5511987654321@s.whatsapp.net")] * 4)

    assert Lead.objects.count() == LeadIdentity.objects.count() == 1


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.django_db(transaction=True)
def test_a_form_and_a_proof_at_once_are_one_lead(turn):
    run_together(
        lambda: from_whatsapp("5511987654321@s.whatsapp.net"),
        lambda: form(phone="(11) 98765-4321", name="Rui"),
    )

    assert Lead.objects.count() == 1
    assert LeadIdentity.objects.get().proof == "whatsapp"
