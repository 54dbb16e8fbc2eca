"""What the providers with a model share: how a tool call and a refusal are read."""

import json
from collections.abc import Mapping

from leads.agent.providers.protocol import Asked, ProviderAway


def asked(arguments: str) -> Asked:
    """The tool call that a model wrote; what is not even an object asks for nothing."""
    try:
        found = json.loads(arguments or "{}")
    except ValueError:
        found = {}
    if not isinstance(found, dict):
        found = {}
    return Asked(str(found.get("action", "")), found)


def away(name: str, status: int, headers: Mapping[str, str]) -> ProviderAway:
    """What a refusal means: of too many and of a server's trouble that it may pass."""
    asked_for = headers.get("Retry-After", "")
    wait = float(asked_for) if asked_for.isdecimal() else 1.0
    return ProviderAway(name, is_passing=status == 429 or status >= 500, wait=wait)
