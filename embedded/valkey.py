"""The embedded Valkey: cache and broker of one clone, in two databases."""

import json
from dataclasses import dataclass
from pathlib import Path

import redis

from embedded import binaries, state, tether

# A queue must survive a restart and never be evicted.
LASTING = ("appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction")
THROW_AWAY = ("databases 64", "appendonly no")


@dataclass(frozen=True)
class Valkey:
    folder: Path
    port: int
    password: str
    options: tuple[str, ...] = LASTING

    def prepare(self) -> None:
        """Write its configuration; a password on the command line could be read by others."""
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f"dir {json.dumps(str(self.folder), ensure_ascii=False)}",
            'save ""',
            "daemonize no",
            "set-proc-title no",  # it would write over the mark by which leftovers are known
            *self.options,
        )
        state.write(state.folder(self.folder) / "valkey.conf", "\n".join(lines) + "\n")

    @property
    def command(self) -> list[str]:
        return [*tether.to_parent(), binaries.valkey(), str(self.folder / "valkey.conf")]

    def is_ready(self) -> bool:
        client = redis.Redis("127.0.0.1", self.port, password=self.password, socket_timeout=3)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
