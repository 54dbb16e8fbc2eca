"""Files are inside, and yet clients reach them: by signed addresses, through nginx."""

import json

import pytest

from tests.fleet.conftest import HOST

SIGN = """
import json
from django.core.files.storage import default_storage as files
name = files.get_available_name({name!r})
put = files.presigned_put(name, content_type={kind!r}, expires=60)
print(json.dumps([put, files.url(name)]))
"""


def signed(fleet, name, kind):
    """Addresses to write and to read a file with, as the API gives them."""
    said = fleet.python(SIGN.format(name=name, kind=kind)).splitlines()[-1]
    host = f"https://{HOST}:{fleet.port}"
    put, get = json.loads(said)
    assert put.startswith(f"{host}/mutirao-files/")
    return put.removeprefix(host), get.removeprefix(host)


def call(fleet, method, path, body=None, **headers):
    return fleet.client().call(method, path, body, Host=f"{HOST}:{fleet.port}", **headers)


def test_signed_addresses_work_from_outside(fleet):
    put, get = signed(fleet, "photos/a.png", "image/png")

    written = call(fleet, "PUT", put, b"picture", **{"Content-Type": "image/png"})
    status, body, headers = call(fleet, "GET", get)

    assert (written[0], status, body) == (200, 200, b"picture")
    assert headers["Content-Type"] == "image/png"
    assert "private" in headers["Cache-Control"]
    assert "sandbox" in headers["Content-Security-Policy"]


def test_what_is_not_signed_is_refused(fleet):
    put, get = signed(fleet, "photos/b.png", "image/png")
    call(fleet, "PUT", put, b"picture", **{"Content-Type": "image/png"})
    path = get.partition("?")[0]

    for wrong in (
        path,
        f"{path}?X-Amz-Signature={'0' * 64}",
        get.replace("X-Amz-Signature=", "X-Amz-Signature=0"),
        get.replace("photos/", "videos/"),
        "/mutirao-files/",
        "/mutirao-files/?list-type=2",
        f"/mutirao-files/?list-type=2&{get.partition('?')[2]}",
    ):
        assert call(fleet, "GET", wrong)[0] in (403, 404), wrong
    assert call(fleet, "PUT", get, b"other")[0] == 403
    for method in ("POST", "DELETE"):
        assert call(fleet, method, get)[0] in (403, 405)
    assert call(fleet, "GET", get)[1] == b"picture"


def test_an_upload_larger_than_nginx_may_keep_goes_through(fleet):
    """300 MB; nginx has 128 MB to write to, so it can only have passed it on."""
    put, get = signed(fleet, "videos/long.mp4", "video/mp4")

    status, said, _ = call(fleet, "PUT", put, bytes(300_000_000), **{"Content-Type": "video/mp4"})
    head = call(fleet, "GET", get, Range="bytes=0-9")

    assert status == 200, said
    assert (head[0], head[1]) == (206, bytes(10))


def test_browsers_of_our_clients_may_send_and_others_may_not(fleet):
    put, _ = signed(fleet, "photos/c.png", "image/png")
    ours, theirs = "https://app.mutirao.test", "https://evil.example"

    asked = [call(fleet, "OPTIONS", put, Origin=origin) for origin in (ours, theirs)]
    written = call(fleet, "PUT", put, b"x", Origin=ours, **{"Content-Type": "image/png"})

    assert [one[0] for one in asked] == [204, 204]
    assert asked[0][2]["Access-Control-Allow-Origin"] == ours
    assert "PUT" in asked[0][2]["Access-Control-Allow-Methods"]
    assert asked[1][2]["Access-Control-Allow-Origin"] is None
    assert (written[0], written[2]["Access-Control-Allow-Origin"]) == (200, ours)


@pytest.mark.parametrize("path", ["/filer/", "/dir/status", "/cluster/status"])
def test_what_else_s3_has_is_not_reached(fleet, path):
    assert call(fleet, "GET", path)[0] == 404
