"""A traceback for the one who wrote the application: its frames, and few of the framework's.

Who develops looks for a line of their own between twenty that carried the request there.
Frames of the framework before the first other one say nothing of the error, and behind it
only when what was raised is not the framework's own word, which says all. An error
that met no other code keeps every frame: then it is ours to explain.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from types import TracebackType

from asok_engine.errors import FrameworkError

__all__ = ["met_other_code", "short_trace"]

_PACKAGES = Path(__file__).resolve().parents[2]
_IMPORTS = "<frozen importlib"
_OURS = (*(f"{_PACKAGES / name}{os.sep}" for name in ("asok_engine", "asok", "aksara")), _IMPORTS)
#: The standard library passes a call on, as the import system does to a module of the application.
_PYTHON = ("<frozen ", os.path.dirname(os.__file__) + os.sep)
_INSTALLED = f"{os.sep}site-packages{os.sep}"


def short_trace(error: BaseException, start: TracebackType | None = None) -> str:
    """Give the traceback of an error and its causes without the framework's own frames.

    It begins at `start` where that is given, and ends without a newline.
    """
    told = traceback.TracebackException(type(error), error, start or error.__traceback__)
    _shorten(told, error, set())
    return "".join(told.format()).rstrip("\n")


def met_other_code(error: BaseException) -> bool:
    """Tell whether an error passed code that is neither the framework's nor Python's own."""
    return not all(
        _is_ours(frame.filename) or _is_python(frame.filename)
        for frame in traceback.extract_tb(error.__traceback__)
    )


def _shorten(
    told: traceback.TracebackException, error: BaseException, seen: set[int], *, is_told: bool = False
) -> None:
    seen.add(id(error))
    is_our_word = isinstance(error, FrameworkError)
    # Code that cannot be read has run nothing, and names its own line.
    says_all = is_our_word or isinstance(error, SyntaxError)
    _leave_out(told, says_all=says_all, is_told=says_all or is_told)
    for below, cause in ((told.__cause__, error.__cause__), (told.__context__, error.__context__)):
        if below is not None and cause is not None and id(cause) not in seen:
            _shorten(below, cause, seen, is_told=is_our_word)


def _leave_out(told: traceback.TracebackException, *, says_all: bool, is_told: bool) -> None:
    ours = [_is_ours(frame.filename) for frame in told.stack]
    passing = [own or _is_python(frame.filename) for own, frame in zip(ours, told.stack, strict=True)]
    if all(passing):
        if is_told:
            # No headline either, where nothing follows it.
            told.stack = None  # type: ignore[assignment]
        return
    first = passing.index(False)
    last = len(ours) - 1 - ours[::-1].index(False)
    told.stack[:] = [
        frame
        for number, frame in enumerate(told.stack)
        if number >= first and (not ours[number] or (number > last and not says_all))
    ]


def _is_ours(filename: str) -> bool:
    return filename.startswith(_OURS)


def _is_python(filename: str) -> bool:
    return filename.startswith(_PYTHON) and _INSTALLED not in filename
