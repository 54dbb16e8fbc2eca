"""The description of the web chat: complete, and true to what is streamed."""

import dataclasses
import re
from pathlib import Path

import pytest

from leads.agent import turns
from leads.models import Message
from leads.streams import wire
from leads.views.chat_schema import EVENTS
from tests.api.schema import PREFIX, schema

API = Path(__file__).parents[2] / "docs" / "api.md"
SAYS, FOLLOWS, RATES = (
    ("post", "/chat/"),
    ("get", "/chat/{conversation}/events/"),
    ("post", "/chat/{conversation}/feedback/"),
)
REFUSALS = {
    SAYS: {"400", "401", "404", "409", "413", "429", "503"},
    FOLLOWS: {"401", "404", "429", "503"},
    RATES: {"400", "401", "404", "413", "429", "503"},
}


def operation(key):
    method, path = key
    return schema()["paths"][PREFIX + path][method]


def fields(event):
    return EVENTS[event][0].split(", ")


@pytest.mark.parametrize("key", REFUSALS)
def test_an_operation_says_what_it_does_and_what_it_refuses(key):
    described = operation(key)
    refused = {status: one for status, one in described["responses"].items() if status >= "400"}

    assert described["summary"].endswith(".")
    assert refused.keys() == REFUSALS[key]
    for one in refused.values():
        content = one["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Errors"}
        assert content["examples"]


@pytest.mark.parametrize("key", [SAYS, FOLLOWS])
def test_a_stream_is_one_and_tells_its_events(key):
    answer = operation(key)["responses"]["200"]

    assert answer["content"].keys() == {"text/event-stream"}
    told = set(re.findall(r"^- `(\w+)`", answer["description"], re.MULTILINE))
    assert told <= EVENTS.keys()
    assert EVENTS.keys() - told == ({"history", "session_lost"} if key == SAYS else set())
    example = next(iter(answer["content"]["text/event-stream"]["examples"].values()))["value"]
    assert set(re.findall(r"^event: (\w+)$", example, re.MULTILINE)) <= told


def test_fields_of_events_are_those_that_are_sent():
    sent = {one.__name__.lower(): one for one in (turns.Token, turns.Citation, turns.Action)}

    for name, event in sent.items():
        assert fields(name) == [field.name for field in dataclasses.fields(event)]
    assert fields("message") == [*wire.message_fields(Message(sent_at=None)), "state"]


def test_the_guide_names_the_same_events():
    chapter = API.read_text("utf-8").split("## Chatting")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", chapter, re.MULTILINE))

    assert rows.keys() == EVENTS.keys()
    for name, cell in rows.items():
        assert set(re.findall(r"`(\w+)`", cell)) <= set(fields(name))


def test_who_chats_is_said_by_the_visitors_token():
    schemes = schema()["components"]["securitySchemes"]
    parameters = {key: {one["name"] for one in operation(key)["parameters"]} for key in REFUSALS}

    assert operation(FOLLOWS)["security"] == [{"visitor": []}]
    assert {"visitor": []} in operation(SAYS)["security"]
    assert {} in operation(SAYS)["security"]
    assert schemes.keys() >= {name for one in operation(SAYS)["security"] for name in one}
    assert "Idempotency-Key" in parameters[SAYS]
    assert parameters[FOLLOWS] == {"conversation", "Last-Event-ID"}
