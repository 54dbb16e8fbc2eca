"""What people write is stored once, in its place, and becomes one burst with one answer."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from leads.evolution.messages import Change
from leads.models import Conversation, Lead, Message
from leads.services import changing, conversations, leases, sequences
from tests.factories import UserFactory
from tests.leads.people import conversation, fresh, instance, said, write
from tests.together import run_together

pytestmark = pytest.mark.django_db
SILENCE = timedelta(seconds=4)


@pytest.fixture(autouse=True)
def nudges(settings, monkeypatch):
    """The conversations that workers were nudged for; none brings the answer itself."""
    settings.BURST_SILENCE = SILENCE
    found = []
    monkeypatch.setattr("leads.tasks.agent.answer_conversation.delay_on_commit", found.append)
    return found


def answered(to):
    """As if all that is there had its answer."""
    last = to.messages.order_by("-pk").values_list("pk", flat=True).first() or 0
    Conversation.objects.filter(pk=to.pk).update(
        answered_through=last, answer_due_at=None, burst_began_at=None
    )


def test_message_is_stored_once_whatever_is_delivered():
    to = conversation()
    first, is_new = conversations.receive(
        to, external_id="A1", text="Oi", sent_at=timezone.now(), name="Ana"
    )

    again, is_new_again = conversations.receive(
        to, external_id="A1", text="Oi", sent_at=timezone.now()
    )

    assert (is_new, is_new_again) == (True, False)
    assert first.pk == again.pk
    assert to.messages.count() == 1
    assert fresh(to.lead).name == "Ana"
    assert to.lead.last_inbound_at == first.sent_at


def test_a_known_name_is_not_overwritten():
    to = conversation()
    Lead.objects.update(name="Ana")

    write(to, name="Beto")

    assert fresh(to.lead).name == "Ana"


def test_same_id_on_another_instance_is_another_message():
    write(conversation(1), external_id="A1")
    other = conversation(2)
    Conversation.objects.filter(pk=other.pk).update(instance=instance("other"))

    write(fresh(other), external_id="A1")

    assert Message.objects.filter(external_id="A1").count() == 2


@pytest.mark.django_db(transaction=True)
def test_message_that_comes_twice_at_once_is_stored_once(nudges):
    to = conversation()

    run_together(*[partial(write, to, external_id="A1") for _ in range(4)])

    assert to.messages.count() == 1
    assert len(nudges) == 1


@pytest.mark.django_db(transaction=True)
def test_messages_of_one_burst_at_once_nudge_one_worker(nudges):
    to = conversation()

    run_together(*[partial(write, to) for _ in range(6)])

    assert to.messages.count() == 6
    assert len(nudges) == 1


def test_burst_ends_after_silence_and_nudges_once(nudges):
    to = conversation()
    write(to)
    first_due = fresh(to).answer_due_at

    write(to)

    assert fresh(to).answer_due_at > first_due
    assert abs(to.answer_due_at - timezone.now() - SILENCE) < timedelta(seconds=1)
    assert nudges == [to.pk]


def test_voice_note_that_was_taken_back_is_not_waited_for(nudges):
    """The worker that was nudged first comes when the note should have been text."""
    to, now = conversation(), timezone.now()
    write(to, text="", kind="audio", external_id="A1")
    to.messages.update(transcription_due_at=now + timedelta(seconds=25))
    conversations.voice_changed(fresh(to))
    assert fresh(to).answer_due_at == now + timedelta(seconds=25)

    changing.changed(to.instance, "A1", [Change(now, "taken back", "", "A1")])

    assert fresh(to).answer_due_at < now + timedelta(seconds=25) - SILENCE
    assert nudges == [to.pk, to.pk]


def test_burst_is_over_at_last_though_the_person_goes_on(settings):
    to = conversation()
    write(to)
    began = timezone.now() - timedelta(seconds=14)
    Conversation.objects.update(burst_began_at=began)

    write(to)

    assert fresh(to).answer_due_at == began + settings.BURST_LONGEST


def test_late_message_takes_its_place_and_causes_no_answer(nudges):
    to = conversation()
    write(to, "depois", ago=10)
    answered(to)
    nudges.clear()

    late = write(to, "antes", ago=20)

    assert fresh(to).answer_due_at is None
    assert to.answered_through == late.pk
    assert nudges == []
    assert said(to, "person") == ["antes", "depois"]


def test_late_message_within_a_burst_is_part_of_it():
    to = conversation()
    write(to, "depois", ago=60)

    write(to, "antes", ago=120)

    waiting = conversations.unanswered(fresh(to))
    assert [message.text for message in waiting] == ["antes", "depois"]


def test_of_the_same_second_what_was_seen_first_comes_first():
    to = conversation()
    moment = timezone.now()
    for text in ("um", "dois", "três"):
        conversations.receive(to, external_id=text, text=text, sent_at=moment)

    assert said(to, "person") == ["um", "dois", "três"]


def test_clock_that_goes_ahead_makes_nothing_look_old():
    to = conversation()
    write(to, ago=-3600)
    answered(to)

    write(to)

    assert fresh(to).answer_due_at is not None


@pytest.mark.parametrize("state", ["waiting", "staff"])
def test_where_a_person_answers_nothing_waits_for_the_assistant(nudges, state):
    to = conversation(state=state, handed_off_at=timezone.now())

    message = write(to)

    assert fresh(to).answer_due_at is None
    assert to.answered_through < message.pk
    assert nudges == []


def test_closed_conversation_opens_when_somebody_writes(nudges):
    to = conversation(state="closed")

    write(to)

    assert fresh(to).state == "agent"
    assert nudges == [to.pk]


def test_opt_out_is_confirmed_at_once_and_needs_no_answer(nudges):
    to = conversation()

    write(to, "PARAR!")

    [confirmation] = said(to, "system")
    assert "VOLTAR" in confirmation
    assert fresh(to).answer_due_at is None
    assert nudges == []


def test_web_message_is_left_to_its_stream_for_as_long_as_a_lease(nudges):
    to = conversation(channel="web")

    write(to)

    assert fresh(to).answer_due_at > timezone.now() + leases.LEASE - timedelta(seconds=2)
    assert nudges == []


def test_text_keeps_emoji_and_loses_what_no_database_can_hold():
    to = conversation()

    write(to, "Olá 👋 \0 شكرا")

    assert said(to, "person") == ["Olá 👋  شكرا"]


def test_the_longest_text_of_whatsapp_is_kept_whole():
    to, longest = conversation(), "👋" * 65_536

    write(to, longest)

    assert said(to, "person") == [longest]


def test_text_after_a_voice_note_waits_until_that_is_text():
    to = conversation()
    voice = write(to, "", kind="audio")
    until = timezone.now() + timedelta(seconds=30)
    Message.objects.filter(pk=voice.pk).update(transcription_due_at=until)
    write(to, "ouviu?")
    assert fresh(to).answer_due_at == until

    Message.objects.filter(pk=voice.pk).update(text="onde é?", transcribed_at=timezone.now())
    conversations.voice_changed(to)

    assert fresh(to).answer_due_at < until


def test_edit_is_kept_if_it_is_the_newest_and_asks_for_no_answer():
    to = conversation()
    message = write(to, "sabdo", external_id="A1")
    answered(to)
    moment = timezone.now()

    changing.changed(to.instance, "A1", [Change(moment, "edited", "sábado", "A1")])
    earlier = Change(moment - timedelta(seconds=1), "edited", "sabado", "A1")
    changing.changed(to.instance, "A1", [earlier])

    assert fresh(message).text == "sábado"
    assert fresh(to).answer_due_at is None


def test_reaction_is_noted_and_taken_back():
    to = conversation()
    message, now = write(to, external_id="A1"), timezone.now()

    changing.changed(to.instance, "A1", [Change(now, "reacted", "👍", "A1")])

    assert fresh(message).reaction == "👍"
    changing.changed(to.instance, "A1", [Change(now, "reacted", "", "A1")])
    assert fresh(message).reaction == ""


def test_staff_who_write_silence_the_assistant(monkeypatch):
    stopped = []
    monkeypatch.setattr(sequences, "taken_over", stopped.append)
    to, person = conversation(), UserFactory(is_staff=True)
    message = write(to)

    reply = conversations.staff_wrote(to, by=person, text="Oi, aqui é a Bia.")

    assert (fresh(to).state, to.assigned_to) == ("staff", person)
    assert (to.answer_due_at, to.answered_through) == (None, message.pk)
    assert (reply.author, reply.staff, reply.delivery) == ("staff", person, "queued")
    assert stopped == [to.lead]


def test_message_from_the_phone_pauses_the_assistant_and_is_not_sent_again():
    to = conversation()
    write(to)

    for _ in range(2):
        reply = conversations.staff_wrote(to, by=None, text="Já respondo.", external_id="C1")

    assert (reply.delivery, fresh(to).state) == ("sent", "staff")
    assert said(to, "staff") == ["Já respondo."]


def test_echo_of_what_the_assistant_sent_pauses_nothing():
    to = conversation()
    to.messages.create(author="agent", instance=to.instance, external_id="B1", delivery="sent")

    conversations.staff_wrote(to, by=None, text="…", external_id="B1")

    assert fresh(to).state == "agent"


@pytest.mark.django_db(transaction=True)
def test_conversation_that_moves_to_another_lead_meanwhile_is_locked_with_that_one():
    to = conversation()
    other = Lead.objects.create(source="form")

    def move():
        Conversation.objects.filter(pk=to.pk).update(lead=other)

    run_together(move, *[partial(write, to) for _ in range(3)])

    assert to.messages.count() == 3
    assert fresh(to).lead == other
