"""`Account`: what a project's User needs to sign in, as an abstract model to inherit.

A project's own model adds its fields and says in `role_permissions` what its roles may
do. Rights and marks are protected: no form and no JSON of a visitor sets them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from asok.auth.post import Letter
from asok.orm.model import Model
from asok_engine.errors import UsageError
from asok_engine.records.fields.address import Email
from asok_engine.records.fields.field import Field
from asok_engine.records.fields.moment import DateTime
from asok_engine.records.fields.number import Boolean, Integer
from asok_engine.records.fields.secret import Encrypted, Password, PasswordHash
from asok_engine.records.fields.structure import JSON
from asok_engine.security.password_rules import FEWEST_CHARACTERS, password_problems
from asok_engine.security.rights import covers, grants

__all__ = ["Account", "AccountEmail", "AccountPassword", "AccountSecret", "SealedText"]

Value = TypeVar("Value")

_SENTENCES = {
    "too-short": f"needs at least {FEWEST_CHARACTERS} characters",
    "common": "is one of the passwords that are tried first",
    "easy": "is too easy to guess",
}


class AccountEmail(Email[Value]):
    """An e-mail address by which somebody signs in; kept in lower case, so that one person is one row."""

    def formed(self, value: str) -> str:
        """An address, in lower case."""
        return super().formed(value).lower()

    def comparable(self, value: Any) -> Any:
        """In the form that is stored; what is no address equals nothing."""
        found = super().comparable(value)
        return found.strip().lower() if isinstance(found, str) else found


class AccountPassword(Password[Value]):
    """A password that follows ASVS V6.2: long enough and not easy to guess, made of anything."""

    def coerce(self, value: Any) -> Any:
        """Accept a password that is worth something, or the hash that the record was read with."""
        accepted = super().coerce(value)
        if not isinstance(accepted, PasswordHash):
            for problem in password_problems(accepted):
                raise self.problem(problem, _SENTENCES[problem])
        return accepted


class SealedText(str):
    """A text as its column has it; `AccountSecret.opened` gives what was sealed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<SealedText>"


class AccountSecret(Encrypted[str | None]):
    """A text that the column holds encrypted, and the record too: it is opened by whoever needs it.

    Reading a person, which every request does, opens nothing, and goes on after a lost key.
    """

    def __init__(self) -> None:
        super().__init__(nullable=True, protected=True)
        self.to_column = self.sealed
        self.from_column = SealedText

    def coerce(self, value: Any) -> Any:
        """Accept text, or what the record was read with."""
        return value if isinstance(value, SealedText) else super().coerce(value)

    def sealed(self, text: str) -> str:
        """Give a text as the column has it."""
        return str(text) if isinstance(text, SealedText) else self._seal(text)

    def opened(self, text: str) -> str:
        """Give the text itself.

        Raises:
            CannotDecrypt: the secret was changed, or the text was.
        """
        return self._open(text) if isinstance(text, SealedText) else text


class Account(Model):
    """Somebody who can sign in.

    `roles` are names; what a role may do stands in `role_permissions` of the model, as
    `{"agent": ["tickets.edit"], "manager": ["tickets.*"]}`. `permissions` are rights of
    this person alone. An admin may do everything.
    """

    __abstract__ = True
    # Why beside the values: reading the row again must not take the limit away.
    __slots__ = ("_scopes",)
    #: What each role may do.
    role_permissions: ClassVar[Mapping[str, Collection[str]]] = {}
    #: Letters of one's own about changes of how somebody signs in, by the names of `auth.notices`.
    #: None in the place of one sends none.
    security_notices: ClassVar[Mapping[str, Letter | None]] = {}

    email = AccountEmail[str](unique=True, label="Email")
    #: None for somebody who signs in by other means.
    password: Field[str | None] = AccountPassword(nullable=True)
    is_active = Boolean(default=True, protected=True)
    is_admin = Boolean(default=False, protected=True)
    email_verified_at: Field[datetime | None] = DateTime(nullable=True, protected=True)
    #: Counted up by every link that is used, so that no earlier one is good any more.
    link_number = Integer(default=0, protected=True, hidden=True)
    #: The secret of the authenticator app, None while there is no second step.
    totp_secret: Field[str | None] = AccountSecret()
    #: The half minute of the code that was used last, since the epoch.
    totp_step = Integer(default=-1, protected=True, hidden=True)
    #: Hashes of the codes on paper that are left.
    backup_codes = JSON[list[str]](default=list, protected=True, hidden=True)
    #: Counted up by every code that is used and every change of the second step.
    code_number = Integer(default=0, protected=True, hidden=True)
    roles = JSON[list[str]](default=list, protected=True)
    permissions = JSON[list[str]](default=list, protected=True)

    @property
    def has_second_factor(self) -> bool:
        """Whether this person types a code after the password."""
        return bool(self.totp_secret)

    @property
    def scopes(self) -> frozenset[str] | None:
        """The rights to which the token of this request limits this person, None without a limit."""
        scopes: frozenset[str] | None = getattr(self, "_scopes", None)
        return scopes

    def limit_to(self, scopes: Iterable[str] | None) -> None:
        """Limit what this person may do while a token acts for them; None limits nothing."""
        self._scopes = None if scopes is None else frozenset(scopes)

    def has_role(self, *roles: str) -> bool:
        """Tell whether this person has one of these roles.

        Under the scopes of a token they have a role when the scopes cover all that it may do.

        Raises:
            UsageError: no role was named.
        """
        if not roles:
            raise UsageError("has_role was asked without a role.", fix='Name one: has_role("agent").')
        if not self.is_active:
            return False
        return any(role in roles and self._reaches(role) for role in self.roles or ())

    def _reaches(self, role: str) -> bool:
        scopes = self.scopes
        if scopes is None or "*" in scopes:
            return True
        rights = self.role_permissions.get(role, ())
        return bool(rights) and all(covers(scopes, right) for right in rights)

    def can(self, permission: str) -> bool:
        """Tell whether this person may do something: `user.can("posts.edit")`.

        Raises:
            UsageError: the permission is no thing and deed with a dot between.
        """
        scopes = self.scopes
        return grants(self.rights, permission) and (scopes is None or grants(scopes, permission))

    @property
    def rights(self) -> list[str]:
        """Everything that was given to this person, by name or by a role; nothing when switched off."""
        if not self.is_active:
            return []
        if self.is_admin:
            return ["*"]
        given = [*(self.permissions or ())]
        for role in self.roles or ():
            given += self.role_permissions.get(role, ())
        return given
