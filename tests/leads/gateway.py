"""A gateway that looks like Evolution API from outside, for tests and for `make run`.

It signs its calls (over the body, or by its token alone as the real one does), and loses, repeats
and reorders them, refuses, and stays silent after it has sent, as it is told to. Only the standard
library, so that it runs where no tests are installed: `python -m tests.leads.gateway PORT`.
"""

import base64
import hmac
import json
import os
import random
import re
import sys
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, RLock, Thread
from urllib.parse import unquote, urlsplit

from tests.leads.proofs import over_http, signature, token

PHONE = "@s.whatsapp.net"


class Gateway:
    """What it knows, and what it does wrong."""

    def __init__(self, *, key="gateway-key", secret="", post=over_http, state="open", port=0):
        self.key, self.secret, self.post, self.new_state = key, secret, post, state
        self.lock = RLock()
        self.instances, self.messages, self.calls, self.undelivered = {}, [], [], []
        self.random = random.Random(7)  # a run can be repeated
        # What goes wrong, until it is taken back.
        self.loses = self.tells_nothing = False
        self.refuses = 0  # the status that a sending gets, before anything happens
        self.falls_silent = False  # a sending happens, and is never answered
        self.tells_of_its_own = False  # echoes and receipts of what it sent
        self.silence = Event()
        self.voices = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self.server.daemon_threads, self.server.block_on_close = True, False
        self.server.gateway = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error):
        self.silence.set()
        self.server.shutdown()
        self.server.server_close()

    # --- What happens on the phones

    def says(self, sender, text, *, name="Ana", instance="mutirao", **more):
        """A person writes: remembered, then told."""
        return self._tell_of(
            self.record(sender, {"conversation": text}, name=name, **more), instance
        )

    def sends(self, sender, message, *, instance="mutirao", **more):
        """The same with anything but plain text."""
        return self._tell_of(self.record(sender, message, **more), instance)

    def writes_by_hand(self, to, text, *, instance="mutirao"):
        """Staff write on the phone of the number."""
        record = self.record(to, {"conversation": text}, from_us=True)
        return self._tell_of(record, instance)

    def receipt(self, record, status, *, instance="mutirao"):
        """How far one of our messages has come."""
        with self.lock:
            record.setdefault("MessageUpdate", []).append({"status": status})
        key = record["key"]
        update = {"keyId": key["id"], "remoteJid": key["remoteJid"], "fromMe": key["fromMe"]}
        return self.tell("messages.update", {**update, "status": status}, instance=instance)

    def connection(self, state, *, instance="mutirao"):
        with self.lock:
            self.instances[instance]["state"] = state
        told = {"instance": instance, "state": state, "statusReason": 200}
        return self.tell("connection.update", told, instance=instance)

    def record(self, who, message, *, name="Ana", from_us=False, at=None, message_id=None, alt=""):
        """A message as the gateway remembers it."""
        jid = who if "@" in who else re.sub(r"\D", "", who) + PHONE
        key = {"remoteJid": jid, "fromMe": from_us, "id": message_id or self._new_id()}
        if alt:
            key |= {"remoteJidAlt": alt, "addressingMode": "lid"}
        record = {
            "key": key,
            "pushName": name,
            "messageType": next(iter(message)),
            "message": message,
            "messageTimestamp": int(time.time() if at is None else at),
            "source": "android",
        }
        with self.lock:
            self.messages.append(record)
        return record

    def _new_id(self):
        return f"3EB0{self.random.randrange(16**16):016X}"

    def _tell_of(self, record, instance):
        told = {name: value for name, value in record.items() if name != "MessageUpdate"}
        self.tell("messages.upsert", told, instance=instance)
        return record

    # --- What it tells us

    def tell(self, event, data, *, instance="mutirao"):
        """Call the webhook, unless this one is lost; return the status of the answer."""
        payload = {
            "event": event,
            "instance": instance,
            "data": data,
            "destination": self._webhook(instance).get("url", ""),
            "date_time": time.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "sender": f"5511900000000{PHONE}",
            "server_url": self.url,
            "apikey": "secret-of-the-instance",
        }
        with self.lock:
            self.undelivered.append((instance, payload))
        return 0 if self.loses else self.deliver()[-1]

    def deliver(self, *, repeat=1, shuffled=False):
        """Deliver what was not, so often and in whatever order; return the statuses."""
        with self.lock:
            waiting, self.undelivered = self.undelivered * repeat, []
        if shuffled:
            self.random.shuffle(waiting)
        return [self.call(instance, payload) for instance, payload in waiting]

    def call(self, instance, payload):
        webhook = self._webhook(instance)
        if self.tells_nothing or not webhook.get("url"):
            return 0
        body = json.dumps(payload).encode()
        headers = {"Content-Type": "application/json", **self.proof(webhook, body)}
        return self.post(webhook["url"], body, headers)

    def proof(self, webhook, body):
        """A signature where a secret was given for it, else the token of the real one."""
        if not self.secret:
            jwt_key = webhook.get("headers", {}).get("jwt_key", "")
            return {"Authorization": f"Bearer {token(jwt_key)}"}
        now = str(int(time.time()))
        return {
            "X-Webhook-Timestamp": now,
            "X-Webhook-Signature": signature(self.secret, now, body),
        }

    def _webhook(self, instance):
        with self.lock:
            return self.instances.get(instance, {}).get("webhook", {})

    @property
    def sent(self):
        """What went out of our number through the gateway: address and text."""
        return [
            (record["key"]["remoteJid"], record["message"]["conversation"])
            for record in self.messages
            if record.get("by_us")
        ]

    # --- What we ask

    def create(self, name, body):
        with self.lock:
            if body["instanceName"] in self.instances:
                return _refusal(403, f'This name "{body["instanceName"]}" is already in use.')
            self.instances[body["instanceName"]] = {"state": self.new_state, "webhook": {}}
        return 201, {"instance": {"instanceName": body["instanceName"], "status": "connecting"}}

    def set_webhook(self, name, body):
        with self.lock:
            self.instances[name]["webhook"] = body["webhook"]
        return 201, {"enabled": True, "url": body["webhook"]["url"]}

    def state(self, name, body):
        state = self.instances[name]["state"]
        return 200, {"instance": {"instanceName": name, "state": state}}

    def connect(self, name, body):
        return 200, {"pairingCode": None, "code": "2@fake-code-to-scan", "count": 1}

    def send_text(self, name, body):
        if self.refuses:
            return _refusal(self.refuses, "as told")
        to = body["number"]
        record = self.record(to, {"conversation": body["text"]}, from_us=True, name="")
        record["by_us"] = True
        if self.falls_silent:
            self.silence.wait(60)
            return 504, {}
        if self.tells_of_its_own:
            Thread(target=self._tell_of_sending, args=(record, name), daemon=True).start()
        return 201, {**record, "status": "PENDING"}

    def _tell_of_sending(self, record, instance):
        self._tell_of(record, instance)
        for status in ("SERVER_ACK", "DELIVERY_ACK"):
            self.receipt(record, status, instance=instance)

    def find(self, name, body):
        where, size = body.get("where", {}), int(body.get("offset") or 50)
        found = [record for record in self.messages if self._fits(record, where)]
        found.sort(key=lambda record: -record["messageTimestamp"])
        first = size * (int(body.get("page") or 1) - 1)
        pages = -(-len(found) // size)
        page = {"total": len(found), "pages": pages, "currentPage": body.get("page", 1)}
        return 200, {"messages": {**page, "records": found[first : first + size]}}

    def _fits(self, record, where):
        wanted, bounds = where.get("key", {}), where.get("messageTimestamp", {})
        is_asked_for = all(record["key"].get(name) == value for name, value in wanted.items())
        lower = _seconds(bounds.get("gte"), 0)
        return is_asked_for and lower <= record["messageTimestamp"] <= _seconds(
            bounds.get("lte"), 2**40
        )

    def voice(self, name, body):
        sound = self.voices.get(body["message"]["key"]["id"])
        if sound is None:
            return _refusal(400, "Message not found")
        return 201, {"mediaType": "audioMessage", "base64": base64.b64encode(sound).decode()}


def edit(record, text, at):
    """The protocol's own words for it, at a second."""
    return {
        "key": record["key"],
        "type": "MESSAGE_EDIT",
        "editedMessage": {"conversation": text},
        "timestampMs": str(at * 1000),
    }


def _seconds(text, otherwise):
    return int(datetime.fromisoformat(text).timestamp()) if text else otherwise


def _refusal(status, message):
    return status, {"status": status, "error": "Refused", "response": {"message": [message]}}


ROUTES = {
    ("POST", "instance/create"): Gateway.create,
    ("POST", "webhook/set"): Gateway.set_webhook,
    ("GET", "instance/connectionState"): Gateway.state,
    ("GET", "instance/connect"): Gateway.connect,
    ("POST", "message/sendText"): Gateway.send_text,
    ("POST", "chat/findMessages"): Gateway.find,
    ("POST", "chat/getBase64FromMediaMessage"): Gateway.voice,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or the body waits 40 ms for the other side to confirm the head

    def do_GET(self):
        gateway = self.server.gateway
        path = unquote(urlsplit(self.path).path).strip("/")
        body = self._body()
        with gateway.lock:
            gateway.calls.append((path, body))
        self._answer(*self._result(gateway, path, body))

    do_POST = do_GET

    def _result(self, gateway, path, body):
        if path == "fake/say" and self.command == "POST":
            record = gateway.says(body["from"], body["text"], name=body.get("name", "Ana"))
            return 200, {"id": record["key"]["id"]}
        if path == "fake/messages":
            return 200, _readable(gateway.messages)
        if not hmac.compare_digest(self.headers.get("apikey", ""), gateway.key):
            return _refusal(401, "Unauthorized")
        topic, _, name = path.rpartition("/") if path.count("/") == 2 else (path, "", "")
        act = ROUTES.get((self.command, topic))
        if act is None or (name and name not in gateway.instances):
            return _refusal(404, "Not found")
        return act(gateway, name, body)

    def _body(self):
        length = int(self.headers.get("Content-Length") or 0)
        return json.loads(self.rfile.read(length) or b"{}")

    def _answer(self, status, answer):
        text = json.dumps(answer, ensure_ascii=False).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            self.close_connection = True  # who asked has given up

    def log_message(self, *arguments):
        pass


def _readable(records):
    return [
        {
            "from_us": record["key"]["fromMe"],
            "with": record["key"]["remoteJid"].partition("@")[0],
            "text": record["message"].get("conversation", record["messageType"]),
            "receipts": [update["status"] for update in record.get("MessageUpdate", [])],
        }
        for record in records
    ]


def main():
    secret = os.environ["WEBHOOK_SECRET"].partition(",")[0]
    gateway = Gateway(key=os.environ["EVOLUTION_API_KEY"], secret=secret, port=int(sys.argv[1]))
    gateway.tells_of_its_own = True
    gateway.server.serve_forever()


if __name__ == "__main__":
    main()
