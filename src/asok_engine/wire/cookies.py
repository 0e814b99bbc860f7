"""Cookies, read and written (RFC 6265, RFC 6265bis).

Reading is lenient and linear: a pair that is none is passed over. Writing is
strict: a name that would end the line or the field is refused, a value is
percent-encoded where it must be, so that every value comes back as it was given.
What browsers drop in silence (a prefix without its conditions, more than 4096
bytes) is refused aloud.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from asok_engine.errors import UsageError

__all__ = ["format_cookie", "parse_cookies"]

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}\Z")
_PATH = re.compile(r"/[!-+\--:<-~]*\Z")
_DOMAIN = re.compile(r"\.?[A-Za-z0-9][A-Za-z0-9.-]{0,252}\Z")
_EXPIRES = re.compile(r"[A-Za-z0-9 ,:+-]{1,64}\Z")
_MAX_COOKIES = 500
_MAX_BYTES = 4096
_PLAIN = "!#$&'()*+-./:<=>?@[]^_`{|}~"
_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}


def parse_cookies(header: str) -> dict[str, str]:
    """Read a Cookie field; the first value of a name wins, at most 500 are read.

    Quotes around a value are taken away, percent-escapes resolved. UTF-8 that a
    client did not escape is read as such.
    """
    if not header.isascii():
        try:
            header = header.encode("latin-1").decode("utf-8")
        except UnicodeError:
            pass
    cookies: dict[str, str] = {}
    for part in header.split(";", _MAX_COOKIES)[:_MAX_COOKIES]:
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not name or name in cookies:
            continue
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] == '"':
            value = value[1:-1]
        cookies[name] = unquote(value, errors="replace") if "%" in value else value
    return cookies


def format_cookie(
    name: str,
    value: str,
    *,
    max_age: int | None = None,
    expires: str | None = None,
    path: str = "/",
    domain: str | None = None,
    secure: bool = False,
    http_only: bool = True,
    same_site: str | None = "Lax",
) -> str:
    """Write a Set-Cookie line.

    `max_age` is seconds, `expires` an HTTP date; without both the cookie lives
    until the browser closes. Raises UsageError for what browsers would drop or
    read otherwise.
    """
    if not _NAME.match(name):
        raise UsageError(
            f"Cookie name {name[:80]!r} is not one to 256 of the characters that RFC 6265 allows.",
            fix="Use letters, digits, - and _.",
        )
    if not _PATH.match(path):
        raise UsageError(
            f"Cookie {name} has the path {path!r}; a path begins with / and is ASCII without ; , and spaces.",
            fix="Percent-encode the path.",
        )
    if domain is not None and not _DOMAIN.match(domain):
        raise UsageError(f"Cookie {name} has the domain {domain!r}, which is no host name.")
    # Why lower: browsers compare the prefixes without regard to case (RFC 6265bis 5.7).
    prefix = name[:9].lower()
    if prefix.startswith("__host-") and (not secure or path != "/" or domain is not None):
        raise UsageError(f"Cookie {name} must be secure, with path / and without a domain.")
    if prefix == "__secure-" and not secure:
        raise UsageError(f"Cookie {name} must be secure.")
    try:
        encoded = quote(value, safe=_PLAIN)
    except UnicodeEncodeError:
        raise UsageError(f"Cookie {name} was given text that is not Unicode (a lone surrogate).") from None
    if len(name) + len(encoded) > _MAX_BYTES:
        raise UsageError(
            f"Cookie {name} has {len(encoded)} bytes; browsers drop a cookie of more than {_MAX_BYTES}.",
            fix="Keep the data on the server and put a key to it in the cookie.",
        )
    line = [f"{name}={encoded}"]
    if max_age is not None:
        line.append(f"Max-Age={int(max_age)}")
    if expires is not None:
        if not _EXPIRES.match(expires):
            raise UsageError(
                f"Cookie {name} has the expiry {expires!r}, which is no HTTP date.",
                fix="Give max_age in seconds.",
            )
        line.append(f"Expires={expires}")
    line.append(f"Path={path}")
    if domain is not None:
        line.append(f"Domain={domain}")
    if secure:
        line.append("Secure")
    if http_only:
        line.append("HttpOnly")
    if same_site is not None:
        spelled = _SAME_SITE.get(same_site.lower())
        if spelled is None:
            raise UsageError(f"Cookie {name} has SameSite {same_site!r}; Lax, Strict or None is expected.")
        if spelled == "None" and not secure:
            raise UsageError(f"Cookie {name} has SameSite=None and is not secure; browsers drop it.")
        line.append(f"SameSite={spelled}")
    return "; ".join(line)
