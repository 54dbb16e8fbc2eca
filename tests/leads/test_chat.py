"""The web chat, by real sockets to a real stream service with a pool of two connections."""

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.conf import settings

from embedded import ports
from leads.models import Conversation, Lead, Message
from leads.services import conversations, erasing, taking_over
from leads.streams import wire
from tests.config.workers import until
from tests.factories import UserFactory
from tests.leads.streaming import Service, key, names_of, text_of
from users import services as users

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def running(tmp_path_factory, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        service = Service(tmp_path_factory.mktemp("streams"), ports.free(set())).wait()
    yield service
    service.kill()


@pytest.fixture
def chat(running):
    yield running
    running.hang_up()
    assert "Traceback" not in running.text, running.text


@pytest.fixture
def broker():
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        yield client


def session_of(stream):
    name, session = next(stream)
    assert name == "session"
    return session


def test_empty_message_is_greeted_in_one_token_and_costs_no_row(chat):
    stream = chat.say(body={})

    found = list(stream)

    assert names_of(found) == ["session", "token", "done"]
    assert found[1] == ("token", {"text": "Hello, CIMT!"})
    assert not Lead.objects.exists()


def test_no_body_at_all_is_greeted_too(chat):
    connection = http.client.HTTPConnection("127.0.0.1", chat.port, timeout=10)
    connection.request("POST", "/chat")

    response = connection.getresponse()

    assert b"Hello, CIMT!" in response.read()
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.headers["X-Request-ID"]
    connection.close()


@pytest.mark.parametrize("path", ["/chat", "/chat/", "/api/v1/chat", "/api/chat/"])
def test_a_message_is_answered_with_its_source_at_each_address(chat, path):
    found = list(chat.say("Tem mutirão sábado?", path=path))

    assert names_of(found) == ["session", "token", "citation", "done"]
    assert text_of(found) == "Você disse: Tem mutirão sábado? "
    answer = Message.objects.get(author="agent")
    assert found[-1][1]["message"] == answer.pk
    assert Lead.objects.get().identities.get().proof == "token"


def test_ids_only_grow(chat):
    stream, ids = chat.say("um dois três"), []
    for _ in stream:
        ids.append(wire.place(stream.last_id))

    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_who_is_signed_in_says_it_as_the_person_of_the_account(chat):
    rosa = UserFactory()
    access = users.begin_session(rosa, users.Device("192.0.2.7", "Firefox")).access

    list(chat.say("oi", Authorization=f"Bearer {access}"))

    assert Lead.objects.get().user == rosa


def test_token_that_does_not_hold_is_refused_before_anything_is_stored(chat):
    assert chat.say("oi", Authorization="Bearer stale").status == 401
    assert not Lead.objects.exists()


def test_a_chat_goes_on_by_its_token(chat):
    session = session_of(first := chat.say("oi"))
    list(first)

    again = session_of(second := chat.say("tudo bem?", session["token"]))
    list(second)

    assert again["conversation"] == session["conversation"]
    assert Conversation.objects.get().messages.filter(author="person").count() == 2


def test_the_same_message_sent_again_is_stored_and_answered_once(chat):
    keys = {"Idempotency_Key": key()}
    first = list(chat.say("oi", **keys))

    second = list(chat.say("oi", **keys))

    assert first[0][1]["conversation"] == second[0][1]["conversation"]
    assert text_of(first) == text_of(second)
    assert first[-1] == second[-1]
    assert Message.objects.count() == 2


def test_many_retries_at_once_have_one_answer(chat):
    session = session_of(greeted := chat.say(body={}))
    list(greeted)
    body = {"message": "oi slow:0.05", "token": session["token"], "id": key()}

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: list(chat.say(body=body)), range(5)))

    assert len({text_of(events) for events in found}) == 1
    assert [events[-1][0] for events in found] == ["done"] * 5
    assert Message.objects.count() == 2


def test_a_key_for_another_message_is_refused(chat):
    session = session_of(first := chat.say("oi", Idempotency_Key="k" * 16))
    list(first)

    refused = chat.say("outra coisa", session["token"], Idempotency_Key="k" * 16)

    assert (refused.status, refused.json()["errors"][0]["code"]) == (409, "idempotency_key_reused")


def test_the_key_of_a_first_message_is_hard_to_come_upon(chat):
    assert chat.say("oi", Idempotency_Key="1").status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ({"message": "x" * 2001}, 400),
        ({"message": {"a": 1}}, 400),
        ({"message": "x" * 20_000}, 413),
        ({"message": "oi", "token": "nonsense"}, 401),
        ({"message": "oi", "token": "f" * 96}, 401),
        ({"message": "oi", "conversation": "5d4b7a66-0f0f-4f3c-9b5e-0d3b6f1f0a11"}, 404),
        ({"message": "oi", "id": "não"}, 400),
    ],
)
def test_bad_input_is_refused_in_the_shape_of_the_api(chat, body, status):
    refused = chat.say(body=body)

    assert refused.status == status
    assert refused.json()["errors"][0]["code"]
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"message=oi", 400),
        (b'{"message": "oi', 400),
        (b'{"message": "\xff"}', 400),
        (b'{"message": ' + b"[" * 1000 + b"]" * 1000 + b"}", 400),
        (b'{"message": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
        (b"x" * 10 * 1024 * 1024, 413),
    ],
    ids=["a form", "cut off", "no UTF-8", "nested", "nested too deeply", "10 MB"],
)
def test_what_is_no_message_is_refused_and_the_next_is_answered(chat, body, status):
    line = http.client.HTTPConnection("127.0.0.1", chat.port, timeout=30)
    line.request("POST", "/chat", body, {"Content-Type": "application/json"})
    response = line.getresponse()

    assert (response.status, bool(json.loads(response.read())["errors"])) == (status, True)
    assert not Lead.objects.exists()
    line.close()
    assert names_of(list(chat.say("Olá 👋 شكرا")))[-1] == "done"
    assert Message.objects.get(author="person").text == "Olá 👋 شكرا"


def test_a_conversation_is_its_visitors_own(chat):
    mine, others = (session_of(chat.say(body={})) for _ in range(2))
    stolen = {"conversation": mine["conversation"], "token": others["token"]}

    assert chat.follow(stolen).status == 404
    assert chat.follow({**mine, "token": mine["token"][:-1] + "x"}).status == 401
    assert chat.say(body={"message": "oi", **stolen}).status == 404
    assert chat.get(f"/chat/{mine['conversation']}/events?token={mine['token']}") == 401


def test_staff_reach_a_visitor_who_waits_and_hand_back(chat):
    session = session_of(said := chat.say("Quero falar com alguém"))
    list(said)
    following = chat.follow(session)
    assert names_of([next(following), next(following)]) == ["session", "history"]
    conversation, person = Conversation.objects.get(), UserFactory(is_staff=True)

    conversations.staff_wrote(conversation, by=person, text="Aqui é a Ana.")
    taking_over.hand_back(conversation, by=person)

    (name, reply), *states = [next(following) for _ in range(3)]
    assert (name, reply["author"], reply["text"]) == ("message", "staff", "Aqui é a Ana.")
    assert person.first_name not in str(reply)
    assert states == [("state", {"state": "staff"}), ("state", {"state": "agent"})]


def test_the_assistant_is_silent_while_a_person_answers(chat):
    session = session_of(said := chat.say("oi"))
    list(said)
    taking_over.take_over(Conversation.objects.get(), by=UserFactory(is_staff=True))

    found = list(chat.say("e agora?", session["token"]))

    assert names_of(found)[-2:] == ["state", "done"]
    assert found[-1][1]["message"] is None
    assert Message.objects.filter(author="agent").count() == 1


def test_who_lost_the_stream_gets_the_rest_of_it(chat):
    session = session_of(stream := chat.say("um dois três quatro slow:0.3"))
    first = next(stream)
    stream.close()

    rest = chat.follow(session, stream.last_id).until("done")

    assert rest[0][0] == "session"
    assert text_of([first, *rest]) == "Você disse: um dois três quatro slow:0.3 "
    assert Message.objects.filter(author="agent").count() == 1


def test_who_comes_anew_sees_an_answer_on_its_way_from_its_first_word(chat):
    session = session_of(stream := chat.say("um dois três slow:0.3"))
    stream.until("token")

    found = chat.follow(session).until("done")

    assert names_of(found) == ["session", "history", "token", "citation", "done"]
    assert text_of(found) == "Você disse: um dois três slow:0.3 "


def test_what_is_too_old_is_told_by_the_rows(chat, broker):
    session = session_of(stream := chat.say("oi"))
    list(stream)
    broker.delete(wire.stream_key(Conversation.objects.get().public_id))

    following = chat.follow(session, stream.last_id)

    assert next(following)[0] == "session"
    name, lost = next(following)
    assert name == "session_lost"
    assert [message["author"] for message in lost["messages"]] == ["person", "agent"]


def test_what_lies_on_the_broker_only_we_can_read(chat, broker):
    list(chat.say("Moro na Rua Iracema"))
    key = wire.stream_key(Conversation.objects.get().public_id)

    found = broker.xrange(key)

    assert [fields[b"event"] for _, fields in found].count(b"token") > 1
    for _, fields in found:
        assert fields.keys() == {b"event", b"data"}
        assert fields[b"data"].startswith(b"gAAAA")
    assert b"Iracema" in b"".join(wire.unsealed(fields[b"data"]) for _, fields in found)


def test_who_is_erased_in_the_middle_of_an_answer_leaves_nothing_on_the_broker(chat, broker):
    said = chat.say("um dois slow:0.5")
    said.until("token")
    key = wire.stream_key(Conversation.objects.get().public_id)

    erasing.erase(Lead.objects.get())

    assert not broker.exists(key)
    assert list(said)[-1][0] == "error"
    until(lambda: not broker.exists(key))


@pytest.mark.parametrize("last", ["x", "-", "1-", "9" * 40 + "-1", "1-1; FLUSHALL"])
def test_nonsense_for_a_place_is_a_lost_one(chat, last):
    session = session_of(stream := chat.say("oi"))
    list(stream)

    following = chat.follow(session, last)

    assert names_of([next(following), next(following)]) == ["session", "session_lost"]


def test_an_answer_that_fails_says_so_and_a_retry_has_one(chat):
    body = {"message": "isto breaks", "id": key()}

    failed = list(chat.say(body=body))

    assert failed[-1] == ("error", {"code": "failed", "retry": True})
    assert Message.objects.get().author == "person"
    assert list(chat.say(body=body))[-1][0] == "error"
    assert Message.objects.count() == 1


def test_an_answer_is_rated_by_whom_it_was_for(chat):
    mine, others = (list(chat.say("oi")) for _ in range(2))
    answer = mine[-1][1]["message"]

    statuses = [
        chat.rate(mine[0][1], answer, "down").status,
        chat.rate(others[0][1], answer, "up").status,
        chat.rate(mine[0][1], answer - 1, "up").status,
        chat.rate(mine[0][1], answer, "so-so").status,
    ]

    assert statuses == [204, 404, 404, 400]
    assert Message.objects.get(pk=answer).feedback == "down"


def test_fifty_streams_on_a_pool_of_two(chat):
    with ThreadPoolExecutor(25) as pool:
        sessions = list(pool.map(lambda number: chat.say(f"oi {number}").until("done"), range(50)))
        following = list(pool.map(lambda found: chat.follow(found[0][1]), sessions))
        for stream in following:
            assert names_of([next(stream), next(stream)]) == ["session", "history"]

        again = list(pool.map(lambda found: list(chat.say("mais", found[0][1]["token"])), sessions))

    assert {events[-1][0] for events in again} == {"done"}
    assert chat.get("/readiness/") == 200
    assert Message.objects.filter(author="agent").count() == 100
    for stream in following:
        stream.close()


def test_a_visitor_may_open_only_so_many_streams(chat):
    session = session_of(chat.say(body={}))
    opened = [chat.follow(session) for _ in range(5)]
    for stream in opened:
        next(stream), next(stream)

    refused = chat.follow(session)

    assert (refused.status, refused.response.headers["Retry-After"]) == (429, "30")
    opened[0].close()
    until(lambda: chat.follow(session).status == 200, within=5)


def test_a_client_that_goes_away_in_the_middle_of_its_request_does_no_harm(chat):
    with socket.create_connection(("127.0.0.1", chat.port)) as client:
        client.sendall(b"POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    with socket.create_connection(("127.0.0.1", chat.port)) as client:
        client.sendall(b"POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")

    assert list(chat.say("oi"))[-1][0] == "done"


def test_other_origins_may_chat_only_if_they_are_named(chat):
    asked = {"Origin": "https://example.org", "Access_Control_Request_Method": "POST"}

    stream = chat.say("oi", **asked)

    assert "Access-Control-Allow-Origin" not in stream.response.headers
    list(stream)
