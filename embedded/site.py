"""The site that came up: when it is ready, and what its user should know."""

import urllib.request

from embedded.keys import STAFF

# An address of this machine is never asked for by a proxy of the environment.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def is_ready(port: int) -> bool:
    """Whether the site says itself that it can serve."""
    try:
        with _direct.open(f"http://127.0.0.1:{port}/readiness/", timeout=5) as answer:
            return int(answer.status) == 200
    except OSError:  # refused, too slow, or not 200
        return False


def greeting(port: int, *, with_account: bool, gateway_port: int | None = None) -> str:
    """The addresses; the staff account too, unless the database is somebody else's."""
    place = f"http://localhost:{port}"
    account = f"{STAFF}, its password: `staff_password` in .run/keys.json"
    whatsapp = f"{_whatsapp(gateway_port)}\n" if gateway_port else ""
    return f"""
Mutirão is up. Ctrl-C stops it; nothing is lost.
  API      {place}/api/v1/
  Docs     {place}/docs
  Admin    {place}/admin/{"   " + account if with_account else ""}
  Try      curl {place}/api/v1/events/
  Chat     curl -N {place}/chat -d '{{"message": "O que tem sábado em Recife?"}}'
{whatsapp}  Files    .run/logs/, .run/mails/
  Manage   make manage ARGS="changepassword {STAFF}"
"""


def _whatsapp(port: int) -> str:
    """How to write as somebody on WhatsApp would, and where the answer is seen."""
    place = f"http://127.0.0.1:{port}/fake"
    said = '{"from": "+5581987654321", "text": "Oi! O que tem sábado em Recife?"}'
    return f"  WhatsApp curl {place}/say -d '{said}'\n           curl {place}/messages"
