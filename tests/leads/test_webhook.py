"""Where the gateway calls: what is believed, what is stored, and what it is answered."""

import json
import time
from datetime import timedelta

import jwt
import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from leads.models import WebhookEvent
from tests.leads.conftest import KEY, SECRET
from tests.leads.gateway import signature, token
from tests.together import run_together

pytestmark = pytest.mark.django_db
PATH = "/webhook/evolution"
JSON = "application/json"
ANA = "5511987654321@s.whatsapp.net"


@pytest.fixture(autouse=True)
def _settings(settings):
    settings.WEBHOOK_SECRETS = [SECRET]
    settings.WEBHOOK_NETWORKS = []


def upsert(message_id="3EB01", text="Oi", **more):
    key = {"remoteJid": ANA, "fromMe": False, "id": message_id}
    return {
        "event": "messages.upsert",
        "instance": "mutirao",
        "data": {
            "key": key,
            "pushName": "Ana",
            "message": {"conversation": text},
            "messageTimestamp": int(time.time()),
        },
        "date_time": "2026-11-26T08:00:00.000Z",
        "apikey": "secret-of-the-instance",
        **more,
    }


def send(payload, *, path=PATH, at=None, secret=SECRET, body=None, client=None, **headers):
    body = json.dumps(payload).encode() if body is None else body
    at = str(int(time.time())) if at is None else at
    signed = {"X-Webhook-Timestamp": at, "X-Webhook-Signature": signature(secret, at, body)}
    client = client or Client()
    return client.post(path, body, JSON, headers={**signed, **headers})


def send_with_token(payload, mark=None, *, path=f"{PATH}/{KEY}"):
    headers = {"Authorization": f"Bearer {token(SECRET) if mark is None else mark}"}
    return Client().post(path, json.dumps(payload), JSON, headers=headers)


@pytest.mark.parametrize("prefix", ["", "/api", "/api/v1"])
@pytest.mark.parametrize("key", ["", f"/{KEY}"])
@pytest.mark.parametrize("end", ["", "/"])
def test_signed_call_is_stored_at_each_address(number, prefix, key, end):
    before = timezone.now()

    response = send(upsert(), path=f"{prefix}{PATH}{key}{end}")

    answer = response.json()
    assert (response.status_code, answer["status"]) == (200, "success")
    assert answer.keys() == {"status", "message", "processed_at"}
    assert answer["processed_at"] >= before.isoformat()[:19]
    event = WebhookEvent.objects.get()
    assert (event.instance, event.event, event.external_id) == (number, "messages.upsert", "3EB01")
    assert json.loads(event.payload)["data"]["message"] == {"conversation": "Oi"}


def test_key_of_the_instance_is_stored_nowhere_and_the_rest_is_sealed(number, caplog):
    send(upsert(text="Moro na rua das Flores"))

    row = str(WebhookEvent.objects.values_list().get())
    assert "secret-of-the-instance" not in row + caplog.text
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM leads_webhookevent")
        assert "Flores" not in str(cursor.fetchall())


def test_repetition_is_answered_200_and_stored_once(number):
    answers = [send(upsert()).json()["message"] for _ in range(3)]

    assert answers == ["accepted", "known already", "known already"]
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize("secret", [SECRET, "the-new-secret-that-follows-9876543210"])
def test_two_secrets_are_valid_while_one_follows_the_other(number, settings, secret):
    settings.WEBHOOK_SECRETS = ["the-new-secret-that-follows-9876543210", SECRET]

    assert send(upsert(), secret=secret).status_code == 200
    assert send_with_token(upsert("3EB02"), token(secret)).status_code == 200


def changed(body):
    return body.replace(b"Oi", b"Ei")


FORGED = {
    "another secret": {"secret": "not-the-secret-of-the-gateway-000000"},
    "no signature": {"X-Webhook-Signature": ""},
    "no algorithm": {"X-Webhook-Signature": "0" * 64},
    "another algorithm": {"X-Webhook-Signature": "sha1=" + "0" * 40},
    "letters that are none": {"X-Webhook-Signature": "sha256=\xe9\xe9"},
    "no time": {"X-Webhook-Timestamp": ""},
    "a word for a time": {"X-Webhook-Timestamp": "now"},
    "another time": {"X-Webhook-Timestamp": "1"},
    "digits that are none": {"X-Webhook-Timestamp": "\xb2\xb3"},
}


@pytest.mark.parametrize("how", FORGED)
def test_forged_call_is_refused(number, how):
    response = send(upsert(), **FORGED[how])

    assert response.status_code == 401
    assert response.json()["status"] == "error"
    assert response.json()["errors"][0]["code"] == "not_signed"
    assert not WebhookEvent.objects.exists()


def test_unsigned_call_is_refused_before_anything_is_read(number):
    for body in (b"{", b"", json.dumps(upsert()).encode()):
        assert Client().post(PATH, body, JSON).status_code == 401


def test_signature_covers_every_byte(number):
    body = json.dumps(upsert()).encode()
    at = str(int(time.time()))
    headers = {"X-Webhook-Timestamp": at, "X-Webhook-Signature": signature(SECRET, at, body)}

    for other in (
        body.replace(b"Oi", b"Ei"),
        body[:-1],
        body + b" ",
        json.dumps(upsert(), indent=1),
    ):
        assert Client().post(PATH, other, JSON, headers=headers).status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(-310, 401), (-290, 200), (290, 200), (310, 401)])
def test_replayed_and_early_calls_are_refused(number, seconds, status):
    assert send(upsert(), at=str(int(time.time()) + seconds)).status_code == status


def test_nothing_is_believed_without_a_secret(number, settings):
    settings.WEBHOOK_SECRETS = []

    assert send(upsert(), secret="").status_code == 401
    assert send_with_token(upsert(), token("")).status_code == 401


def test_token_of_the_gateway_counts_at_the_secret_address_only(number):
    assert send_with_token(upsert(), path=PATH).status_code == 401
    assert send_with_token(upsert()).status_code == 200


def with_algorithm(name):
    claims = {"exp": int(time.time()) + 60}
    return jwt.encode(claims, SECRET * 2 if name != "none" else None, algorithm=name)


TOKENS = {
    "of another secret": lambda: token("not-the-secret-of-the-gateway-000000"),
    "over": lambda: token(SECRET, exp=int(time.time()) - 60),
    "without an end": lambda: jwt.encode({"app": "evolution"}, SECRET, algorithm="HS256"),
    "unsigned": lambda: with_algorithm("none"),
    "of another algorithm": lambda: with_algorithm("HS512"),
    "nonsense": lambda: "a.b.c",
    "missing": lambda: "",
}


@pytest.mark.parametrize("which", TOKENS)
def test_bad_token_is_refused(number, which):
    assert send_with_token(upsert(), TOKENS[which]()).status_code == 401
    assert not WebhookEvent.objects.exists()


def test_token_is_believed_from_the_named_networks_only(number, settings):
    settings.WEBHOOK_NETWORKS = ["10.2.0.0/16"]
    assert send_with_token(upsert()).status_code == 401

    settings.WEBHOOK_NETWORKS = ["10.2.0.0/16", "127.0.0.1/32"]
    assert send_with_token(upsert()).status_code == 200


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (upsert(instance="another"), PATH),
        (upsert(instance="another"), f"{PATH}/{KEY}"),
        (upsert(), f"{PATH}/{'x' * 24}"),
    ],
)
def test_unknown_instance_is_not_found(number, payload, path):
    response = send(payload, path=path)

    assert response.status_code == 404
    assert response.json()["errors"][0]["code"] == "not_found"


def nested(depth):
    return b'{"event": "a", "instance": "mutirao", "data": %b}' % (b"[" * depth + b"]" * depth)


MALFORMED = {
    "nothing": b"",
    "no JSON": b"event=messages.upsert",
    "cut off": json.dumps(upsert()).encode()[:40],
    "a list": b"[]",
    "a number": b"7",
    "NaN": b'{"event": NaN}',
    "no letters": b'{"event": "\xff"}',
    "deeply nested": nested(100_000),
    "nested as deep as is read, and not written": nested(300),
    "no event": b'{"instance": "mutirao"}',
    "an event that is none": b'{"event": ["a"], "instance": "mutirao"}',
    "an endless event": b'{"event": "' + b"a" * 100 + b'", "instance": "mutirao"}',
    "no instance": b'{"event": "messages.upsert", "data": {}}',
    "an instance with a NUL": b'{"event": "a", "instance": "mut\\u0000"}',
    "no data": b'{"event": "messages.upsert", "instance": "mutirao"}',
    "no key": b'{"event": "messages.upsert", "instance": "mutirao", "data": {"key": 7}}',
    "no id": json.dumps(upsert(None)).encode(),
    "an id with a NUL": json.dumps(upsert("3EB\0")).encode(),
    "an endless id": json.dumps(upsert("3" * 129)).encode(),
}


@pytest.mark.parametrize("which", MALFORMED)
def test_malformed_call_is_refused_though_it_is_signed(number, which):
    response = send(None, body=MALFORMED[which])

    assert response.status_code == 400
    assert response.json()["status"] == "error"
    assert not WebhookEvent.objects.exists()


def test_ten_megabytes_are_too_much(number, settings):
    assert send(None, body=b" " * 10 * 1024 * 1024).status_code == 413


def test_body_limit_is_to_the_byte(number, settings):
    body = json.dumps(upsert()).encode()
    settings.WEBHOOK_MAX_BYTES = len(body)
    assert send(None, body=body).status_code == 200
    settings.WEBHOOK_MAX_BYTES = len(body) - 1
    assert send(None, body=body).status_code == 413


def test_emoji_and_text_from_right_to_left_come_through(number):
    text = "مرحبا 👩🏽‍🌾 \u202eabc"
    send(upsert(text=text))

    payload = json.loads(WebhookEvent.objects.get().payload)
    assert payload["data"]["message"]["conversation"] == text


def test_unknown_kinds_of_events_are_stored(number):
    for event in ("presence.update", "QRCODE_UPDATED", "chats.set"):
        assert send({"event": event, "instance": "mutirao", "data": [1, "x"]}).status_code == 200

    assert set(WebhookEvent.objects.values_list("event", flat=True)) == {
        "presence.update",
        "qrcode.updated",
        "chats.set",
    }


def test_same_state_at_another_time_is_no_repetition(number):
    def told(moment):
        data = {"instance": "mutirao", "state": "open"}
        event = {"event": "connection.update", "instance": "mutirao", "data": data}
        return {**event, "date_time": moment}

    for moment in ("2026-11-26T08:00:00Z", "2026-11-26T08:00:00Z", "2026-11-26T09:00:00Z"):
        send(told(moment))

    assert WebhookEvent.objects.count() == 2


def received(**data):
    return {
        "event": "message.received",
        "timestamp": "2026-11-26T08:00:00Z",
        "data": {"from": "+55 (11) 98765-4321", "message": "Quero ajudar", **data},
    }


def test_form_of_the_documents_becomes_the_same_message(number):
    assert send(received(id="3EB01")).status_code == 200
    assert send(upsert("3EB01")).json()["message"] == "known already"

    event = WebhookEvent.objects.get()
    assert event.event == "messages.upsert"
    assert json.loads(event.payload)["data"]["key"]["remoteJid"] == ANA


def test_form_of_the_documents_without_an_id_is_known_by_what_it_says(number):
    for payload in (received(), received(), received(message="Quero ajudar!")):
        assert send(payload).status_code == 200

    assert WebhookEvent.objects.count() == 2
    assert all(len(event.external_id) == 64 for event in WebhookEvent.objects.all())


def test_form_of_the_documents_is_signed_by_the_header_only(number):
    for event in ("message.received", "MESSAGE_RECEIVED", "Message.Received", "message_received"):
        assert send_with_token({**received(), "event": event}).status_code == 401
    assert not WebhookEvent.objects.exists()


def test_form_of_the_documents_needs_a_default_instance(number):
    number.is_default = False
    number.save()

    assert send(received()).status_code == 404


@pytest.mark.parametrize(
    "payload",
    [
        {"event": "message.received", "timestamp": 1, "data": "x"},
        {**received(), "timestamp": "soon"},
        {**received(), "timestamp": None},
        received(**{"from": "somebody"}),
        received(message=["x"]),
        received(id=7),
    ],
)
def test_malformed_form_of_the_documents_is_refused(number, payload):
    assert send(payload).status_code == 400


def test_own_outage_is_never_taken_for_the_callers_mistake(number, monkeypatch):
    def gone(*arguments, **more):
        raise OperationalError("the server is gone")

    monkeypatch.setattr("leads.services.webhooks.connection.cursor", gone)

    response = send(upsert(), client=Client(raise_request_exception=False))

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"


def test_only_post_is_answered(number):
    assert Client().get(PATH).status_code == 405


def test_secret_address_is_in_no_log(number, caplog):
    with caplog.at_level("INFO"):
        send_with_token(upsert())
        send_with_token(upsert(), "")

    lines = [record.msg["path"] for record in caplog.records if isinstance(record.msg, dict)]
    assert lines == [f"{PATH}/***", f"{PATH}/***"]
    assert KEY not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_fifty_deliveries_at_once_are_one_row(number, settings):
    statuses = []
    jobs = [lambda: statuses.append(send(upsert()).status_code)] * 10

    for _ in range(5):
        run_together(*jobs)

    assert statuses == [200] * 50
    assert WebhookEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_messages_at_once_are_fifty_rows(number):
    def job(number):
        return lambda: send(upsert(f"3EB{number}"))

    for start in range(0, 50, 10):
        run_together(*map(job, range(start, start + 10)))

    assert WebhookEvent.objects.count() == 50


def test_old_events_that_were_processed_are_deleted(number, settings):
    field, age = settings.RETENTION["leads.WebhookEvent"]

    assert field == "processed_at"
    assert age >= timedelta(days=30)
