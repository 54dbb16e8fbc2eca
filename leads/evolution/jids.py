"""Addresses of WhatsApp: of a phone, or an @lid that hides it."""

import re
from dataclasses import dataclass
from typing import Any

from config.encryption import keyed_hash

PHONE, LID = "@s.whatsapp.net", "@lid"
JID = re.compile(r"(\d{5,20})(?:[:_.]\d+)*@(s\.whatsapp\.net|c\.us|lid)", re.ASCII)
# Of a Brazilian mobile, which WhatsApp still calls by its eight old digits in some states.
WITHOUT_NINTH = re.compile(r"(55[1-9]{2})([6-9]\d{7})", re.ASCII)
WITH_NINTH = re.compile(r"(55[1-9]{2})9([6-9]\d{7})", re.ASCII)


@dataclass(frozen=True)
class Contact:
    """Whose chat it is: where answers go, and what the person is known by."""

    address: str
    phone: str  # digits only, "" while it is hidden
    lid: str  # with its @lid, "" if there is none

    @property
    def key(self) -> str:
        """The same for every address of the same phone."""
        return keyed_hash("jid", f"{self.phone}{PHONE}" if self.phone else self.lid)

    @property
    def lid_key(self) -> str:
        return keyed_hash("jid", self.lid) if self.lid else ""


def contact(key: dict[str, Any]) -> Contact | None:
    """The person of a message's key; None for groups, lists and channels.

    Where `remoteJid` is an @lid, `remoteJidAlt` may tell the phone; since 2025 it is also the
    other way round.
    """
    names = ("remoteJid", "remoteJidAlt", "senderPn")
    given = [plain(key[name]) for name in names if isinstance(key.get(name), str)]
    if not given or not given[0]:
        return None
    phones = [jid for jid in given if jid.endswith(PHONE)]
    lids = [jid for jid in given if jid.endswith(LID)]
    phone = with_ninth(phones[0].removesuffix(PHONE)) if phones else ""
    return Contact(address=(phones or lids)[0], phone=phone, lid=lids[0] if lids else "")


def plain(jid: str) -> str:
    """A person's address without the number of their device; "" for all others."""
    found = JID.fullmatch(jid)
    if not found:
        return ""
    return found[1] + (LID if found[2] == "lid" else PHONE)


def with_ninth(digits: str) -> str:
    found = WITHOUT_NINTH.fullmatch(digits)
    return f"{found[1]}9{found[2]}" if found else digits


def of_phone(digits: str) -> list[str]:
    """All addresses that `with_ninth` takes for this number's."""
    old = WITH_NINTH.fullmatch(digits)
    return [f"{number}{PHONE}" for number in (digits, *([old[1] + old[2]] if old else []))]
