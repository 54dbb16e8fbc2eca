import json
import os
import stat

import pytest

from embedded import clean, keys, state
from embedded.refusal import Refusal


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    folder = tmp_path / ".run"
    monkeypatch.setattr(state, "RUN", folder)
    return folder


def test_the_folder_is_for_its_owner_alone(run_folder):
    run_folder.mkdir(mode=0o755)

    state.folder(run_folder)

    assert stat.S_IMODE(run_folder.stat().st_mode) == 0o700


def test_the_folder_of_another_user_is_refused_even_to_root(run_folder, monkeypatch):
    run_folder.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: run_folder.stat().st_uid + 1)

    with pytest.raises(Refusal, match="belongs to another user"):
        state.folder(run_folder)


def test_keys_are_kept_unreadable_for_others_and_completed(tmp_path):
    path = tmp_path / "keys.json"
    first = keys.kept(path)
    path.write_text(json.dumps({"secret_key": first["secret_key"]}))

    second = keys.kept(path)

    assert second["secret_key"] == first["secret_key"]
    assert second.keys() == first.keys()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_lock_is_held_once_and_free_after(tmp_path):
    path = tmp_path / "lock"
    with state.locked(path, "busy"):
        assert state.take_lock(path) is None
        with pytest.raises(Refusal, match="busy"), state.locked(path, "busy"):
            pass

    with state.locked(path, "busy"):
        pass


def test_a_lock_on_a_removed_file_does_not_count(tmp_path):
    path = tmp_path / "lock"
    old = state.take_lock(path)
    path.unlink()

    new = state.take_lock(path)

    assert new is not None
    os.close(old)
    os.close(new)


def test_clean_refuses_while_the_site_runs(run_folder):
    state.folder(run_folder)
    state.announce(8000)
    with (
        state.locked(run_folder / "run.lock", ""),
        pytest.raises(Refusal, match="running at http://localhost:8000/"),
    ):
        clean.clean()


def test_clean_refuses_while_a_test_run_works(run_folder):
    state.folder(run_folder)
    with state.locked(run_folder / "test-1.lock", ""), pytest.raises(Refusal, match="test run"):
        clean.clean()

    assert clean.clean() == 0
    assert not run_folder.exists()
