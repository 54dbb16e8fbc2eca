"""A lead becomes a volunteer, by a link in a mail."""

import pytest

from leads.models import Lead
from leads.services import confirming, converting, identities
from tests.factories import UserFactory
from tests.leads.conftest import form, from_whatsapp
from tests.leads.test_merging import chat, token_of
from tests.together import run_together
from tests.users.answers import errors, token_in
from users.models import User

URL = "/api/v1/leads/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def convert(care, django_capture_on_commit_callbacks):
    def send(lead):
        with django_capture_on_commit_callbacks(execute=True):
            return care.post(f"{URL}{lead.pk}/convert/")

    return send


def test_an_account_is_made_and_opened_by_a_link_with_the_history(convert, anonymous, mailoutbox):
    lead = form(email="rosa@example.org", name="Rosa Maria Lima", city="Recife")
    chat(lead, "Oi")

    response = convert(lead)

    user = User.objects.get(email="rosa@example.org")
    lead.refresh_from_db()
    assert response.json() == {"user": user.pk}
    assert (user.first_name, user.last_name, user.city) == ("Rosa", "Maria Lima", "Recife")
    assert not user.has_usable_password()
    assert user.email_confirmed_at is None
    assert (lead.user, lead.stage) == (user, "volunteer")
    assert lead.conversations.get().messages.count() == 1
    opened = anonymous.post("/api/v1/token/magic/verify/", {"token": token_in(mailoutbox[-1])})
    assert opened.status_code == 200


def test_converted_again_it_is_the_same_account(convert, mailoutbox):
    lead = form(email="rosa@example.org", name="Rosa")

    first, second = convert(lead), convert(lead)

    assert first.json() == second.json()
    assert User.objects.filter(email="rosa@example.org").count() == 1
    assert lead.stage_changes.count() == 1


def test_a_phone_alone_makes_no_account(convert):
    lead = from_whatsapp("+5581987654321", name="Rosa")

    response = convert(lead)

    assert response.status_code == 409
    assert errors(response) == [("email", "email_required")]
    lead.refresh_from_db()
    assert (lead.user, lead.stage) == (None, "new")


def test_an_account_that_is_there_is_linked_only_by_its_own_address(convert):
    user = UserFactory(email="rosa@example.org")
    lead = form(email="rosa@example.org", name="Mallory")

    refused = convert(lead)
    assert errors(refused) == [("email", "email_unproven")]
    confirming.confirm_email(token_of(lead))

    assert convert(lead).json() == {"user": user.pk}
    user.refresh_from_db()
    assert user.first_name != "Mallory"


def test_an_account_has_one_lead(convert):
    user = UserFactory(email="rosa@example.org")
    Lead.objects.create(user=user, source="web")
    lead = form(email="rosa@example.org")
    identities.prove(lead, "email", "rosa@example.org", proof="email")

    assert errors(convert(lead)) == [(None, "account_has_lead")]


def test_a_closed_account_is_not_opened(convert):
    UserFactory(email="rosa@example.org", is_active=False)
    lead = form(email="rosa@example.org")

    assert errors(convert(lead)) == [(None, "account_closed")]


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.django_db(transaction=True)
def test_two_who_convert_at_once_make_one_account(turn, caretaker):
    lead = form(email="rosa@example.org", name="Rosa")
    users = []

    run_together(*[lambda: users.append(converting.account_of(lead, by=caretaker).pk)] * 3)

    assert len(set(users)) == 1
    assert User.objects.filter(email="rosa@example.org").count() == 1
    assert lead.stage_changes.count() == 1
