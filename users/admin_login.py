"""The sign-in to the admin, within the same limits of guessing as that of the API."""

from typing import Any

from django import forms
from django.utils.translation import ngettext
from rest_framework.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from users.fields import AddressField
from users.services import LockedOut
from users.services.signing_in import check_credentials
from users.views.requests import device


class LoginForm(AuthenticationForm):
    def clean(self) -> dict[str, Any]:
        email, password = map(self.cleaned_data.get, ("username", "password"))
        if email and password:
            try:
                self.user_cache = check_credentials(_address(email), password, device(self.request))
            except LockedOut as error:
                raise _locked_out(error.wait or 0) from error  # type: ignore[attr-defined]
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data


def _address(typed: str) -> str:
    """What was typed if it is an address, else nothing: it may be a password in the wrong box."""
    try:
        return AddressField().run_validation(typed)
    except ValidationError:
        return ""


def _locked_out(seconds: float) -> forms.ValidationError:
    minutes = max(1, round(seconds / 60))
    text = ngettext(
        "Too many attempts. Try again in %(minutes)d minute.",
        "Too many attempts. Try again in %(minutes)d minutes.",
        minutes,
    )
    return forms.ValidationError(text, "locked_out", {"minutes": minutes})
