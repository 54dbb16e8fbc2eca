"""What the environment of a production process must hold before it may start."""

import base64
import binascii
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from urllib.parse import unquote, urlsplit

SECRETS = ("SECRET_KEY", "JWT_SIGNING_KEY", "DATA_ENCRYPTION_KEY")
URLS = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "EMAIL_URL")
# All of these or none: then files are on the local disk.
S3 = ("S3_ENDPOINT_URL", "S3_PUBLIC_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_BUCKET")
BACKUP_S3 = tuple(f"BACKUP_{name}" for name in S3 if name != "S3_PUBLIC_URL")
OTHER_SECRETS = (
    "S3_SECRET_KEY",
    "BACKUP_S3_SECRET_KEY",
    "WEBHOOK_SECRET",
    "EVOLUTION_API_KEY",
)
REQUIRED = (*SECRETS, *URLS, "ALLOWED_HOSTS", "DOMAIN")
SAMPLES = ("change-me", "changeme", "example", "sample", "insecure", "secret-key", "password")
MINIMUM_LENGTH = 32
YES = ("true", "on", "ok", "y", "yes", "1")
NO = ("false", "off", "n", "no", "0", "")
HOST = re.compile(r"\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?|\[[0-9a-f:.]+\](:\d{1,5})?", re.I)


def faults(variables: Mapping[str, str]) -> list[str]:
    """Name every reason why a process must not start; in development only what is malformed.

    Who does not say where they run is in production: that is the safe mistake. Values are
    never part of it: they may be secrets.
    """
    environment = variables.get("ENVIRONMENT") or "production"
    given = {name: value for name, value in variables.items() if value}
    if environment == "development":
        # Where nothing leaves the machine, mails may go to a folder or the console.
        return [*_malformed({**given, "EMAIL_URL": ""})]
    if environment not in ("production", "staging"):
        return ["ENVIRONMENT must be production, staging or development."]
    checks = (_missing, _incomplete, _malformed, _weak, _shared, _open)
    return [fault for check in checks for fault in check(given)]


def _missing(given: Mapping[str, str]) -> Iterator[str]:
    yield from (f"{name} is missing." for name in REQUIRED if name not in given)


def _incomplete(given: Mapping[str, str]) -> Iterator[str]:
    """Parts that are switched on by one variable and need others."""
    if given.keys() & {*S3, "S3_REGION"}:
        yield from (f"{name} is missing for S3." for name in S3 if name not in given)
    if given.keys() & {*BACKUP_S3, "BACKUP_S3_REGION"}:
        yield from (f"{name} is missing for backups." for name in BACKUP_S3 if name not in given)
    if "EVOLUTION_URL" in given:
        needed = ("EVOLUTION_API_KEY", "WEBHOOK_SECRET")
        yield from (f"{name} is missing for WhatsApp." for name in needed if name not in given)


def _malformed(given: Mapping[str, str]) -> Iterator[str]:
    for name, (is_right, what) in SHAPES.items():
        if given.get(name) and not is_right(given[name]):
            yield f"{name} must be {what}."


def _weak(given: Mapping[str, str]) -> Iterator[str]:
    for name in (*SECRETS, "WEBHOOK_SECRET"):
        # Of the last there may be two, while one takes the other's place.
        keys = items(given.get(name, ""))
        if any(len(key) < MINIMUM_LENGTH or len({*key}) < 10 for key in keys):
            yield f"{name} is weak: give at least {MINIMUM_LENGTH} random characters."
    for name in (*SECRETS, *OTHER_SECRETS):
        value = given.get(name, "")
        if _is_sample(value):
            yield f"{name} is a sample value."
        if value.startswith("$"):
            yield f"{name} must not begin with $: it would be taken for another variable's name."
    for name in URLS:
        if fault := _password_fault(given.get(name, "")):
            yield f"{name} holds {fault}."


def _shared(given: Mapping[str, str]) -> Iterator[str]:
    keys = [given[name] for name in SECRETS if name in given]
    if len(set(keys)) < len(keys):
        yield f"{', '.join(SECRETS)} must differ from each other."
    servers = [_server(given[name]) for name in ("REDIS_URL", "BROKER_URL") if name in given]
    if len(set(servers)) < len(servers):
        yield "REDIS_URL and BROKER_URL must be two servers: a full cache would drop queued tasks."


def _open(given: Mapping[str, str]) -> Iterator[str]:
    if given.get("DEBUG", "").lower() in YES:
        yield "DEBUG must be off."
    for name in ("ALLOWED_HOSTS", "CORS_ALLOWED_ORIGINS"):
        if "*" in items(given.get(name, "")):
            yield f"{name} must not hold *."
    if given.get("RATE_LIMITS_ENABLED", "true").lower() not in YES:
        yield "RATE_LIMITS_ENABLED must be on."


def items(value: str) -> list[str]:
    """What a list with commas holds; blanks around an item are none of it."""
    return [item.strip() for item in value.split(",") if item.strip()]


def _server(url: str) -> str:
    host, _, port = urlsplit(url).netloc.rpartition("@")[2].partition(":")
    return f"{host}:{port or 6379}"


def _password_fault(url: str) -> str | None:
    """What is wrong with a password; none at all is for networks that nobody else is in."""
    credentials = url.partition("://")[2].rpartition("@")[0]
    user, _, password = (unquote(part) for part in credentials.partition(":"))
    if not password:
        return None
    if password.lower() in (user.lower(), "postgres") or _is_sample(password):
        return "a sample password"
    return "a password of less than 8 characters" if len(password) < 8 else None


def _is_sample(value: str) -> bool:
    return any(sample in value.lower() for sample in SAMPLES)


def _is_url(*schemes: str, needs_path: bool = False) -> Callable[[str], bool]:
    def is_right(value: str) -> bool:
        try:
            url = urlsplit(value)
            has_place = bool(url.hostname) and url.port != 0
        except ValueError:  # an impossible port, a bracket that is not closed
            return False
        return has_place and url.scheme in schemes and (not needs_path or len(url.path) > 1)

    return is_right


def _is_fernet_key(value: str) -> bool:
    try:
        return len(base64.b64decode(value, altchars="-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _is_network(value: str) -> bool:
    try:
        ip_network(value, strict=False)
    except ValueError:
        return False
    return True


def _each(is_right: Callable[[str], object]) -> Callable[[str], bool]:
    return lambda value: bool(items(value)) and all(is_right(item) for item in items(value))


def _is_origin(value: str) -> bool:
    return value == "*" or (_is_url("http", "https")(value) and not urlsplit(value).path)


def _is_host(value: str) -> bool:
    return value == "*" or bool(HOST.fullmatch(value))


def _is_bucket(value: str) -> bool:
    return bool(re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", value))


def _is_prefix(value: str) -> bool:
    return bool(re.fullmatch(r"/([\w.-]+/)+", value, re.ASCII))


def _is_number(value: str) -> bool:
    return bool(re.fullmatch("[1-9][0-9]{0,3}", value))


def _is_port(value: str) -> bool:
    return value.isdecimal() and 0 < int(value) < 65536


def _is_path(value: str) -> bool:
    return value.startswith("/")


def _is_switch(value: str) -> bool:
    return value.lower() in (*YES, *NO)


_s3 = (lambda value: value != "*" and _is_origin(value), "like https://host, without a path")
_bucket = (_is_bucket, "a bucket's name: small letters, digits, - and .")
_redis = (_is_url("redis", "rediss"), "like redis://:password@host:6379/0")
SHAPES: dict[str, tuple[Callable[[str], object], str]] = {
    "DATA_ENCRYPTION_KEY": (_is_fernet_key, "32 random bytes in URL-safe base64"),
    "DATABASE_URL": (
        _is_url("postgres", "postgresql", needs_path=True),
        "like postgres://user:password@host:5432/name",
    ),
    "REDIS_URL": _redis,
    "BROKER_URL": _redis,
    "EMAIL_URL": (
        _is_url("smtp", "smtp+tls", "smtp+ssl"),
        "like smtp+tls://user:password@host:587",
    ),
    "ALLOWED_HOSTS": (_each(_is_host), "host names with commas between them"),
    "DOMAIN": (
        lambda value: _is_host(value) and value[0] not in ".*",
        "a host name, without a scheme",
    ),
    "FRONTEND_URL": (_is_url("http", "https"), "like https://host"),
    "CORS_ALLOWED_ORIGINS": (_each(_is_origin), "like https://host, with commas between them"),
    "TRUSTED_PROXIES": (_each(_is_network), "networks like 10.0.0.0/8, with commas between them"),
    "MEDIA_ACCEL_PREFIX": (_is_prefix, "a path like /protected-media/"),
    "S3_ENDPOINT_URL": _s3,
    "S3_PUBLIC_URL": _s3,
    "S3_BUCKET": _bucket,
    "BACKUP_S3_ENDPOINT_URL": _s3,
    "BACKUP_S3_BUCKET": _bucket,
    "BACKUP_DIR": (_is_path, "a path that begins with /"),
    "POSTGRES_PROGRAMS": (_is_path, "a path that begins with /"),
    "OUTGOING_NETWORKS": (
        _each(_is_network),
        "networks like 10.1.0.0/16, with commas between them",
    ),
    "LOG_LEVEL": (
        lambda value: value.upper() in logging.getLevelNamesMapping(),
        "DEBUG, INFO, WARNING or ERROR",
    ),
    "DATABASE_POOL_SIZE": (_is_number, "a number"),
    "WEB_CONCURRENCY": (_is_number, "a number"),
    "PORT": (_is_port, "a number up to 65535"),
    "METRICS_PORT": (_is_port, "a number up to 65535"),
    "METRICS_ALLOWED": (_each(_is_network), "networks like 10.0.0.0/8, with commas between them"),
    "PROMETHEUS_MULTIPROC_DIR": (_is_path, "a path that begins with /"),
    "DEFAULT_FROM_EMAIL": (lambda value: "@" in value and value.isprintable(), "an address"),
    "DEBUG": (_is_switch, "true or false"),
    "RATE_LIMITS_ENABLED": (_is_switch, "true or false"),
    "WEBHOOK_SECRET": (_each(bool), "a secret, or two with a comma between them"),
    "WEBHOOK_NETWORKS": (_each(_is_network), "networks like 10.0.0.0/8, with commas between them"),
    "EVOLUTION_URL": (_is_url("http", "https"), "like http://host:8080"),
    "EVOLUTION_INSTANCE": (re.compile("[A-Za-z0-9_-]{1,80}").fullmatch, "letters, digits, - and _"),
    "OPENAI_URL": (_is_url("http", "https"), "like https://host/v1"),
    "PRIVACY_URL": (_is_url("http", "https"), "like https://host/privacy"),
    "AGENT_CONVERSATION_TOKENS": (str.isdecimal, "a number"),
    "AGENT_CONVERSATION_CENTS": (str.isdecimal, "a number"),
    "AGENT_DAILY_TOKENS": (str.isdecimal, "a number"),
    "AGENT_DAILY_DOLLARS": (str.isdecimal, "a number"),
    "API_MICROCACHE": (re.compile("[0-9]{1,3}s").fullmatch, "seconds, like 1s"),
}
