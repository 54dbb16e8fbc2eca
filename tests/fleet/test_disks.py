"""Disks fill up: what is read goes on, what is written is refused in words, and it is over soon."""

import json
import secrets
from contextlib import contextmanager, suppress

from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from fleet import compose, rolling
from fleet.refusal import Refused
from tests.fleet import mails
from tests.fleet.conftest import HOST, eventually
from tests.pictures import encoded, upload

PROFILE, AVATAR = "/api/v1/users/profile/", "/api/v1/users/profile/avatar/"
EVENTS = "/api/v1/events/"


@contextmanager
def another(fleet, service, **facts):
    """A container of the service that differs in these facts; afterwards its own one again."""
    file = fleet.folder / "another.yml"
    lines = [f"    {name}: !override {json.dumps(value)}" for name, value in facts.items()]
    file.write_text("\n".join(["services:", f"  {service}:", *lines]), "utf-8")
    try:
        # Made anew, it would keep the volume of the one before.
        fleet.compose("rm", "--stop", "--force", service)
        files = ("-f", str(file))
        fleet.compose(*files, "up", "--detach", "--wait", "--no-deps", service)
        yield fleet.containers(service)[0]
    finally:
        file.unlink()
        fleet.compose("rm", "--stop", "--force", service)
        rolling.start(service, 1)
        (own,) = fleet.containers(service)
        eventually(lambda: fleet.inspect(own)["State"]["Health"]["Status"] == "healthy")


def small_disk(fleet, service, megabytes):
    """A folder /data in memory, of whom the service runs as, instead of its volume."""
    (one,) = fleet.containers(service)
    user, group = (compose.execute(one, "id", option).strip() for option in ("-u", "-g"))
    belongs = f"uid={user},gid={group}"
    tmpfs = [f"/data:{belongs},size={megabytes}m", f"/tmp:{belongs}"]
    return {"volumes": [], "tmpfs": tmpfs}


@contextmanager
def filled(folder, *containers):
    """Nothing more fits there."""
    try:
        for one in containers:
            with suppress(Refused):  # which says that there is no room
                compose.execute(one, "sh", "-c", f"exec head -c 400000000 /dev/zero >{folder}/fill")
        yield
    finally:
        for one in containers:
            compose.execute(one, "rm", "-f", f"{folder}/fill")


class Person:
    """Somebody of this test alone, with pictures of themselves: sixty an hour are taken."""

    def __init__(self, fleet, name):
        self.fleet, self.client = fleet, fleet.client(fleet.token(name))
        self.small = encoded(Image.new("RGB", (60, 40), "red"), "PNG")
        # Too large to be kept in memory on its way.
        self.large = encoded(Image.effect_noise((2200, 2200), 100), "PNG")

    def sends(self, picture):
        body = encode_multipart(BOUNDARY, {"avatar": upload(picture, "me.png")})
        return self.client.call("PUT", AVATAR, body, **{"Content-Type": MULTIPART_CONTENT})

    def sends_in_the_end(self, picture):
        return eventually(lambda: self.sends(picture)[0] == 200, pause=3)

    def sees_it(self):
        address = self.client.call("GET", PROFILE)[1]["avatar"]
        host = f"{HOST}:{self.fleet.port}"
        path = address.removeprefix(f"https://{host}")
        return self.fleet.client().call("GET", path, Host=host)[0] == 200

    def reads(self):
        calls = [self.client.call("GET", path)[0] for path in (EVENTS, PROFILE)]
        return [*calls, self.fleet.client().call("GET", EVENTS)[0]] == [200] * 3


def is_refused(answer):
    status, body, _ = answer
    return status in (503, 507) and body["errors"][0]["code"] in ("unavailable", "full")


def test_where_files_are_kept(fleet):
    person = Person(fleet, "keeper-of-files")
    start = compose.config()["services"]["s3"]["entrypoint"]
    # Its files of files would not fit into so small a disk.
    fitting = [part.replace("volumeSizeLimitMB=1024", "volumeSizeLimitMB=16") for part in start]
    assert fitting != start
    with another(fleet, "s3", **small_disk(fleet, "s3", 160), entrypoint=fitting) as s3:
        fleet.python("from django.core.files.storage import default_storage as s; s.make_bucket()")
        person.sends_in_the_end(person.small)
        with filled("/data", s3):
            answer = person.sends(person.large)
            goes_on = person.reads() and person.sees_it()
        person.sends_in_the_end(person.large)

    assert is_refused(answer), answer
    assert goes_on


def test_where_web_processes_keep_what_is_uploaded_meanwhile(fleet):
    person = Person(fleet, "keeper-of-parts")
    with filled("/tmp", *fleet.containers("backend")):
        answer = person.sends(person.large)
        goes_on = person.reads()

    assert (answer[0], answer[1]["errors"][0]["code"]) == (507, "full")
    assert goes_on
    assert person.sends(person.large)[0] == 200


def test_where_nginx_keeps_what_is_uploaded_meanwhile(fleet):
    person = Person(fleet, "keeper-of-bodies")
    with filled("/var/cache/nginx", *fleet.containers("nginx")):
        answer = person.sends(person.large)
        goes_on = person.reads()

    assert is_refused(answer), answer
    assert int(answer[2]["Retry-After"]) > 0
    assert goes_on
    assert person.sends(person.large)[0] == 200


def test_where_the_broker_keeps_its_queues(fleet):
    person = Person(fleet, "keeper-of-queues")
    event = fleet.open_event()
    with another(fleet, "redis-broker", **small_disk(fleet, "redis-broker", 16)) as broker:
        with filled("/data", broker):
            # It notices when it writes, each second.
            eventually(lambda: "MISCONF" in fleet.redis("redis-broker", "set canary 1"))
            joined = person.client.call("POST", f"{EVENTS}{event}/join/", {})
            goes_on = person.reads()
        mails.grow_old(fleet)
        eventually(lambda: "keeper-of-queues@example.org" in fleet.mails())

    assert joined[0] == 201, joined[1]
    assert goes_on


def test_where_the_database_keeps_its_rows(fleet):
    """Its events lie on a small disk; their descriptions cannot be compressed."""
    person = Person(fleet, "keeper-of-rows")
    draft = fleet.draft() | {"description": secrets.token_hex(1500)}

    def send():
        return person.client.call("POST", EVENTS, draft)

    tmpfs = ["/tmp", "/small:size=24m,mode=1777"]
    with another(fleet, "postgres", tmpfs=tmpfs) as postgres:
        compose.execute(postgres, "mkdir", "--mode=700", "/small/space")
        fleet.sql("CREATE TABLESPACE small LOCATION '/small/space'")
        try:
            fleet.sql("ALTER TABLE events_event SET TABLESPACE small")
            eventually(lambda: send()[0] == 201)
            with filled("/small", postgres):
                answers = [send() for _ in range(40)]
                goes_on = person.reads()
            after = send()[0]
        finally:
            fleet.sql("ALTER TABLE events_event SET TABLESPACE pg_default")
            fleet.sql("DROP TABLESPACE small")

    assert all(is_refused(one) for one in answers if one[0] != 201)
    assert all(is_refused(one) for one in answers[-10:])
    assert goes_on
    assert after == 201
