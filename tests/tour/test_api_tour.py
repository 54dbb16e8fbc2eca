"""docs/api.md is run, block by block, and must answer what it says."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import config.urls  # noqa: F401  # loads every module that refuses anything
from config.errors import DomainError
from events.models import EventCategory
from users.models import Badge

TOUR = Path(__file__).parents[2] / "docs" / "api.md"
BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING = "…"
# Said in the admin only.
ADMIN_SAYS = {
    "account_erased",
    "already_active",
    "already_handled",
    "already_paused",
    "broker_away",
    "chunk_gone",
    "last_superuser",
    "no_answer",
    "no_steps",
    "no_such_columns",
    "no_such_lead_columns",
    "nobody_to_write_to",
    "not_active",
    "not_checked",
    "not_found",  # a 404 like any other
    "not_given_up",
    "not_paused",
    "own_account",
    "photo_decided",
    "reversal_is_final",
}
END_OF_BLOCK = "--- end of block ---"


def blocks():
    """Pairs of a shell block and the JSON that is shown below it, or None."""
    found = BLOCK.findall(TOUR.read_text())
    for index, (language, text) in enumerate(found):
        if language == "sh":
            follows = found[index + 1] if index + 1 < len(found) else ("sh", "")
            yield text, json.loads(follows[1]) if follows[0] == "json" else None


def replay(scripts, server, folder):
    """Run all blocks in one shell, as a reader would, and part what they print."""
    lines = [f"{script}\necho '{END_OF_BLOCK}'" for script in scripts]
    done = subprocess.run(
        ["bash", "-euo", "pipefail"],
        input="\n".join(lines).replace("http://localhost:8000", server),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    return done.stdout.split(END_OF_BLOCK)


def differences(shown, got, place="$"):
    """Where the answer is not what the tour shows; "…" stands for anything."""
    if shown == ANYTHING:
        return []
    if isinstance(shown, dict) and isinstance(got, dict):
        missing = [f"{place}.{key} is missing" for key in shown.keys() - got.keys() - {ANYTHING}]
        inside = [
            found
            for key in shown.keys() & got.keys()
            for found in differences(shown[key], got[key], f"{place}.{key}")
        ]
        extra = [] if ANYTHING in shown else sorted(got.keys() - shown.keys())
        return missing + inside + [f"{place}.{key} is not shown" for key in extra]
    if isinstance(shown, list) and isinstance(got, list):
        if shown[-1:] == [ANYTHING]:
            shown, got = shown[:-1], got[: len(shown) - 1]
        if len(shown) != len(got):
            return [f"{place}: {len(got)} items, {len(shown)} shown"]
        return [
            found
            for index, pair in enumerate(zip(shown, got, strict=True))
            for found in differences(*pair, f"{place}[{index}]")
        ]
    return [] if shown == got else [f"{place}: {got!r}, shown is {shown!r}"]


@pytest.mark.skipif(not shutil.which("curl"), reason="the tour is written with curl")
@pytest.mark.django_db(transaction=True)
def test_the_tour_answers_what_it_shows(live_server, tmp_path):
    EventCategory.objects.get_or_create(
        slug="plantio", defaults={"name": "Plantio", "metrics": ["seedlings", "area"]}
    )
    rule = {"name": "Primeira ação", "metric": "events", "threshold": 1, "is_enabled": True}
    Badge.objects.get_or_create(slug="primeira-acao", defaults=rule)
    tour = list(blocks())

    printed = replay([script for script, _ in tour], live_server.url, tmp_path)

    wrong = [
        f"{script}{found}"
        for (script, shown), text in zip(tour, printed, strict=False)
        if shown is not None
        for found in differences(shown, json.loads(text))
    ]
    assert len(tour) > 10
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("shown", "got"),
    [({"a": 1}, {"a": 2}), ({"a": 1}, {}), ({}, {"a": 1}), ([1], [1, 2]), ([1, "…"], [2, 3])],
)
def test_a_difference_is_seen(shown, got):
    assert differences(shown, got)


def test_an_ellipsis_stands_for_anything():
    assert not differences({"a": "…", "b": [1, "…"], "…": "…"}, {"a": 3, "b": [1, 2, 3], "c": 4})


def rules(kind=DomainError):
    """All rules of the product that may say no."""
    for each in kind.__subclasses__():
        yield from rules(each)
        if "code" in vars(each) and not each.__module__.startswith("tests."):
            yield each.code


def test_the_page_lists_every_rule_that_may_say_no():
    table = TOUR.read_text().partition("| `code` | Meaning |")[2]
    codes = [re.findall("`([a-z_]+)`", line.split("|")[1]) for line in table.split("\n") if line]

    assert {code for line in codes for code in line} == set(rules()) - ADMIN_SAYS
