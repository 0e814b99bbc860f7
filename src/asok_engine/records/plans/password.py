"""Checking a password against what a record keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asok_engine.errors import UsageError
from asok_engine.records.fields.secret import Password, PasswordHash, passwords
from asok_engine.records.steps import Compute, Plan

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["check_password"]


def check_password(record: Record, name: str, password: str) -> Plan[bool]:
    """Tell whether a password is the one of a record; takes as long where it has none.

    Raises:
        UsageError: the field keeps no password.
        PasswordTooLong: it is longer than any password.
    """
    field = record.__description__.field(name)
    if not isinstance(field, Password):
        raise UsageError(f"{type(record).__name__}.{name} keeps no password.")
    stored = record.__dict__.get(field.name)
    # What was set and not saved yet is no hash, and is never compared as text.
    known = stored.stored if isinstance(stored, PasswordHash) else None
    check = yield Compute(passwords.check, (known, password))
    return bool(check.is_right)
