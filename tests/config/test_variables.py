"""Code, .env.example and docs/setup.md know the same environment variables."""

import re
from pathlib import Path

from config.environment import REQUIRED, SHAPES, faults

ROOT = Path(__file__).parents[2]


def found(pattern, *paths):
    texts = [Path(ROOT, path).read_text("utf-8") for path in paths]
    return {name for text in texts for name in re.findall(pattern, text, re.MULTILINE)}


def read_by_code():
    in_settings = found(r'\benv(?:\.\w+)?\(\s*"([A-Z0-9_]+)"', "config/settings.py")
    in_server = found(r'environ\.get\(["\']([A-Z0-9_]+)', "config/gunicorn.py")
    return in_settings | in_server | {*REQUIRED, *SHAPES}


def test_example_has_each_variable_once():
    lines = re.findall(r"^(?:# )?([A-Z0-9_]+)=", Path(ROOT, ".env.example").read_text(), re.M)

    assert sorted(lines) == sorted(read_by_code())


def test_table_has_each_variable_once():
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|", Path(ROOT, "docs/setup.md").read_text(), re.M)

    assert sorted(rows) == sorted(read_by_code())


def test_nobody_else_reads_the_environment():
    """So that settings stay the only place, and this test sees them all."""
    readers = [
        path.relative_to(ROOT).as_posix()
        for app in ("config", "users", "events")
        for path in Path(ROOT, app).rglob("*.py")
        if re.search(r"environ(\.get\(|\[)|getenv\(", path.read_text("utf-8"))
    ]

    assert sorted(readers) == ["config/gunicorn.py", "config/settings_test.py"]


def test_example_names_what_must_be_filled_in():
    required = found(r"^([A-Z0-9_]+)=", ".env.example")

    assert required == {*REQUIRED, "ENVIRONMENT"}


def test_example_as_it_is_starts_nothing():
    text = Path(ROOT, ".env.example").read_text("utf-8")
    values = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", text, re.MULTILINE))

    told = "\n".join(faults(values))

    samples = [name for name, value in values.items() if "change-me" in value]
    assert len(samples) == 7
    for name in samples:
        assert f"{name} is a sample value" in told or f"{name} holds a sample password" in told
