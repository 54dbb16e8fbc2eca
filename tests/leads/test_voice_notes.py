"""Voice notes become text in time, or a person listens to them."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.utils import timezone

from leads.models import Conversation, LeadConsent, Message
from leads.services import answers, taking_over, transcribing
from leads.tasks import whatsapp as tasks
from tests.factories import UserFactory
from tests.leads.gateway import ROUTES
from tests.leads.sending import in_use

pytestmark = pytest.mark.django_db
ANA = "+5511987654321"
SOUND = b"OggS\0the sound"
VOICE = {"audioMessage": {"mimetype": "audio/ogg; codecs=opus", "seconds": 7, "ptt": True}}


class Deepgram(BaseHTTPRequestHandler):
    """The provider's wire: a list of channels, each with its alternatives."""

    def do_POST(self):
        sound = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((parse_qs(urlsplit(self.path).query), self.headers, sound))
        status, answer = self.server.answer
        if status == "silent":
            self.server.release.wait(10)
            return
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


def heard(text):
    return {"results": {"channels": [{"alternatives": [{"transcript": text, "confidence": 1}]}]}}


@pytest.fixture
def deepgram(settings):
    with ThreadingHTTPServer(("127.0.0.1", 0), Deepgram) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.asked, server.release = [], Event()
        server.answer = (200, heard("Quero plantar árvores"))
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        settings.DEEPGRAM_API_KEY = "deepgram-key"
        settings.DEEPGRAM_URL = f"http://127.0.0.1:{server.server_port}/v1/listen"
        yield server
        server.release.set()
        server.shutdown()


@pytest.fixture
def note(gateway, number, settled):
    """Makes a voice note that came in."""

    def make():
        record = gateway.sends(ANA, VOICE)
        gateway.voices[record["key"]["id"]] = SOUND
        settled()
        return Message.objects.get(kind="audio")

    return make


def test_voice_note_becomes_text_and_is_answered_then(deepgram, note, settings):
    message = note()
    due = Conversation.objects.get().answer_due_at
    assert due - timezone.now() > transcribing.PATIENCE / 2

    tasks.transcribe_message(message.pk)

    message.refresh_from_db()
    assert message.text == "Quero plantar árvores"
    assert message.transcribed_at
    assert Conversation.objects.get().answer_due_at <= message.accepted_at + settings.BURST_SILENCE
    ((query, headers, sound),) = deepgram.asked
    assert (query["language"], headers["Authorization"]) == (["pt-BR"], "Token deepgram-key")
    assert (sound, headers["Content-Type"]) == (SOUND, "audio/ogg")


@pytest.mark.usefixtures("_nobody_answers")
@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_while_a_note_is_fetched_and_listened_to(
    deepgram, gateway, number, monkeypatch
):
    used = []
    call = ("POST", "chat/getBase64FromMediaMessage")
    fetch, listen = ROUTES[call], Deepgram.do_POST
    monkeypatch.setitem(ROUTES, call, lambda *asked: used.append(in_use()) or fetch(*asked))
    monkeypatch.setattr(Deepgram, "do_POST", lambda *asked: used.append(in_use()) or listen(*asked))
    record = gateway.record(ANA, VOICE)
    gateway.voices[record["key"]["id"]] = SOUND
    held = in_use()

    gateway.tell("messages.upsert", record)

    assert Message.objects.get().text == "Quero plantar árvores"
    assert used == [held - 1, held - 1]


@pytest.mark.parametrize("is_with_staff", [True, False])
def test_word_that_is_spoken_stops_messages(deepgram, note, gateway, settled, is_with_staff):
    deepgram.answer = (200, heard("Parar."))
    if is_with_staff:
        gateway.writes_by_hand(ANA, "Aqui é a Rosa")
    message = note()

    tasks.transcribe_message(message.pk)
    tasks.transcribe_message(message.pk)
    answers.answer(message.conversation_id)

    consent = LeadConsent.objects.get()
    assert (consent.is_given, consent.proof["words"]) == (False, "Parar.")
    assert "VOLTAR" in Message.objects.get(author="system").text
    assert not Message.objects.filter(author="agent").exists()
    assert Conversation.objects.get().handed_off_at is None  # nobody waits


def test_answer_waits_for_the_second_note_too(deepgram, note, gateway, settled):
    first = note()
    record = gateway.sends(ANA, VOICE)
    settled()
    second = Message.objects.get(external_id=record["key"]["id"])

    tasks.transcribe_message(first.pk)

    assert Conversation.objects.get().answer_due_at == second.transcription_due_at


def test_who_hands_back_lets_the_note_become_text_first(deepgram, note, gateway, settled):
    gateway.writes_by_hand(ANA, "Aqui é a Rosa")
    settled()
    message = note()

    taking_over.hand_back(Conversation.objects.get(), by=UserFactory())

    assert Conversation.objects.get().answer_due_at == message.transcription_due_at
    tasks.transcribe_message(message.pk)
    assert Conversation.objects.get().answer_due_at < message.transcription_due_at


def test_silence_is_waited_for_though_a_note_is_text(deepgram, note, gateway, settled, settings):
    settings.BURST_SILENCE = timedelta(seconds=4)
    message = note()
    gateway.says(ANA, "e mais uma coisa")
    settled()

    tasks.transcribe_message(message.pk)

    latest = Message.objects.latest("accepted_at")
    due = Conversation.objects.get().answer_due_at
    assert due == latest.accepted_at + timedelta(seconds=4)


def test_voice_note_is_transcribed_once(deepgram, note):
    message = note()

    tasks.transcribe_message(message.pk)
    tasks.transcribe_message(message.pk)

    assert len(deepgram.asked) == 1


def assert_a_person_listens(message):
    conversation = Conversation.objects.get()
    notice = conversation.messages.get(author="system").text
    assert (conversation.state, conversation.handoff_reason) == ("waiting", "voice_note")
    assert notice.startswith("Eu sou a assistente automática")
    assert settings.PRIVACY_URL in notice
    assert "Não consegui ouvir seu áudio. Avisei a equipe: uma pessoa vai responder" in notice
    assert conversation.introduced_at is not None
    message.refresh_from_db()
    assert message.text == ""


def test_who_knows_the_assistant_is_not_told_of_it_again(settings, note, gateway, settled):
    settings.DEEPGRAM_API_KEY = ""
    gateway.says(ANA, "Oi")
    settled()
    Conversation.objects.update(introduced_at=timezone.now())

    note()

    notice = Message.objects.get(author="system").text
    assert notice.startswith("Não consegui ouvir seu áudio. Avisei a equipe")


def test_without_a_key_a_person_listens_at_once(settings, note):
    settings.DEEPGRAM_API_KEY = ""

    assert_a_person_listens(note())


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}),
        (401, {}),
        (400, {"err_msg": "Bad Request: failed to process audio: corrupt or unsupported data"}),
        (200, heard("  ")),
        (200, {"results": {"channels": []}}),
        (200, b"<html>"),
        ("silent", {}),
    ],
)
def test_what_cannot_be_understood_goes_to_a_person(deepgram, note, monkeypatch, answer):
    monkeypatch.setattr(transcribing, "PATIENCE", timedelta(seconds=2))
    deepgram.answer = answer
    message = note()

    tasks.transcribe_message(message.pk)

    assert_a_person_listens(message)


def test_sound_that_the_gateway_lost_goes_to_a_person(deepgram, note, gateway):
    message = note()
    gateway.voices.clear()

    tasks.transcribe_message(message.pk)

    assert_a_person_listens(message)
    assert deepgram.asked == []


def test_time_that_is_over_is_noticed_by_the_sweep_once(deepgram, note):
    message = note()
    Message.objects.update(transcription_due_at=timezone.now() - timedelta(seconds=1))

    tasks.retry_waiting_transcriptions()
    tasks.retry_waiting_transcriptions()

    assert_a_person_listens(message)
    tasks.transcribe_message(message.pk)
    assert deepgram.asked == []


def test_note_whose_message_was_lost_is_transcribed_by_the_sweep(deepgram, note):
    message = note()
    Message.objects.update(transcription_due_at=timezone.now() + timedelta(seconds=10))

    tasks.retry_waiting_transcriptions()

    message.refresh_from_db()
    assert message.text == "Quero plantar árvores"


def test_transcript_that_comes_too_late_changes_nothing(deepgram, note, monkeypatch):
    message = note()
    real = transcribing._listen

    def slow(*arguments):
        transcribing.give_up(message.pk)
        return real(*arguments)

    monkeypatch.setattr(transcribing, "_listen", slow)
    tasks.transcribe_message(message.pk)

    assert_a_person_listens(message)


def test_note_to_a_person_who_is_at_it_is_handed_to_nobody(settings, note, gateway, settled):
    settings.DEEPGRAM_API_KEY = ""
    gateway.writes_by_hand(ANA, "Aqui é a Rosa")
    settled()

    note()

    assert Conversation.objects.get().state == "staff"
    assert not Message.objects.filter(author="system").exists()
