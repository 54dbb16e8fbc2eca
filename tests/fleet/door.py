"""Ways to come to nginx: byte by byte, and to another one with other settings."""

import contextlib
import socket
import ssl

from fleet import compose
from tests.fleet.conftest import HOST, eventually, free_port
from tests.fleet.traffic import Client


def raw(port, text, *, timeout=20):
    """Send bytes over TLS and return all that comes back."""
    context = ssl._create_unverified_context()
    plain = socket.create_connection(("127.0.0.1", port), timeout)
    received = b""
    with plain, context.wrap_socket(plain, server_hostname=HOST) as line:
        line.sendall(text)
        with contextlib.suppress(OSError):
            while chunk := line.recv(65536):
                received += chunk
    return received.decode(errors="replace")


def ask(fleet, first_line, *headers):
    lines = [first_line, f"Host: {HOST}", "Connection: close", *headers, "", ""]
    return raw(fleet.port, "\r\n".join(lines).encode("latin-1"))


@contextlib.contextmanager
def another(fleet, **changed):
    """A second nginx of the same template with other settings; give a client of it."""
    port = free_port()
    name = f"{fleet.project}-nginx-at-{port}"
    settings = compose.config()["services"]["nginx"]
    given = {**settings["environment"], **changed}
    folder = fleet.folder
    compose.run(
        *("docker", "run", "--detach", "--name", name, "--network", f"{fleet.project}_edge"),
        *("--publish", f"127.0.0.1:{port}:8443", "--user", "1000:1000", "--read-only"),
        *(part for one in settings["tmpfs"] for part in ("--tmpfs", one)),
        *(part for one in given.items() for part in ("--env", "=".join(map(str, one)))),
        *("--volume", f"{folder}/nginx/site.conf.template:/etc/nginx/templates/site.conf.template"),
        *("--volume", f"{folder}/nginx/lists.sh:/docker-entrypoint.d/50-lists.sh:ro"),
        *("--volume", f"{folder}/certificates:/etc/nginx/certificates:ro"),
        *(settings["image"], "nginx", "-g", "daemon off;"),
    )
    try:
        client = Client(("127.0.0.1", port), HOST)
        client.container = name
        eventually(lambda: client.call("GET", "/nginx-health")[0] == 200)
        yield client
    finally:
        compose.run("docker", "rm", "--force", name)
