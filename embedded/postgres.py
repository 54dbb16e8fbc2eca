"""The embedded PostgreSQL: how it is made, started and reached."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from embedded import binaries, identity, state, tether
from embedded.refusal import Refusal

NAME = "mutirao"  # the role, which owns all, and the database
THROW_AWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300")


@dataclass(frozen=True)
class Postgres:
    data: Path
    port: int
    password: str
    options: tuple[str, ...] = ()

    def prepare(self) -> None:
        """Make the data folder, or check that this server can read the one that is there.

        It is made beside its place and moved there whole, so an interruption leaves none.
        """
        who = identity.of_postgres()
        identity.hand_over(self.data, who.owner)
        if self.data.exists():
            self._require_same_version()
            return
        draft = self.data.with_name(f"{self.data.name}.draft")
        subprocess.run(["rm", "-rf", "--", str(draft)], check=True)
        secret = state.folder(self.data.parent) / f"{self.data.name}.password"
        state.write(secret, self.password)
        self._initdb(draft, secret, who.prefix)
        secret.unlink()
        draft.replace(self.data)

    def _initdb(self, folder: Path, secret: Path, prefix: tuple[str, ...]) -> None:
        # With the plain "C" locale, case-insensitive searches miss accented letters.
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
        access = (f"--username={NAME}", "--auth=scram-sha-256", f"--pwfile={secret}")
        command = [*prefix, binaries.postgres("initdb"), "-D", str(folder), *locale, *access]
        if THROW_AWAY[0] in self.options:
            command.append("--no-sync")
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise Refusal(f"PostgreSQL could not make its data folder: {made.stderr.strip()}")

    def _require_same_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text("ascii").strip()
        # "postgres (PostgreSQL) 18.6"
        answer = subprocess.run(
            [binaries.postgres("postgres"), "--version"], capture_output=True, text=True, check=True
        )
        ours = answer.stdout.split()[-1].split(".")[0]
        if found != ours:
            raise Refusal(
                f"{self.data} holds data of PostgreSQL {found}, the installed server is {ours}: "
                "dump it with the older checkout, or start afresh with `make clean`."
            )

    @property
    def command(self) -> list[str]:
        # No socket file: its path may be longer than systems allow, and TCP is enough.
        settings = (f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=")
        chosen = [part for setting in (*settings, *self.options) for part in ("-c", setting)]
        # The tether comes last: a change of identity would loosen it. SIGINT is a fast shutdown.
        changed = [*identity.of_postgres().prefix, *tether.to_parent("INT")]
        return [*changed, binaries.postgres("postgres"), "-D", str(self.data), *chosen]

    def is_ready(self) -> bool:
        """Whether it answers; from then on the database is there too."""
        try:
            self._make_database()
        except psycopg.OperationalError:
            return False
        return True

    def _make_database(self) -> None:
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=NAME,
            password=self.password,
            dbname="postgres",
            connect_timeout=3,
            autocommit=True,
        ) as connection:
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
            if not there.fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
