"""Uploaded files: the names they get, how browsers may show them, and those on the local disk."""

import posixpath
import re
import time
from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.core.signing import BadSignature, Signer

# Shown by browsers in place; whatever else was uploaded is only saved, so that it never runs.
SHOWN = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
}
UNKNOWN = "application/octet-stream"
CACHE_CONTROL = "private, max-age=86400"
HARMLESS_ENDING = re.compile(r"\.[a-z0-9]{1,5}")


def content_type(name: str) -> str:
    return SHOWN.get(_ending(name), UNKNOWN)


def disposition(name: str) -> str:
    return "inline" if _ending(name) in SHOWN else "attachment"


def _ending(name: str) -> str:
    return posixpath.splitext(name)[1].lower()


class GeneratedNames:
    """Files get a random name: of the uploader's only the ending stays, if it looks like one."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        ending = _ending(name)
        kept = ending if HARMLESS_ENDING.fullmatch(ending) else ""
        generated = posixpath.join(posixpath.dirname(name), uuid4().hex + kept)
        if max_length is not None and len(generated) > max_length:
            raise SuspiciousFileOperation(f"No name in that folder fits into {max_length} letters.")
        return generated


class LocalStorage(GeneratedNames, FileSystemStorage):
    """Files in MEDIA_ROOT, which only a signed address opens, for settings.FILE_URL_LIFETIME."""

    def _save(self, name: str, content: File) -> str:
        """Save all of it or nothing: half a file would fill a full disk for good."""
        try:
            return super()._save(name, content)  # type: ignore[misc]  # not in the stubs
        except OSError:
            self.delete(name)
            raise

    def url(self, name: str | None) -> str:
        return f"{super().url(name)}?{urlencode(_signed(name or ''))}"


def _signed(name: str) -> dict[str, str]:
    expires = str(int(time.time() + settings.FILE_URL_LIFETIME.total_seconds()))
    return {"expires": expires, "signature": _signer().signature(f"{expires}:{name}")}


def is_signed(name: str, query: Mapping[str, str]) -> bool:
    """Whether that query is ours for this name, and not too old."""
    expires, signature = query.get("expires", ""), query.get("signature", "")
    if not re.fullmatch("[0-9]{1,12}", expires):
        return False
    try:
        _signer().unsign(f"{expires}:{name}:{signature}")
    except BadSignature:
        return False
    return time.time() < int(expires)


def _signer() -> Signer:
    return Signer(salt="config.storage")
