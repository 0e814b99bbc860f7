"""The header fields that harden every response.

Two faces, two ways to say it: SECURITY_HEADERS of asok (true, false or a
dictionary of header names) and SECURITY of aksara (a dictionary of switches). Both
become a plain dictionary once at start, one for https and one for http. Sources:
RFC 6797 (HSTS), RFC 7034 (X-Frame-Options), Fetch (nosniff), OWASP secure headers.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, Final

from asok_engine.errors import SetupError

__all__ = ["api_frame_options", "api_security_headers", "frame_options", "security_headers"]

YEAR_SECONDS: Final = 31_536_000

CONSTANT: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS: Final = "Strict-Transport-Security"
CSP: Final = "Content-Security-Policy"

NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}", re.ASCII)
VALUE: Final = re.compile(r"[\x20-\x7e]{1,8000}", re.ASCII)

SWITCHES: Final = (
    "SECURE_SSL_REDIRECT",
    "SECURE_HSTS_SECONDS",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "SECURE_CONTENT_TYPE_NOSNIFF",
    "SECURE_BROWSER_XSS_FILTER",
    "X_FRAME_OPTIONS",
)


def security_headers(
    setting: bool | Mapping[str, Any] | None, *, https: bool, debug: bool, csp: str | None = None
) -> dict[str, str]:
    """Give the header fields that SECURITY_HEADERS asks for.

    True gives the defaults and `csp`, False or None gives nothing. A dictionary changes
    the defaults: text replaces or adds a header, None or False removes it, True keeps
    the default. Strict-Transport-Security is sent over https and outside of debug only.

    Raises:
        SetupError: a name or value that cannot stand in a header, or another type.
    """
    if setting is None or setting is False:
        return {}
    if setting is not True and not isinstance(setting, Mapping):
        raise SetupError(f"SECURITY_HEADERS is {setting!r}; expected true, false or a dictionary of headers.")
    headers = dict(CONSTANT)
    headers[HSTS] = f"max-age={YEAR_SECONDS}"
    if csp:
        headers[CSP] = csp
    if isinstance(setting, Mapping):
        known = {name.lower(): name for name in (*CONSTANT, HSTS, CSP)}
        for given, value in setting.items():
            name = known.get(str(given).lower(), str(given))
            if NAME.fullmatch(name) is None:
                raise SetupError(f"SECURITY_HEADERS has the name {given!r}, which cannot name a header.")
            if value is None or value is False:
                headers.pop(name, None)
            elif value is True:
                if name.lower() not in known:
                    raise SetupError(
                        f"SECURITY_HEADERS sets {name!r} to True, but it has no default; give its text."
                    )
            else:
                headers[name] = _text("SECURITY_HEADERS", name, value)
    if not https or debug:
        headers.pop(HSTS, None)
    return headers


def frame_options(setting: bool | Mapping[str, Any] | None) -> str | None:
    """Give the X-Frame-Options that SECURITY_HEADERS asks for, None when there is none.

    The default of the policy's frame-ancestors follows it: a browser obeys that one.
    """
    return security_headers(setting, https=False, debug=False).get("X-Frame-Options")


def api_security_headers(
    security: Mapping[str, Any], *, https: bool, debug: bool, csp: str | None = None
) -> dict[str, str]:
    """Give the header fields that aksara's SECURITY asks for.

    What is not named has its default: nosniff on, X_FRAME_OPTIONS "DENY", no HSTS, no
    X-XSS-Protection (browsers that know it are gone). SECURE_SSL_REDIRECT is a link of
    its own and only accepted here.

    Raises:
        SetupError: an unknown switch or a value of the wrong kind.
    """
    for key in security:
        if key not in SWITCHES:
            close = difflib.get_close_matches(str(key).upper(), SWITCHES, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise SetupError(f"SECURITY has the key {key!r}, which does not exist.{hint}")
    headers: dict[str, str] = {}
    if _switch(security, "SECURE_CONTENT_TYPE_NOSNIFF", True):
        headers["X-Content-Type-Options"] = "nosniff"
    frames = api_frame_options(security)
    if frames is not None:
        headers["X-Frame-Options"] = frames
    headers["Referrer-Policy"] = CONSTANT["Referrer-Policy"]
    if _switch(security, "SECURE_BROWSER_XSS_FILTER", False):
        headers["X-XSS-Protection"] = "1; mode=block"
    seconds = security.get("SECURE_HSTS_SECONDS") or 0
    if type(seconds) is not int or seconds < 0:
        raise SetupError(
            f"SECURITY's SECURE_HSTS_SECONDS is {seconds!r}; expected a number of seconds, 0 for none."
        )
    subdomains = _switch(security, "SECURE_HSTS_INCLUDE_SUBDOMAINS", False)
    if seconds and https and not debug:
        headers[HSTS] = f"max-age={seconds}" + ("; includeSubDomains" if subdomains else "")
    if csp:
        headers[CSP] = csp
    return headers


def api_frame_options(security: Mapping[str, Any]) -> str | None:
    """Give the X-Frame-Options that aksara's SECURITY asks for, None when it is switched off.

    Raises:
        SetupError: the value is neither "DENY", "SAMEORIGIN", None nor False.
    """
    value = security.get("X_FRAME_OPTIONS", "DENY")
    if value is None or value is False or value == "":
        return None
    if isinstance(value, str) and value.strip().upper() in ("DENY", "SAMEORIGIN"):
        return value.strip().upper()
    raise SetupError(f"SECURITY's X_FRAME_OPTIONS is {value!r}; expected 'DENY', 'SAMEORIGIN' or None.")


def _switch(security: Mapping[str, Any], name: str, default: bool) -> bool:
    value = security.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise SetupError(f"SECURITY's {name} is {value!r}; expected true or false.")
    return value


def _text(where: str, name: str, value: object) -> str:
    if not isinstance(value, str) or VALUE.fullmatch(value) is None or value != value.strip():
        raise SetupError(
            f"{where} sets {name!r} to {value!r}; expected one line of printable ASCII, or None to remove it."
        )
    return value
