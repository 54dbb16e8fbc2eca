"""Who is signed in is the same person in the chat, in a form, and in their account."""

from functools import partial

import pytest
from django.utils import timezone
from rest_framework.exceptions import NotFound

from leads.models import Conversation, Lead, LeadMerge, Message
from leads.services import confirming, consent, converting, identities, merging
from leads.services.web_chat import Visitor, accept
from tests.factories import UserFactory
from tests.leads.conftest import CONSENT, form, from_whatsapp
from tests.together import run_together
from users import services as users

URL = "/api/v1/leads/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def rosa(db):
    return UserFactory(
        email="rosa@example.org", email_confirmed_at=timezone.now(), first_name="Rosa"
    )


def visitor(number=1):
    return Visitor.new(address="192.0.2.7", key=f"a-key-of-16-signs-{number}", text="Oi")


def chat(user, number=1):
    accept(visitor(number), "Oi", key=f"key-{number}", user=user)
    return Conversation.objects.get(public_id=visitor(number).conversation).lead


def test_who_chats_signed_in_is_the_volunteer_of_the_account(rosa):
    lead = chat(rosa)

    assert (lead.user, lead.name, lead.stage) == (rosa, rosa.name, "volunteer")
    assert {one.kind: one.proof for one in lead.identities.all()} == {
        "visitor": "token",
        "email": "account",
    }


def test_who_was_known_already_stays_one_person_with_the_reason(rosa):
    known = form(email="rosa@example.org", message="Quero ajudar")
    known.identities.update(proof="email", proven_at=timezone.now())
    anonymous = chat(None)

    lead = chat(rosa)

    merge = LeadMerge.objects.get()
    assert lead == known
    assert (merge.kept, merge.gone, merge.merged_by) == (known, anonymous, None)
    assert merge.reason


def test_who_only_typed_the_address_stays_apart_and_staff_see_both(rosa):
    typed = form(email="rosa@example.org", phone="(11) 98765-4321", name="Rui")

    lead = chat(rosa)

    assert lead != typed
    assert list(identities.look_alikes(lead)) == [typed]
    typed.refresh_from_db()
    assert typed.user is None


def test_second_chat_joins_the_lead_of_the_account(rosa):
    assert chat(rosa, 1) == chat(rosa, 2)
    assert Lead.objects.current().count() == 1


def test_address_that_the_account_did_not_confirm_joins_nothing():
    known = form(email="rui@example.org")
    stranger = UserFactory(email="rui@example.org", email_confirmed_at=None)

    lead = chat(stranger)

    assert lead.user == stranger
    assert lead != known
    assert not LeadMerge.objects.exists()


def test_who_signs_in_where_another_did_begins_a_chat_of_their_own(rosa):
    chat(rosa)

    with pytest.raises(NotFound):
        accept(visitor(), "Aqui é o Rui", key="another", user=UserFactory())

    assert [message.text for message in Message.objects.filter(author="person")] == ["Oi"]


def test_chat_that_was_merged_meanwhile_is_that_of_whom_it_went_to(rosa):
    lead = chat(None)
    kept = from_whatsapp("+5511987654321")
    merging.merge(kept, lead, by=None, reason="Disse por telefone.")

    assert confirming.confirm_account(lead, rosa) == kept
    kept.refresh_from_db()
    assert kept.user == rosa


def test_address_of_another_accounts_lead_is_left_there(rosa):
    other = from_whatsapp("+5511987654321")
    Lead.objects.filter(pk=other.pk).update(user=UserFactory())
    other.identities.create(
        kind="email",
        key=identities.key_of("email", rosa.email),
        value=rosa.email,
        proof="staff",
        proven_at=timezone.now(),
    )

    lead = chat(rosa)

    assert lead != other
    assert lead.user == rosa


def test_who_closed_the_account_meanwhile_chats_as_a_visitor(rosa):
    type(rosa).objects.filter(pk=rosa.pk).update(is_active=False)

    assert chat(rosa).user is None


def test_erasing_the_account_erases_the_chat(rosa):
    chat(rosa)

    users.erase(rosa)

    assert not Lead.objects.exists()


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.django_db(transaction=True)
def test_two_chats_at_once_are_one_person(turn, rosa):
    run_together(*[partial(chat, rosa, number) for number in range(3)])

    assert Lead.objects.current().count() == 1
    assert Conversation.objects.filter(lead__user=rosa).count() == 3


@pytest.mark.django_db(transaction=True)
def test_account_that_is_made_meanwhile_and_the_chat_are_one_person(rosa):
    known = form(email="rosa@example.org")
    known.identities.update(proof="email", proven_at=timezone.now())

    run_together(partial(chat, rosa), partial(converting.account_of, known, by=None))

    assert Lead.objects.current().get().user == rosa


@pytest.fixture
def send(anonymous):
    """Send the form, and say whose it is then."""

    def run(email, token, **more):
        body = {"name": "Rosa", "consent_text": "Sim", "consent_version": "1", "email": email}
        body |= more
        response = anonymous.post(URL, body, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 202
        return identities.find("email", email).lead.user

    return run


def token_of(user):
    return users.begin_session(user, users.Device("192.0.2.7", "Firefox")).access


def test_form_with_the_address_of_the_account_is_theirs(rosa, send):
    assert send("rosa@example.org", token_of(rosa)) == rosa


def test_yes_of_who_is_signed_in_counts_at_once_and_nobody_elses(rosa, send):
    known = form({**CONSENT, "unasked": True}, email="rosa@example.org")
    known.identities.update(proof="email", proven_at=timezone.now())

    send("rosa@example.org", token_of(rosa))
    assert not consent.may_write_unasked(known)
    send("rosa@example.org", token_of(rosa), accepts_messages=True)

    assert consent.may_write_unasked(known)
    assert known.consents.last().proof["account"] == rosa.pk
    assert known.claims.get().mail_due_at is None


def test_form_with_an_address_that_somebody_typed_before_is_for_staff_to_decide(rosa, send):
    form(email="rosa@example.org", phone="(11) 98765-4321", name="Rui")

    assert send("rosa@example.org", token_of(rosa)) is None


def test_form_with_an_address_that_was_proven_before_is_theirs(rosa, send):
    known = form(email="rosa@example.org")
    known.identities.update(proof="email", proven_at=timezone.now())

    assert send("rosa@example.org", token_of(rosa)) == rosa


@pytest.mark.parametrize("email", ["rui@example.org", "rosa@example.org"])
def test_form_with_another_address_or_a_stale_token_is_anybodys(rosa, send, email):
    token = token_of(rosa) if email != rosa.email else "stale"

    assert send(email, token) is None


def test_form_with_an_address_that_was_not_confirmed_is_anybodys(send):
    stranger = UserFactory(email="rui@example.org", email_confirmed_at=None)
    known = form(email="rui@example.org")

    assert send("rui@example.org", token_of(stranger)) is None
    known.refresh_from_db()
    assert known.user is None
