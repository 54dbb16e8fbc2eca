"""The site as a client sees it, also behind a certificate that nobody signed yet."""

import json
import socket
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from fleet.refusal import Refused

TIMEOUT = 15


class Site:
    """`url` is what clients call; `address` is where it is reached, by default the same."""

    def __init__(self, url: str, address: tuple[str, int] | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Refused(f"URL must be like https://mutirao.example.org; it is {url!r}.")
        self.is_secure = parts.scheme == "https"
        self.host = parts.hostname
        port = parts.port or (443 if self.is_secure else 80)
        self.netloc = parts.netloc
        self.address = address or (parts.hostname, port)
        # On this host a self-signed certificate is no danger: nobody is between.
        self.trusts_all = bool(address)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Return status and body, decoded when it is JSON; raise Refused when that fails."""
        line = self._connection()
        content = None if body is None else json.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        try:
            line.request(method, path, content, {"Host": self.netloc, **kind, **headers})
            answer = line.getresponse()
            text = answer.read()
            is_json = text and "json" in (answer.getheader("Content-Type") or "")
            return answer.status, json.loads(text) if is_json else text.decode(errors="replace")
        except (OSError, ValueError, HTTPException) as error:
            raise Refused(f"{method} {path}: {type(error).__name__}: {error}") from error
        finally:
            line.close()

    def _connection(self) -> HTTPConnection:
        host, port = self.address
        if not self.is_secure:
            return HTTPConnection(host, port, timeout=TIMEOUT)
        context = ssl.create_default_context()
        if self.trusts_all:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        line = HTTPSConnection(self.host, port, timeout=TIMEOUT, context=context)
        # Reached at the address, greeted by the name.
        line._create_connection = lambda *_: socket.create_connection((host, port), TIMEOUT)  # type: ignore[attr-defined]
        return line
