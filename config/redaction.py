"""Takes secrets and people's data out of what is logged, wherever they stand in it."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

HIDDEN = "***"
LONGEST = 50_000
TELLING = (
    r"(?:pass(?:word|wd|phrase|code)|secret|token|authorization|cookie|session[_-]?key|sessionid"
    r"|signature|api[_-]?key|(?:signing|encryption|private|access|feed)[_-]?key|credential|jwt|otp|csrf"
    r"|phone|whatsapp|e[_-]?mail|recipient|(?:ticket|venue)[_-]?code)"
)
# As whole names only: within other words they are harmless.
SECRET_WORDS = frozenset({"access", "refresh", "auth", "sig", "pwd"})
QUERY_WORDS = SECRET_WORDS | {"code", "key", "to"}
# What we number ourselves; a random one may look like a key.
OWN_NAMES = frozenset(
    {"request_id", "task_id", "child_task_id", "parent_task_id", "timestamp", "level", "logger"}
    | {"method", "status"}
)
_secret_name = re.compile(TELLING)

_ANY_NAME = rf"[\w.\[\]-]*{TELLING}[\w.\[\]-]*"
_VALUE = r"""(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[^\s,;&)\]}"'<>]+)"""
_MAILBOX = r"""[^\s@"(),:;<>\[\]\\]"""
_IN_ANY_CASE = (
    # Header lines: everything up to the end of the line.
    (r"((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?\s*[:=]\s*)[^\r\n]+", rf"\1\2{HIDDEN}"),
    (r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]*://)[^\s/@'\"]*:[^\s@'\"]*@", rf"\1{HIDDEN}@"),
    (rf"(?<![\w.\[\]-])({_ANY_NAME})(\)?['\"]?\s*[=:]\s*\(?){_VALUE}", rf"\1\2{HIDDEN}"),
    (rf"([?&;](?:{'|'.join(sorted(QUERY_WORDS))})=)[^\s&;#'\"<>]+", rf"\1{HIDDEN}"),
    (rf"(['\"](?:{'|'.join(sorted(SECRET_WORDS))})['\"]\s*:\s*){_VALUE}", rf"\1{HIDDEN}"),
    (rf"(?<!{_MAILBOX}){_MAILBOX}+(?:@|%40){_MAILBOX}+", HIDDEN),
    # Tokens of Django's generators and of its signing, and keyed hashes.
    (r"\b[0-9a-z]{4,9}-[0-9a-f]{32}\b", HIDDEN),
    (r"(?<![\w.=-])[\w.=-]+:[\w-]{5,8}:[\w-]{27,}", HIDDEN),
    (r"(?<![\w-])[0-9a-f]{40,}(?![\w-])", HIDDEN),
)
_AS_WRITTEN = (
    (r"\b([Bb]earer|[Bb]asic)\s+(?=\S*[A-Z0-9])[\w.~+/=:-]{6,}", rf"\1 {HIDDEN}"),
    (r"eyJ[\w-]{5,}\.[\w-]*(?:\.[\w-]*)*", HIDDEN),
    (r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{32,}={0,2}", HIDDEN),
    # Telephone numbers: international, Brazilian, or bare digits.
    (r"(?<!\w)(?:\+|%2B)\d[\d ().-]{6,18}\d(?!\w)", HIDDEN),
    (r"(?<![\w-])\(?\d{2}\)?[ -]?9?\d{4}[ -]?\d{4}(?![\w-])", HIDDEN),
    (r"(?<![\w.-])\d{10,15}(?!\w|-\w|\.\d)", HIDDEN),
)
_PATTERNS = [
    *(
        (re.compile(pattern, re.IGNORECASE | re.ASCII), replacement)
        for pattern, replacement in _IN_ANY_CASE
    ),
    *((re.compile(pattern, re.ASCII), replacement) for pattern, replacement in _AS_WRITTEN),
]
# A text without any of these holds nothing that a pattern could find, and most have none.
_suspicious = re.compile(r"[@=:%+]|\d{4}[ -]?\d{4}|[\w-]{32}|eyJ|[Bb]earer|[Bb]asic")


class Redactor:
    """Knows the secrets of this environment, and what secrets and people's data look like."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        known = {form for value in _secrets(environment) for form in (value, quote(value, safe=""))}
        longest_first = sorted(known, key=len, reverse=True)
        self.known = re.compile("|".join(map(re.escape, longest_first))) if known else None
        self.name = lru_cache(maxsize=1000)(self.text)  # the same few come again and again

    def __call__(self, logger: Any, method: str, event: Mapping[str, Any]) -> dict[str, Any]:
        return self.mapping(event)

    def mapping(self, values: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
        return {
            self.name(str(name)): self.named(str(name), value, depth)
            for name, value in values.items()
        }

    def named(self, name: str, value: Any, depth: int) -> Any:
        if name in OWN_NAMES:
            return value
        if value is not None and not isinstance(value, bool) and is_secret(name):
            return HIDDEN
        return self.anything(value, depth)

    def anything(self, value: Any, depth: int = 0) -> Any:
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, int):
            # A telephone number may be given as one.
            return value if abs(value) < 10**9 else self.text(str(value))
        if isinstance(value, str):
            return self.text(value)
        if depth > 8:
            return HIDDEN
        if isinstance(value, Mapping):
            return self.mapping(value, depth + 1)
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.anything(item, depth + 1) for item in value]
        return self.text(_described(value))

    def text(self, text: str) -> str:
        text = text[:LONGEST]
        if self.known:
            text = self.known.sub(HIDDEN, text)
        if _suspicious.search(text):
            for pattern, replacement in _PATTERNS:
                text = pattern.sub(replacement, text)
        return text


def _described(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    try:
        return str(value)
    except Exception:  # of any class that is logged: the line must not be lost
        return f"<{type(value).__name__}>"


@lru_cache(maxsize=1000)
def is_secret(name: str) -> bool:
    name = name.lower().replace("-", "_")
    return name in SECRET_WORDS or bool(_secret_name.search(name))


def _secrets(environment: Mapping[str, str]) -> Iterable[str]:
    """The values that must not be seen in any text, too short ones left out."""
    for name, value in environment.items():
        if name.endswith(("_KEY", "_SECRET", "_TOKEN", "_PASSWORD")) and len(value) >= 8:
            yield value
        if name.endswith("_URL") and "@" in value:
            password = value.split("://", 1)[-1].rsplit("@", 1)[0].partition(":")[2]
            yield from {form for form in (password, unquote(password)) if len(form) >= 8}
