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
REQUIRED = (*SECRETS, *URLS, "ALLOWED_HOSTS", "DOMAIN")
SAMPLES = ("change-me", "changeme", "example", "sample", "insecure", "secret-key", "password")
MINIMUM_LENGTH = 32
YES = ("true", "on", "ok", "y", "yes", "1")
NO = ("false", "off", "n", "no", "0", "")
HOST = re.compile(r"\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?|\[[0-9a-f:.]+\](:\d{1,5})?", re.I)


def faults(variables: Mapping[str, str]) -> list[str]:
    """Name every reason why a production or staging process must not start; none elsewhere.

    Values are never part of it: they may be secrets.
    """
    environment = variables.get("ENVIRONMENT", "development")
    if environment == "development":
        return []
    if environment not in ("production", "staging"):
        return ["ENVIRONMENT must be production, staging or development."]
    given = {name: value for name, value in variables.items() if value}
    return [*_missing(given), *_malformed(given), *_weak(given), *_shared(given), *_open(given)]


def _missing(given: Mapping[str, str]) -> Iterator[str]:
    return (f"{name} is missing." for name in REQUIRED if name not in given)


def _malformed(given: Mapping[str, str]) -> Iterator[str]:
    for name, (is_right, what) in SHAPES.items():
        if name in given and not is_right(given[name]):
            yield f"{name} must be {what}."


def _weak(given: Mapping[str, str]) -> Iterator[str]:
    for name in SECRETS:
        value = given.get(name)
        if value and (len(value) < MINIMUM_LENGTH or len(set(value)) < 10):
            yield f"{name} is weak: give at least {MINIMUM_LENGTH} random characters."
        if value and any(sample in value.lower() for sample in SAMPLES):
            yield f"{name} is a sample value."
        if value and value.startswith("$"):
            yield f"{name} must not begin with $: it would be taken for another variable's name."
    for name in URLS:
        if _has_sample_password(given.get(name, "")):
            yield f"{name} holds a sample password."


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
        if "*" in _list(given.get(name, "")):
            yield f"{name} must not hold *."
    if given.get("RATE_LIMITS_ENABLED", "true").lower() not in YES:
        yield "RATE_LIMITS_ENABLED must be on."


def _list(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def _server(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _has_sample_password(url: str) -> bool:
    credentials = url.partition("://")[2].rpartition("@")[0]
    user, _, password = (unquote(part).lower() for part in credentials.partition(":"))
    return bool(password) and (password in (user, "postgres") or password in SAMPLES)


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
    return lambda value: all(is_right(item) for item in _list(value))


def _is_origin(value: str) -> bool:
    return value == "*" or (_is_url("http", "https")(value) and not urlsplit(value).path)


def _is_host(value: str) -> bool:
    return value == "*" or bool(HOST.fullmatch(value))


def _is_number(value: str) -> bool:
    return bool(re.fullmatch("[1-9][0-9]{0,3}", value))


def _is_switch(value: str) -> bool:
    return value.lower() in (*YES, *NO)


_redis = (_is_url("redis", "rediss"), "like redis://:password@host:6379/0")
SHAPES: dict[str, tuple[Callable[[str], bool], str]] = {
    "DATA_ENCRYPTION_KEY": (_is_fernet_key, "32 random bytes in URL-safe base64"),
    "DATABASE_URL": (
        _is_url("postgres", "postgresql", needs_path=True),
        "like postgres://user:password@host:5432/name",
    ),
    "REDIS_URL": _redis,
    "BROKER_URL": _redis,
    "EMAIL_URL": (
        _is_url("smtp", "smtps", "smtp+tls", "smtp+ssl"),
        "like smtp+tls://user:password@host:587",
    ),
    "ALLOWED_HOSTS": (_each(_is_host), "host names with commas between them"),
    "DOMAIN": (_is_host, "a host name, without a scheme"),
    "FRONTEND_URL": (_is_url("http", "https"), "like https://host"),
    "CORS_ALLOWED_ORIGINS": (_each(_is_origin), "like https://host, with commas between them"),
    "TRUSTED_PROXIES": (_each(_is_network), "networks like 10.0.0.0/8, with commas between them"),
    "LOG_LEVEL": (logging.getLevelNamesMapping().__contains__, "DEBUG, INFO, WARNING or ERROR"),
    "DATABASE_POOL_SIZE": (_is_number, "a number"),
    "DEBUG": (_is_switch, "true or false"),
    "RATE_LIMITS_ENABLED": (_is_switch, "true or false"),
}
