"""What is said in a recording, by Deepgram."""

from typing import Any

import httpx2
from django.conf import settings

from config import http
from config.errors import DependencyAway

LANGUAGES = {"pt-br": "pt-BR", "en": "en"}
CLIENT = http.Client("deepgram")


class NotUnderstood(Exception):
    """There is no speech in it, or it is no sound that can be read."""


def is_available() -> bool:
    return bool(settings.DEEPGRAM_API_KEY)


def transcribe(sound: bytes, *, media_type: str, language: str, seconds: float) -> str:
    """Give the words, or raise NotUnderstood or DependencyAway within so many seconds."""
    query = {
        "model": "nova-2",
        "smart_format": "true",
        "language": LANGUAGES.get(language, "pt-BR"),
    }
    try:
        response = CLIENT.request(
            "POST",
            settings.DEEPGRAM_URL,
            params=query,
            content=sound,
            headers={
                "Authorization": f"Token {settings.DEEPGRAM_API_KEY}",
                "Content-Type": media_type,
            },
            timeout=httpx2.Timeout(seconds, connect=min(2, seconds), pool=1),
            longest=seconds,
        )
    except http.TooMuch as error:
        raise DependencyAway(CLIENT.name) from error
    if response.status_code in (401, 402, 403):
        raise DependencyAway(CLIENT.name)  # a key that is wrong, or an account without money
    if response.status_code >= 400:
        raise NotUnderstood
    return _words(response)


def _words(response: httpx2.Response) -> str:
    try:
        answer: Any = response.json()
        text = answer["results"]["channels"][0]["alternatives"][0]["transcript"].strip()
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DependencyAway(CLIENT.name) from error
    if not text:
        raise NotUnderstood
    return str(text)
