"""The one way a rule of the domain says no, and how a dependency is missed."""

import math

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A rule of the domain said no: an answer for the caller, not a bug.

    `attr` names the input field that the rule is about, if there is one; `wait` is
    after how many seconds the same request may succeed, if time alone helps.
    """

    code = "conflict"
    message: str | Promise = _("The request conflicts with the current state.")
    wait: int | None = None

    def __init__(self, *, attr: str | None = None) -> None:
        super().__init__(attr)
        self.attr = attr

    def __str__(self) -> str:
        return str(self.message)


class DependencyAway(Exception):
    """Something outside does not answer: 503, and in `wait` seconds trying again may help."""

    def __init__(self, name: str, *, wait: float = 5) -> None:
        super().__init__(name)
        self.name = name
        self.wait = max(1, math.ceil(wait))
