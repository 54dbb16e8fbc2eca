"""`python3 -m fleet COMMAND`; arguments come as variables, the way make passes them."""

import os
import shlex
import sys
from collections.abc import Callable
from contextlib import nullcontext

from fleet import backups, deploys, life, quickstart, reports, scaling, smoke, state
from fleet.refusal import Refused

# Taken out of the environment, where Compose would take TAG for a setting.
NAMES = ("N", "TAG", "SERVICE", "FILE", "FORCE", "URL", "PULL")
GIVEN = {name: os.environ.pop(name, "") for name in NAMES}
given = GIVEN.__getitem__


COMMANDS: dict[str, Callable[[], None]] = {
    "quickstart": quickstart.quickstart,
    "build": lambda: life.build(given("TAG"), given("PULL")),
    "pull": life.pull,
    "up": life.up,
    "down": life.down,
    "migrate": life.migrate,
    "createsuperuser": lambda: life.manage(
        "createsuperuser", *shlex.split(os.environ.get("ARGS", ""))
    ),
    "populate": lambda: life.manage("populate"),
    "status": reports.status,
    "info": reports.info,
    "health": reports.health,
    "logs-backend": lambda: life.logs("backend", "stream"),
    "logs-celery": lambda: life.logs("worker", "worker-video", "beat"),
    "logs-nginx": lambda: life.logs("nginx"),
    "logs-all": life.logs,
    "celery-status": reports.celery_status,
    "scale-backends": lambda: scaling.scale("backend", given("N")),
    "scale-workers": lambda: scaling.scale("worker", given("N")),
    "scale-video-workers": lambda: scaling.scale("worker-video", given("N")),
    "scale-streams": lambda: scaling.scale("stream", given("N")),
    "restart-backends": deploys.restart_backends,
    "backup-db": backups.backup_db,
    "restore-db": lambda: backups.restore_db(given("FILE"), given("FORCE")),
    "deploy": lambda: deploys.deploy(given("TAG"), given("SERVICE")),
    "rollback": deploys.rollback,
    "smoke": lambda: smoke.smoke(given("URL")),
}
# Two of these at once would undo each other's work; two smoke tests share a volunteer.
ALONE = {
    *("quickstart", "up", "down", "migrate", "restart-backends", "restore-db"),
    *("scale-backends", "scale-workers", "scale-video-workers", "scale-streams"),
    *("deploy", "rollback", "smoke"),
}


def main(name: str) -> int:
    try:
        with state.alone() if name in ALONE else nullcontext():
            COMMANDS[name]()
    except Refused as reason:
        print(f"Mutirão: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
