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
    stops; without FORCE=1 nothing is overwritten.
    """
    if not file:
        raise Refused("FILE is missing: which archive, as in FILE=backups/2026-01-31.tar.gz?")
    given = Path(file)
    if not given.is_file() and given.name != file:
        raise Refused(f"There is no file {file}.")
    mounted = ("--volume", f"{given.resolve()}:/tmp/{given.name}:ro") if given.is_file() else ()
    inside = f"/tmp/{given.name}" if mounted else f"{FOLDER}/{file}"  # noqa: S108
    once = (
        "run",
        "--rm",
        "--no-deps",
        "--no-TTY",
        *mounted,
        "worker",
        "python",
        "manage.py",
        "restore_db",
        inside,
    )
    compose.compose(*once, "--check", *(["--force"] if force == "1" else []))
    compose.compose("stop", *WRITERS)
    print(compose.compose(*once, *(["--force"] if force == "1" else [])), end="")
    compose.compose(
        "exec",
        "-T",
        "redis-broker",
        "sh",
        "-c",
        'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli FLUSHALL',
    )
    compose.compose(
        "exec",
        "-T",
        "redis-cache",
        "sh",
        "-c",
        'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli FLUSHALL',
    )
    life.up()
