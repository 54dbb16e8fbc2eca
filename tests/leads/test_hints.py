"""Where we know nothing, staff get hints from the web, and who asked gets none."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
from django.core import mail

from config.errors import DependencyAway
from leads.agent.providers import choice, tavily
from leads.models import OpenQuestion
from leads.services import answers, handoff
from tests.factories import UserFactory
from tests.leads.people import conversation, fresh, said, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_duty")]
HINT = "Da web, sem conferência e não é nosso:\n- Marés do Recife: Baixa-mar às 7h12. https://mare.example/recife"
FOUND = {
    "title": "Marés do\nRecife",
    "url": "https://mare.example/recife",
    "content": "Baixa-mar às 7h12.",
    "score": 0.91,
    "raw_content": None,
}


def told(*results):
    """A whole answer, as it is in the reference of the API."""
    rest = {"query": "?", "follow_up_questions": None, "answer": None, "images": []}
    return {**rest, "results": list(results), "response_time": 1.09, "request_id": "r-1"}


class Wire(BaseHTTPRequestHandler):
    """POST /search with a bearer's key, as Tavily has it."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        is_known = self.headers["Authorization"] == "Bearer tvly-key"
        refusal = (401, {"detail": {"error": "Unauthorized: missing or invalid API key."}})
        status, answer = self.server.answer if is_known else refusal
        if status == "silent":
            self.server.release.wait(10)
            return
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def web(settings):
    with ThreadingHTTPServer(("127.0.0.1", 0), Wire) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.asked, server.release, server.answer = [], Event(), (200, told(FOUND))
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
        settings.TAVILY_API_KEY = "tvly-key"
        settings.TAVILY_URL = f"http://127.0.0.1:{server.server_port}/search"
        yield server
        server.release.set()
        server.shutdown()


def handed_off(question="Que horas é a maré baixa?", reason="no_evidence"):
    to = conversation()
    OpenQuestion.objects.create(conversation=to, text=question)
    handoff.hand_off(to, reason=reason, summary=question)
    return to


def test_staff_get_hints_with_the_hand_off(web):
    to = handed_off()

    handoff.tell(to.pk)

    assert web.asked[0][0] == "/search"
    assert web.asked[0][1]["query"] == "Que horas é a maré baixa?"
    assert fresh(to).handoff_summary == f"Que horas é a maré baixa?\n\n{HINT}"
    assert HINT in mail.outbox[0].body


def test_who_asked_sees_none_of_it(web, knows, monkeypatch):
    knows(is_answerable=False)
    monkeypatch.setattr("leads.tasks.agent.summarize_conversation.delay_on_commit", id)
    to = conversation()
    write(to, "Que horas é a maré baixa?")

    answers.answer(to.pk)
    handoff.tell(to.pk)

    assert HINT in fresh(to).handoff_summary
    assert all("mare.example" not in text for text in [*said(to), *said(to, "system")])


def test_contact_data_stay_here_and_the_rest_is_cut(web):
    to = handed_off(f"Sou ana@example.org, +55 11 98765-4321. Quando? {'👋' * 65_000}")

    handoff.tell(to.pk)

    query = web.asked[0][1]["query"]
    assert query.startswith("Sou , . Quando? 👋")
    assert len(query) == 400


def test_it_is_asked_once_though_the_mail_is_tried_again(web, monkeypatch):
    to = handed_off()

    def away(*arguments):
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr("leads.emails.handoff", away)
        with pytest.raises(OSError):  # noqa: PT011
            handoff.tell(to.pk)
    handoff.tell(to.pk)

    assert len(web.asked) == 1
    assert mail.outbox[0].body.count(HINT) == 1


@pytest.mark.parametrize("reason", ["asked", "voice_note", "failed"])
def test_for_any_other_reason_nothing_is_looked_up(web, reason):
    handoff.tell(handed_off(reason=reason).pk)

    assert web.asked == []
    assert len(mail.outbox) == 1


def test_without_a_key_nothing_is_looked_up(web, settings):
    settings.TAVILY_API_KEY = ""

    handoff.tell(handed_off().pk)

    assert (choice.web_search(), web.asked, len(mail.outbox)) == (None, [], 1)


PAGES_THAT_ARE_NONE = [
    *("javascript:alert(1)", "ftp://mare.example", "https://mare.example/\nhttps://x.example"),
    *("", "https://", f"https://{'a' * 600}"),
]
FAILURES = [
    (401, {"detail": {"error": "Unauthorized: missing or invalid API key."}}),
    (429, {"detail": {"error": "Your request has been blocked due to excessive requests."}}),
    (432, {"detail": {"error": "This request exceeds your plan's set usage limit."}}),
    (500, {"detail": {"error": "Internal Server Error"}}),
    (200, b"<html>"),
    (200, {"results": None}),
    (200, {"results": [{"title": "?"}]}),
    (200, []),
    ("silent", None),
]


@pytest.mark.parametrize("answer", FAILURES)
def test_whatever_fails_staff_are_told_all_the_same(web, answer, monkeypatch):
    monkeypatch.setattr(tavily, "TIMEOUT", 0.2)
    web.answer = answer
    to = handed_off()

    handoff.tell(to.pk)

    assert fresh(to).handoff_summary == "Que horas é a maré baixa?"
    assert (len(mail.outbox), len(web.asked)) == (1, 1)


def test_who_fails_again_and_again_is_not_asked_any_more(web):
    web.answer = (500, {})

    for _ in range(7):
        with pytest.raises(DependencyAway):
            tavily.Tavily().search("maré")

    assert len(web.asked) == 5


def test_only_pages_are_hints(web):
    bad = [{**FOUND, "url": url} for url in PAGES_THAT_ARE_NONE]
    web.answer = (200, told(*bad, FOUND, FOUND, FOUND, FOUND))

    hits = tavily.Tavily().search("maré")

    assert [hit.url for hit in hits] == [FOUND["url"]] * 3


def test_hints_stand_in_the_admin(web, client):
    to = handed_off()
    handoff.tell(to.pk)
    client.force_login(UserFactory(is_staff=True, is_superuser=True))

    page = client.get(f"/admin/leads/conversation/{to.pk}/change/").text

    assert "https://mare.example/recife" in page
