import subprocess
import sys
from pathlib import Path

import pytest

from embedded import bootstrap, install, progress, state


@pytest.fixture
def lists(tmp_path):
    (tmp_path / "local.txt").write_text("a==1 \\\n    --hash=sha256:0\n    # via b==2\nb==2\n")
    (tmp_path / "test.txt").write_text("a==1 \\\n    --hash=sha256:0\nb==2\nc==3\n")
    return tmp_path


def test_an_old_python_is_told_what_to_do():
    assert "3.11 or newer" in bootstrap.refusal((3, 9), [])


def test_a_missing_module_is_named_with_its_package():
    sentence = bootstrap.refusal((3, 11), ["ensurepip"])

    assert "lacks the module ensurepip" in sentence
    assert "python3-venv" in sentence


def test_a_whole_python_is_not_refused():
    assert bootstrap.refusal((3, 11), []) is None
    assert bootstrap.missing_modules() == []


def test_nothing_but_the_standard_library_is_needed_to_begin():
    names = "bootstrap, install, clean, progress, state, interrupts"
    code = f"from embedded import {names}"

    subprocess.run([sys.executable, "-I", "-S", "-c", f"{_on_path()}; {code}"], check=True)


def _on_path():
    return f"import sys; sys.path.insert(0, {str(state.ROOT)!r})"


def test_a_changed_list_or_python_is_installed_again(lists, monkeypatch):
    before = install.stamp(lists / "local.txt")

    (lists / "local.txt").write_text("a==2\n")
    assert install.stamp(lists / "local.txt") != before

    monkeypatch.setattr(sys, "version", "another")
    assert install.stamp(lists / "local.txt")["python"] == "another"


def test_the_longer_list_installs_the_shorter_too(lists):
    assert install.covered(lists / "test.txt").keys() == {"local.txt", "test.txt"}
    assert install.covered(lists / "local.txt").keys() == {"local.txt"}


def test_only_pins_are_counted(lists):
    assert progress.pins(lists / "local.txt") == ["a==1", "b==2"]


def test_it_is_done_only_if_all_of_the_stamp_fits(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "STAMP", tmp_path / "installed.json")
    monkeypatch.setattr(install, "PYTHON", Path(sys.executable))
    state.write_json(install.STAMP, {"python": "3", "local.txt": "1", "test.txt": "2"})

    assert install.is_done({"python": "3", "local.txt": "1"})
    assert not install.is_done({"python": "3", "local.txt": "other"})


def test_each_list_of_the_project_holds_what_the_shorter_needs():
    folder = state.ROOT / "requirements"

    assert {"base.txt", "local.txt"} <= install.covered(folder / "test.txt").keys()
