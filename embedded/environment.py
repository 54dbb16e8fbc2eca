"""The environment of Django's processes: what is set already wins, the rest is filled in."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from embedded import binaries, gateway, state

# Carried by each process of one clone, so that a later start knows its own leftovers.
MARK = "MUTIRAO_STATE"
SERVERS = ("DATABASE_URL", "REDIS_URL", "BROKER_URL")
# These would lead the virtual environment's Python to modules or settings of another project.
FOREIGN = ("PYTHONHOME", "PYTHONPATH", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True)
class Place:
    """One set of servers with their state: that of `make run`, or a test run's own."""

    folder: Path
    keys: Mapping[str, str]
    ports: Mapping[str, int]
    web_port: int
    debug: bool = False

    @property
    def own(self) -> dict[str, str]:
        """What the processes get unless the caller's environment says otherwise."""
        return {
            "ENVIRONMENT": "development",
            "DEBUG": str(self.debug).lower(),
            "SECRET_KEY": self.keys["secret_key"],
            "JWT_SIGNING_KEY": self.keys["jwt_signing_key"],
            "DATA_ENCRYPTION_KEY": self.keys["data_encryption_key"],
            "DATABASE_URL": self._database_url,
            "REDIS_URL": self._valkey_url(0),
            "BROKER_URL": self._valkey_url(1),
            "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
            "DOMAIN": f"localhost:{self.web_port}",
            "EMAIL_URL": "consolemail://" if self.debug else self._mail_folder_url,
            "MEDIA_ROOT": str(self.folder / "media"),
            "BACKUP_DIR": str(self.folder / "backups"),
            "POSTGRES_PROGRAMS": str(Path(binaries.postgres("pg_dump")).parent),
            "PROMETHEUS_MULTIPROC_DIR": str(self.metrics),
            **(self._whatsapp if "gateway" in self.ports else {}),
        }

    @property
    def metrics(self) -> Path:
        """Where all processes count together, so that the page of the web server tells all."""
        return self.folder / "metrics"

    @property
    def _whatsapp(self) -> dict[str, str]:
        return {
            "EVOLUTION_URL": gateway.url(self.ports["gateway"]),
            "EVOLUTION_API_KEY": self.keys["gateway_key"],
            "WEBHOOK_SECRET": self.keys["webhook_secret"],
            "OUTGOING_NETWORKS": "127.0.0.1/32",
        }

    @property
    def _database_url(self) -> str:
        password, port = self.keys["postgres_password"], self.ports["postgres"]
        return f"postgres://mutirao:{password}@127.0.0.1:{port}/mutirao"

    @property
    def _mail_folder_url(self) -> str:
        # The slash that parts host from path, then the absolute path with its own slash.
        return f"filemail:///{quote(str(self.folder / 'mails'))}"

    def _valkey_url(self, number: int) -> str:
        return f"redis://:{self.keys['valkey_password']}@127.0.0.1:{self.ports['valkey']}/{number}"

    def variables(self, given: Mapping[str, str]) -> dict[str, str]:
        """The caller's environment, completed by our own values."""
        kept = {name: value for name, value in given.items() if value and name not in FOREIGN}
        return {**self.own, **kept, "PYTHONUNBUFFERED": "1"}

    def marked(self, given: Mapping[str, str]) -> dict[str, str]:
        """The same for processes that must end with this place."""
        return {**self.variables(given), MARK: str(self.folder)}


def needs_postgres(given: Mapping[str, str]) -> bool:
    return not given.get("DATABASE_URL")


def needs_valkey(given: Mapping[str, str]) -> bool:
    return not (given.get("REDIS_URL") and given.get("BROKER_URL"))


def for_tests(given: Mapping[str, str], documented: Iterable[str]) -> dict[str, str]:
    """The environment without the application's variables, but for the addresses of servers.

    So a provider's key or a mail server in a developer's shell reaches no test.
    """
    dropped = {"DEBUG", "ENVIRONMENT", "EMAIL_URL", "DOMAIN", "MEDIA_ROOT", *documented} - {
        *SERVERS
    }
    return {name: value for name, value in given.items() if name not in dropped}


def documented_names(example: Path = state.ROOT / ".env.example") -> list[str]:
    """The variables that the application reads, as `.env.example` lists them."""
    if not example.exists():
        return []
    return re.findall(r"^#?\s*([A-Z][A-Z0-9_]+)=", example.read_text("utf-8"), re.MULTILINE)


def of_this_shell() -> dict[str, str]:
    return dict(os.environ)
