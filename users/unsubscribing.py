"""How a mail says where its kind is switched off: in its headers (RFC 8058) and at its foot.

The address needs no sign-in. It is signed, bound to one person and one kind, and never expires:
mails are kept for years, and all that it can do is to switch off what its reader gets.
"""

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _

from users.models import NotificationPreference, User

Kind = NotificationPreference.Kind
# A dot, unlike a colon, needs no escaping in an address.
_signer = signing.Signer(sep=".", salt="users.unsubscribing")


def link(user: User, kind: Kind) -> str:
    """The address that switches off mails of this kind; ours, since it answers programs."""
    token = _signer.sign_object([user.pk, kind.value])
    return settings.SITE_URL + reverse("account:unsubscribe", args=[token])


def read(token: str) -> tuple[int, Kind]:
    """Whose mails of which kind; raises BadSignature for what we did not sign."""
    pk, kind = _signer.unsign_object(token)
    return pk, Kind(kind)


def headers(address: str) -> dict[str, str]:
    """What lets a mail program show a button of its own, which sends one POST."""
    return {
        "List-Unsubscribe": f"<{address}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def footer(address: str) -> str:
    """The end of a plain text; mail.html writes its own from `unsubscribe` in its context."""
    return "\n\n-- \n" + _("To switch off mails of this kind:") + f" {address}"
