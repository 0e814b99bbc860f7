"""Rules about whether a value is there, and about two fields that belong together."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from asok_engine.validation.rulebook import MISSING, Rule, Subject

__all__ = ["PRESENCE", "is_empty"]


def is_empty(value: Any) -> bool:
    """Tell whether nothing was given: missing, None, blank text, an empty list, or a pair of nothing."""
    if value is MISSING or value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Mapping):
        return not value
    if isinstance(value, Sequence):
        return all(part is None or (isinstance(part, str) and not part.strip()) for part in value)
    return False


def _required(subject: Subject) -> bool:
    return not is_empty(subject.value)


def _required_if(subject: Subject) -> bool:
    subject.one("required_if")
    other, *wanted = subject.arguments
    subject.parameters["other"] = other
    given = subject.data.get(str(other))
    if not wanted:
        return is_empty(given) or not is_empty(subject.value)
    return _text(given) not in [str(value) for value in wanted] or not is_empty(subject.value)


def _required_with(subject: Subject) -> bool:
    subject.one("required_with")
    subject.parameters["other"] = subject.argument
    if all(is_empty(subject.data.get(str(other))) for other in subject.arguments):
        return True
    return not is_empty(subject.value)


def _confirmed(subject: Subject) -> bool:
    other = subject.argument or f"{subject.name}_confirmation"
    return _equal(subject.value, subject.data.get(other))


def _same(subject: Subject) -> bool:
    other = subject.one("same")
    subject.parameters["other"] = other
    return _equal(subject.value, subject.data.get(other))


def _different(subject: Subject) -> bool:
    other = subject.one("different")
    subject.parameters["other"] = other
    return not _equal(subject.value, subject.data.get(other))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or value is MISSING else str(value)


def _equal(one: Any, other: Any) -> bool:
    # Why not ==: what is compared is often a password, and time must not tell how much of it is right.
    return hmac.compare_digest(
        _text(one).encode("utf-8", "surrogatepass"), _text(other).encode("utf-8", "surrogatepass")
    )


PRESENCE = {
    "required": Rule(_required, {"required": "This field is required."}, reads_empty=True),
    "required_if": Rule(_required_if, {"required_if": "This field is required."}, reads_empty=True),
    "required_with": Rule(_required_with, {"required_with": "This field is required."}, reads_empty=True),
    "confirmed": Rule(_confirmed, {"confirmed": "The confirmation does not match."}),
    "same": Rule(_same, {"same": "This must be the same as {other}."}),
    "different": Rule(_different, {"different": "This must differ from {other}."}),
}
