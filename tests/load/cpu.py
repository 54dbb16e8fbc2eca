"""How much processor time a request takes, over all processes that work for it."""

import os
from pathlib import Path

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")


def of_tree(root):
    """Seconds that a process and all below it have used, those that ended included."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        total += of_process(pid)
        waiting += children.get(pid, [])
    return total


def of_process(pid):
    fields = _stat(pid)
    return sum(int(field) for field in fields[11:15]) / TICKS if fields else 0.0


def _stat(pid):
    """The fields of /proc/<pid>/stat after the name, which may hold spaces."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


class Meter:
    """Adds up the web server, its connections in Postgres, and Valkey."""

    def __init__(self, web_pid, database_url, redis):
        self.web_pid, self.redis = web_pid, redis
        self.database = psycopg.connect(database_url, autocommit=True)

    def seconds(self):
        return of_tree(self.web_pid) + self._postgres() + self._valkey()

    def _postgres(self):
        # On another machine there is no such process here, and its time is left out.
        backends = self.database.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return sum(of_process(pid) for (pid,) in backends.fetchall())

    def _valkey(self):
        used = self.redis.info("cpu")
        return used["used_cpu_user"] + used["used_cpu_sys"]
