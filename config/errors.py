"""The one way a rule of the domain says no."""

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
