"""The cookies that a test client keeps between its calls, as a browser would (RFC 6265 5).

Path, expiry, `Secure` and host are respected; `SameSite` is not, because every
call of a test client is a first-party one. It knows nothing of requests: a host,
a path and a scheme come in as arguments, and so does the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

__all__ = ["Cookie", "CookieJar", "parse_set_cookie"]

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie as a response has set it.

    `expires_at` is in seconds since the epoch, None for a cookie of the session;
    `host` is "" for every host.
    """

    name: str
    value: str
    path: str = "/"
    host: str = ""
    expires_at: float | None = None
    secure: bool = False
    http_only: bool = False
    same_site: str = ""
    with_subdomains: bool = False

    def goes_to(self, host: str, path: str, *, secure: bool) -> bool:
        """Tell whether a browser sends this cookie there."""
        if self.secure and not secure:
            return False
        if self.host and host != self.host and not (self.with_subdomains and host.endswith(f".{self.host}")):
            return False
        return path == self.path or path.startswith(self.path if self.path.endswith("/") else f"{self.path}/")


def is_secure(scheme: str, host: str) -> bool:
    """Tell whether browsers take this origin for trustworthy; they do so for the own machine."""
    return scheme == "https" or host in _LOCAL_HOSTS or host.endswith(".localhost")


def parse_set_cookie(field: str, host: str, path: str, now: float) -> Cookie | None:
    """Read one Set-Cookie field that came from `host` and `path`; None when a browser would drop it."""
    pair, *attributes = field.split(";")
    name, equals, value = pair.strip().partition("=")
    if not equals or not name.strip():
        return None
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    given: dict[str, str] = {}
    for attribute in attributes:
        key, _, text = attribute.strip().partition("=")
        given[key.strip().lower()] = text.strip()
    domain = given.get("domain", "").lstrip(".").lower()
    if domain and host != domain and not host.endswith(f".{domain}"):
        return None
    cookie_path = given.get("path", "")
    if not cookie_path.startswith("/"):
        cookie_path = path.rpartition("/")[0] or "/"
    return Cookie(
        name=name.strip(),
        value=value,
        path=cookie_path,
        host=domain or host,
        expires_at=_expiry(given, now),
        secure="secure" in given,
        http_only="httponly" in given,
        same_site=given.get("samesite", ""),
        with_subdomains=bool(domain),
    )


def _expiry(given: dict[str, str], now: float) -> float | None:
    age = given.get("max-age", "")
    if age.lstrip("-").isdigit():
        return now + int(age)
    if "expires" in given:
        try:
            return parsedate_to_datetime(given["expires"]).timestamp()
        except ValueError:
            return None
    return None


class CookieJar(MutableMapping[str, str]):
    """Cookies by name; reading gives values, assigning plants a cookie for every host and path."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._cookies: dict[tuple[str, str, str], Cookie] = {}

    def store(self, field: str, *, scheme: str, host: str, path: str) -> None:
        """Keep what one Set-Cookie field says; an expired one deletes."""
        now = self._now()
        cookie = parse_set_cookie(field, host, path, now)
        if cookie is None or (cookie.secure and not is_secure(scheme, host)):
            return
        key = (cookie.name, cookie.path, cookie.host)
        if cookie.expires_at is not None and cookie.expires_at <= now:
            self._cookies.pop(key, None)
        else:
            # What the test itself has planted under this name is replaced.
            self._cookies.pop((cookie.name, "/", ""), None)
            self._cookies[key] = cookie

    def header(self, *, scheme: str, host: str, path: str) -> str:
        """Give the Cookie field for a request, longest paths first (RFC 6265 5.4); "" for none."""
        secure = is_secure(scheme, host)
        sent = [cookie for cookie in self._live() if cookie.goes_to(host, path, secure=secure)]
        sent.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in sent)

    def _live(self) -> list[Cookie]:
        now = self._now()
        return [
            cookie
            for cookie in self._cookies.values()
            if cookie.expires_at is None or cookie.expires_at > now
        ]

    def __getitem__(self, name: str) -> str:
        for cookie in self._live():
            if cookie.name == name:
                return cookie.value
        raise KeyError(name)

    def __setitem__(self, name: str, value: str) -> None:
        self._forget(name)
        self._cookies[(name, "/", "")] = Cookie(name, value)

    def __delitem__(self, name: str) -> None:
        if not self._forget(name):
            raise KeyError(name)

    def _forget(self, name: str) -> bool:
        keys = [key for key in self._cookies if key[0] == name]
        for key in keys:
            del self._cookies[key]
        return bool(keys)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(cookie.name for cookie in self._live()))

    def __len__(self) -> int:
        return len({cookie.name for cookie in self._live()})

    def __repr__(self) -> str:
        return f"<cookies {', '.join(self) or 'none'}>"
