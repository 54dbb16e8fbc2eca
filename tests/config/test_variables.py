"""Code, .env.example and docs/setup.md know the same environment variables."""

import re
from pathlib import Path

from config.environment import REQUIRED, SHAPES, faults

ROOT = Path(__file__).parents[2]


def found(pattern, *paths):
    texts = [Path(ROOT, path).read_text("utf-8") for path in paths]
    return {name for text in texts for name in re.findall(pattern, text, re.MULTILINE)}


def read_by_code():
    in_settings = found(r'\b(?:env(?:\.\w+)?|_list)\(\s*"([A-Z0-9_]+)"', "config/settings.py")
    without_django = ("config/gunicorn.py", "config/heartbeat.py")
    in_them = found(r'environ\.get\(["\']([A-Z0-9_]+)', *without_django)
    return in_settings | in_them | {*REQUIRED, *SHAPES}


def read_by_compose():
    return found(r"\$\{([A-Z0-9_]+)", "compose/base.yml", "compose/production.yml")


# What fleet/ computes, and notes by itself in .fleet.env.
COMPUTED = {
    "SUBNET_EDGE",
    "SUBNET_DATA",
    "SUBNET_EGRESS",
    "SUBNET_GATEWAY",
    "NGINX_FILES",
    "TAG",
} | {f"{service}_TAG" for service in ("BACKEND", "STREAM", "WORKER", "VIDEO_WORKER", "BEAT")}


def test_example_has_each_variable_of_the_code_once():
    lines = re.findall(r"^(?:# )?([A-Z0-9_]+)=", Path(ROOT, ".env.example").read_text(), re.M)

    assert sorted(set(lines)) == sorted(lines)
    assert read_by_code() <= set(lines)
    assert set(lines) <= read_by_code() | read_by_compose()


def told_in(chapter):
    """The names in a chapter of docs/setup.md, down to the next heading."""
    text = Path(ROOT, "docs/setup.md").read_text("utf-8").partition(f"# {chapter}\n")[2]
    return set(re.findall(r"`([A-Z][A-Z0-9_]{2,})`", re.split(r"\n##", text)[0]))


def given_to_containers():
    """What base.yml says for each variable of the code; of several services, the first."""
    text = Path(ROOT, "compose/base.yml").read_text("utf-8")
    lines = re.findall(r"^ +([A-Z0-9_]+): (\S+)$", text, re.MULTILINE)
    return {name: value for name, value in reversed(lines) if name in read_by_code()}


def can_be_given():
    return {name for name, value in given_to_containers().items() if f"${{{name}" in value}


def test_table_of_the_fleet_has_each_variable_of_the_compose_files():
    told = told_in("Variables of the fleet")
    secrets_as_files = {name for name in read_by_compose() if name.endswith("_FILE")}

    assert told == read_by_compose() - read_by_code() - COMPUTED - secrets_as_files


def test_other_defaults_of_the_fleet_are_told():
    text = Path(ROOT, "docs/setup.md").read_text("utf-8")
    first, _, others = text.partition("## Variables of the fleet")
    defaults = dict(re.findall(r"^\| `([A-Z0-9_]+)` \|.*\| ?`?(.*?)`? \|$", first, re.MULTILINE))
    differing = {
        name
        for name in can_be_given()
        if (default := re.match(r"\$\{\w+:-(.+)\}$", given_to_containers()[name]))
        and default[1] != defaults[name]
    }

    assert told_in("Other defaults") == differing
    for name in ("WEB_CONCURRENCY", "METRICS_PORT", "DOMAIN"):
        said = re.search(rf"^\| `{name}` \| `(.*?)`", others, re.MULTILINE)[1]
        assert given_to_containers()[name] == f"${{{name}:-{said}}}"


def test_what_the_fleet_does_not_read_is_told():
    told = told_in("Not read from .env") - {"DATABASE_POOL_SIZE", "PROXIES"}

    assert told == read_by_code() - can_be_given()


def test_table_has_each_variable_once():
    text = Path(ROOT, "docs/setup.md").read_text("utf-8").partition("## Variables of the fleet")[0]
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|", text, re.MULTILINE)

    assert sorted(rows) == sorted(read_by_code())


def test_lists_are_read_in_one_way():
    assert "env.list(" not in Path(ROOT, "config/settings.py").read_text("utf-8")


def test_nobody_else_reads_the_environment():
    """So that settings stay the only place, and this test sees them all."""
    readers = [
        path.relative_to(ROOT).as_posix()
        for app in ("config", "users", "events", "leads")
        for path in Path(ROOT, app).rglob("*.py")
        if re.search(r"environ(\.get\(|\[)|getenv\(", path.read_text("utf-8"))
    ]

    assert sorted(readers) == [
        "config/gunicorn.py",
        "config/heartbeat.py",
        "config/settings_test.py",
    ]


def test_example_names_what_must_be_filled_in():
    required = found(r"^([A-Z0-9_]+)=", ".env.example")

    assert required == {*REQUIRED, "ENVIRONMENT", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}


def test_example_as_it_is_starts_nothing():
    text = Path(ROOT, ".env.example").read_text("utf-8")
    values = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", text, re.MULTILINE))

    told = "\n".join(faults(values))

    samples = [name for name in REQUIRED if "change-me" in values[name]]
    assert len(samples) == 7
    for name in samples:
        assert f"{name} is a sample value" in told or f"{name} holds a sample password" in told
