"""Redirect targets that stay on this site (CWE-601; WHATWG URL parsing of browsers).

Browsers drop tabs and line breaks, read a backslash as a slash, and take
`https:host` as another site; a target is therefore judged as they would read it.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from asok_engine.errors import UsageError
from asok_engine.wire.hosts import parse_host

__all__ = ["is_local_target", "redirect_target"]

_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def is_local_target(url: str) -> bool:
    """Tell whether an address is a path, query or fragment of this site and nothing else."""
    if not url or _CONTROLS.search(url) or "\\" in url:
        return False
    if url.startswith("//") or _SCHEME.match(url):
        return False
    return url.startswith(("/", "?", "#")) or not url.startswith("@")


def redirect_target(url: str, *, host: str, app_host: str = "", safe: bool = True) -> str:
    """Give the address for a Location field, percent-encoded; raises UsageError when it leaves the site.

    With `safe`, an absolute http(s) address is accepted only for `host` (the
    host of the request) or `app_host`. Without, any address is, but never one
    with control characters.
    """
    if _CONTROLS.search(url.strip(" ")):
        raise UsageError(f"A redirect to {url!r} has a control character or white space in it.")
    url = url.strip(" ")
    if safe and not is_local_target(url) and not _is_ours(url, host, app_host):
        raise UsageError(
            f"A redirect to {url!r} leaves this site.",
            fix="Pass a path such as /next, or safe=False for a target that no visitor can influence.",
        )
    return quote(url, safe="/:?#[]@!$&'()*+,;=%~")


def _is_ours(url: str, host: str, app_host: str) -> bool:
    if "\\" in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not url.lower().startswith((f"{parts.scheme}://",)):
        return False
    asked = parse_host(parts.netloc)
    return asked is not None and asked in {parse_host(own) for own in (host, app_host) if own}
