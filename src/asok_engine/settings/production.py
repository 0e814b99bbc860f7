"""What a production start demands of the settings that both faces share.

Pure: functions from values to problems. A key must have 32 characters (OWASP ASVS 5,
11.2: 128 bits at the least) and must not be one that is printed in documentation
or put there to be replaced. An address of the application is an absolute URL.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from asok_engine.settings.problem import Problem

__all__ = ["MAKE_A_KEY", "PLACEHOLDERS", "is_absolute_url", "key_of_this_process", "secret_key_problems"]

MAKE_A_KEY = 'Set it in .env, for example: python -c "import secrets; print(secrets.token_urlsafe(48))"'

MINIMUM_LENGTH = 32

# What people leave in place of a key, as it begins or as a whole, without its separators.
PLACEHOLDERS = re.compile(
    r"changeme|changethis|replaceme|replacethis|placeholder|putyour|yoursecret|yourkeyhere|mysecretkey"
    r"|mysupersecret|supersecretkey|djangoinsecure|insecure|(secretkey|secret|password|changeit|key)+[0-9]*$"
)

# Printed in the documentation as whole settings files that must run as they stand.
DOCUMENTED = {"your-ultra-secure-64-character-key-here", "your-secret-key-at-least-50-characters-long"}


@functools.cache
def key_of_this_process() -> str:
    """Make the random key that stands in for SECRET_KEY in DEBUG; the same for the life of the process."""
    return os.urandom(32).hex()


def secret_key_problems(key: str | None, advised_length: int = MINIMUM_LENGTH) -> Iterator[Problem]:
    """Yield what is wrong with a SECRET_KEY in production; under `advised_length` characters is a warning."""
    name = "SECRET_KEY"
    if not key:
        yield Problem(
            name,
            f"Setting {name} is missing; production needs at least {MINIMUM_LENGTH} characters.",
            MAKE_A_KEY,
        )
        return
    if key in DOCUMENTED:
        yield Problem(
            name,
            f"Setting {name} is the example from the documentation, which everybody knows.",
            MAKE_A_KEY,
            "warning",
        )
        return
    if PLACEHOLDERS.match(re.sub(r"[^a-z0-9]", "", key.lower())):
        yield Problem(name, f"Setting {name} is a placeholder; production needs a random value.", MAKE_A_KEY)
    elif len(key) < MINIMUM_LENGTH:
        yield Problem(
            name,
            f"Setting {name} has {len(key)} characters; production needs at least {MINIMUM_LENGTH}.",
            MAKE_A_KEY,
        )
    elif len(set(key)) < 8:
        yield Problem(
            name,
            f"Setting {name} has only {len(set(key))} different characters and can be guessed.",
            MAKE_A_KEY,
            "warning",
        )
    elif len(key) < advised_length:
        yield Problem(
            name,
            f"Setting {name} has {len(key)} characters; {advised_length} or more are advised in production.",
            MAKE_A_KEY,
            "warning",
        )


def is_absolute_url(text: str) -> bool:
    """Tell whether this is an http or https URL with a host and without user, query and fragment."""
    if not text.isascii() or any(character <= " " or character in "\\\x7f" for character in text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and not parts.query
        and not parts.fragment
        and port != 0
    )
