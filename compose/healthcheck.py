"""What Docker asks a container of the web every 30 s: `python compose/healthcheck.py web`.

Only the standard library: thirty containers that each import Django twice a minute would keep a
processor busy. Workers and beat answer by their heartbeat, see config/heartbeat.py.
"""

import os
import sys
import urllib.request

# What each must answer: a replica that cannot reach its database is no use to anybody.
PATHS = {"web": "/readiness/", "alive": "/liveness/"}


def is_well(kind: str, timeout: float = 8) -> bool:
    """Whether the web process of this container says so itself, within so many seconds."""
    port = os.environ.get("PORT", "8000")
    # By a name of ours, or the answer is 400.
    headers = {"Host": os.environ.get("DOMAIN", "localhost"), "X-Forwarded-Proto": "https"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{PATHS[kind]}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status == 200
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not is_well(sys.argv[1]))
