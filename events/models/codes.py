"""Secrets that are shown to people."""

import secrets


def new_code() -> str:
    """A secret that fits in a QR code: 128 random bits."""
    return secrets.token_urlsafe(16)
