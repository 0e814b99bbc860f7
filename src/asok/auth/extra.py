"""What the extra `auth` brings for codes and passkeys, and whether it is here.

Passwords and links need none of it. Where it is missing, an application with people says so
when it starts, and the pages of `asok make auth` do not offer what cannot work. Nothing is
imported to find out.
"""

from __future__ import annotations

import importlib.util
from functools import cache

__all__ = ["INSTALL", "missing_packages"]

#: What brings the packages.
INSTALL = 'pip install "asok[auth]"'
_PACKAGES = ("pyotp", "segno", "webauthn")


@cache
def missing_packages() -> tuple[str, ...]:
    """Give the packages of the extra that are not installed; asked once per process."""
    return tuple(package for package in _PACKAGES if importlib.util.find_spec(package) is None)
