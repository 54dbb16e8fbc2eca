"""Visitors chat while the streams and the workers that answer them die."""

import subprocess
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from fleet import compose
from tests.fleet.conftest import eventually
from tests.leads.streaming import Stream, key, names_of

QUESTION = "Preciso levar luvas para a limpeza da praia?"
# What an answer is made from is not to be had meanwhile: it stands still in its middle.
HELD = "BEGIN; LOCK TABLE leads_chunk IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({}); COMMIT"
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'leads_chunk'::regclass"
ASK = """
from uuid import uuid4
from django.utils.timezone import now
from leads.models import Conversation, LeadIdentity
from leads.services import conversations, identities
from leads.tasks import agent
visitor = uuid4().hex
lead = identities.lead_of(LeadIdentity.Kind.VISITOR, visitor, proof="token", source="web")
chat = Conversation.objects.create(lead=lead, channel="web", key=visitor, public_id=uuid4())
conversations.receive(chat, external_id=visitor, text={!r}, sent_at=now())
# As if the stream that should answer had died a while ago.
Conversation.objects.filter(pk=chat.pk).update(answer_due_at=now())
agent.answer_conversation.delay(chat.pk)
print(chat.public_id)
"""


def say(fleet, text, *, name, token=None):
    body = {"message": text, "token": token, "id": name}
    headers = {"Host": fleet.client().host, "Content-Type": "application/json"}
    return Stream(fleet.client().connect(), "POST", "/chat", body, **headers)


def follow(fleet, session):
    headers = {"Host": fleet.client().host, "Authorization": f"Visitor {session['token']}"}
    path = f"/chat/{session['conversation']}/events"
    return Stream(fleet.client().connect(), "GET", path, None, **headers)


@contextmanager
def answers_stand_still(fleet, seconds):
    psql = ("docker", "exec", fleet.containers("postgres")[0].name, "psql", "-U", "mutirao", "-c")
    holder = subprocess.Popen([*psql, HELD.format(seconds)], stdout=subprocess.DEVNULL)
    eventually(lambda: fleet.sql(SLEEPING) != "0")
    yield lambda: eventually(lambda: fleet.sql(WAITING) != "0")
    assert holder.wait(seconds + 30) == 0


def messages(fleet, conversation):
    query = (
        "SELECT author, count(*) FROM leads_message m JOIN leads_conversation c"
        f" ON c.id = m.conversation_id WHERE c.public_id = '{conversation}' GROUP BY 1 ORDER BY 1"
    )
    return fleet.sql(query).splitlines()


@pytest.fixture(scope="module", autouse=True)
def knowledge(fleet):
    fleet.python(
        "from django.core.management import call_command; call_command('load_demo_knowledge')"
    )
    read = "SELECT count(*) FROM leads_document WHERE status <> 'ready'"
    eventually(lambda: fleet.sql(read) == "0", patience=180)


def test_answer_comes_through_as_it_is_written(fleet):
    """Buffered, the first event would come with the last."""
    with answers_stand_still(fleet, 4) as wait_for_the_middle:
        began = time.monotonic()
        answer = say(fleet, QUESTION, name=key())
        assert next(answer)[0] == "session"
        first = time.monotonic() - began
        wait_for_the_middle()

        events = answer.until("done")

    assert first < 2
    assert time.monotonic() - began > 3
    assert "citation" in names_of(events)


def test_open_stream_outlives_a_reload_of_nginx_and_nobody_else_notices(fleet):
    """Its old process serves it on, until it is done."""
    session = next(say(fleet, QUESTION, name=key()))[1]
    stream = follow(fleet, session)
    stream.until("done")
    (nginx,) = fleet.containers("nginx")
    before = fleet.processes(nginx, "nginx: ")
    with fleet.traffic(readers=4, writers=2) as record:
        eventually(lambda: len(record.answers) > 50)
        compose.execute(nginx, "nginx", "-s", "reload")
        eventually(lambda: set(fleet.processes(nginx, "nginx: worker")) - set(before))
        seen = len(record.answers)
        eventually(lambda: len(record.answers) > seen + 100)
        list(say(fleet, QUESTION, name=key(), token=session["token"]))

    assert "citation" in names_of(stream.until("done"))
    # Of each client at most what it writes into a connection that is being closed.
    failed = Counter(record.failed("GET")) + Counter(record.failed("POST"))
    assert set(failed) <= {0}
    assert failed[0] <= 6
    assert fleet.each_write_took_effect_once(record)


def test_stream_killed_in_the_middle_of_an_answer_is_told_and_answers_once(fleet):
    name = key()
    with answers_stand_still(fleet, 6) as wait_for_the_middle:
        session = next(say(fleet, QUESTION, name=name))[1]
        wait_for_the_middle()
        (stream,) = fleet.containers("stream")
        fleet.kill(fleet.host_pid(stream))
        eventually(lambda: fleet.containers("stream")[0].restarts > stream.restarts)
        eventually(lambda: fleet.inspect(stream)["State"]["Health"]["Status"] == "healthy")

    told = follow(fleet, session).until("error")[-1][1]

    def retried():
        """Until the lease of the dead one has run out, whoever tries is told to try again."""
        events = list(say(fleet, QUESTION, name=name, token=session["token"]))
        return events if events[-1][0] == "done" else []

    again, once_more = eventually(retried, pause=2), retried()

    assert told["retry"] is True
    assert "citation" in names_of(again)
    assert again[-1][1]["message"] == once_more[-1][1]["message"]
    assert messages(fleet, session["conversation"]) == ["agent|1", "person|1"]


def test_worker_killed_in_the_middle_of_an_answer_leaves_it_to_another(fleet):
    # Longer than Django takes to start in a container, and a worker to load its model.
    with answers_stand_still(fleet, 30) as wait_for_the_middle:
        conversation = fleet.python(ASK.format(QUESTION)).splitlines()[-1]
        wait_for_the_middle()
        for one in fleet.containers("worker"):
            fleet.kill(fleet.host_pid(one))

    def is_answered():
        return messages(fleet, conversation) == ["agent|1", "person|1"]

    # Its lease runs out, and the sweep of each minute finds the row.
    eventually(is_answered, patience=120)
    eventually(lambda: all(one.status == "running" for one in fleet.containers("worker")))
    assert fleet.sql(WAITING) == "0"
    assert is_answered()
