"""Races: several jobs that start at the same moment."""

import time
from threading import Barrier, Thread

from django.db import connection


def run_together(*jobs):
    """Run the jobs at the same moment, each on a connection of its own; raise what one raised."""
    start = Barrier(len(jobs), timeout=30)
    errors = []

    def run(job):
        try:
            connection.ensure_connection()  # takes longer than most jobs
            start.wait()
            job()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def let_someone_wait(seconds=10):
    """Return once another connection waits for a lock that this one holds."""
    give_up_at = time.monotonic() + seconds
    with connection.cursor() as cursor:
        waiting = False
        while not waiting:
            assert time.monotonic() < give_up_at, "Nobody waits for what this connection holds."
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            waiting = cursor.fetchone()[0]
