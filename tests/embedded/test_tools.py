import gettext
import os
import sys

import pytest

from embedded import catalogues, reload, steps
from embedded.console import Console
from embedded.steps import Step

CATALOGUE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def test_all_steps_run_and_the_failed_ones_are_named(capsys):
    wanted = [
        Step("good", [sys.executable, "-c", "print('quiet')"]),
        Step("bad", [sys.executable, "-c", "print('reason'); raise SystemExit(3)"]),
        Step("last", [sys.executable, "-c", ""]),
    ]

    failed = steps.run(wanted, os.environ)

    assert failed == ["bad"]
    output = capsys.readouterr().out
    assert "reason" in output
    assert "quiet" not in output
    assert [step.code for step in wanted] == [0, 3, 0]


def test_the_console_names_each_line_and_follows_a_rotated_file(tmp_path, capsys):
    log = tmp_path / "web.log"
    log.write_text("before\n")
    console = Console({"web": log})

    with log.open("a") as file:
        file.write("one\nhalf")
    console.show()
    log.write_text("new\n")
    console.show()

    assert capsys.readouterr().out == "web | one\nweb | new\n"


def test_catalogues_are_compiled_when_they_change(tmp_path):
    source = tmp_path / "users" / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(CATALOGUE + 'msgid "Event"\nmsgstr "Evento é"\n', "utf-8")

    assert catalogues.compile_all(tmp_path) == 1
    assert catalogues.compile_all(tmp_path) == 0

    with source.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Event") == "Evento é"


@pytest.mark.parametrize(("name", "counts"), [("users/models.py", True), (".run/x.py", False)])
def test_a_change_of_the_code_is_seen_but_not_of_the_state(tmp_path, name, counts):
    path = tmp_path / name
    path.parent.mkdir()
    before = reload.snapshot(tmp_path)

    path.write_text("")

    assert (reload.snapshot(tmp_path) != before) == counts
