"""The API describes itself completely: it is what client programmers read, and what tests run."""

import json

import pytest
from django.core.management import call_command

from tests.api.requests import OPERATIONS, REQUESTS
from tests.api.schema import PREFIX, operations, schema

JSON = "application/json"


def test_the_description_is_valid_and_made_without_a_warning(capsys):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")

    assert capsys.readouterr().err == ""


def test_only_canonical_paths_are_listed():
    paths = schema()["paths"]

    assert paths
    assert all(path.startswith(f"{PREFIX}/") and path.endswith("/") for path in paths)


def test_it_is_served(db, anonymous):
    response = anonymous.get("/api/schema/", HTTP_ACCEPT=JSON)

    assert json.loads(response.content)["paths"].keys() == schema()["paths"].keys()


def test_it_is_in_english_for_every_reader(db, anonymous):
    response = anonymous.get("/api/schema/", HTTP_ACCEPT=JSON, HTTP_ACCEPT_LANGUAGE="pt-BR")

    text = response.content.decode()
    assert "`draft` - draft" in text
    assert "rascunho" not in text


@pytest.mark.parametrize("key", OPERATIONS)
def test_an_operation_says_what_it_does(key):
    summary = operations()[key].get("summary", "")

    assert summary.endswith(".")
    assert len(summary) > 10


def test_every_operation_has_a_name_of_its_own():
    names = [operation["operationId"] for operation in operations().values()]

    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)


def component(content):
    """The named schema of a body, that of its items for an array or a page."""
    shape = content["schema"]
    if reference := shape.get("items", shape).get("$ref"):
        shape = schema()["components"]["schemas"][reference.rpartition("/")[2]]
    if "results" in shape.get("properties", {}):
        return component({"schema": shape["properties"]["results"]})
    return {"properties": {}, **shape}


def examples(content):
    """The examples of a body, one for each item of an array or a page."""
    for example in content["examples"].values():
        value = example["value"]
        if isinstance(value, dict):
            value = value.get("results", [value])
        yield from value


@pytest.mark.parametrize("key", [key for key in OPERATIONS if REQUESTS[key].sends])
def test_what_is_sent_has_an_example(key):
    content = operations()[key]["requestBody"]["content"][JSON]

    for example in examples(content):
        assert example.keys() <= component(content)["properties"].keys()
        assert example.keys() >= set(component(content).get("required", []))


@pytest.mark.parametrize("key", OPERATIONS)
def test_what_is_answered_has_an_example(key):
    for status, response in operations()[key]["responses"].items():
        if content := response.get("content", {}).get(JSON):
            for example in examples(content):
                assert example.keys() == component(content)["properties"].keys(), status


@pytest.mark.parametrize("key", OPERATIONS)
def test_every_refusal_has_the_one_shape(key):
    refusals = {
        status: response["content"][JSON]["schema"]
        for status, response in operations()[key]["responses"].items()
        if status >= "400"
    }

    assert {"429", "503"} <= refusals.keys()
    assert all(one == {"$ref": "#/components/schemas/Errors"} for one in refusals.values())
