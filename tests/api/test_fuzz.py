"""schemathesis against the running server: whatever it sends, the answer is one we describe."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.schema import PREFIX, STREAMS, operations, schema
from tests.api.sown import SownWorld

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
HOOKS = Path(__file__).with_name("fuzz_hooks.py")
SEED = 1
SECONDS = 60
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
# How often a value that exists is taken, and not one made up.
OFTEN = 0.8


def description(world):
    """The schema, with what exists as examples of the parameters."""
    described = copy.deepcopy(schema())
    paths = described["paths"]
    described["paths"] = {path: paths[path] for path in paths if not path.startswith(STREAMS)}
    for key, operation in operations(described).items():
        existing = {**world.everywhere, **world.by_operation.get(key, {})}
        for parameter in operation.get("parameters", []):
            values = existing.get(f"{parameter['in']}.{parameter['name']}", [])
            parameter["examples"] = {f"{n}": {"value": one} for n, one in enumerate(values[:2])}
    return json.dumps(described, default=str)


def configuration(world):
    """The text of a schemathesis.toml that says which values exist."""
    dictionaries, special = [], []

    def bind(values):
        bindings = []
        for place, entries in values.items():
            name = f"entries {len(dictionaries)}"
            dictionaries.append(f'dictionaries."{name}".values = {json.dumps(entries)}')
            bindings.append(f'"{place}" = {{dictionary = "{name}", probability = {OFTEN}}}')
        return f"parameters = {{{', '.join(bindings)}}}"

    everywhere = bind(world.everywhere)
    for key, values in world.by_operation.items():
        name = key.replace(" ", f" {PREFIX}")
        special += ["[[operations]]", f'include-name = "{name}"', bind(values)]
    return "\n".join([f"hooks = {json.dumps(str(HOOKS))}", everywhere, *dictionaries, *special])


@pytest.fixture
def ask(live_server, settings, tmp_path):
    """Lets schemathesis ask the server; gives what it prints, and its report."""
    settings.RATE_LIMITS_ENABLED = False

    def run(world, token):
        (tmp_path / "schema.json").write_text(description(world))
        (tmp_path / "schemathesis.toml").write_text(configuration(world))
        command = [SCHEMATHESIS, "--config-file=schemathesis.toml", "run", "schema.json"]
        command += [f"--url={live_server.url}", f"--seed={SEED}", f"--max-time={SECONDS}"]
        command += [f"--checks={','.join(CHECKS)}", "--continue-on-failure", "--no-color"]
        command += ["--generation-database=none", "--report=json", "--report-json-path=report.json"]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "FUZZ_TOKEN": token},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr, json.loads((tmp_path / "report.json").read_text())

    return run


def fulfilled(report):
    """The operations that did at least once what was asked."""
    return [
        operation
        for operation, phases in report["valid_rates"].items()
        if any(phase["accepted"] for phase in phases.values())
    ]


@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_no_request_breaks_a_promise(ask):
    world = SownWorld()

    printed, report = ask(world, world.sign_in(world.organizer).access)

    assert report["exit_code"] == 0, printed
    assert report["operations"]["tested"] == len(operations())
    assert len(fulfilled(report)) > len(operations()) / 2
