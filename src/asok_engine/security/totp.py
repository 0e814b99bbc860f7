"""One-time codes of an authenticator app, and codes on paper for the day without it.

A code is good for its half minute and the ones beside it, and once: who checks one
says which step was used last and keeps the step that is given back. Codes on paper
are hashed as passwords are. Pure: the time comes in as an argument.
Sources: RFC 6238, RFC 4226 7.2, ASVS 5.0 V6.5.1 to 6.5.5.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from types import ModuleType

from asok_engine.errors import SetupError
from asok_engine.security.passwords import Passwords

__all__ = ["BackupCodes", "Totp", "make_totp_secret"]

STEP_SECONDS, DIGITS = 30, 6
#: Without letters and digits that look alike.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
GROUPS, GROUP_CHARACTERS = 3, 4


def make_totp_secret() -> str:
    """Give a secret of 160 bits for an app and for the database, which should encrypt it."""
    return str(_pyotp().random_base32(32))


class Totp:
    """The codes of one secret.

    Raises:
        SetupError: the package pyotp is missing.
    """

    def __init__(self, secret: str) -> None:
        self._totp = _pyotp().TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)

    def address(self, account: str, issuer: str) -> str:
        """Give the otpauth:// address that an app reads from a QR code."""
        return str(self._totp.provisioning_uri(name=account, issuer_name=issuer))

    def code(self, now: float) -> str:
        """Give the code of a moment, in seconds since the epoch."""
        return str(self._totp.generate_otp(int(now // STEP_SECONDS)))

    def check(self, code: str, now: float, *, last_step: int = -1, drift_steps: int = 1) -> int | None:
        """Give the step of a code that is right and was not used before, else None.

        Keep what comes back, and pass it as `last_step` the next time: a code that somebody has
        seen being typed is then worth nothing. Two requests at once must not both get it, so write
        it with a condition (`UPDATE ... WHERE last_step < step`).
        """
        digits = "".join(code.split())
        if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
            return None
        present = int(now // STEP_SECONDS)
        found = None
        for step in range(present - drift_steps, present + drift_steps + 1):
            # No way out before the end: the time must not tell which step it was.
            is_right = hmac.compare_digest(str(self._totp.generate_otp(max(step, 0))), digits)
            if is_right and step > last_step and found is None:
                found = step
        return found


class BackupCodes:
    """Codes on paper, each good for one sign-in.

    `passwords` hashes them: a code can be typed, so it is short enough to be guessed
    from a fast hash.
    """

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    def make(self, count: int = 10) -> tuple[list[str], list[str]]:
        """Give new codes to show once, and their hashes to keep; those of before are to be thrown away."""
        codes = ["-".join(_group() for _ in range(GROUPS)) for _ in range(count)]
        return codes, [self._passwords.hash(_typed(code)) for code in codes]

    def use(self, code: str, hashes: Sequence[str]) -> list[str] | None:
        """Give the hashes that are left when a code is right, else None.

        Keep what comes back before the sign-in is done, and only if nobody has changed the row
        meanwhile; a code that two requests bring at once is good for one of them.
        """
        typed = _typed(code)
        if len(typed) != GROUPS * GROUP_CHARACTERS:
            return None
        for number, stored in enumerate(hashes):
            if self._passwords.check(stored, typed).is_right:
                return [*hashes[:number], *hashes[number + 1 :]]
        return None


def _group() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(GROUP_CHARACTERS))


def _typed(code: str) -> str:
    """Give a code without what people put between its groups."""
    return "".join(code.lower().replace("-", " ").split())


def _pyotp() -> ModuleType:
    try:
        import pyotp
    except ImportError as error:
        raise SetupError(
            "Codes of authenticator apps need the package pyotp, which is not installed.",
            fix='Run: pip install "asok[auth]"',
        ) from error
    return pyotp
