"""The one client for calls to the outside: bounded in time, size and place.

A provider makes one `Client(name)` when it is imported and calls `client.request`.
"""

import socket
import time
from collections.abc import Iterable
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore2
import httpx2
from django.conf import settings
from django.db import connections

from config import addresses
from config.errors import DependencyAway
from config.resilience import Breaker, tries

TIMEOUT = httpx2.Timeout(5, connect=2, pool=2)
LONGEST = 30  # seconds for one answer, however slowly it drips
LARGEST = 10 * 1024 * 1024  # bytes of a body, unpacked
REPEATABLE = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}
# Addresses that hold one of IPv4: NAT64, which Python takes for public ones.
NAT64 = ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """The address is not one that outgoing calls may reach."""


class TooMuch(Exception):
    """The answer is longer, or takes longer, than is allowed."""


class ServerError(Exception):
    """The other side answered 429 or 5xx: as good as no answer."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


TROUBLE = (httpx2.TransportError, ServerError)


class Client:
    """Calls of one dependency, behind its breaker.

    With `only_public` OUTGOING_NETWORKS are no exception: for addresses that people type.
    """

    def __init__(self, name: str, *, only_public: bool = False, **breaker: Any) -> None:
        self.name, self._only_public = name, only_public
        about_us = (Forbidden, httpx2.UnsupportedProtocol, httpx2.TooManyRedirects)
        self.breaker = Breaker(name, ignored=about_us, **breaker)

    def request(
        self,
        method: str,
        url: str,
        *,
        attempts: int = 3,
        follow_redirects: bool = False,
        largest: int = LARGEST,
        longest: float = LONGEST,
        **options: Any,
    ) -> httpx2.Response:
        """Give the answer, whole; below 500 and not 429 it is the caller's to judge.

        Raise DependencyAway when none came, Forbidden for an address inside or another protocol,
        TooMuch for an answer without end. Only what may be repeated is tried again: a POST with an
        Idempotency-Key. Redirects, at most 3, are each checked like the first address.

        While it waits, the caller's connection to the database is another's, unless a transaction
        is open.
        """
        _lend_connections()
        is_repeatable = method in REPEATABLE or "Idempotency-Key" in options.get("headers", {})
        request = self._client.build_request(method, url, **options)
        limits = (follow_redirects, largest, longest)
        try:
            for attempt in tries(_wait, attempts=attempts if is_repeatable else 1):
                with attempt:
                    return self.breaker.call(self._send, request, *limits)
        except httpx2.UnsupportedProtocol as error:
            raise Forbidden("Only http and https are spoken.") from error
        except httpx2.TooManyRedirects as error:
            raise TooMuch("more than 3 redirects") from error
        except TROUBLE as error:
            raise DependencyAway(self.name) from error
        raise AssertionError("a try either returns or raises")

    @cached_property
    def _client(self) -> httpx2.Client:
        # No proxies from the environment: they would connect on our behalf, unchecked.
        transport = _Transport(only_public=self._only_public)
        return httpx2.Client(transport=transport, timeout=TIMEOUT, max_redirects=3, trust_env=False)

    def _send(
        self, request: httpx2.Request, follow_redirects: bool, largest: int, longest: float
    ) -> httpx2.Response:
        give_up_at = time.monotonic() + longest
        response = self._client.send(request, stream=True, follow_redirects=follow_redirects)
        try:
            if response.status_code == 429 or response.status_code >= 500:
                raise ServerError(response)
            response._content = _read(response, largest, give_up_at)
        finally:
            response.close()
        return response


def _lend_connections() -> None:
    """A process has few."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def _read(response: httpx2.Response, largest: int, give_up_at: float) -> bytes:
    """The body, as `response.read()` would give it were it not for the limits."""
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > largest:
            raise TooMuch(f"more than {largest} bytes")
        if time.monotonic() > give_up_at:
            raise TooMuch("no end in time")
    return bytes(content)


def _wait(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds the other side asked us to."""
    if isinstance(error, ServerError):
        asked = error.response.headers.get("Retry-After", "")
        return min(10.0, float(asked)) if asked.isdecimal() else True
    return isinstance(error, httpx2.TransportError) and not isinstance(
        error, httpx2.UnsupportedProtocol
    )


class _Transport(httpx2.HTTPTransport):
    """httpx2's own, connecting only where it is allowed."""

    def __init__(self, *, only_public: bool) -> None:
        super().__init__(trust_env=False)
        self._pool._network_backend = _PublicNetwork(only_public=only_public)


class _PublicNetwork(httpcore2.SyncBackend):
    """Connects to the very address that was checked: a second look-up might give another.

    Each hop of a redirect comes by here too. The certificate is still checked against the name.
    """

    def __init__(self, *, only_public: bool) -> None:
        super().__init__()
        self._only_public = only_public

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **kwargs: Any
    ) -> httpcore2.NetworkStream:
        exceptions = [] if self._only_public else settings.OUTGOING_NETWORKS
        *others, last = _checked(host, port, exceptions)
        for address in others:
            try:
                return super().connect_tcp(address, port, timeout, *args, **kwargs)
            except httpcore2.ConnectError:
                continue
        return super().connect_tcp(last, port, timeout, *args, **kwargs)


def _checked(host: str, port: int, exceptions: Iterable[str]) -> Iterable[str]:
    """The addresses of a name; Forbidden if any of them is inside."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(f"{type(error).__name__} for the name") from error
    named = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in named:
        if not _may_reach(address, exceptions):
            raise Forbidden("The address is not public.")
    return named


def _may_reach(text: str, exceptions: Iterable[str]) -> bool:
    address = _innermost(ip_address(text.partition("%")[0]))
    if addresses.is_in(str(address), exceptions):
        return True
    return address.is_global and not address.is_multicast


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that one of IPv6 leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo and teredo[1]) or address
