"""From a bare host to a running site: `make quickstart`, as often as needed."""

import os
import re
import secrets
import shutil
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fleet import compose, life, smoke, state
from fleet.refusal import Refused

MEMORY = 4  # GB
DISK = 10  # GB
SAMPLE = "change-me"
# The host of .env.example and hosts below it, but no longer name like mutirao.example.org.
SAMPLE_HOST = re.compile(r"(DOMAIN|ALLOWED_HOSTS|EMAIL_URL)=.*\bmutirao\.example(?![\w.-])")
ENV = state.ROOT / ".env"
SECRETS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "JWT_SIGNING_KEY": lambda: secrets.token_urlsafe(48),
    "DATA_ENCRYPTION_KEY": lambda: urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    # In addresses, so without a character that would have to be escaped there.
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),
    "REDIS_PASSWORD": lambda: secrets.token_hex(24),
    "S3_ACCESS_KEY": lambda: secrets.token_hex(10),
    "S3_SECRET_KEY": lambda: secrets.token_hex(24),
}
# Of the folder of certificates, in nginx.
MOUNTED = "/etc/nginx/certificates"
SIGN = """
openssl req -x509 -nodes -days 365 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \\
    -subj "/CN=$DOMAIN" -addext "subjectAltName=DNS:$DOMAIN" \\
    -keyout /to/privkey.pem -out /to/fullchain.pem
chown 1000:1000 /to/privkey.pem
"""
# The fleet brings these servers, reached with the passwords above.
OWN = ("DATABASE_URL", "REDIS_URL", "BROKER_URL")


def quickstart() -> None:
    """Check the host, make what is missing of secrets and certificate, build, start, look.

    Where a version was deployed, that one is started, and nothing is built.
    """
    check_host()
    fill_in()
    settings = compose.config()
    check_passwords(settings)
    check_names(settings)
    if state.tag() == state.LOCAL:
        life.build(state.LOCAL)
    if not (_certificates(settings) / "fullchain.pem").exists() and not _proxies(settings):
        sign_ourselves(settings)
    life.up()
    smoke.own_fleet()
    print(f"{smoke.own_url(settings)} is up. Next: `make createsuperuser`, then /admin/.")


def check_host() -> None:
    """Refuse a host that is too small, or that has no Docker, with a sentence."""
    if not shutil.which("docker"):
        raise Refused("Docker is missing: https://docs.docker.com/engine/install/ says how.")
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        raise Refused("Docker has no Compose: install the package docker-compose-plugin.")
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        raise Refused("The Docker Engine does not answer: is it started, and may you use it?")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    if memory < MEMORY * 0.9:  # the kernel keeps some of it for itself
        raise Refused(f"This host has {memory:.1f} GB of memory; {MEMORY} GB are needed.")
    place = Path(compose.run("docker", "info", "--format", "{{.DockerRootDir}}").strip())
    # An engine in a machine of its own has it there.
    place = place if place.is_dir() else state.ROOT
    disk = shutil.disk_usage(place).free / 1e9
    if disk < DISK:
        raise Refused(f"{disk:.1f} GB are free on the disk of {place}; {DISK} GB are needed.")


def fill_in() -> None:
    """Replace each sample secret in .env by a random one; what was given stays."""
    if not ENV.exists():
        shutil.copyfile(state.ROOT / ".env.example", ENV)
        ENV.chmod(0o600)
        raise Refused(
            "Now there is a file .env: set DOMAIN, ALLOWED_HOSTS and EMAIL_URL there, "
            "then run `make quickstart` again. It makes the secrets by itself."
        )
    lines = [_filled(line) for line in ENV.read_text(encoding="utf-8").splitlines()]
    given = {line.partition("=")[0] for line in lines}
    lines += [f"{name}={make()}" for name, make in SECRETS.items() if name not in given]
    draft = ENV.with_name(".env.draft")
    draft.touch(0o600)
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(draft, ENV)
    left = [line for line in lines if SAMPLE in line and not line.startswith("#")]
    left += filter(SAMPLE_HOST.match, lines)
    if left:
        names = ", ".join(sorted({line.split("=")[0] for line in left}))
        raise Refused(f"{names} in .env still hold a sample: give them your own values.")


def check_passwords(settings: dict[str, Any]) -> None:
    """Refuse what an address would have to escape: the servers take them as they are."""
    for service, name in (("postgres", "POSTGRES_PASSWORD"), ("redis-broker", "REDIS_PASSWORD")):
        given = settings["services"][service]["environment"][name]
        if not re.fullmatch(r"[\w.~-]+", given, re.ASCII):
            raise Refused(f"{name} may hold letters, digits and . _ ~ - only: it is in addresses.")


def check_names(settings: dict[str, Any]) -> None:
    """Refuse a site that would answer its own probes with 400, so that its watchdogs end it."""
    given = settings["services"]["backend"]["environment"]
    domain, hosts = given["DOMAIN"], given["ALLOWED_HOSTS"].replace(" ", "").split(",")
    # As Django reads them: a leading dot stands for all hosts below, too.
    wider = (host for host in hosts if host.startswith("."))
    if domain not in hosts and not any(f".{domain}".endswith(host) for host in wider):
        raise Refused(f"DOMAIN must be among ALLOWED_HOSTS, and {domain} is not.")


def _filled(line: str) -> str:
    name, _, value = line.partition("=")
    if name in OWN and SAMPLE in value:
        return f"# {line}"
    return f"{name}={SECRETS[name]()}" if name in SECRETS and value == SAMPLE else line


def _certificates(settings: dict[str, Any]) -> Path:
    """The folder that CERTIFICATES names."""
    mounts = settings["services"]["nginx"]["volumes"]
    return Path(next(one["source"] for one in mounts if one["target"] == MOUNTED))


def _proxies(settings: dict[str, Any]) -> str:
    """Those in front of us, who see to TLS where there is no certificate."""
    return str(settings["services"]["nginx"]["environment"]["PROXIES"])


def sign_ourselves(settings: dict[str, Any]) -> None:
    """Make a certificate that browsers warn of, until a real one is put in its place."""
    folder = _certificates(settings)
    folder.mkdir(parents=True, exist_ok=True)
    image = settings["services"]["backend"]["image"]
    compose.run(
        *("docker", "run", "--rm", "--network", "none", "--user", "0", "--env", "DOMAIN"),
        *("--volume", f"{folder}:/to", "--entrypoint", "sh", image, "-ec", SIGN),
        DOMAIN=smoke.domain(settings),
    )
    print(f"{folder} holds a certificate that browsers warn of: put a real one in its place.")
