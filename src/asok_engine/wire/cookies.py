"""Cookies, read and written (RFC 6265, RFC 6265bis).

Reading is lenient and linear: a pair that is none is passed over. Writing is
strict: a name or value that would end the line or the header is refused or
percent-encoded, so that every value comes back as it was given.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from asok_engine.errors import UsageError

__all__ = ["format_cookie", "parse_cookies"]

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}\Z")
_ATTRIBUTE = re.compile(r"[^\x00-\x1f\x7f;,]*\Z")
_DOMAIN = re.compile(r"\.?[A-Za-z0-9][A-Za-z0-9.-]{0,252}\Z")
_MAX_COOKIES = 500
_PLAIN = "!#$&'()*+-./:<=>?@[]^_`{|}~"
_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}


def parse_cookies(header: str) -> dict[str, str]:
    """Read a Cookie field; the first value of a name wins, at most 500 are read."""
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
    """Write a Set-Cookie line; raises UsageError for what browsers would drop or read otherwise."""
    if not _NAME.match(name):
        raise UsageError(f"Cookie name {name!r} has characters that RFC 6265 does not allow.")
    if not _ATTRIBUTE.match(path) or not path.startswith("/"):
        raise UsageError(f"Cookie {name} has the path {path!r}; a path begins with a slash and has no ; or line break.")
    if domain is not None and not _DOMAIN.match(domain):
        raise UsageError(f"Cookie {name} has the domain {domain!r}, which is no host name.")
    if name.startswith("__Host-") and (not secure or path != "/" or domain is not None):
        raise UsageError(f"Cookie {name} must be secure, with path / and without a domain.")
    if name.startswith("__Secure-") and not secure:
        raise UsageError(f"Cookie {name} must be secure.")
    line = [f"{name}={quote(value, safe=_PLAIN)}"]
    if max_age is not None:
        line.append(f"Max-Age={int(max_age)}")
    if expires is not None:
        if not re.fullmatch(r"[A-Za-z0-9 ,:+-]*", expires):
            raise UsageError(f"Cookie {name} has the expiry {expires!r}, which is no HTTP date.")
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
