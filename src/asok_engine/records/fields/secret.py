"""Fields whose column does not hold what was given: password hashes and encrypted text.

A password goes in as text and never comes out; what was stored is a `PasswordHash`,
a type that no text from outside has, so no one can hand in a hash, and that no page,
log line or JSON writes out. Encrypted text is
sealed with AES-GCM under a key of its own purpose; one that cannot be opened raises.
"""

from __future__ import annotations

import base64
import functools
import secrets
from collections.abc import Sequence
from typing import Any, Literal, TypeVar, Unpack, overload

from asok_engine.errors import OutsideError, SetupError
from asok_engine.records.fields.field import Field, FieldOptions
from asok_engine.records.fields.text import String
from asok_engine.security.keys import derive_key, equal
from asok_engine.security.passwords import MOST_BYTES, Passwords, salt_of
from asok_engine.sql import types
from asok_engine.sql.types import ColumnType

__all__ = ["CannotDecrypt", "Encrypted", "Password", "PasswordHash", "use_secrets"]

Value = TypeVar("Value")
_PURPOSE = "asok_engine.records encrypted fields"
_PREFIX = "v1:"
_NONCE_BYTES = 12
#: Makes and checks the hashes of every password field.
passwords = Passwords()


class PasswordHash:
    """A stored hash of a password; `matches` tells whether a password is the one.

    It is no text, so what writes texts (an f-string, a template, JSON) never shows it.
    """

    __slots__ = ("_stored",)

    def __init__(self, stored: str) -> None:
        self._stored = stored

    @property
    def stored(self) -> str:
        """The hash as its column holds it."""
        return self._stored

    @property
    def mark(self) -> str:
        """What stays when the same password is hashed anew, and is another one for every password set."""
        return salt_of(self._stored)

    def matches(self, password: str) -> bool:
        """Tell whether this is the hash of a password; takes as long as hashing one."""
        return passwords.check(self._stored, password).is_right

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PasswordHash) and equal(self._stored, other._stored)

    def __hash__(self) -> int:
        return hash(self._stored)

    def __repr__(self) -> str:
        return "<PasswordHash>"


class Password(Field[Value]):
    """A password, kept as an argon2id hash; hidden, and at least `min_length` characters long."""

    is_heavy = True
    is_comparable = False

    @overload
    def __init__(
        self: Password[str],
        *,
        min_length: int = 0,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Password[str | None],
        *,
        min_length: int = 0,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self, *, min_length: int = 0, nullable: bool = False, **options: Unpack[FieldOptions]
    ) -> None:
        options.setdefault("hidden", True)
        super().__init__(nullable=nullable, **options)
        self.min_length = min_length
        self.from_column = PasswordHash
        self.to_column = _stored

    @property
    def column_type(self) -> ColumnType:
        """Text that any kind of hash fits into."""
        return types.string(255)

    def coerce(self, value: Any) -> Any:
        """Accept a password, or the hash that the record was read with."""
        if isinstance(value, PasswordHash):
            return value
        if not isinstance(value, str):
            raise self.problem("type", "must be text")
        if not value:
            raise self.problem("required", "is required")
        if len(value) < self.min_length:
            raise self.problem(
                "min_length", f"needs at least {self.min_length} characters", min=self.min_length
            )
        if len(value.encode("utf-8", "surrogatepass")) > MOST_BYTES:
            raise self.problem("max_length", "is too long")
        return value

    def check_stored(self, value: Any) -> None:
        """Let the column have a hash of ours; a password as it is typed would be kept as text."""
        if not isinstance(value, str) or salt_of(value) == value:
            raise self.problem("hash", "must be a hash as a dump writes it, not a password")

    def is_prepared(self, value: Any) -> bool:
        """Tell whether a value is a hash already; a text that looks like one is a password."""
        return isinstance(value, PasswordHash)

    def prepare(self, value: Any) -> Any:
        """Hash a password."""
        return PasswordHash(passwords.hash(value))


def _stored(value: PasswordHash) -> str:
    return value.stored


class CannotDecrypt(OutsideError):
    """An encrypted value cannot be opened: the secret was changed, or the value was."""

    code = "cannot-decrypt"


class _Keys:
    """The keys of this process: the first one seals, all of them open."""

    def __init__(self) -> None:
        self.keys: tuple[bytes, ...] = ()


_keys = _Keys()


def use_secrets(texts: Sequence[str]) -> None:
    """Derive the keys of encrypted fields from secrets: the current one first, then older ones.

    A face calls it at start; values that an older secret has sealed stay readable.
    """
    _keys.keys = tuple(derive_key(secret, _PURPOSE) for secret in texts)


class Encrypted(String[Value]):
    """Text that the column holds encrypted; it cannot be looked for. Hidden by default.

    `max_length` is that of the text itself.
    """

    is_comparable = False

    @overload
    def __init__(
        self: Encrypted[str],
        max_length: int = 0,
        *,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Encrypted[str | None],
        max_length: int = 0,
        *,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self, max_length: int = 0, *, nullable: bool = False, **options: Unpack[FieldOptions]
    ) -> None:
        options.setdefault("hidden", True)
        Field.__init__(self, nullable=nullable, **options)
        self.max_length = max_length
        self.min_length = 0
        self.regex = None
        self.strip_whitespace = False
        self.to_column = self._seal
        self.from_column = self._open

    @property
    def column_type(self) -> ColumnType:
        """Text."""
        return types.text()

    def comparable(self, value: Any) -> Any:
        """Refuse: the same text is sealed differently each time."""
        return Field.comparable(self, value)

    def check_stored(self, value: Any) -> None:
        """Let the column have text that was sealed for it under a secret of this process.

        A process without secrets can only see that it was sealed.
        """
        try:
            is_sealed = isinstance(value, str) and value.startswith(_PREFIX)
            if is_sealed and _keys.keys:
                self._open(value)
        except CannotDecrypt:
            is_sealed = False
        if not is_sealed:
            raise self.problem("sealed", "must be text that was encrypted under the secret of this process")

    def _seal(self, text: str) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = _cipher()[0](self._all_keys()[0]).encrypt(nonce, text.encode(), self._context())
        return _PREFIX + base64.b64encode(nonce + sealed).decode()

    def _open(self, stored: str) -> str:
        if not stored.startswith(_PREFIX):
            raise CannotDecrypt(f"A value of the encrypted field {self.name!r} is not encrypted.")
        cipher, changed = _cipher()
        try:
            data = base64.b64decode(stored[len(_PREFIX) :], validate=True)
        except ValueError:
            data = b""
        for key in self._all_keys():
            try:
                opened: bytes = cipher(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], self._context())
            except (changed, ValueError):
                continue
            return opened.decode()
        raise CannotDecrypt(
            f"A value of the encrypted field {self.name!r} cannot be opened.",
            fix="Give the secret that it was written with, also as an older one.",
        )

    def _context(self) -> bytes:
        """Bind the value to its column, so that it cannot be moved into another one unseen."""
        return self.column.encode()

    def _all_keys(self) -> tuple[bytes, ...]:
        if not _keys.keys:
            raise SetupError(
                f"The encrypted field {self.name!r} has no key.",
                fix="Set SECRET_KEY, or call use_secrets([...]).",
            )
        return _keys.keys


@functools.cache
def _cipher() -> tuple[Any, type[Exception]]:
    """Load the cipher at first use, and the error of a value that was changed."""
    try:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise SetupError(
            "Encrypted fields need the package cryptography.", fix='Install it: pip install "asok[auth]".'
        ) from error
    return AESGCM, InvalidTag
