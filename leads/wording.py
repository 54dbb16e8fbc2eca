"""What a follow-up says: the few variables of its template, and nothing else."""

import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from leads import places

VARIABLES = ("name", "city", "event", "event_when", "event_url")
_BRACED = re.compile(r"\{([^{}]*)\}")
_FILLED = re.compile(r"(\s?)\{(" + "|".join(VARIABLES) + r")\}")
# Anybody can type a name or a city into a form of ours: nothing that looks like an address goes
# out with it.
_NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CITY = re.compile(rf"{_NAME.pattern}(?:\.? {_NAME.pattern})*")
LONGEST_NAME = 40


@dataclass(frozen=True)
class Facts:
    name: str = ""
    city: str = ""
    event: str = ""
    event_when: str = ""
    event_url: str = ""


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str


def check(field: str, text: str, *, with_event: bool) -> None:
    """Refuse what would not be filled in, at the field that says it."""
    for name in _BRACED.findall(text):
        if name not in VARIABLES:
            message = _("There is no variable {%(name)s}.")
            raise ValidationError({field: ValidationError(message, "variable", {"name": name})})
        if name.startswith("event") and not with_event:
            message = _("{%(name)s} is known only if the step invites to an event.")
            raise ValidationError({field: ValidationError(message, "no_event", {"name": name})})


def needs_city(text: str) -> bool:
    return "{city}" in text


def fill(text: str, facts: Facts) -> str:
    """Put the facts in, once: what a fact says is never read as a variable.

    Where there is nothing to say, the space before it goes too: "Hello {name}!" is "Hello!".
    """

    def value(found: re.Match[str]) -> str:
        said = getattr(facts, found[2])
        return found[1] + said if said else ""

    return _FILLED.sub(value, text)


def first_name(name: str) -> str:
    """What to call a person; nothing, if it is no name."""
    return _said(next(iter(name.split()), ""), _NAME)


def city_name(city: str) -> str:
    """How to call a city, without its state; nothing, if it does not look like one."""
    return _said(" ".join(places.without_state(city).split()), _CITY)


def _said(name: str, pattern: re.Pattern[str]) -> str:
    return name if len(name) <= LONGEST_NAME and pattern.fullmatch(name) else ""
