"""Awards as Open Badges 3.0: signed credentials that anyone can check, in whatever wallet.

The key is derived from one that an installation keeps for ever, so that what was signed years
ago is still known. https://www.imsglobal.org/spec/ob/v3p0/#jwt-proof says what is signed.
"""

import hashlib
import uuid
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils import translation
from jwt.algorithms import OKPAlgorithm

from users.models import Badge, BadgeAward

CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]
REVOCATIONS = "1EdTechRevocationList"
REVOKED = "users.revocations"


def credential(award: BadgeAward) -> str:
    """The award as a VC-JWT."""
    content = _content(award)
    claims = {
        **content,
        "iss": content["issuer"]["id"],
        "jti": content["id"],
        "sub": content["credentialSubject"]["id"],
        "nbf": int(award.awarded_at.timestamp()),
    }
    address = _address("badge-key", public_key()["kid"])
    return jwt.encode(claims, _key(settings.DATA_ENCRYPTION_KEY), "EdDSA", {"kid": address})


def public_key() -> dict[str, str]:
    """What signatures are checked with, as a JWK named by its RFC 7638 thumbprint."""
    public = _key(settings.DATA_ENCRYPTION_KEY).public_key()
    jwk = OKPAlgorithm.to_jwk(public, as_dict=True)
    required = {name: jwk[name] for name in ("crv", "kty", "x")}
    digest = hashlib.sha256(orjson.dumps(required, option=orjson.OPT_SORT_KEYS)).digest()
    kid = urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {**required, "kid": kid, "use": "sig", "alg": "EdDSA"}


def issuer() -> dict[str, Any]:
    return {
        "id": _address("badge-issuer"),
        "type": ["Profile"],
        "name": "Mutirão",
        "url": settings.SITE_URL,
    }


def revocations() -> bytes:
    """The ids of all credentials that do not hold any more, and nothing that leads to a person.

    The same for everyone who asks within CACHE_LIFETIMES, so that nobody makes it cost much.
    """
    if (kept := cache.get(REVOKED)) is None:
        kept = _revocations()
        cache.set(REVOKED, kept, settings.CACHE_LIFETIMES["revocations"])
    return kept


def forget_revocations() -> None:
    """Let the list be made anew, now that an award was revoked."""
    cache.delete(REVOKED)


def _revocations() -> bytes:
    revoked = BadgeAward.objects.filter(revoked_at__isnull=False).order_by("revoked_at", "pk")
    return orjson.dumps(
        {
            "id": _address("badge-revocations"),
            "issuer": issuer()["id"],
            "revokedCredential": [
                {"id": _urn("award", award), "revoked": True}
                for award in revoked.values_list("pk", flat=True).iterator()
            ],
        }
    )


def _content(award: BadgeAward) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        # Not that of the page, which the public list of what was revoked would lead to.
        "id": _urn("award", award.pk),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": issuer(),
        "validFrom": f"{award.awarded_at:%Y-%m-%dT%H:%M:%SZ}",
        "name": award.badge.name,
        "credentialSubject": {
            "id": _urn("person", award.user_id),
            "type": ["AchievementSubject"],
            "identifier": [_identity(award)],
            "achievement": _achievement(award.badge),
        },
        "credentialStatus": {"id": _address("badge-revocations"), "type": REVOCATIONS},
    }


def _achievement(badge: Badge) -> dict[str, Any]:
    with translation.override(settings.LANGUAGE_CODE):
        criteria = badge.criteria
    return {
        "id": _urn("badge", badge.pk),
        "type": ["Achievement"],
        "name": badge.name,
        "description": badge.description,
        "criteria": {"narrative": criteria},
        "image": {"id": badge.icon_url, "type": "Image"},
    }


def _identity(award: BadgeAward) -> dict[str, Any]:
    """Lets whoever knows the person's address see that it is theirs, and nobody else read it."""
    salt = award.pk.hex
    digest = hashlib.sha256(f"{award.user.email}{salt}".encode()).hexdigest()
    return {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": f"sha256${digest}",
        "identityType": "emailAddress",
        "salt": salt,
    }


def _urn(what: str, number: int | uuid.UUID) -> str:
    """Tells things apart without telling which they are: a hash, which leads nowhere."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.SITE_URL}/{what}/{number}").urn


def _address(name: str, *arguments: str) -> str:
    return settings.SITE_URL + reverse(f"account:{name}", args=arguments)


@lru_cache(maxsize=1)
def _key(secret: str) -> Ed25519PrivateKey:
    derive = HKDF(SHA256(), length=32, salt=None, info=b"mutirao/open-badges/ed25519")
    return Ed25519PrivateKey.from_private_bytes(derive.derive(secret.encode()))
