"""The one way to other web servers: JSON over https, small, soon, and from nowhere inside.

A name is resolved first, every address that it has must be one of the open internet, and
the connection goes to the address that was looked at; so no name that changes its mind, no
redirect and no odd notation leads to a machine of one's own network. Certificates are
checked against the name. Whatever goes wrong outside becomes WebUnavailable. The library
is imported here alone and late. Knows nothing of what it fetches.
Sources: OWASP SSRF Prevention Cheat Sheet, RFC 6890.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from types import ModuleType
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit, urlunsplit

import msgspec

from asok_engine.errors import OutsideError, SetupError, UsageError
from asok_engine.security.redaction import mask_url

__all__ = ["WebLink", "WebUnavailable"]

MOST_BYTES = 524_288
CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 5.0, 5.0, 10.0
FORM = "application/x-www-form-urlencoded"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: IPv4 addresses in IPv6 ones: as a translator writes them (RFC 6052), and as they once were (RFC 4291).
_TRANSLATED, _COMPATIBLE = ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96")
#: The same by a translator of one network alone (RFC 8215).
_LOCALLY_TRANSLATED = ipaddress.IPv6Network("64:ff9b:1::/48")
#: What clouds tell machines about themselves, in private IPv6.
_OF_CLOUDS = frozenset({ipaddress.IPv6Address("fd00:ec2::254"), ipaddress.IPv6Address("fd00:c1::a9fe:a9fe")})


class WebUnavailable(OutsideError):
    """Another web server did not answer, or not with what was asked for.

    `answered` is the status it gave, 0 for none; `said` is the JSON that it sent with an error.
    """

    code = "web-unavailable"
    status = 502

    def __init__(self, message: str = "", *, answered: int = 0, said: Any = None, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.answered = answered
        self.said = said


class WebLink:
    """Fetch JSON from https addresses, plain and async.

    `allows_loopback` also takes http and https addresses of this machine, for development.
    `allows_private` also takes https addresses of one's own network. The timeouts are for a
    connection, for silence, and for the whole.
    """

    def __init__(
        self,
        *,
        allows_loopback: bool = False,
        allows_private: bool = False,
        whole_seconds: float = WHOLE_SECONDS,
        max_bytes: int = MOST_BYTES,
        verify: Any = True,
    ) -> None:
        self._allows_loopback = allows_loopback
        self._allows_private = allows_private
        self._whole_seconds = whole_seconds
        self._max_bytes = max_bytes
        self._verify = verify

    def ask(
        self, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Give the JSON of an address; with `form`, of its answer to that.

        Raises:
            WebUnavailable: the address may not be asked, or it did not answer with JSON and 2xx.
            UsageError: an event loop runs in this thread.
            SetupError: the package httpx2 is missing.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # Why not the plain client of the library: its timeouts are for each piece, and a server
            # that sends a letter of a header now and then would hold this thread for as long as it likes.
            return asyncio.run(self.ask_async(url, form, headers))
        raise UsageError(
            f"{mask_url(url)} was asked by plain code on an event loop, which would stand still meanwhile.",
            fix="Await the twin that ends in _async.",
        )

    async def ask_async(
        self, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Do what `ask` does without blocking the event loop."""
        library = _httpx2()
        try:
            async with asyncio.timeout(self._whole_seconds):
                parts = self._parts(url)
                loop = asyncio.get_running_loop()
                found = await loop.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
                request = self._request(library, url, [item[4][0] for item in found], form, headers)
                async with library.AsyncClient(**self._options(library)) as client:
                    answer = await client.send(request, stream=True)
                    async with aclosing(answer):
                        body = _Body(url, answer.status_code, self._max_bytes)
                        async for piece in answer.aiter_raw():
                            body.take(piece)
                        return body.json()
        except (library.HTTPError, library.InvalidURL, OSError, UnicodeError) as error:
            raise _unavailable(url, error) from error

    def _parts(self, url: str) -> SplitResult:
        parts = _split(url)
        if parts.scheme != "https" and not self._allows_loopback:
            raise WebUnavailable(f"{mask_url(url)} is not https.")
        return parts

    def _options(self, library: ModuleType) -> dict[str, Any]:
        timeout = library.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        # Why not from the environment: a proxy would resolve the name again.
        return {"timeout": timeout, "follow_redirects": False, "trust_env": False, "verify": self._verify}

    def _request(
        self,
        library: ModuleType,
        url: str,
        found: Sequence[Any],
        form: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> Any:
        """Make the request to the address that was looked at, in the name that was asked for."""
        parts = self._parts(url)
        address = self._chosen(parts, [ipaddress.ip_address(str(each).partition("%")[0]) for each in found])
        host = f"[{address}]" if address.version == 6 else str(address)
        target = urlunsplit((parts.scheme, f"{host}:{_port(parts)}", parts.path or "/", parts.query, ""))
        sent = {
            "Host": parts.netloc.rpartition("@")[2],
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        if form is not None:
            sent["Content-Type"] = FORM
        return library.Request(
            "GET" if form is None else "POST",
            target,
            headers={**sent, "User-Agent": "asok", **(headers or {})},
            content=None if form is None else urlencode(form),
            extensions={
                "sni_hostname": parts.hostname,
                "timeout": library.Timeout(READ_SECONDS, connect=CONNECT_SECONDS).as_dict(),
            },
        )

    def _chosen(self, parts: SplitResult, addresses: Sequence[Address]) -> Address:
        """Give the address to connect to, when every one may be asked."""
        is_local = bool(addresses) and all(_plain(each).is_loopback for each in addresses)
        if is_local and self._allows_loopback:
            return addresses[0]
        if parts.scheme != "https":
            raise WebUnavailable(f"{mask_url(parts.geturl())} is not https.")
        for each in addresses:
            plain = _plain(each)
            is_open = plain.is_global and not plain.is_multicast
            is_near = self._allows_private and plain.is_private and not _is_own(plain)
            if _is_of_one_site(plain) or not (is_open or is_near):
                raise WebUnavailable(
                    f"{parts.hostname} leads to {each}, which is not an address of the open internet.",
                    fix="A provider in a network of your own is defined with allows_private=True.",
                )
        if not addresses:
            raise WebUnavailable(f"{parts.hostname} has no address.")
        return addresses[0]


class _Body:
    """Collects the pieces of an answer, as far as they are not too many."""

    def __init__(self, url: str, status: int, max_bytes: int) -> None:
        self._url = mask_url(url)
        self._status = status
        self._max_bytes = max_bytes
        self._octets = bytearray()

    def take(self, piece: bytes) -> None:
        self._octets += piece
        if len(self._octets) > self._max_bytes:
            raise WebUnavailable(f"{self._url} sent more than {self._max_bytes} bytes.")

    def json(self) -> Any:
        try:
            said = msgspec.json.decode(bytes(self._octets))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            said = None
        if not 200 <= self._status < 300:
            raise WebUnavailable(f"{self._url} answered {self._status}.", answered=self._status, said=said)
        if said is None:
            raise WebUnavailable(f"{self._url} did not answer with JSON.", answered=self._status)
        return said


def _unavailable(url: str, error: Exception) -> WebUnavailable:
    name = type(error).__name__
    return WebUnavailable(f"{mask_url(url)} did not answer ({name}).", fix="Look whether it can be reached.")


def _split(url: str) -> SplitResult:
    """Give the parts of an address that may be asked at all."""
    try:
        parts = urlsplit(url)
        _port(parts)
    except ValueError:
        parts = urlsplit("")
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or "@" in parts.netloc
        or not url.isprintable()
    ):
        raise WebUnavailable("An address is no https address of a host.")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _plain(address: Address) -> Address:
    """Give the address that is meant where one of another kind stands for it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED or (address in _COMPATIBLE and int(address) > 0xFFFF):
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
    return address


def _is_of_one_site(address: Address) -> bool:
    """Tell whether an address has a meaning in one network only, whatever a Python version calls it."""
    return isinstance(address, ipaddress.IPv6Address) and (
        address.is_site_local or address in _LOCALLY_TRANSLATED
    )


def _is_own(address: Address) -> bool:
    """Tell whether an address is of this machine, or of the cloud's own service on it."""
    is_here = address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    return is_here or address in _OF_CLOUDS


def _httpx2() -> ModuleType:
    try:
        import httpx2
    except ImportError as error:
        raise SetupError(
            "Asking other web servers needs the package httpx2, which is not installed.",
            fix='Run: pip install "asok[auth]"',
        ) from error
    return httpx2
