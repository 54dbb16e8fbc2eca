"""Who opts out as a lead gets nothing unasked as the account that they are either."""

from threading import Event

import pytest
from django.db import transaction

from leads.models import Lead, LeadConsent
from leads.services import confirming, consent, converting, merging, opting_out
from tests.factories import UserFactory
from tests.leads.agreed import talk_with
from tests.leads.people import write
from tests.together import let_someone_wait, run_together
from users import services as users
from users.models import NotificationPreference, User

pytestmark = pytest.mark.django_db
KINDS = ("digest", "news")


@pytest.fixture
def rosa():
    return UserFactory(email="rosa@example.org", email_confirmed_at="2026-01-01T00:00:00Z")


@pytest.fixture
def conversation(make_lead, rosa):
    return talk_with(make_lead(user=rosa))


def unwanted(user):
    """What they do not get."""
    wishes = users.wishes_of(user)
    return {kind for kind in wishes if not wishes[kind]["email"]}


def say_no(lead, **facts):
    consent.record(
        lead,
        **{"purpose": "unasked", "is_given": False, "channel": "staff", "proof": {}, **facts},
    )
    lead.refresh_from_db()


@pytest.mark.parametrize("word", ["PARAR", "sair", "Stop!", "cancelar"])
def test_the_word_stops_digest_and_news_of_the_account(conversation, rosa, word):
    other = UserFactory()

    write(conversation, word)

    assert unwanted(rosa) == set(KINDS)
    assert not User.objects.wanting("news").filter(pk=rosa.pk).exists()
    assert not unwanted(other)
    [row] = LeadConsent.objects.filter(is_given=False)
    rows = NotificationPreference.objects.filter(user=rosa, by_opt_out=True)
    assert row.proof["words"] == word
    assert all(one.changed_at >= row.recorded_at for one in rows)


def test_the_link_of_a_mail_does_too(conversation, rosa, client):
    page = opting_out.link(conversation.lead).partition("://")[2].partition("/")[2]

    client.post(f"/{page}", {"List-Unsubscribe": "One-Click"})

    assert unwanted(rosa) == set(KINDS)


def test_voltar_gives_back_what_the_word_took_and_no_more(conversation, rosa):
    users.change_wishes(rosa, {"digest": {"email": False}, "comments": {"email": False}})
    write(conversation, "PARAR")
    write(conversation, "parar")
    assert unwanted(rosa) == {"digest", "news", "comments"}

    write(conversation, "VOLTAR")

    assert unwanted(rosa) == {"digest", "comments"}


def test_what_was_chosen_since_is_not_changed_by_voltar(conversation, rosa):
    write(conversation, "PARAR")
    users.change_wishes(rosa, {"news": {"email": False}})

    write(conversation, "VOLTAR")

    assert unwanted(rosa) == {"news"}


def test_what_was_switched_on_since_comes_until_the_next_word(conversation, rosa):
    write(conversation, "PARAR")
    users.change_wishes(rosa, {"news": {"email": True}})
    assert unwanted(rosa) == {"digest"}

    write(conversation, "PARAR")

    assert unwanted(rosa) == set(KINDS)


def test_a_yes_that_anybody_may_have_said_gives_nothing_back(conversation, rosa):
    write(conversation, "PARAR")

    say_no(conversation.lead, is_given=True, channel="form")

    assert unwanted(rosa) == set(KINDS)


def test_an_account_that_is_made_of_a_lead_who_opted_out_gets_nothing(make_lead, caretaker):
    lead = make_lead(email="iara@example.org")
    say_no(lead)

    account = converting.account_of(lead, by=caretaker)

    assert unwanted(account) == set(KINDS)


@pytest.mark.parametrize("has_lead", [False, True])
def test_signing_in_brings_the_no_to_the_account(make_lead, rosa, has_lead):
    if has_lead:
        make_lead(user=rosa)
    lead = make_lead()
    say_no(lead)

    confirming.confirm_account(lead, rosa)

    assert unwanted(rosa) == set(KINDS)


def test_linking_who_did_not_opt_out_changes_nothing(make_lead, rosa):
    users.stop_unasked(rosa)  # of a lead that was erased since

    confirming.confirm_account(make_lead(), rosa)

    assert unwanted(rosa) == set(KINDS)


@pytest.mark.parametrize("is_kept", [False, True])
def test_parting_gives_back_what_only_the_merge_took(make_lead, rosa, is_kept):
    theirs, other = make_lead(user=rosa), make_lead()
    say_no(other)
    pair = (theirs, other) if is_kept else (other, theirs)
    merge = merging.merge(*pair, by=None, reason="")
    assert unwanted(rosa) == set(KINDS)

    merging.unmerge(merge, by=None)

    assert not unwanted(rosa)


def test_parting_leaves_it_stopped_for_who_said_no_since(make_lead, rosa):
    merge = merging.merge(make_lead(), make_lead(user=rosa), by=None, reason="")
    say_no(Lead.objects.get(user=rosa))

    merging.unmerge(merge, by=None)

    assert unwanted(rosa) == set(KINDS)


@pytest.mark.django_db(transaction=True)
def test_the_word_waits_for_a_choice_and_leaves_it_to_the_person(make_lead):
    rosa, is_begun = UserFactory(), Event()
    lead = make_lead(user=rosa)

    def choose():
        with transaction.atomic():
            users.change_wishes(rosa, {"digest": {"email": False}})
            is_begun.set()
            let_someone_wait()
            users.change_wishes(rosa, {"news": {"email": False}})

    def opt_out():
        is_begun.wait(10)
        say_no(lead)

    run_together(choose, opt_out)

    assert unwanted(rosa) == set(KINDS)
    assert not NotificationPreference.objects.filter(by_opt_out=True).exists()


@pytest.mark.django_db(transaction=True)
def test_an_erasure_of_the_account_waits_for_the_word(make_lead):
    rosa, is_begun = UserFactory(), Event()
    lead = make_lead(user=rosa)

    def opt_out():
        with transaction.atomic():
            Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
            is_begun.set()
            let_someone_wait()  # the erasure, which holds the person
            say_no(lead)

    def erase():
        is_begun.wait(10)
        users.erase(rosa)

    run_together(opt_out, erase)

    assert not NotificationPreference.objects.exists()
    assert not Lead.objects.exists()
