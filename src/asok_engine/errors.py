"""The error tree of both faces; this file is the failure model in one page.

FrameworkError
├── SetupError            found at start: wiring, settings, a missing extra
├── UsageError            the framework's own API was called wrongly
├── InputError            the client's fault; carries a status and a field report
│   ├── BodyTooLarge      413
│   ├── MalformedBody     400
│   ├── MissingField      400, a name that was not sent; a KeyError as well
│   ├── UnsupportedBody   415
│   ├── NotFoundError     404
│   ├── UnauthorizedError 401
│   ├── ForbiddenError    403
│   ├── UploadRefused     400, a file that is not what it says, or broken
│   ├── ValidationError   422, one or more fields do not meet their rules
│   └── TooManyRequests   429, knows when to come back
├── OutsideError          a database, a network, a disk; the cause is kept
│   ├── StorageFull       507
│   ├── BackendUnavailable 503
│   └── DatabaseError     carries the statement's text, never its values
│       ├── QueryError    the database does not understand the statement
│       │   └── MissingTable  it has not the table or the column
│       ├── DataError     400, a value that the database cannot hold; an InputError as well
│       ├── IntegrityError 409, knows table, columns and constraint
│       │   ├── UniqueError
│       │   ├── ForeignKeyError
│       │   ├── NotNullError
│       │   └── CheckError
│       ├── SerializationError 503, worth another try
│       │   └── DeadlockError
│       ├── LockUnavailable 503
│       ├── StatementTimeout 503
│       ├── TransactionFailed the transaction cannot go on or be committed
│       ├── UnknownOutcome 503, nobody knows whether it was committed
│       └── DatabaseUnavailable 503, a BackendUnavailable as well
│           └── PoolExhausted
└── Stop                  not a failure: the handler has finished early
    ├── Redirect          3xx with a target
    └── Abort             a status chosen by the handler

A message says what happened with the value, where, what was expected, and one
thing to do. Secrets are masked before they reach a message. Mapping an error to
an HTTP status happens in one table, `asok_engine.dispatch.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

__all__ = [
    "Abort",
    "BackendUnavailable",
    "BodyTooLarge",
    "CheckError",
    "DataError",
    "DatabaseError",
    "DatabaseUnavailable",
    "DeadlockError",
    "ForbiddenError",
    "ForeignKeyError",
    "FrameworkError",
    "InputError",
    "IntegrityError",
    "LockUnavailable",
    "MalformedBody",
    "MissingField",
    "MissingTable",
    "NotFoundError",
    "NotNullError",
    "OutsideError",
    "PoolExhausted",
    "QueryError",
    "Redirect",
    "SerializationError",
    "SetupError",
    "StatementTimeout",
    "Stop",
    "StorageFull",
    "TooManyRequests",
    "TransactionFailed",
    "UnauthorizedError",
    "UniqueError",
    "UnknownOutcome",
    "UnsupportedBody",
    "UploadRefused",
    "UsageError",
    "ValidationError",
]


class FrameworkError(Exception):
    """Base of every error that this framework raises on purpose.

    `code` is stable and has an entry in the error reference of the docs.
    `fix`, where it is known, is the one thing to do; the debug page shows it.
    """

    code: ClassVar[str] = "framework"

    def __init__(self, message: str = "", *, fix: str = "") -> None:
        self.message = message or (type(self).__doc__ or "").partition("\n")[0]
        self.fix = fix
        # A message that ends in a list has the fix on a line of its own.
        gap = "" if self.message.endswith("\n") else " "
        super().__init__(f"{self.message}{gap}{fix}" if fix else self.message)


class SetupError(FrameworkError, RuntimeError):
    """The application cannot start as it is set up."""

    code = "setup"


class UsageError(FrameworkError):
    """The framework's API was called in a way that it does not support."""

    code = "usage"


class InputError(FrameworkError):
    """The client sent something that cannot be accepted.

    `status` is the HTTP status of the answer, `message` is safe to show to the
    client, `errors` reports per field: `{"email": ["is not an e-mail address"]}`.
    `is_likely_slip` says of a kind that the application's own code may be at fault as well.
    """

    code = "input"
    status: int = 400
    is_likely_slip: ClassVar[bool] = False

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        errors: Mapping[str, Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        fix: str = "",
    ) -> None:
        super().__init__(message, fix=fix)
        if status is not None:
            self.status = status
        self.errors: dict[str, list[str]] = {k: list(v) for k, v in (errors or {}).items()}
        self.headers: dict[str, str] = dict(headers or {})


class BodyTooLarge(InputError):
    """The request body is larger than this application accepts."""

    code = "body-too-large"
    status = 413


class MalformedBody(InputError):
    """The request body is not what its content type says."""

    code = "malformed-body"
    status = 400


class MissingField(InputError, KeyError):
    """A field that the handler reads was not sent; `name` is its name."""

    code = "missing-field"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"The field {name!r} was not sent.", errors={name: ["is missing"]})

    def __str__(self) -> str:
        # A KeyError would show the message in quotes.
        return self.message


class UnsupportedBody(InputError):
    """The request body has a content type or encoding that is not accepted here."""

    code = "unsupported-body"
    status = 415


class NotFoundError(InputError):
    """There is nothing at this address."""

    code = "not-found"
    status = 404


class UnauthorizedError(InputError):
    """This needs a signed-in person or a valid token."""

    code = "unauthorized"
    status = 401


class ForbiddenError(InputError):
    """This is not allowed for the one who asked."""

    code = "forbidden"
    status = 403


class UploadRefused(InputError, ValueError):
    """An uploaded file is not what its name says, is broken, or is of a kind that is not allowed."""

    code = "upload-refused"
    status = 400


class ValidationError(InputError):
    """One or more fields do not meet their rules.

    `errors` has every message by field; `report` the problems themselves, with
    their codes, where rules of the validation room found them.
    """

    code = "validation"
    status = 422

    def __init__(
        self,
        message: str = "",
        *,
        errors: Mapping[str, Sequence[str]] | None = None,
        report: object = None,
        fix: str = "",
    ) -> None:
        super().__init__(message, errors=errors, fix=fix)
        self.report = report


class TooManyRequests(InputError):
    """Too many requests came in too short a time.

    `retry_after` is the number of whole seconds until the next one is accepted.
    """

    code = "too-many-requests"
    status = 429

    def __init__(self, message: str = "", *, retry_after: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})
        self.retry_after = retry_after


class OutsideError(FrameworkError):
    """Something outside this process failed; `__cause__` holds the original error."""

    code = "outside"
    status: int = 500


class StorageFull(OutsideError):
    """There is no space left to store what was sent."""

    code = "storage-full"
    status = 507


class BackendUnavailable(OutsideError):
    """A backend that this request needs does not answer."""

    code = "backend-unavailable"
    status = 503


class DatabaseError(OutsideError):
    """The database refused a statement, or could not finish it.

    `statement` is the text of the statement where it is known; its values are never kept.
    """

    code = "database"
    statement: str = ""


class QueryError(DatabaseError):
    """The database does not understand this statement, or lacks something that it names."""

    code = "query"


class MissingTable(QueryError):
    """The database has not the table or the column that a statement names."""

    code = "missing-table"


class DataError(DatabaseError, InputError):
    """The database cannot hold a value that was sent to it."""

    code = "data"
    status = 400


class IntegrityError(DatabaseError):
    """The change would break a rule that the database keeps.

    `table`, `columns` and `constraint` are those of the rule, as far as the database tells.
    """

    code = "integrity"
    status = 409

    def __init__(
        self,
        message: str = "",
        *,
        table: str = "",
        columns: Sequence[str] = (),
        constraint: str = "",
        fix: str = "",
    ) -> None:
        super().__init__(message, fix=fix)
        self.table = table
        self.columns = tuple(columns)
        self.constraint = constraint


class UniqueError(IntegrityError):
    """Another row has this value already, and it must be unique."""

    code = "unique"

    @property
    def field_name(self) -> str | None:
        """The first column of the rule, None where the database does not tell."""
        return self.columns[0] if self.columns else None


class ForeignKeyError(IntegrityError):
    """The row refers to one that does not exist, or is itself still referred to."""

    code = "foreign-key"


class NotNullError(IntegrityError):
    """A column that needs a value got none."""

    code = "not-null"


class CheckError(IntegrityError):
    """A value does not pass a check of its table."""

    code = "check"


class SerializationError(DatabaseError):
    """The transaction met another one on the same rows and was undone; it can be tried again."""

    code = "serialization"
    status = 503


class DeadlockError(SerializationError):
    """Two transactions waited for each other, and this one was undone; it can be tried again."""

    code = "deadlock"


class LockUnavailable(DatabaseError):
    """A lock that the statement needs was held by someone else for too long."""

    code = "lock-unavailable"
    status = 503


class StatementTimeout(DatabaseError):
    """A statement took longer than it may, and was stopped."""

    code = "statement-timeout"
    status = 503


class TransactionFailed(DatabaseError):
    """An earlier error has ended this transaction; nothing of it was kept."""

    code = "transaction-failed"


class UnknownOutcome(DatabaseError):
    """The connection broke before the database said whether the change was made.

    It may be there or not. Look before you do it again.
    """

    code = "unknown-outcome"
    status = 503


class DatabaseUnavailable(DatabaseError, BackendUnavailable):
    """The database does not answer, or cannot serve now."""

    code = "database-unavailable"
    status = 503


class PoolExhausted(DatabaseUnavailable):
    """All connections to the database are in use, and none came free in time."""

    code = "pool-exhausted"


class Stop(FrameworkError):
    """The handler has finished early and says what to answer."""

    code = "stop"
    status: int = 200


class Redirect(Stop):
    """Send the client to another address.

    `by_page` sends a page that goes there by itself: a policy with `form-action 'self'` keeps
    browsers from following the redirect of a form to another site.
    """

    code = "redirect"

    def __init__(self, url: str, status: int = 302, *, by_page: bool = False) -> None:
        super().__init__(f"redirect to {url!r}")
        self.url = url
        self.status = 200 if by_page else status
        self.by_page = by_page


class Abort(Stop):
    """Answer with this status and nothing else of the handler."""

    code = "abort"

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message or f"aborted with status {status}")
        self.status = status
        self.text = message
