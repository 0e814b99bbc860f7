"""The rule `unique:Model,column`: a question to whoever knows the rows.

`unique:User,email` passes when no other row has the value; the row that is edited
may keep its own. A third part names a key that may have it: `unique:User,email,12`.
A unique constraint in the database is what holds under load; this is for a
readable message.
"""

from __future__ import annotations

from collections.abc import Mapping

from asok_engine.errors import UsageError
from asok_engine.validation.rulebook import Question, Rule, Subject

__all__ = ["UNIQUENESS"]


def _unique(subject: Subject) -> Question:
    subject.one("unique")
    model = str(subject.arguments[0])
    column = str(subject.arguments[1]) if len(subject.arguments) > 1 else subject.name
    if len(subject.arguments) > 3 or not model or not column:
        raise UsageError(
            f"The rule unique:{subject.argument} of {subject.name!r} cannot be read.",
            fix="Write unique:Model,column, with the key of a row to leave out behind it where there is one.",
        )
    key = subject.arguments[2] if len(subject.arguments) == 3 else _own_key(subject, model)
    return Question(model, column, subject.parsed, key)


def _own_key(subject: Subject, model: str) -> object:
    record = subject.record
    if record is None:
        return None
    if isinstance(record, Mapping):
        return record.get("id")
    names = {kind.__name__ for kind in type(record).__mro__}
    return getattr(record, "id", None) if model.rpartition(".")[2] in names else None


UNIQUENESS = {"unique": Rule(_unique, {"unique": "This is taken already."})}
