"""One fleet for all tests: a copy of the clone, started as an operator would start it."""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from embedded import environment
from fleet import compose, state
from tests.fleet.traffic import Client, traffic

ROOT = Path(__file__).parents[2]
HOST = "mutirao.test"
# The sweep of waiting mails comes every two minutes otherwise.
SWEEP_OFTEN = """
from django_celery_beat.models import IntervalSchedule, PeriodicTask
task = PeriodicTask.objects.get(name="waiting-event-mails")
task.interval, _ = IntervalSchedule.objects.get_or_create(every=10, period="seconds")
task.crontab = None
task.save()
"""
LEFT_OUT = shutil.ignore_patterns(
    ".git",
    ".run",
    ".venv",
    ".*_cache",
    ".hypothesis",
    "__pycache__",
    ".env",
    ".fleet.env",
    "certificates",
)
PATIENCE = 90


def has_engine():
    return (
        shutil.which("docker")
        and not subprocess.run(["docker", "info"], capture_output=True).returncode
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(ask, patience=PATIENCE, pause=0.25):
    """Ask until the answer is true, and return it; fail when the patience is over."""
    until = time.monotonic() + patience
    while not (answer := ask()):
        assert time.monotonic() < until, f"not within {patience} s: {ask}"
        time.sleep(pause)
    return answer


def output_of(*command):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    return done.stdout


class Fleet:
    """The running fleet, for tests that ask it, load it and hurt it."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.http_port = free_port()
        self.ops_port = free_port()
        self.project = f"mutirao-test-{secrets.token_hex(3)}"
        self.passwords, self.tokens = {}, {}

    def prepare(self):
        """Write .env as an operator would: with names and addresses, without secrets."""
        text = (ROOT / ".env.example").read_text("utf-8")
        given = {
            "DOMAIN": HOST,
            "ALLOWED_HOSTS": HOST,
            "EMAIL_URL": "smtp://mail:2525",
            "COMPOSE_PROJECT_NAME": self.project,
            "IMAGE": self.project,
            "SUBNET": f"10.{secrets.randbelow(100) + 100}.0.0/16",
            "HTTP_ADDRESS": "127.0.0.1",
            "HTTP_PORT": self.http_port,
            "HTTPS_PORT": self.port,
            "OPS_PORT": self.ops_port,
            "CORS_ALLOWED_ORIGINS": f"https://app.{HOST}",
            "S3_PUBLIC_URL": f"https://{HOST}:{self.port}",
            "WEB_CONCURRENCY": 1,  # on two cores faster than twelve
            "WORKER_CONCURRENCY": 2,
            "VIDEO_WORKER_CONCURRENCY": 1,
            "HEALTH_INTERVAL": "15s",  # at 5 s, asking took more than one of two cores
            # All load comes from one address here; the stated rates have their own test.
            "RATE_API": "100000r/s",
            "RATE_AUTH": "100000r/m",
            "CONNECTIONS": 10000,
            "UPLOADS": 10000,
        }
        lines = [line for line in text.splitlines() if line.split("=")[0] not in given]
        lines += [f"{name}={value}" for name, value in given.items()]
        (self.folder / ".env").write_text("\n".join(lines) + "\n", "utf-8")

    def make(self, target, *, fails=False, timeout=600, **variables):
        """Run a make target; return what it said."""
        done = subprocess.run(
            ["make", target, *(f"{name}={value}" for name, value in variables.items())],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        )
        said = done.stdout
        assert bool(done.returncode) == fails, said[-3000:]
        return said

    def compose(self, *arguments):
        return compose.compose(*arguments)

    def containers(self, service):
        return compose.containers(service)

    def inspect(self, container):
        return json.loads(compose.run("docker", "inspect", container.name))[0]

    def sql(self, query):
        """What psql prints, rows by line and columns by |."""
        command = ("exec", "-T", "postgres", "psql", "-U", "mutirao", "-tAc", query)
        return self.compose(*command).strip()

    def redis(self, service, *command):
        line = " ".join(command)
        script = f'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli {line}'
        return self.compose("exec", "-T", service, "sh", "-c", script).strip()

    def python(self, code, service="backend"):
        """Run code in Django's shell in a container; return what it prints."""
        command = (
            "exec",
            "-T",
            service,
            "python",
            "manage.py",
            "shell",
            "--no-imports",
            "-c",
            code,
        )
        return self.compose(*command).strip()

    def client(self, token=None):
        return Client(("127.0.0.1", self.port), HOST, token)

    def token(self, name="volunteer"):
        """An access token of a person who may do all that volunteers may, for half an hour."""
        token, until = self.tokens.get(name, ("", 0))
        if time.monotonic() < until:
            return token
        email = f"{name}@example.org"
        if name not in self.passwords:
            self.passwords[name] = secrets.token_urlsafe(12)
            self.python(
                "from users.models import User; from django.utils.timezone import now; "
                f"User.objects.create_user({email!r}, {self.passwords[name]!r}, first_name='Ana', "
                "email_confirmed_at=now(), welcomed_at=now())"
            )
        credentials = {"email": email, "password": self.passwords[name]}
        status, body, _ = self.client().call("POST", "/api/v1/token/", credentials)
        assert status == 200, body
        self.tokens[name] = body["access"], time.monotonic() + 30 * 60
        return self.tokens[name][0]

    def open_event(self):
        """The latest that anybody may join."""
        events = self.client().call("GET", "/api/v1/events/?has_seats=true")[1]["results"]
        return [one["id"] for one in events if not (one["min_age"] or one["waiver_version"])][-1]

    def draft(self):
        """What makes a valid event, kept as a draft."""
        category = self.sql("SELECT min(id) FROM events_eventcategory")
        return {
            "title": "Load",
            "category": int(category),
            "city": "Recife",
            "address": "Praça Central, 1",
            "latitude": -8.05,
            "longitude": -34.88,
            "starts_at": "2030-01-01T12:00:00Z",
            "ends_at": "2030-01-01T15:00:00Z",
            "capacity": 10,
            "status": "draft",
        }

    def traffic(self, **options):
        token = self.token()
        return traffic(lambda: self.client(token), draft=self.draft(), **options)

    def each_write_took_effect_once(self, record):
        """Whether each draft that was sent is there once, however often it was sent."""
        query = "SELECT count(*), count(DISTINCT title) FROM events_event WHERE title LIKE"
        rows, titles = self.sql(f"{query} '{record.name} %'").split("|")
        sent = sum(record.statuses("POST").values())
        return record.given_up == 0 and int(rows) == int(titles) == sent

    def lives(self):
        """Since when each replica of ours runs: whoever is restarted or replaced has another."""
        return {one.name: one.started_at for name in compose.TAGS for one in self.containers(name)}

    def host_pid(self, container):
        return self.inspect(container)["State"]["Pid"]

    def addresses(self, container):
        return {
            one["IPAddress"]
            for one in self.inspect(container)["NetworkSettings"]["Networks"].values()
        }

    def processes(self, container, pattern):
        """Host pids of the container's processes whose command matches, parents first."""
        listed = compose.run("docker", "top", container.name, "-o", "pid,ppid,args")
        rows = [line.split(maxsplit=2) for line in listed.splitlines()[1:]]
        parents = {int(pid): int(parent) for pid, parent, _ in rows}

        def depth(pid):
            return 1 + depth(parents[pid]) if pid in parents else 0

        # Not by their numbers: those begin anew some time.
        found = [int(pid) for pid, _, line in rows if re.search(pattern, line)]
        return sorted(found, key=depth)

    def children(self, container):
        """Host pids of the processes that run a worker's tasks."""
        init, main, *children = self.processes(container, "celery")
        return children

    def kill(self, pid, number=signal.SIGKILL):
        """By the host's pid: `docker kill` would also disable the restart policy."""
        os.kill(pid, number)

    def is_healthy(self):
        status, body, _ = self.client().call("GET", "/health")
        return status == 200

    def logs(self, service, *options):
        """What each container of the service wrote, by its name."""
        return {
            one.name: output_of("docker", "logs", *options, one.name)
            for one in self.containers(service)
        }

    def lines(self, service, *options):
        """All that they wrote, line by line."""
        return [line for text in self.logs(service, *options).values() for line in text.split("\n")]

    def mails(self, event="delivered"):
        """Whom mails were delivered to, in order."""
        lines = output_of("docker", "logs", f"{self.project}-mail").splitlines()
        return [one["to"] for one in map(json.loads, lines) if one["event"] == event]

    def start_mail(self):
        compose.run(
            *("docker", "run", "--detach", "--name", f"{self.project}-mail"),
            *("--network", f"{self.project}_egress", "--network-alias", "mail", "--no-healthcheck"),
            *("--volume", f"{ROOT / 'tests/fleet/mail_sink.py'}:/mail_sink.py:ro"),
            *("--entrypoint", "python", f"{self.project}:local", "/mail_sink.py"),
        )

    def settle(self):
        """Wait until what a test broke is back; what it left stopped is started."""
        if not self.is_healthy():
            self.make("up")
        eventually(self.is_healthy)


@contextmanager
def running(parent):
    """Start a fleet from a copy of this clone below `parent`; end it and its data afterwards."""
    for name in environment.documented_names():
        os.environ.pop(name, None)  # Compose would take them before those of .env
    folder = parent / "clone"
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    one = Fleet(folder)
    one.prepare()
    state.ROOT, state.PATH = folder, folder / ".fleet.env"
    try:
        one.quickstart = one.make("quickstart", timeout=900)
        one.start_mail()
        one.make("populate")
        one.python(SWEEP_OFTEN)
        yield one
    finally:
        for command in (
            ["docker", "rm", "--force", f"{one.project}-mail"],
            ["docker", "compose", *compose.files(), "down", "--volumes", "--remove-orphans"],
        ):
            subprocess.run(command, cwd=folder, capture_output=True, timeout=300)


@pytest.fixture(scope="session")
def fleet(tmp_path_factory):
    if not has_engine():
        pytest.skip("needs a Docker Engine")
    with running(tmp_path_factory.mktemp("clone")) as one:
        yield one


@pytest.fixture(autouse=True)
def _empty_cache():
    """The cache of the other tests is not there."""


@pytest.fixture(autouse=True)
def _whole(request):
    """Each test finds the fleet as it was started, whatever the one before has broken."""
    yield
    if "fleet" in request.fixturenames:
        request.getfixturevalue("fleet").settle()
