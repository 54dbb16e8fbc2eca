"""What must hold before accounts may be served."""

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register

BLACKLIST = "rest_framework_simplejwt.token_blacklist"


@register()
def refresh_tokens_can_be_blacklisted(**kwargs: Any) -> list[CheckMessage]:
    """Without the app, simplejwt rotates tokens and silently blacklists none."""
    if apps.is_installed(BLACKLIST):
        return []
    return [Error(f"INSTALLED_APPS must hold {BLACKLIST}.", id="users.E001")]
