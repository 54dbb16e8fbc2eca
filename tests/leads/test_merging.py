"""Two leads that are one person, and back again; proof by mail, which may do it by itself."""

from contextlib import suppress
from datetime import timedelta
from threading import Event as ThreadEvent
from uuid import uuid4

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.utils import timezone

from config.encryption import keyed_hash
from leads import confirmation
from leads.models import (
    BulkMessage,
    Conversation,
    FollowUp,
    Lead,
    LeadIdentity,
    LeadMerge,
    Message,
)
from leads.services import capture, confirming, consent, merging, stages
from tests.factories import UserFactory
from tests.leads.agreed import MINUTE
from tests.leads.conftest import CONSENT, form, from_whatsapp
from tests.together import let_someone_wait, run_together

URL = "/api/v1/leads/"
pytestmark = pytest.mark.django_db


def chat(lead, *texts):
    conversation = Conversation.objects.create(
        lead=lead, channel="web", key=keyed_hash("visitor_token", str(uuid4())), public_id=uuid4()
    )
    for text in texts:
        Message.objects.create(conversation=conversation, author="person", text=text)
    return conversation


def everything():
    """All rows of leads, but for merges and the history of stages."""
    skipped = {"updated_at", "stage_changed_at"}
    models = [relation.related_model for relation in merging._relations()]
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in skipped}
            for row in model._base_manager.order_by("pk").values()
        ]
        for model in [Lead, *models]
        if model.__name__ != "LeadStageChange"
    }


@pytest.fixture
def pair():
    """A form, and a WhatsApp number with more to it."""
    kept = form(email="rosa@example.org", phone="(81) 98765-4321", message="Oi")
    gone = from_whatsapp("558187654321@s.whatsapp.net", name="Rosa")
    chat(gone, "Bom dia", "Tem horta?")
    capture.claim(gone, kind="email", value="rosa@example.org")
    capture.claim(gone, kind="email", value="outra@example.org")
    wrote_at = timezone.now() - timedelta(days=1)
    Lead.objects.filter(pk=gone.pk).update(city="Olinda", tags=["horta"], last_inbound_at=wrote_at)
    gone.refresh_from_db()
    stages.move(gone, "qualified", by=None)
    return kept, gone


def merge(kept, gone):
    return merging.merge(kept, gone, by=None, reason="Disse por telefone.")


def test_all_that_one_has_goes_to_the_other(pair):
    kept, gone = pair

    merge(kept, gone)

    kept.refresh_from_db()
    assert {one.kind for one in kept.identities.all()} == {"email", "phone"}
    assert kept.conversations.get().messages.count() == 2
    assert kept.claims.count() == 3
    assert (kept.name, kept.city, kept.time_zone) == ("Rosa", "Olinda", "America/Recife")
    assert (kept.tags, kept.stage) == (["horta"], "qualified")
    assert list(Lead.objects.current()) == [kept]
    assert from_whatsapp("+5581987654321") == kept


def test_unmerging_gives_everyone_back_what_was_theirs(pair):
    before = everything()

    merging.unmerge(merge(*pair), by=None)

    after = everything()
    for name in before:
        assert after[name] == before[name], name


def test_who_wrote_since_wrote_to_the_lead_that_was_kept(pair):
    merged, now = merge(*pair), timezone.now()
    Lead.objects.filter(pk=pair[0].pk).update(last_inbound_at=now)

    merging.unmerge(merged, by=None)

    for lead in pair:
        lead.refresh_from_db()
    assert pair[0].last_inbound_at == now
    assert pair[1].last_inbound_at < now


def test_what_came_since_stays_where_it_is(pair):
    kept, gone = pair
    merged = merge(kept, gone)
    later = chat(Lead.objects.get(pk=kept.pk), "Depois")
    Lead.objects.filter(pk=kept.pk).update(city="Natal")

    merging.unmerge(merged, by=None)

    kept.refresh_from_db()
    assert list(kept.conversations.all()) == [later]
    assert kept.city == "Natal"
    assert gone.conversations.count() == 1
    assert from_whatsapp("+5581987654321") == gone


def test_who_opted_out_stays_out_in_both(pair):
    kept, gone = pair
    consent.record(kept, purpose="unasked", is_given=True, channel="form", proof={})
    consent.record(gone, purpose="unasked", is_given=False, channel="whatsapp", proof={})

    merged = merge(kept, Lead.objects.get(pk=gone.pk))

    kept.refresh_from_db()
    assert kept.opted_out_at
    assert not consent.may_write_unasked(kept)
    merging.unmerge(merged, by=None)
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert kept.opted_out_at is None
    assert gone.opted_out_at


def test_a_no_while_they_were_one_counts_for_both(pair):
    kept, gone = pair
    merged = merge(kept, gone)
    consent.record(kept, purpose="unasked", is_given=False, channel="whatsapp", proof={"a": 1})

    merging.unmerge(merged, by=None)

    for lead in pair:
        lead.refresh_from_db()
        assert lead.opted_out_at
    assert kept.consents.last().proof == {"a": 1}
    # What proves it is the other's.
    assert gone.consents.last().proof == {"repeats": kept.consents.last().pk, "merge": merged.pk}


def test_a_no_that_was_taken_back_meanwhile_counts_for_nobody(pair):
    kept, gone = pair
    merged = merge(kept, gone)
    for is_given in (False, True):
        consent.record(kept, purpose="unasked", is_given=is_given, channel="whatsapp", proof={})

    merging.unmerge(merged, by=None)

    gone.refresh_from_db()
    assert gone.opted_out_at is None


def test_two_who_got_the_same_message_can_be_one(pair):
    sent = BulkMessage.objects.create(
        token=uuid4(), channel="email", text="Oi", written_by=UserFactory(is_staff=True)
    )
    for lead in pair:
        FollowUp.objects.create(lead=lead, bulk=sent, due_at=timezone.now())

    merged = merge(*pair)
    merging.unmerge(merged, by=None)

    assert [lead.follow_ups.count() for lead in pair] == [1, 1]


@pytest.fixture
def both_enrolled(make_sequence, make_lead, clock, later):
    """Two leads to whom one sequence of two steps is planned, so long apart."""

    def enrol(apart):
        make_sequence(10, 20)
        kept = make_lead(email="rosa@example.org")
        clock.shift(apart)
        gone = make_lead(email="outra@example.org")
        later(5 * MINUTE)
        return kept, gone

    return enrol


@pytest.mark.parametrize("apart", [0 * MINUTE, MINUTE])
def test_a_sequence_that_both_get_comes_once(both_enrolled, later, mailoutbox, apart):
    merge(*both_enrolled(apart))

    for _ in range(3):
        later(10 * MINUTE)

    sent = FollowUp.objects.filter(status="sent").order_by("sent_at")
    assert list(sent.values_list("step__position", flat=True)) == [1, 2]
    assert len(mailoutbox) == 2
    assert not FollowUp.objects.planned().exists()


def test_parted_before_its_turn_each_gets_it(both_enrolled, later, mailoutbox):
    merging.unmerge(merge(*both_enrolled(MINUTE)), by=None)

    for _ in range(3):
        later(10 * MINUTE)

    assert len(mailoutbox) == 4


def test_accounts_go_over_and_come_back(pair):
    kept, gone = pair
    user = UserFactory()
    Lead.objects.filter(pk=gone.pk).update(user=user, stage="volunteer")

    merged = merge(kept, gone)

    kept.refresh_from_db()
    assert (kept.user, kept.stage) == (user, "volunteer")
    merging.unmerge(merged, by=None)
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert (kept.user, kept.stage, gone.user) == (None, "new", user)


def test_refusals(pair):
    kept, gone = pair
    third = from_whatsapp("+5511912345678")
    with pytest.raises(merging.SameLead):
        merge(kept, kept)
    first = merge(kept, gone)
    with pytest.raises(merging.AlreadyMerged):
        merge(third, gone)
    second = merge(third, kept)
    with pytest.raises(merging.MergedSince):
        merging.unmerge(first, by=None)
    merging.unmerge(second, by=None)
    merging.unmerge(first, by=None)
    with pytest.raises(merging.MergeUndone):
        merging.unmerge(first, by=None)


def test_two_accounts_are_two_people(pair):
    for lead in pair:
        Lead.objects.filter(pk=lead.pk).update(user=UserFactory())

    with pytest.raises(merging.TwoAccounts):
        merge(*pair)
    assert Lead.objects.current().count() == 2


def test_staff_merge_and_part_by_the_api(care, pair, caretaker):
    kept, gone = pair
    body = {"other": gone.pk, "reason": "Mesma pessoa."}

    made = care.post(f"{URL}{kept.pk}/merges/", body)
    again = care.post(f"{URL}{kept.pk}/merges/", body)
    undone = care.post(f"{URL}{kept.pk}/merges/{made.json()['id']}/undo/")

    assert made.status_code == 201
    assert (made.json()["gone"], made.json()["merged_by"]) == (gone.pk, caretaker.pk)
    assert again.status_code == 400  # it is part of another by now
    assert undone.json()["undone_at"]
    assert [one["id"] for one in care.get(f"{URL}{gone.pk}/merges/").json()["results"]] == [
        made.json()["id"]
    ]


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.django_db(transaction=True)
def test_of_merges_at_once_one_wins_and_nothing_is_lost(turn):
    first, second = from_whatsapp("+5511987654321"), from_whatsapp("+5511987654322")
    third = from_whatsapp("+5511987654323")

    def try_to(kept, gone):
        with suppress(merging.AlreadyMerged):
            merge(kept, gone)

    run_together(
        lambda: try_to(first, second),
        lambda: try_to(second, first),
        lambda: try_to(third, first),
        lambda: try_to(second, third),
    )

    current = set(Lead.objects.current().values_list("pk", flat=True))
    assert {one.lead_id for one in LeadIdentity.objects.all()} <= current
    assert LeadIdentity.objects.count() == 3
    assert LeadMerge.objects.count() == 3 - len(current)


@pytest.mark.django_db(transaction=True)
def test_a_message_during_a_merge_goes_along():
    kept, gone = form(email="rosa@example.org"), from_whatsapp("+5581987654321")
    is_found = ThreadEvent()

    def write():
        with transaction.atomic():
            lead = from_whatsapp("+5581987654321")
            is_found.set()
            let_someone_wait()  # the merge, until the message is with its lead
            chat(lead, "Oi")

    def join():
        is_found.wait(10)
        merge(kept, gone)

    run_together(write, join)

    assert Conversation.objects.get().lead == kept


@pytest.mark.django_db(transaction=True)
def test_a_message_after_a_merge_finds_who_is_left():
    kept, gone = form(email="rosa@example.org"), from_whatsapp("+5581987654321")
    is_merged, found = ThreadEvent(), []

    def join():
        with transaction.atomic():
            merge(kept, gone)
            is_merged.set()
            let_someone_wait()  # the message, which has found the old lead

    def write():
        is_merged.wait(10)
        found.append(from_whatsapp("+5581987654321"))

    run_together(join, write)

    assert found == [kept]


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.django_db(transaction=True)
def test_an_unmerge_that_comes_twice_happens_once(turn):
    merged = merge(form(email="rosa@example.org"), from_whatsapp("+5581987654321"))
    undone = []

    def undo():
        with suppress(merging.MergeUndone):
            undone.append(merging.unmerge(merged, by=None))

    run_together(undo, undo)

    assert len(undone) == 1
    assert Lead.objects.current().count() == 2


# --- Proof by mail ------------------------------------------------------------------------


def token_of(lead):
    return confirmation.make(lead.claims.get(kind="email"))


def test_an_opened_link_proves_the_address(anonymous):
    lead = form(email="rosa@example.org")
    token = token_of(lead)

    first = anonymous.post(f"{URL}email/confirm/", {"token": token})
    second = anonymous.post(f"{URL}email/confirm/", {"token": token})

    assert (first.status_code, second.status_code) == (204, 400)
    assert lead.identities.get().proof == "email"


def test_the_page_of_the_link_asks_before_it_proves(mailoutbox):
    lead = form(email="rosa@example.org")
    confirmation.send(lead.claims.get())
    [mail] = mailoutbox
    address = mail.body.partition("http")[2].split()[0]
    page = f"/account/{address.partition('/account/')[2]}"
    browser = Client()

    asked = browser.get(page)
    assert lead.identities.get().proof == "claim"
    done = browser.post(page.partition("?")[0], {"token": page.partition("token=")[2]})

    assert "Is this" in asked.text or "e-mail" in asked.text
    assert done.status_code == 200
    assert lead.identities.get().proof == "email"


@pytest.mark.parametrize("token", ["", "nonsense", "a\0b", "WzFd.1uBQ0x.abc"])
def test_a_forged_link_proves_nothing(anonymous, token):
    form(email="rosa@example.org")

    assert anonymous.post(f"{URL}email/confirm/", {"token": token}).status_code == 400
    assert LeadIdentity.objects.get().proof == "claim"


def test_an_old_link_proves_nothing(anonymous):
    token = token_of(form(email="rosa@example.org"))

    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert anonymous.post(f"{URL}email/confirm/", {"token": token}).status_code == 400


def test_an_address_proven_from_two_sides_joins_them_with_the_reason():
    typed = form(email="rosa@example.org", name="Rosa")
    lead = from_whatsapp("+5581987654321")
    capture.claim(lead, kind="email", value="rosa@example.org")

    confirming.confirm_email(token_of(lead))

    merged = LeadMerge.objects.get()
    assert (merged.kept, merged.gone, merged.merged_by) == (typed, lead, None)
    assert merged.reason
    assert {one.proof for one in typed.identities.all()} == {"email", "whatsapp"}


def test_an_opt_out_is_lifted_by_the_link_and_not_by_the_form(
    mailoutbox, django_capture_on_commit_callbacks
):
    lead = form(email="rosa@example.org")
    confirming.confirm_email(token_of(lead))
    consent.record(lead, purpose="unasked", is_given=False, channel="email", proof={})

    with django_capture_on_commit_callbacks(execute=True):
        form({**CONSENT, "unasked": True}, email="rosa@example.org")
    assert not consent.may_write_unasked(lead)
    confirming.confirm_email(token_of(lead))

    assert len(mailoutbox) == 1
    assert consent.may_write_unasked(lead)
    assert lead.consents.last().channel == "email"


@pytest.mark.django_db(transaction=True)
def test_a_link_that_is_pressed_twice_at_once_works_once():
    lead = form({**CONSENT, "unasked": True}, email="rosa@example.org")
    token = token_of(lead)

    worked = []

    def press():
        with suppress(ValidationError):
            worked.append(confirming.confirm_email(token))

    run_together(press, press, press)

    assert len(worked) == 1
    assert lead.consents.filter(channel="email").count() == 1
