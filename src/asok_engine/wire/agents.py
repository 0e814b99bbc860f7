"""A guess at the browser from its User-Agent field (RFC 9110 10.1.5).

For showing and counting, never for deciding what is allowed: the field is what
a client likes to say. Only its first kilobyte is looked at.
"""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Browser"]

# Order matters: most browsers also name the ones that they descend from.
_NAMES = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_LONGEST = 1024


class Browser(Struct, frozen=True):
    """Name and system of a browser, "" where they are not known."""

    name: str
    os: str
    is_mobile: bool

    @classmethod
    def from_user_agent(cls, text: str) -> Browser:
        """Guess from a User-Agent field; reads at most its first kilobyte."""
        text = text[:_LONGEST]
        name = next((name for mark, name in _NAMES if mark in text), "")
        system = next((system for mark, system in _SYSTEMS if mark in text), "")
        return cls(name, system, any(mark in text for mark in ("Mobi", "Android", "iPhone", "iPad")))
