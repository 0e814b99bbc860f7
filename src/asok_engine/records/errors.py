"""What goes wrong with records: values, names, missing rows, rows that others need.

InputError
├── InvalidRecord     422, a report per field of values that a record may not hold
│   └── NotUnique     409, a value that another record has already; a UniqueError as well
├── UnknownName       400, a field, relation or lookup that a model does not have
├── RecordNotFound    404, no row for this key or condition
├── SeveralRecords    409, more than one row where one was asked for
├── RestrictedDelete  409, other records still need this one
└── StaleRecord       409, the row was changed or deleted since it was read
UsageError
├── NotLoaded         a relation or field that was not loaded was read
└── BadFixture        a row of a fixture that cannot be loaded

Messages name models and fields, never the values of protected fields.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asok_engine.errors import InputError, NotFoundError, UniqueError, UsageError

__all__ = [
    "BadFixture",
    "FieldProblem",
    "InvalidRecord",
    "NotLoaded",
    "NotUnique",
    "RecordNotFound",
    "RefusedValue",
    "RestrictedDelete",
    "SeveralRecords",
    "StaleRecord",
    "UnknownName",
    "checked_alias",
    "unknown_name",
]


class FieldProblem(ValueError):
    """What one value lacks: a code for programs, a sentence for people, and the rule's parameters.

    Fields raise it; a report of all fields becomes an `InvalidRecord`.
    """

    def __init__(self, code: str, message: str, **parameters: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.parameters = parameters


class RefusedValue(InputError, ValueError):
    """A condition compares a field with a value that the field can never have."""

    code = "refused-value"
    status = 422

    def __init__(self, name: str, problem: FieldProblem) -> None:
        super().__init__(f"The value for {name!r} {problem.message}.", errors={name: [problem.message]})
        #: What the field has said, without its name.
        self.problem = problem


class InvalidRecord(InputError, ValueError):
    """The record has values that its fields do not accept.

    A hook of a model raises it with the name of the `field` that its message is about.
    """

    code = "invalid-record"
    status = 422

    def __init__(
        self,
        message: str = "",
        *,
        field: str = "",
        errors: Mapping[str, Sequence[str]] | None = None,
        problems: Mapping[str, Sequence[FieldProblem]] | None = None,
        fix: str = "",
    ) -> None:
        if field:
            errors = {field: [message or "is not accepted"], **(errors or {})}
        if problems is not None:
            errors = {name: [each.message for each in found] for name, found in problems.items()}
        super().__init__(message, errors=errors, fix=fix)
        #: The problems with codes and parameters, by field.
        self.problems = {name: list(found) for name, found in (problems or {}).items()}

    @property
    def field(self) -> str | None:
        """The first field that has a problem."""
        return next(iter(self.errors), None)


class NotUnique(InvalidRecord, UniqueError):
    """Another record has this value already, and no two may have it."""

    code = "not-unique"
    status = 409

    def __init__(
        self,
        message: str = "",
        *,
        problems: Mapping[str, Sequence[FieldProblem]] | None = None,
        table: str = "",
        columns: Sequence[str] = (),
        constraint: str = "",
    ) -> None:
        InvalidRecord.__init__(self, message, problems=problems)
        self.table = table
        self.columns = tuple(columns)
        self.constraint = constraint


class UnknownName(InputError, ValueError):
    """A model has no field, relation or lookup of this name."""

    code = "unknown-name"
    status = 400
    is_likely_slip = True


class RecordNotFound(NotFoundError):
    """There is no record for this key or condition."""

    code = "record-not-found"


class SeveralRecords(InputError):
    """There are several records where one was asked for."""

    code = "several-records"
    status = 409


class RestrictedDelete(InputError):
    """The record cannot be deleted because others need it."""

    code = "restricted-delete"
    status = 409


class StaleRecord(InputError):
    """The record was changed or deleted since it was read."""

    code = "stale-record"
    status = 409


class NotLoaded(UsageError):
    """A relation or field was read that had not been loaded.

    It is no AttributeError: a template would take it for a name that nobody gave, and show nothing.
    """

    code = "not-loaded"


class BadFixture(UsageError):
    """A row of a fixture cannot be loaded; nothing of the fixture was."""

    code = "bad-fixture"

    def __init__(
        self, message: str = "", *, fix: str = "", place: str = "", table: str = "", column: str = ""
    ) -> None:
        super().__init__(message, fix=fix)
        #: Where the row stands, as "Line 4".
        self.place = place
        self.table = table
        self.column = column


def checked_alias(name: str) -> str:
    """Give a name for an expression back when it may stand in SQL: a short identifier.

    Raises:
        UnknownName: it has quotes, dots, spaces or anything else that an identifier has not.
    """
    # Why: such names come from query strings too, and one with a quote in it has no honest use.
    if not isinstance(name, str) or not name.isidentifier() or len(name.encode()) > 60:
        raise UnknownName(
            f"{str(name)[:60]!r} cannot be the name of an annotation.",
            fix="Take letters, digits and underscores, at most 60 of them.",
        )
    return name


def unknown_name(name: str, where: str, known: Iterable[str], what: str = "field") -> UnknownName:
    """Say that a name is unknown, and which one was probably meant."""
    known = list(known)
    near = difflib.get_close_matches(name[:100], known, 1)
    shown = name if len(name) <= 60 else f"{name[:57]}..."
    return UnknownName(
        f"{where} has no {what} {shown!r}.",
        fix=f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(sorted(known)) or 'none'}.",
    )
