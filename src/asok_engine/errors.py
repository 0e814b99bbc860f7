"""The error tree of both faces; this file is the failure model in one page.

FrameworkError
├── SetupError            found at start: wiring, settings, a missing extra
├── UsageError            the framework's own API was called wrongly
├── InputError            the client's fault; carries a status and a field report
│   ├── BodyTooLarge      413
│   ├── MalformedBody     400
│   ├── UnsupportedBody   415
│   ├── NotFoundError     404
│   ├── UnauthorizedError 401
│   ├── ForbiddenError    403
│   ├── UploadRefused     400, a file that is not what it says, or broken
│   ├── ValidationError   422, one or more fields do not meet their rules
│   └── TooManyRequests   429, knows when to come back
├── OutsideError          a database, a network, a disk; the cause is kept
│   ├── StorageFull       507
│   └── BackendUnavailable 503
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
    "ForbiddenError",
    "FrameworkError",
    "InputError",
    "MalformedBody",
    "NotFoundError",
    "OutsideError",
    "Redirect",
    "SetupError",
    "Stop",
    "StorageFull",
    "TooManyRequests",
    "UnauthorizedError",
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
        super().__init__(f"{self.message} {fix}" if fix else self.message)


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
    """

    code = "input"
    status: int = 400

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


class Stop(FrameworkError):
    """The handler has finished early and says what to answer."""

    code = "stop"
    status: int = 200


class Redirect(Stop):
    """Send the client to another address."""

    code = "redirect"

    def __init__(self, url: str, status: int = 302) -> None:
        super().__init__(f"redirect to {url!r}")
        self.url = url
        self.status = status


class Abort(Stop):
    """Answer with this status and nothing else of the handler."""

    code = "abort"

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message or f"aborted with status {status}")
        self.status = status
        self.text = message
