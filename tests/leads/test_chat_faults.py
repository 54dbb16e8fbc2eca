"""What becomes of a chat when a reader, a replica or the broker goes away in the middle."""

import contextlib
import http.client
import os
import signal
import subprocess
import time
from uuid import UUID

import pytest
import redis
from django.conf import settings

from embedded import ports, readiness, valkey
from leads.models import Conversation, Message
from leads.services import outbox, web_chat
from leads.streams import publishing, wire
from tests.config.workers import until
from tests.leads.streaming import Service, key, names_of, text_of
from tests.leads.test_chat import session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def services(tmp_path):
    """Starts replicas of the stream service, each with its own process."""
    started = []

    def start(**variables):
        started.append(Service(tmp_path, ports.free(set()), **variables))
        return started[-1]

    yield start
    for service in started:
        service.hang_up()
        service.kill()


@pytest.fixture
def replicas(services):
    pair = services(), services()
    return [service.wait() for service in pair]


def test_what_one_replica_writes_another_reads(replicas):
    first, second = replicas
    session = session_of(said := first.say("um dois slow:0.2"))

    found = second.follow(session).until("done")

    assert text_of(found) == "Você disse: um dois slow:0.2 "
    list(said)


def test_a_replica_that_dies_leaves_an_error_and_the_retry_one_answer(replicas):
    first, second = replicas
    body = {"message": "um dois três slow:0.5", "id": key()}
    session = session_of(said := first.say(body=body))
    said.until("token")
    following = second.follow(session, said.last_id)

    first.kill()

    assert following.until("error")[-1] == ("error", {"code": "interrupted", "retry": True})
    again = second.say(body={**body, "token": session["token"]}).until("done")
    assert text_of(again).endswith("Você disse: um dois três slow:0.5 ")
    assert Message.objects.filter(author="person").count() == 1
    assert Message.objects.filter(author="agent").count() == 1


def test_replicas_count_the_streams_of_a_visitor_together(replicas):
    first, second = replicas
    session = session_of(first.say(body={}))
    for replica in (first, second, first, second, first):
        assert replica.follow(session).status == 200

    assert [one.follow(session).status for one in replicas] == [429, 429]
    assert second.say("oi", session["token"]).status == 429
    first.opened[1].close()
    until(lambda: second.follow(session).status == 200, within=5)


def test_many_readers_of_a_dead_answer_are_told_once(replicas):
    first, second = replicas
    session = session_of(said := first.say("um dois slow:5"))
    said.until("token")
    following = [second.follow(session, said.last_id) for _ in range(4)]

    first.kill()

    for stream in following:
        stream.until("error")
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        stream = broker.xrange(wire.stream_key(Conversation.objects.get().public_id))
    assert [fields[b"event"] for _, fields in stream].count(b"error") == 1


def test_without_a_reader_an_answer_ends_and_is_paid_for(services):
    service = services(CHAT_PRESENCE="2").wait()
    said = service.say("um dois três quatro cinco slow:1.5")
    said.until("token")
    said.close()

    until(lambda: Conversation.objects.get().tokens_spent > 0, within=30)

    assert not Message.objects.filter(author="agent").exists()
    assert Message.objects.get().text.startswith("um dois")


def test_who_comes_back_in_time_has_the_answer_go_on(services):
    service = services().wait()
    session = session_of(said := service.say("um dois três slow:0.6"))
    first = said.until("token")
    said.close()

    rest = service.follow(session, said.last_id).until("done")

    assert text_of([*first, *rest]) == "Você disse: um dois três slow:0.6 "


def test_a_deploy_ends_streams_at_once_and_lets_answers_end(services):
    service = services().wait()
    session = session_of(said := service.say("um dois slow:0.5"))
    following = service.follow(session)
    next(following), next(following)

    took = service.stop()

    assert names_of(list(said))[-1] == "done"
    assert took < 10
    assert "done" not in names_of(list(following))


def test_a_reader_who_never_reads_is_let_go(services):
    service = services(CHAT_STUCK="2").wait()
    session = session_of(service.say(body={}))
    following = service.follow(session)
    next(following), next(following)
    conversation = session["conversation"]

    for number in range(400):
        fields = {"text": f"{number} " + "x" * 40_000}
        publishing._write(UUID(conversation), "token", fields)

    until(lambda: open_streams(service) == 0, within=30)


def open_streams(service):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read().decode()
    connection.close()
    return next(
        float(line.split()[1])
        for line in page.splitlines()
        if line.startswith("mutirao_open_streams ")
    )


@pytest.fixture
def own_broker(tmp_path):
    """A broker that this test may hurt."""
    made = valkey.Valkey(tmp_path / "valkey", ports.free(set()), "of-this-test", valkey.THROW_AWAY)
    made.prepare()

    class Broker:
        url = f"redis://:of-this-test@127.0.0.1:{made.port}/0"

        def start(self):
            log = tmp_path / "valkey.log"
            with log.open("wb") as output:
                self.process = subprocess.Popen(
                    made.command, stdout=output, stderr=output, start_new_session=True
                )
            readiness.wait(
                made.is_ready,
                name="the broker",
                log=log,
                is_alive=lambda: self.process.poll() is None,
            )

        def signal(self, number):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    broker = Broker()
    broker.start()
    yield broker
    broker.signal(signal.SIGKILL)
    broker.process.wait(5)


def test_a_broker_that_was_away_costs_no_message(services, own_broker, settings):
    service = services(BROKER_URL=own_broker.url).wait()
    session = session_of(said := service.say("oi"))
    list(said)
    following = service.follow(session)
    next(following), next(following)
    settings.CELERY_BROKER_URL = own_broker.url
    publishing._redis.cache_clear()

    own_broker.signal(signal.SIGKILL)
    own_broker.process.wait(5)
    refused = service.say("ainda aí?", session["token"])
    outbox.queue(Conversation.objects.get(), author="staff", text="Aqui é a Ana.")
    own_broker.start()
    publishing.nudge.BREAKER.reset()
    Message.objects.filter(author="staff").update(
        accepted_at=web_chat.timezone.now() - web_chat.QUICK
    )

    assert refused.status == 503
    assert Message.objects.get(author="staff").delivery == "queued"
    until(lambda: (web_chat.publish_waiting(), _is_sent())[1])
    assert following.until("message")[-1][1]["text"] == "Aqui é a Ana."
    publishing._redis.cache_clear()


def _is_sent():
    return Message.objects.get(author="staff").delivery == "sent"


def test_a_silent_stream_outlives_the_time_outs_of_the_broker(services):
    service = services().wait()
    session = session_of(said := service.say("oi"))
    list(said)
    following = service.follow(session)
    next(following), next(following)
    began = time.monotonic()

    assert next(following) == ("", None)  # a comment

    assert time.monotonic() - began > 10
    outbox.queue(Conversation.objects.get(), author="staff", text="Ainda aqui?")
    assert following.until("message")[-1][1]["text"] == "Ainda aqui?"


def test_one_address_begins_only_so_many_chats(services):
    service = services(RATE_LIMITS_ENABLED="true").wait()

    statuses = [service.say(body={}).status for _ in range(65)]

    assert statuses == [200] * 60 + [429] * 5
    assert int(service.say(body={}).response.headers["Retry-After"]) > 0


def test_a_visitor_writes_only_so_much_a_minute(services):
    service = services(RATE_LIMITS_ENABLED="true").wait()
    session = session_of(service.say(body={}))

    statuses = [service.say(f"oi {number}", session["token"]).status for number in range(21)]

    assert statuses == [200] * 19 + [429] * 2
    assert Message.objects.filter(author="person").count() == 19


def test_who_begins_too_many_chats_leaves_nothing_on_the_broker(services):
    service = services(RATE_LIMITS_ENABLED="true").wait()
    for _ in range(60):
        service.say(body={})
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        before = set(broker.keys())

        assert service.say("oi").status == 429

        assert set(broker.keys()) <= before


def test_streams_share_their_connections_to_the_broker(services):
    service = services().wait()
    sessions = [session_of(service.say(body={})) for _ in range(30)]
    following = [service.follow(session) for session in sessions]
    for stream in following:
        next(stream), next(stream)

    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        until(lambda: 31 in [int(client["sub"]) for client in broker.client_list()])

    assert len(following) == 30
