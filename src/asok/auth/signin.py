"""Checks who somebody says they are: one plan for plain and async code.

The same work is done for people who are unknown, inactive, without a password, or
right, so the time tells nobody which. Tries are counted per address, and per address
and account: a stranger who fails on purpose closes an account for their own addresses
and for nobody else. An account that is under attack from many addresses lets each of
them try once.
Sources: OWASP Authentication Cheat Sheet, ASVS 5.0 V6.3, NIST SP 800-63B 3.2.2.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from asok.auth.tries import Tries
from asok_engine.errors import DatabaseError, UsageError
from asok_engine.records.description import Description
from asok_engine.records.fields.field import UNSET
from asok_engine.records.fields.secret import Password, PasswordHash
from asok_engine.records.plans.find import find
from asok_engine.records.plans.save import save
from asok_engine.records.steps import Compute, Plan
from asok_engine.security.passwords import Passwords

__all__ = ["authenticate", "count_sign_in", "password_field"]

_log = logging.getLogger("asok.security")


def count_sign_in(tries: Tries, account: str) -> Plan[list[str]]:
    """Count one try to sign in to an account; give the keys that were counted.

    Raises:
        TooManyRequests: there were too many.
    """
    throttle = tries.throttle
    # Hashed: what was typed may be somebody's password, and is as long as they like.
    name = hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    whole = f"signin:account:{name}"
    is_under_attack = not (yield from tries.hit(whole, throttle.per_account)).allowed
    return (
        yield from tries.count(
            (f"signin:address:{tries.client}", throttle.per_address),
            (f"signin:pair:{name}:{tries.client}", 1 if is_under_attack else throttle.per_pair),
            refusal="Too many tries to sign in; try again in {minutes}.",
            logged=f"Sign-in refused for {tries.client}: too many failed tries.",
            counted=() if is_under_attack else (whole,),
        )
    )


def password_field(description: Description, name: str = "") -> str:
    """Give the name of a model's password field, "" when it has none and none was named.

    Raises:
        UsageError: the named field is no password.
    """
    if name:
        if not isinstance(description.fields.get(name), Password):
            raise UsageError(
                f"{description.name} has no password field {name!r}.",
                fix=f"Declare it: {name} = Field.Password().",
            )
        return name
    fields = description.fields.items()
    return next((each for each, field in fields if isinstance(field, Password)), "")


def authenticate(
    description: Description,
    credentials: Mapping[str, Any],
    *,
    field: str,
    passwords: Passwords,
    tries: Tries,
) -> Plan[Any]:
    """Give the person with these credentials, None when there is none or they may not sign in.

    Raises:
        UsageError: the credentials name nobody, or a field that the model does not have.
        TooManyRequests: there were too many failed tries (429).
        PasswordTooLong: the password is longer than any that people use (400).
    """
    wanted = {name: value for name, value in credentials.items() if name != field}
    unknown = [name for name in wanted if name not in description.fields]
    if not wanted or unknown or field not in credentials:
        raise UsageError(
            f"authenticate was given {', '.join(credentials) or 'nothing'}; expected {field} and fields of "
            f"{description.name} that say who somebody is.",
            fix=f"Write: authenticate(email=..., {field}=...).",
        )
    password_field(description, field)
    password = credentials[field]
    # What JSON can hold besides text is nobody's name and nobody's password.
    is_typed = all(isinstance(value, str) and value for value in (*wanted.values(), password))
    counted = yield from count_sign_in(
        tries, "\0".join(str(value).strip().lower() for value in wanted.values())
    )
    try:
        person = (yield from find(description, UNSET, wanted)) if is_typed else None
    except DatabaseError:
        # Nobody has failed; while it is away nobody gets locked out.
        yield from tries.forget(counted)
        raise
    stored = None if person is None else getattr(person, field)
    known = stored.stored if isinstance(stored, PasswordHash) else None
    result = yield Compute(passwords.check, (known, password if is_typed else ""))
    if person is None or not result.is_right or not getattr(person, "is_active", True):
        _log.warning("Sign-in failed from %s.", tries.client)
        return None
    yield from tries.forget(counted)
    if result.needs_rehash:
        # The password is the one it was, so no session and no link that is bound to it ends.
        setattr(person, field, PasswordHash((yield Compute(passwords.hash_anew, (password, known)))))
        yield from save(person)
    return person
