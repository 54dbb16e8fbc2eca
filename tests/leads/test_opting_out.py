"""One word ends what comes unasked, another undoes it; whoever writes is answered all the same."""

import re
import string

import pytest
from django.core import mail, signing
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from leads.models import Enrolment, FollowUp, Lead, LeadConsent, Message, Sequence
from leads.services import consent, opting_out
from tests.leads.agreed import talk_with

OUT, IN = ["parar", "sair", "stop", "cancelar"], ["voltar"]
ACCENTED = str.maketrans("aeiopcr", "áêíõṕçŕ")
AROUND = st.text(" \t\n.!?…,;:*_\"'«»()-–¡¿\u200e\ufeff", max_size=5)
CASES = st.sampled_from([str.lower, str.upper, str.title, str.swapcase])


@given(st.sampled_from(OUT + IN), CASES, st.booleans(), AROUND, AROUND)
@example("parar", str.upper, True, "", "!!!")
def test_a_word_counts_however_it_is_written(word, case, is_accented, before, after):
    written = case(word.translate(ACCENTED) if is_accented else word)

    assert opting_out.opt_word(before + written + after) == ("in" if word in IN else "out")


@given(st.sampled_from(OUT + IN), st.text(string.ascii_letters + "çãé0123456789", min_size=1))
def test_a_word_counts_only_alone(word, other):
    assert opting_out.opt_word(f"{word} {other}") is None
    assert opting_out.opt_word(f"{other}, {word}!") is None


@given(st.text())
def test_no_other_message_does_anything(text):
    words = re.findall(r"\w+", text.casefold())
    if opting_out.opt_word(text) is not None:
        assert len(words) == 1


@pytest.mark.parametrize("text", ["", " ", "!", "paro", "não parar", "pararam", "parar" * 20])
def test_what_is_none_of_the_words_is_a_message(text):
    assert opting_out.opt_word(text) is None


@pytest.fixture
def conversation(make_lead):
    return talk_with(make_lead())


def say(conversation, text):
    message = Message.objects.create(conversation=conversation, author="person", text=text)
    return opting_out.apply(conversation, message, opting_out.opt_word(text))


def planned_for(lead):
    sequence = Sequence.objects.create(name="Teste", trigger="created")
    step = sequence.steps.create(
        position=1, delay_minutes=1, channel="whatsapp", text_pt_br="Oi {name}"
    )
    row = Enrolment.objects.create(sequence=sequence, lead=lead, triggered_at=timezone.now())
    return FollowUp.objects.create(enrolment=row, step=step, lead=lead, due_at=timezone.now())


def test_an_opt_out_is_kept_with_its_proof_and_says_how_it_is_undone(conversation):
    follow_up = planned_for(conversation.lead)

    answer = say(conversation, "Parar!")

    said = LeadConsent.objects.get(is_given=False)
    follow_up.refresh_from_db()
    assert "VOLTAR" in answer
    assert (said.channel, said.proof["words"], said.text) == ("whatsapp", "Parar!", answer)
    assert (follow_up.status, follow_up.reason) == ("skipped", "opted_out")
    assert follow_up.enrolment.stop_reason == "opted_out"
    assert not consent.may_write_unasked(Lead.objects.get())


def test_a_return_is_a_consent_but_brings_nothing_back(conversation):
    follow_up = planned_for(conversation.lead)
    say(conversation, "SAIR")

    answer = say(conversation, "voltar")

    follow_up.refresh_from_db()
    assert "PARAR" in answer
    assert consent.may_write_unasked(Lead.objects.get())
    assert follow_up.status == "skipped"


def test_the_confirmation_is_in_the_language_of_the_lead(make_lead):
    english, portuguese = make_lead(language="en"), make_lead()

    assert "still answer" in say(talk_with(english), "STOP")
    assert "continuamos respondendo" in say(talk_with(portuguese), "STOP")


def test_a_link_stops_them_and_undoes_it(client, make_lead):
    lead = make_lead()
    page = opting_out.link(lead).partition("://")[2].partition("/")[2]

    asked = client.get(f"/{page}")
    assert Lead.objects.get().opted_out_at is None  # looking changes nothing
    stopped = client.post(f"/{page}", {"wish": "out"})
    assert Lead.objects.get().opted_out_at is not None
    offered = client.get(f"/{page}")
    again = client.post(f"/{page}", {"wish": "in"})

    assert Lead.objects.get().opted_out_at is None
    assert [one.status_code for one in (asked, stopped, offered, again)] == [200] * 4
    assert 'value="out"' in asked.text
    assert 'value="in"' in offered.text
    proofs = [one.proof for one in LeadConsent.objects.filter(channel="email")]
    assert [proof["address"] for proof in proofs] == ["127.0.0.1"] * 2


def test_a_mail_program_needs_one_post_and_repeats_it_in_vain(client, make_lead):
    page = opting_out.link(make_lead()).partition("://")[2].partition("/")[2]

    for _ in range(3):
        response = client.post(f"/{page}", {"List-Unsubscribe": "One-Click"})

    assert response.status_code == 200
    assert LeadConsent.objects.filter(is_given=False).count() == 1


@pytest.mark.parametrize("token", ["x", "1.2", "e30.x", signing.Signer(sep=".").sign_object([1])])
def test_a_link_that_we_did_not_sign_is_refused(client, make_lead, token):
    make_lead()

    for response in (client.get(f"/account/leads/opt-out/{token}/"),):
        assert response.status_code == 200
    response = client.post(f"/account/leads/opt-out/{token}/")

    assert response.status_code == 400
    assert not LeadConsent.objects.filter(is_given=False).exists()


def test_the_link_of_a_merged_lead_is_about_who_is_left(client, make_lead):
    kept = make_lead()
    gone = make_lead(merged_into=kept)
    page = opting_out.link(gone).partition("://")[2].partition("/")[2]

    client.post(f"/{page}")

    kept.refresh_from_db()
    assert kept.opted_out_at is not None


def test_the_link_of_an_erased_lead_says_so(client, make_lead):
    lead = make_lead()
    page = opting_out.link(lead).partition("://")[2].partition("/")[2]
    lead.delete()

    assert client.post(f"/{page}").status_code == 400
    assert not mail.outbox
