"""How one version replaces another, with containers that need no Docker."""

import threading
import time
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet import capacity, compose, deploys, rolling
from fleet.refusal import Refused

POOLS = {"backend": 2, "stream": 2, "worker": 1, "worker-video": 1, "beat": 1}
FIRST, *OTHERS = POOLS
MANY = 1000


class World:
    """The versions of the containers of each service, oldest first."""

    def __init__(self, replicas, spare=MANY, processes=1):
        self.settings = {
            "x-connections": 0,
            "x-processes": dict.fromkeys(POOLS, processes),
            "services": {
                name: {
                    "deploy": {"replicas": number},
                    "environment": {"DATABASE_POOL_SIZE": POOLS[name]},
                }
                for name, number in replicas.items()
            },
        }
        self.settings["x-connections"] = spare - capacity.spare(self.settings)
        self.replicas = replicas
        self.running = {name: ["old"] * number for name, number in replicas.items()}
        self.most_lent = 0
        self.changing = threading.Lock()

    def containers(self, service):
        return [(service, version) for version in self.running[service]]

    def start(self, service, number, **tags):
        before = len(self.running[service])
        with self.changing:
            self.running[service] += [tags[compose.TAGS[service]]] * (number - before)
            self.most_lent = max(self.most_lent, self.lent())
        return self.containers(service)[before:]

    def lent(self):
        return sum(
            capacity.each(self.settings, name) * (len(self.running[name]) - number)
            for name, number in self.replicas.items()
        )

    def wait(self, new, until):
        """They are well at once."""

    def remove(self, leaving):
        with self.changing:
            for service, version in leaving:
                self.running[service].remove(version)

    def stop(self, service, leaving):
        self.remove(leaving)
        assert len(self.running[service]) >= self.replicas[service]

    def replace(self):
        of_docker = {"containers": self.containers, "config": lambda: self.settings}
        of_roll = {name: getattr(self, name) for name in ("start", "wait", "stop")}
        with (
            mock.patch.multiple(compose, **of_docker),
            mock.patch.multiple(rolling, **of_roll, bury=self.remove),
        ):
            deploys._replace(list(POOLS), "new")

    def versions(self, *services):
        return {version for name in services for version in self.running[name]}


REPLICAS = {"backend": 3, "stream": 1, "worker": 2, "worker-video": 3, "beat": 1}


@settings(deadline=None)
@given(
    replicas=st.fixed_dictionaries(dict.fromkeys(POOLS, st.integers(1, 5))),
    spare=st.integers(-3, 40),
    processes=st.integers(1, 4),
)
def test_no_more_run_than_postgres_has_connections_for(replicas, spare, processes):
    """But for a single one, where there are not even those: it would be waited for in vain."""
    world = World(replicas, spare, processes)

    world.replace()

    assert world.running == {name: ["new"] * number for name, number in replicas.items()}
    assert world.most_lent <= max(spare, *(capacity.each(world.settings, name) for name in POOLS))


def test_others_begin_when_replicas_of_the_first_are_well_and_not_when_all_are():
    world, waits, all_wait = World(REPLICAS), [], threading.Event()

    def wait(new, until):
        waits.append(new[0][0])
        if set(waits) == set(POOLS):
            all_wait.set()
        if new[0][0] == FIRST and waits.count(FIRST) == 2:
            assert all_wait.wait(10)

    world.wait = wait
    world.replace()

    assert waits[0] == FIRST
    assert world.versions(*POOLS) == {"new"}


@pytest.mark.parametrize(
    ("spare", "backends", "video_workers"),
    [
        (MANY, [2, 1], [3]),  # of those behind nginx two at most are new
        (9, [1, 1, 1], [2, 1]),
    ],
)
def test_as_many_are_new_at_once_as_there_are_connections_for(spare, backends, video_workers):
    world, new_ones = World(REPLICAS, spare, processes=4), {name: [] for name in POOLS}
    world.wait = lambda new, until: new_ones[new[0][0]].append(len(new))

    world.replace()

    assert new_ones["backend"] == backends
    assert new_ones["worker-video"] == video_workers


def test_who_finds_no_connections_in_time_is_refused_and_takes_none():
    connections = capacity.Connections(World(REPLICAS, spare=3).settings)
    now = time.monotonic()
    with (
        connections.lend("backend", 1, now),
        pytest.raises(Refused, match="no connections left for beat"),
        connections.lend("beat", 1, now),
    ):
        pytest.fail("Somebody else had them.")
    with connections.lend("backend", 9, now) as number:
        assert number == 1


def test_version_of_which_the_first_is_not_well_changes_nothing():
    world = World(REPLICAS)
    world.wait = mock.Mock(side_effect=rolling.NotWell("It keeps ending."))

    with pytest.raises(rolling.NotWell):
        world.replace()

    assert world.wait.call_count == deploys.ATTEMPTS
    assert world.versions(*POOLS) == {"old"}


def test_failure_of_another_is_told():
    world = World(REPLICAS)

    def wait(new, until):
        if new[0][0] == "worker":
            raise rolling.NotWell("It keeps ending.")

    world.wait = wait
    with pytest.raises(rolling.NotWell):
        world.replace()

    assert world.versions("worker") == {"old"}
    assert world.versions(*set(POOLS) - {"worker"}) == {"new"}


def test_failure_of_the_first_is_told_when_all_others_have_ended():
    """What still changes could not be taken back."""
    world, waits, has_failed = World(REPLICAS), [], threading.Event()

    def wait(new, until):
        waits.append(new[0][0])
        if new[0][0] != FIRST:
            assert has_failed.wait(10)
        elif waits.count(FIRST) > 1:
            if waits.count(FIRST) > deploys.ATTEMPTS:
                has_failed.set()
            raise rolling.NotWell("One more keeps ending.")

    world.wait = wait
    with pytest.raises(rolling.NotWell):
        world.replace()

    assert world.versions(*OTHERS) == {"new"}
