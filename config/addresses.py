"""Where a request comes from, as far as that can be trusted."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

UNKNOWN = "0.0.0.0"  # noqa: S104  # over a Unix socket there is no address


def of(request: HttpRequest | Request) -> str:
    """The client's address: the nearest one that is none of our own proxies.

    Each proxy appends who spoke to it, so X-Forwarded-For is read from its end, and
    only as far as proxies of ours wrote it: what stands before was sent by the client.
    """
    address = _canonical(request.META.get("REMOTE_ADDR", ""))
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while forwarded and address and is_in(address, settings.TRUSTED_PROXIES):
        if not (client := _canonical(forwarded.pop())):
            break
        address = client
    return address or UNKNOWN


def is_in(address: str, networks: Iterable[str]) -> bool:
    """Whether one of the networks holds the address."""
    return any(ip_address(address) in network for network in _networks(tuple(networks)))


def _canonical(text: str) -> str:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


@lru_cache
def _networks(networks: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    return [ip_network(network, strict=False) for network in networks]
