"""Redirect targets that stay on this site (CWE-601; WHATWG URL parsing of browsers).

Browsers drop tabs and line breaks, read a backslash as a slash, and take
`https:host` as another site; a target is therefore judged as they would read it.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from asok_engine.errors import InputError, UsageError
from asok_engine.wire.hosts import parse_host

__all__ = ["OffsiteTarget", "is_local_target", "local_target", "redirect_target"]

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class OffsiteTarget(InputError, UsageError):
    """A redirect would leave this site.

    Both kinds of error: a handler should not redirect unchecked, but the target
    is most often what a visitor wrote into `?next=`, and that is no defect of ours.
    """

    code = "offsite-target"


def is_local_target(url: str) -> bool:
    """Tell whether an address is a path, query or fragment of this site and nothing else."""
    if not url or url != url.strip() or _CONTROLS.search(url) or "\\" in url:
        return False
    return not (url.startswith("//") or _SCHEME.match(url))


def local_target(url: str | None, default: str = "/") -> str:
    """Give an address of this site that a visitor has brought, as in `?next=`, or else `default`."""
    return url if url is not None and is_local_target(url) else default


def redirect_target(url: str, *, host: str, app_host: str = "", safe: bool = True) -> str:
    """Give the address for a Location field, percent-encoded.

    With `safe`, an absolute http(s) address is accepted only for `host` (the
    host of the request) or `app_host`. Without, any address is, but never one
    with control characters. Raises OffsiteTarget, an InputError (400) that is a
    UsageError too.
    """
    if not isinstance(url, str):
        raise UsageError(
            f"A redirect to {url!r} was asked for, which is no address.", fix="Pass a path such as /next."
        )
    url = url.strip(" ")
    if not url or _CONTROLS.search(url):
        raise OffsiteTarget(
            f"A redirect to {url!r} was asked for; an address without control characters was expected."
        )
    if safe and not is_local_target(url) and not _is_ours(url, host, app_host):
        raise OffsiteTarget(
            f"A redirect to {url!r} leaves this site.",
            fix="Pass a path such as /next, or safe=False for a target that no visitor can influence.",
        )
    try:
        return quote(url, safe="/:?#[]@!$&'()*+,;=%~")
    except UnicodeEncodeError:
        raise OffsiteTarget(
            f"A redirect to {url!r} was asked for, which is not Unicode (a lone surrogate)."
        ) from None


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
