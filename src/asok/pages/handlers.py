"""What answers one method of a page: a function, a constant, a template, or a choice of form actions.

These are descriptions that the application turns into handlers when it starts.
Whether a call gives a coroutine is decided here, once. Nothing is known of
requests: a function gets whatever the application calls it with.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from asok_engine.errors import InputError, NotFoundError

__all__ = [
    "ActionPage",
    "PageEndpoint",
    "PageHandler",
    "TemplatePage",
    "accepts",
    "describe",
    "line_of",
]

_ACTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII).fullmatch


class PageHandler(Struct, frozen=True):
    """A callable that takes the request.

    `source` names it in messages: "get() in src/pages/page.py". `is_async` says
    that `call` gives a coroutine; `is_light` that a plain `call` computes next to
    nothing and needs no thread, as making a generator does.
    """

    call: Callable[[Any], Any]
    source: str
    is_async: bool = False
    is_light: bool = False


class TemplatePage(Struct, frozen=True):
    """A page without code: the template to render, and its name below the folder of pages."""

    path: Path
    name: str
    source: str


class ActionPage(Struct, frozen=True):
    """POST of a page with form actions, by name; `otherwise` answers a form that names none."""

    actions: Mapping[str, PageHandler]
    otherwise: PageHandler | None
    source: str

    def pick(self, form_name: str | None, query_name: str | None = None) -> PageHandler:
        """Give the action that the form field `_action` or else the query names.

        A dash in a name stands for an underscore. Raises NotFoundError (404) when
        the form names an action that is not there, and InputError (400) when none
        is named and there is nothing else to do. The errors do not list actions.
        """
        if form_name:
            handler = self._named(form_name)
            if handler is None:
                raise NotFoundError("This page has no such form action.")
            return handler
        handler = self._named(query_name) if query_name else None
        if handler is not None:
            return handler
        if self.otherwise is None:
            raise InputError("The form names no action that this page has.")
        return self.otherwise

    def _named(self, name: str) -> PageHandler | None:
        return self.actions.get(name.replace("-", "_")) if _ACTION(name) else None

    def to_handler(
        self,
        names: Callable[[Any], tuple[str | None, str | None]],
        in_thread: Callable[[Callable[[Any], Any], Any], Awaitable[Any]],
    ) -> PageHandler:
        """Make one handler of all actions.

        `names(request)` gives the names for `pick`. Where plain and async actions
        stand side by side, the handler is async and runs the plain ones with
        `in_thread(call, request)`.
        """
        handlers = [*self.actions.values(), *([self.otherwise] if self.otherwise else [])]
        pick = self.pick
        if not any(handler.is_async for handler in handlers):

            def act(request: Any) -> Any:
                return pick(*names(request)).call(request)

            return PageHandler(act, self.source)

        async def act_async(request: Any) -> Any:
            handler = pick(*names(request))
            if handler.is_async:
                return await handler.call(request)
            if handler.is_light:
                return handler.call(request)
            return await in_thread(handler.call, request)

        return PageHandler(act_async, self.source, is_async=True)


PageEndpoint = PageHandler | TemplatePage | ActionPage


def describe(call: Callable[[Any], Any], source: str) -> PageHandler:
    """Describe a callable, and decide whether calling it gives a coroutine.

    Partials and objects with `__call__` are looked through. A plain decorator
    around an async function, recognised by `__wrapped__`, is called on the event
    loop, and what it gives is awaited where it can be.
    """
    outer = _callee(call)
    if inspect.iscoroutinefunction(outer):
        return PageHandler(call, source, is_async=True)
    if inspect.isasyncgenfunction(outer) or inspect.isgeneratorfunction(outer):
        return PageHandler(call, source, is_light=True)
    if any(inspect.iscoroutinefunction(layer) for layer in _layers(outer)):
        return PageHandler(_awaiting(call), source, is_async=True)
    return PageHandler(call, source)


def accepts(call: Callable[..., Any], count: int = 1) -> bool:
    """Tell whether a callable can be called with that many arguments: the request, and what else it gets."""
    try:
        # Why not through __wrapped__: a decorator may give the function more than it gets.
        signature = inspect.signature(call, follow_wrapped=False)
    except ValueError:
        return True
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def line_of(call: object) -> int:
    """Give the line where a callable is defined, 1 when that is unknown."""
    *_, innermost = _layers(_callee(call))
    code = getattr(innermost, "__code__", None)
    return code.co_firstlineno if code is not None else 1


def _callee(call: object) -> Any:
    while isinstance(call, functools.partial):
        call = call.func
    if inspect.isroutine(call) or isinstance(call, type):
        return call
    return type(call).__call__ if callable(call) else call


def _layers(call: Any) -> Iterator[Any]:
    """Give a callable, then what its decorators stand around, the innermost last."""
    seen = {id(call)}
    yield call
    while hasattr(call, "__wrapped__"):
        call = _callee(call.__wrapped__)
        if id(call) in seen:
            return
        seen.add(id(call))
        yield call


def _awaiting(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(call)
    async def run(request: Any) -> Any:
        result = call(request)
        return await result if inspect.isawaitable(result) else result

    return run
