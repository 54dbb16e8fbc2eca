"""The entry point of every container: secrets from files, then the servers it cannot do without.

`python compose/start.py COMMAND…`, and with --now for a command beside the servers, which waits for
nothing. Only the standard library: this runs before anything else.
"""

import json
import os
import socket
import sys
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

# Without the cache it is slow, but works; without the broker the web works, and what is to be done
# waits in its rows.
NEEDED = {"DATABASE_URL": 5432}
NEEDED_BY_CELERY = {**NEEDED, "BROKER_URL": 6379}
PAUSES = (1, 2, 4)
# Those that NAME_FILE may point to; other names that end so are none of our business.
SECRETS = (
    "SECRET_KEY",
    "JWT_SIGNING_KEY",
    "DATA_ENCRYPTION_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "BROKER_URL",
    "EMAIL_URL",
    "S3_SECRET_KEY",
    "BACKUP_S3_SECRET_KEY",
    "WEBHOOK_SECRET",
    "EVOLUTION_API_KEY",
    "CLAUDE_API_KEY",
    "OPENAI_API_KEY",
    "DEEPGRAM_API_KEY",
    "TAVILY_API_KEY",
)


def with_secrets(given: dict[str, str]) -> dict[str, str]:
    """The environment, with NAME read from the file that NAME_FILE names."""
    known = {**given}
    for name in SECRETS:
        if path := known.pop(f"{name}_FILE", ""):
            with open(path, encoding="utf-8") as file:
                known[name] = file.read().strip()
    return known


def unreachable(needed: dict[str, int], given: dict[str, str]) -> str | None:
    """The first server that does not take a connection within two seconds."""
    for name, port in needed.items():
        url = urlsplit(given.get(name, ""))
        try:
            host, port = url.hostname, url.port or port
        except ValueError:
            continue  # a password with a / in it; the error would quote it
        if not host:
            continue  # the settings say what is missing or wrong, all at once
        try:
            socket.create_connection((host, port), timeout=2).close()
        except OSError:
            return name
    return None


def log(level: str, event: str, **more: object) -> None:
    moment = datetime.now(UTC).isoformat()
    print(json.dumps({"event": event, "level": level, "timestamp": moment, **more}), flush=True)


def wait(needed: dict[str, int], given: dict[str, str]) -> bool:
    """Whether all answered at last; the attempts come 1, 2 and 4 seconds after each other."""
    for attempt, pause in enumerate((*PAUSES, 0), start=1):
        name = unreachable(needed, given)
        if name is None:
            return True
        log("warning", "not_ready", error=name, attempt=attempt, max_attempts=len(PAUSES) + 1)
        time.sleep(pause)
    return False


def main(command: list[str]) -> None:
    given = with_secrets(dict(os.environ))
    if command[0] == "--now":
        command = command[1:]
    elif not wait(NEEDED_BY_CELERY if "celery" in command else NEEDED, given):
        log("error", "gave_up", command=command[0])
        sys.exit(1)  # Docker tries again
    os.execvpe(command[0], command, given)


if __name__ == "__main__":
    main(sys.argv[1:])
