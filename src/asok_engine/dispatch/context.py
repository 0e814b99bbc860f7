"""The request that is being answered, for code that was not handed it.

A context variable, so it follows a task, a thread hop of ours, and the background
loop under WSGI. It is empty outside a request: `bool(current_request)` is then
False and any attribute raises UsageError, never an old request.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from asok_engine.errors import UsageError
from asok_engine.telemetry.logs import answering_var

if TYPE_CHECKING:
    from asok_engine.wire.request import Request

__all__ = ["CurrentRequest", "current_request", "request_var"]

# The same variable that log lines take their id from.
request_var: ContextVar[Request | None] = answering_var


class CurrentRequest:
    """Stands for the request of the running context; use it as if it were that request."""

    __slots__ = ()

    def get(self) -> Request:
        """Give the request itself; raises UsageError outside a request."""
        request = request_var.get()
        if request is None:
            raise UsageError(
                "current_request was used outside a request.",
                fix="Pass what you need as an argument to code that runs outside a request.",
            )
        return request

    def __getattr__(self, name: str) -> Any:
        return getattr(self.get(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.get(), name, value)

    def __bool__(self) -> bool:
        return request_var.get() is not None

    def __repr__(self) -> str:
        request = request_var.get()
        return repr(request) if request is not None else "<current_request: no request>"


current_request = CurrentRequest()
