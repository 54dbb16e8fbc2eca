import pytest

from embedded import environment, state, throwaway

NAMED = {
    "DATABASE_URL": "postgres://elsewhere/x",
    "REDIS_URL": "redis://elsewhere/0",
    "BROKER_URL": "redis://elsewhere/1",
}


@pytest.fixture(autouse=True)
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(state, "RUN", state.folder(tmp_path / ".run"))
    return tmp_path / ".run"


def test_what_a_killed_run_left_is_removed_and_a_live_run_is_not(run_folder):
    for name in ("test-1", "test-2"):
        state.folder(run_folder / name)
        (run_folder / f"{name}.lock").touch()

    with state.locked(run_folder / "test-2.lock", ""):
        throwaway.remove_abandoned()

    assert sorted(path.name for path in run_folder.iterdir()) == ["test-2", "test-2.lock"]


def test_nothing_is_left_after_a_run_that_failed(run_folder):
    with pytest.raises(ZeroDivisionError), throwaway.servers(NAMED):
        raise ZeroDivisionError

    assert list(run_folder.iterdir()) == []


def test_servers_of_the_environment_are_used_instead_of_own_ones():
    with throwaway.servers(NAMED) as variables:
        assert NAMED.items() <= variables.items()
        assert variables[environment.MARK].endswith(str(throwaway.os.getpid()))
