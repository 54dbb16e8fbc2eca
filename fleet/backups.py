"""Keep and bring back what people entrusted to us; the work is done by `manage.py` in a worker."""

from pathlib import Path

from fleet import compose, life
from fleet.refusal import Refused

FOLDER = "/srv/backups"
# Whatever writes to the database or takes tasks.
WRITERS = ("nginx", "beat", "worker", "worker-video", "stream", "backend")


def backup_db() -> None:
    """Write one archive now into the volume `backups`, as beat does each night."""
    workers = compose.containers("worker")
    if not workers:
        raise Refused("No worker runs: `make up` first.")
    print(compose.manage(workers[0], "backup_db"), end="")


def restore_db(file: str, force: str) -> None:
    """Replace the database by the archive's, with an empty queue: the sweep queues what waits.

    `file` is one on this host, or the name of one in the volume. It is looked at before anything
    stops; without FORCE=1 nothing is overwritten. Whatever fails, all is started again.
    """
    mounted, inside = _archive(file)
    once = ("run", "--rm", "--no-deps", "--no-TTY", *mounted, "worker")
    command = (*once, "python", "manage.py", "restore_db", inside)
    forced = ["--force"] if force == "1" else []
    compose.compose(*command, "--check", *forced)
    try:
        compose.compose("stop", *WRITERS)
        print(compose.compose(*command, *forced), end="")
    except Refused as reason:
        print(f"{reason}\nAll is started again.")
        raise Refused("The restore failed, for the reason above.") from reason
    finally:
        life.up()


def _archive(file: str) -> tuple[tuple[str, ...], str]:
    """What to mount for it, if it is on this host, and where it is in the container."""
    if not file:
        raise Refused("FILE is missing: which archive, as in FILE=backups/2026-01-31.tar.gz?")
    given = Path(file)
    if given.is_file():
        inside = f"/tmp/{given.name}"  # noqa: S108
        return ("--volume", f"{given.resolve()}:{inside}:ro"), inside
    if given.name != file:
        raise Refused(f"There is no file {file}.")
    return (), f"{FOLDER}/{file}"
