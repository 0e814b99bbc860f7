"""What the extra `auth` brings for codes, passkeys and providers, and whether it is here.

Passwords and links need none of it. Where it is missing, an application with people says so
when it starts, and the pages of `asok make auth` do not offer what cannot work. Nothing is
imported to find out.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache

from asok_engine.errors import SetupError

__all__ = ["INSTALL", "missing_packages", "need_providers"]

#: What brings the packages.
INSTALL = 'pip install "asok[auth]"'
FOR_CODES = ("pyotp", "segno", "webauthn")
FOR_PROVIDERS = ("httpx2", "joserfc")


@cache
def missing_packages(packages: tuple[str, ...] = FOR_CODES) -> tuple[str, ...]:
    """Give those of the packages that are not installed; asked once per process."""
    return tuple(package for package in packages if importlib.util.find_spec(package) is None)


def need_providers(names: Sequence[str]) -> None:
    """Make sure that people can sign in with the providers of these names.

    Raises:
        SetupError: a package is missing, which their first sign-in would need.
    """
    missing = missing_packages(FOR_PROVIDERS) if names else ()
    if missing:
        raise SetupError(
            f"Signing in with {', '.join(names)} does not work without {', '.join(missing)}.",
            fix=f"Run: {INSTALL}",
        )
