"""Seeing what statements a program runs: counted, timed, logged, repeated.

Nobody pays for what nobody watches: the runner asks one truth before it times a
statement. Values of parameters are never kept nor logged, only the text with their
places. `watch_statements` is for tests and for one request; the hook
`statement_finished` for metrics and tools; the log for people.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from types import FrameType
from typing import Any

from msgspec import Struct, field

from asok_engine.telemetry.hooks import statement_finished

__all__ = [
    "SeenStatements",
    "current_statements",
    "note_statement",
    "note_waiting",
    "watch_statements",
]

_log = logging.getLogger("asok.database")

#: What the running context counts in, if it counts.
current_statements: ContextVar[SeenStatements | None] = ContextVar("asok_statements", default=None)


class SeenStatements(Struct, eq=False):
    """The statements that a stretch of code has run."""

    count: int = 0
    seconds: float = 0.0
    #: How often each text ran.
    texts: Counter[str] = field(default_factory=Counter)
    #: Whether to tell where code holds up an event loop or reads without a limit; for development.
    gives_advice: bool = False

    def repeated(self, more_than: int) -> list[tuple[str, int]]:
        """Give the texts that ran more often than this, the most frequent first: rows loaded one by one?"""
        return [(text, times) for text, times in self.texts.most_common() if times > more_than]


@contextlib.contextmanager
def watch_statements() -> Iterator[SeenStatements]:
    """Count the statements of a block, of the tasks and threads that it starts, too."""
    seen = SeenStatements(texts=Counter())
    token = current_statements.set(seen)
    try:
        yield seen
    finally:
        current_statements.reset(token)


#: Places that were told of, and how many there may be.
_told: set[tuple[str, str, int]] = set()
_MOST_PLACES = 1000
#: More rows than this in one result, without a limit in the statement, are worth a word.
MANY_ROWS = 1000
_OWN = frozenset({"asok", "aksara", "asok_engine", "contextlib"})


def note_waiting() -> None:
    """Warn of plain code that runs a statement on an event loop, once for each place, in development."""
    seen = current_statements.get()
    if seen is None or not seen.gives_advice or asyncio._get_running_loop() is None:
        return
    found = _new_place("waits")
    if found is not None:
        place, inner = found
        _log.warning(
            "%s line %d waits for the database in async code, and meanwhile nobody else is served. %s",
            *place,
            _instead(inner),
        )


def _note_rows(text: str, count: int) -> None:
    """Tell of a statement without a limit that has given more rows than a page shows."""
    found = _new_place("rows")
    if found is not None:
        _log.warning(
            "%s line %d read %d rows at once, and the next time there may be more. Take a page with "
            "paginate(...), a part with limit(...), or go through them with stream(): %s",
            *found[0],
            count,
            text,
        )


def _new_place(what: str) -> tuple[tuple[str, int], FrameType] | None:
    """Give the line of the application that led here, and the frame that it called; None the second time."""
    frame: FrameType | None = sys._getframe(1)
    inner = None
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _OWN:
        frame, inner = frame.f_back, frame
    if frame is None or inner is None:
        return None
    place = frame.f_code.co_filename, frame.f_lineno
    if (what, *place) in _told or len(_told) >= _MOST_PLACES:
        return None
    _told.add((what, *place))
    return place, inner


def _instead(frame: FrameType) -> str:
    """Say what to write in the place of a call that waits."""
    name = frame.f_code.co_name
    owner = frame.f_locals.get("self", frame.f_locals.get("cls"))
    if hasattr(owner, f"{name}_async") or f"{name}_async" in frame.f_globals:
        return f"Write await ...{name}_async(...) in the place of {name}(...)."
    if name.startswith("__") and hasattr(owner, "__aiter__"):
        return "Write async for, or await the set first."
    return "Use the async form: a method that ends in _async, async for, or with_(...) for relations."


def note_statement(
    sender: object,
    alias: str,
    text: str,
    seconds: float,
    result: Any,
    error: BaseException | None,
    *,
    logs: bool,
    slow_seconds: float,
) -> None:
    """Tell everyone who watches about a statement that has ended."""
    seen = current_statements.get()
    if seen is not None:
        seen.count += 1
        seen.seconds += seconds
        seen.texts[text] += 1
        is_many = isinstance(result, list | tuple) and len(result) > MANY_ROWS
        if seen.gives_advice and is_many and text.startswith(("SELECT", "WITH")) and "LIMIT" not in text:
            _note_rows(text, len(result))
    if statement_finished:
        statement_finished.send(sender, database=alias, text=text, seconds=seconds, error=error)
    if slow_seconds and seconds >= slow_seconds:
        _log.warning("Slow statement on %s, %.1f ms: %s", alias, seconds * 1000, text)
    elif logs:
        _log.info("Statement on %s, %.2f ms, %s: %s", alias, seconds * 1000, _outcome(result, error), text)


def _outcome(result: Any, error: BaseException | None) -> str:
    if error is not None:
        return type(error).__name__
    return f"{len(result)} rows" if isinstance(result, list | tuple) else str(result)
