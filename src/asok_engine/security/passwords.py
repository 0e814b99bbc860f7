"""Hashes passwords, and checks them in the same time whoever is asked for.

Argon2id with the parameters that OWASP gives for it; a hash carries its own, so they
can be raised and a hash that is weaker is made anew when its owner signs in. Nothing
is changed about a password before it is hashed. One that is absurdly long is refused
before any work is done. A hash costs some 16 ms: call this off an event loop.
Sources: RFC 9106, OWASP Password Storage Cheat Sheet, ASVS 5.0 V6.2 and V11.4.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from asok_engine.errors import InputError, SetupError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = ["MOST_BYTES", "PasswordCheck", "PasswordTooLong", "Passwords", "salt_of"]

#: OWASP, first choice for Argon2id: 19 MiB, two passes, one lane.
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
#: Enough for a sentence in any script; what is longer is no password.
MOST_BYTES = 1024
#: RFC 9106 3.1: enough for every salt to be another one.
_SALT_BYTES = 16


class PasswordTooLong(InputError):
    """The password is longer than any that people use, and was not looked at."""

    code = "password-too-long"


class PasswordCheck(Struct, frozen=True):
    """Whether a password is right, and whether its hash should be made anew now that it is known."""

    is_right: bool
    needs_rehash: bool = False


class Passwords:
    """Make and check hashes of passwords.

    `memory_kib`, `passes` and `lanes` are the costs of Argon2id; the defaults are
    OWASP's.

    Raises:
        SetupError: the costs are lower than OWASP's lowest (7 MiB, or one pass).
    """

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES, lanes: int = LANES) -> None:
        if memory_kib < 7168 or passes < 1 or lanes < 1:
            raise SetupError(
                f"Passwords got memory_kib={memory_kib!r}, passes={passes!r}, lanes={lanes!r}; a stolen hash "
                "of these costs could be guessed. Expected at least 7168 KiB, one pass and one lane."
            )
        self._costs = memory_kib, passes, lanes

    def hash(self, password: str) -> str:
        """Give the hash of a password, as text with everything that checking it needs.

        Raises:
            PasswordTooLong: it has more than 1024 bytes (400).
        """
        return self._hasher.hash(_octets(password))

    def hash_anew(self, password: str, stored: str) -> str:
        """Give the hash of the same password with the costs of now, under the salt of its earlier hash.

        Why the same salt: it is what tells one setting of a password from the next (`salt_of`).

        Raises:
            PasswordTooLong: it has more than 1024 bytes (400).
        """
        text = salt_of(stored)
        try:
            salt = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except ValueError:
            salt = b""
        return self._hasher.hash(_octets(password), salt=salt if len(salt) >= _SALT_BYTES else None)

    def check(self, stored: str | None, password: str) -> PasswordCheck:
        """Tell whether a password is the one of a hash, in a time that does not depend on who is asked for.

        `stored` is None, or anything that is no hash of ours, for somebody who is unknown or has no
        password: that takes as long and is never right.

        Raises:
            PasswordTooLong: it has more than 1024 bytes (400).
        """
        from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

        data = _octets(password)
        hasher, nobody = self._hasher, self._nobody
        try:
            hasher.verify(stored or nobody, data)
        except VerifyMismatchError:
            return PasswordCheck(False)
        except (InvalidHashError, VerificationError):
            # Not ours, or cut on its way: as wrong as any, and as slow.
            with contextlib.suppress(VerificationError):
                hasher.verify(nobody, data)
            return PasswordCheck(False)
        if not stored:
            return PasswordCheck(False)
        return PasswordCheck(True, hasher.check_needs_rehash(stored))

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        memory_kib, passes, lanes = self._costs
        return PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)

    @cached_property
    def _nobody(self) -> str:
        """The hash of a password that nobody knows."""
        return self._hasher.hash(secrets.token_bytes(32))


def salt_of(stored: str) -> str:
    """Give the salt of a hash of ours as it stands there; anything else as it is."""
    parts = stored.split("$")
    return parts[4] if len(parts) == 6 and parts[1].startswith("argon2") else stored


def _octets(password: str) -> bytes:
    # Why the length first: encoding a megabyte is work too.
    if len(password) > MOST_BYTES or len(data := password.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise PasswordTooLong(f"A password may have {MOST_BYTES} bytes; this one is longer.", status=400)
    return data
