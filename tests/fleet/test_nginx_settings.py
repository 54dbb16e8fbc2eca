"""What operators set: hosts, addresses, certificates, and answers that are kept for a while."""

import json
import subprocess
from collections import Counter

import pytest

from fleet import compose, smoke
from tests.fleet.conftest import HOST, ROOT, eventually, output_of
from tests.fleet.door import another


def test_each_allowed_host_is_served(fleet):
    with another(fleet, ALLOWED_HOSTS=f"{HOST}, .mutirao.example") as client:
        for host, status in ((HOST, 200), ("www.mutirao.example", 200), ("evil.example", 0)):
            client.host = host

            assert client.call("GET", "/nginx-health")[0] == status


def test_only_addresses_of_the_list_reach_the_admin(fleet):
    """A published port shows every client as the bridge's address, which is not in this list."""
    with another(fleet, ADMIN_ADDRESSES="192.0.2.0/24 198.51.100.7") as client:
        refused = client.call("GET", "/admin/login/")
        others = client.call("GET", "/api/v1/events/")

    assert (refused[0], refused[1]["errors"][0]["code"]) == (403, "permission_denied")
    assert others[0] == 200


def test_client_behind_a_known_proxy_is_told_by_the_proxy(fleet):
    """And by nobody else: who says it of themselves is not believed."""
    said = {"X-Forwarded-For": "203.0.113.9"}
    with another(fleet, PROXIES="0.0.0.0/0") as client:
        client.call("GET", "/nowhere-behind-a-proxy", **said)
        lines = output_of("docker", "logs", client.container)
    fleet.client().call("GET", "/nowhere-without-a-proxy", **said)

    behind = next(json.loads(line) for line in lines.splitlines() if "behind-a-proxy" in line)
    assert behind["address"] == "203.0.113.9"
    alone = eventually(lambda: [one for one in fleet.lines("nginx") if "without-a-proxy" in one])
    assert json.loads(alone[0])["address"] != "203.0.113.9"


def test_kept_answers_are_nobodys_own(fleet):
    """With API_MICROCACHE, one person's answer is given to no other, nor to who has no token."""
    (fleet.folder / ".env").write_text(
        (fleet.folder / ".env").read_text("utf-8") + "API_MICROCACHE=2s\n", "utf-8"
    )
    fleet.make("up")
    ana, rui = fleet.client(fleet.token("ana")), fleet.client(fleet.token("rui"))
    try:
        mine = ana.call("POST", "/api/v1/events/", fleet.draft() | {"title": "Of Ana"})[1]["id"]
        seen = Counter()
        for _ in range(3):
            for name, client in (("ana", ana), ("rui", rui), ("nobody", fleet.client())):
                seen[name, client.call("GET", f"/api/v1/events/{mine}/")[0]] += 1
                status, body, _ = client.call("GET", "/api/v1/events/my_events/")
                titles = [one["title"] for one in body["results"]] if status == 200 else []
                seen[name, status, "Of Ana" in titles] += 1
        fleet.client().call("GET", "/api/v1/events/?page_size=7")
        fleet.client().call("GET", "/api/v1/events/?page_size=7")
        ana.call("GET", "/api/v1/events/?page_size=7", **{"X-Request-ID": "with-a-token"})
        cookie = {"Cookie": "sessionid=1", "X-Request-ID": "with-a-cookie"}
        fleet.client().call("GET", "/api/v1/events/?page_size=7", **cookie)
        kept = [json.loads(one) for one in fleet.lines("nginx") if '"/api/v1/events/"' in one]
    finally:
        text = (fleet.folder / ".env").read_text("utf-8").replace("API_MICROCACHE=2s\n", "")
        (fleet.folder / ".env").write_text(text, "utf-8")
        fleet.make("up")

    assert seen == {
        ("ana", 200): 3, ("ana", 200, True): 3,
        ("rui", 404): 3, ("rui", 200, False): 3,
        ("nobody", 404): 3, ("nobody", 401, False): 3,
    }  # fmt: skip
    assert "HIT" in {one["cache"] for one in kept}
    asked = {one["request_id"]: one["cache"] for one in kept}
    assert (asked["with-a-token"], asked["with-a-cookie"]) == ("BYPASS", "BYPASS")


def test_site_whose_proxies_speak_tls_is_looked_at_as_they_do(fleet):
    """And its links lead to TLS, though nginx itself hears none."""
    (fleet.folder / "no-certificates").mkdir()
    file = fleet.folder / ".env"
    before = file.read_text("utf-8")
    file.write_text(before + "PROXIES=0.0.0.0/0\nCERTIFICATES=../no-certificates\n", "utf-8")
    try:
        fleet.make("up")
        said = fleet.make("health")
        smoke.own_fleet()
        site = smoke.own_site(compose.config())
        status, body = site.call("GET", "/api/v1/events/?page_size=1")
    finally:
        file.write_text(before, "utf-8")
        fleet.make("up")

    assert said.startswith("200 healthy")
    assert (site.is_secure, status) == (False, 200)
    assert body["next"].startswith(f"https://{HOST}/")


@pytest.mark.parametrize(
    ("proxies", "steps", "complaint"),
    [
        ("", "true", "fullchain.pem"),
        ("", "touch fullchain.pem", "privkey.pem"),
        ("", "ln -s ../archive/a fullchain.pem; ln -s ../archive/b privkey.pem", "fullchain.pem"),
        ("10.0.0.0/8", "touch privkey.pem", "fullchain.pem"),
        ("10.0.0.0/8", "touch fullchain.pem privkey.pem; chmod 700 .", "fullchain.pem"),
        ("10.0.0.0/8", "true", None),
    ],
)
def test_without_its_certificate_no_site_is_open(fleet, proxies, steps, complaint):
    """Rather no site than passwords without TLS, if no proxy sees to it."""
    image = compose.config()["services"]["nginx"]["image"]
    folders = "mkdir -p /etc/nginx/certificates; cd /etc/nginx/certificates"
    generated = "mkdir -p /etc/nginx/generated; chown 1000 /etc/nginx/generated"
    as_nginx = "setpriv --reuid=1000 --regid=1000 --clear-groups sh -s"
    done = subprocess.run(
        ["docker", "run", "--rm", "-i", "--user", "0", "--entrypoint", "sh"]
        + ["-e", "DOMAIN=x", "-e", "ALLOWED_HOSTS=x", "-e", f"PROXIES={proxies}"]
        + [image, "-c", f"{generated}; {folders}; {steps}; {as_nginx}"],
        input=(ROOT / "nginx/lists.sh").read_text("utf-8"),
        capture_output=True,
        text=True,
    )

    assert done.returncode == (1 if complaint else 0)
    assert (complaint or "TLS is left to PROXIES") in done.stderr
