"""Tokens for links that are sent by mail: good for one purpose, for a time, while nothing has changed.

Each purpose has a key of its own, so a link that verifies an address never resets a
password. A token is bound to a state as well: what must still be so when it is used,
such as the address and the hash of the password; when that changes, every link of
before is dead. Each has a random id, by which whoever takes it makes sure that it is
taken once. Pure: the clock comes in.
Sources: itsdangerous (signing with time), OWASP Forgot Password Cheat Sheet.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from asok_engine.errors import InputError, UsageError
from asok_engine.security.keys import derive_key, random_token

if TYPE_CHECKING:
    from itsdangerous import TimestampSigner

__all__ = ["TimedTokens", "Token", "TokenRefused"]

#: A link that is longer than this was not made here.
MOST_CHARACTERS = 2048


class TokenRefused(InputError):
    """This link is not valid, or not any more.

    `is_expired` tells that it once was and that its time has passed, so that a page can
    offer another one.
    """

    code = "token-refused"

    def __init__(self, message: str = "", *, is_expired: bool = False) -> None:
        super().__init__(message)
        self.is_expired = is_expired


class Token(Struct, frozen=True):
    """What a token says: the subject it was made for, when (seconds since the epoch), and its own id."""

    subject: str
    made_at: float
    id: str


class TimedTokens:
    """Make and read the tokens of one purpose.

    `fallbacks` are earlier secrets that still count. `clock` gives seconds since the
    epoch.

    Raises:
        UsageError: the secret or the purpose is empty.
    """

    def __init__(
        self,
        secret: str,
        purpose: str,
        fallbacks: Sequence[str] = (),
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._purpose = purpose
        # The newest last, as the library wants them.
        self._keys = [derive_key(each, f"token {purpose}") for each in (*reversed(fallbacks), secret)]
        self._clock = clock

    def make(self, subject: str, *, state: str = "") -> str:
        """Give a token for a subject, such as the key of a person, as text for an address.

        `state` is not in the token: it has to be given again when the token is read.

        Raises:
            UsageError: the subject is empty or has a character that ends a part of a token.
        """
        if not subject or "." in subject or "~" in subject or not subject.isascii():
            raise UsageError(
                f"A token was asked for the subject {subject!r}.",
                fix="Use a key in ASCII without . and ~, such as the id of a person.",
            )
        signed = self._signer(state).sign(f"{subject}~{random_token(16)}")
        return signed.decode("ascii")

    def subject(self, token: str) -> str | None:
        """Give the subject that a token names, without any check; None when it names none.

        To find the state that `read` needs; do nothing else with it.
        """
        subject, tilde, _ = token[:MOST_CHARACTERS].partition("~")
        return subject if tilde and subject else None

    def read(self, token: str, *, max_age_seconds: float, state: str = "") -> Token:
        """Give what a token says, when it was made here, for this state, and not too long ago.

        Whoever takes it has to make sure that it is taken once, by its `id`: with counters,
        `counters.hit(f"link:{token.id}", 1, max_age_seconds, now).allowed`.

        Raises:
            TokenRefused: it was not, or its time has passed (400).
        """
        from itsdangerous import BadSignature

        try:
            if len(token) > MOST_CHARACTERS:
                raise BadSignature("too long")
            value, made = self._signer(state).unsign(token, return_timestamp=True)
            subject, tilde, identifier = value.decode("ascii").partition("~")
            made_at = made.timestamp()
        except (BadSignature, ValueError) as error:
            raise TokenRefused("This link is not valid, or it has been used already.") from error
        age = self._clock() - made_at
        if not tilde or age > max_age_seconds or age < -60:
            raise TokenRefused("This link is too old; ask for another one.", is_expired=True)
        return Token(subject, made_at, identifier)

    def _signer(self, state: str) -> TimestampSigner:
        from itsdangerous import TimestampSigner

        clock = self._clock
        # Why hashed: so that no purpose and state together read as another pair of them.
        bound = hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()

        class Signer(TimestampSigner):
            def get_timestamp(self) -> int:
                return int(clock())

        keys: Any = self._keys
        return Signer(keys, salt=bound, sep=".", key_derivation="hmac", digest_method=hashlib.sha256)
