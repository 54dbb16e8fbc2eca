"""After all that, no log holds what nobody should read."""

import json

from fleet import compose, quickstart
from tests.fleet.conftest import eventually, output_of

CANARY = "canary7f3"


def all_logs(fleet):
    names = compose.run("docker", "ps", "--all", "--format", "{{.Names}}").splitlines()
    ours = [name for name in names if name.startswith(f"{fleet.project}-")]
    return "".join(output_of("docker", "logs", name) for name in ours if "-mail" not in name)


def test_no_log_of_a_full_run_holds_a_secret_or_an_address(fleet):
    """Canaries go through routes, exceptions and task arguments; our keys were used all along."""
    client = fleet.client()
    password, email, phone = f"{CANARY}-password", f"{CANARY}@example.org", "+5581987654321"
    person = {"email": email, "password": password, "first_name": "Ana", "phone": phone}
    assert client.call("POST", "/api/v1/users/register/", person)[0] in (200, 201, 202)
    client.call("POST", "/api/v1/token/", {"email": email, "password": password})
    client.call("POST", "/api/v1/token/", {"email": email, "password": f"{password}-wrong"})
    client.call("POST", "/api/v1/token/refresh/", {"refresh": f"eyJ.{CANARY}.token"})
    client.call("POST", "/api/v1/users/password/forgot/", {"email": email})
    client.call("GET", f"/api/v1/events/?search={email}")
    client.call("GET", f"/api/v1/events/calendar/{CANARY}.ics")
    client.call("GET", f"/account/unsubscribe/{CANARY}:news:x/")
    client.call("GET", f"/account/leads/opt-out/{CANARY}.x/")
    client.call("GET", f"/account/certificates/{CANARY}/")
    lead = {"name": CANARY, "email": email, "phone": phone, "message": CANARY}
    consent = {"consent_text": "Sim", "consent_version": "1"}
    assert client.call("POST", "/api/v1/leads/", {**lead, **consent})[0] == 202
    client.call("POST", "/chat", {"message": f"{CANARY} {email} {phone}"})
    client.call("POST", f"/webhook/evolution/{CANARY}-0123456789")
    client.call("POST", f"/api/v1/webhook/evolution/{CANARY}-0123456789/")
    client.call("GET", "/api/v1/events/", **{"Authorization": f"Bearer {CANARY}"})
    client.call("GET", "/api/v1/events/", **{"Cookie": f"sessionid={CANARY}"})
    client.call("POST", "/admin/login/", f"username={email}&password={password}".encode())
    client.call("GET", f"/{CANARY}/../x?token={CANARY}", **{"Referer": f"https://a/?k={CANARY}"})
    fleet.python(
        "import logging; l = logging.getLogger('events')\n"
        f"try: raise ValueError('{email} {phone} password={password}')\n"
        "except ValueError: l.exception('failed')\n"
        "from events.tasks import send_event_notification_email as s\n"
        f"s.delay('{email} password={password}')"
    )
    eventually(lambda: any("send_event" in line for line in fleet.lines("worker")))
    refused = "INSERT INTO users_user SELECT * FROM users_user WHERE email"
    slow = "SELECT pg_sleep(1), count(*) FROM users_user WHERE email"
    fleet.python(
        "from django.db import connection, IntegrityError; cursor = connection.cursor()\n"
        f"cursor.execute({slow!r} + ' = %s', [{email!r}])\n"
        f"try: cursor.execute({refused!r} + ' = %s', [{email!r}])\n"
        "except IntegrityError: pass"
    )
    logs = all_logs(fleet)

    assert CANARY not in logs
    assert phone not in logs
    lines = (fleet.folder / ".env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if "=" in line)
    for name in quickstart.SECRETS:
        assert given[name] not in logs
    assert "@example.org" not in logs


def test_lines_of_the_application_are_json_and_carry_one_id_to_the_task(fleet):
    person = fleet.client(fleet.token("logged"))
    event = fleet.open_event()
    key = "id-from-door-to-task"
    joined = person.call("POST", f"/api/v1/events/{event}/join/", {}, **{"X-Request-ID": key})
    assert joined[0] == 201, joined

    def lines(service):
        return [json.loads(line) for line in fleet.lines(service) if key in line]

    assert eventually(lambda: lines("nginx"))[0]["request_id"] == key
    assert eventually(lambda: lines("backend"))
    assert eventually(lambda: lines("worker"))[0]["request_id"] == key
    person.call("POST", f"/api/v1/events/{event}/leave/", {})
