"""What the project's own code raises, told in one sentence with file and line.

Commands import and run that code. A traceback of theirs would be mostly frames of the
framework; where it was in the project, and what it said, is what helps. What the
framework raises says its own place and goes through. `--traceback` shows all of it.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from asok_engine.errors import FrameworkError, SetupError

__all__ = ["told"]


@contextmanager
def told(root: Path, what: str) -> Iterator[None]:
    """Turn what the code below `root` raises into a sentence that begins with `what`.

    Raises:
        SetupError: with the file, the line and what was raised, which is its cause.
    """
    try:
        yield
    except FrameworkError:
        raise
    except Exception as error:
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        text = f"{what}: {type(error).__name__}{_place(error, root)}" + (f": {said}" if said else "")
        raise SetupError(text if text.endswith((".", "?", "!")) else f"{text}.", fix=_near(error)) from error


def _place(error: Exception, root: Path) -> str:
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((error.filename, error.lineno))
    mine = [
        (Path(name), line)
        for name, line in places
        if Path(name).is_relative_to(root) and "site-packages" not in name
    ]
    return f" in {mine[-1][0].relative_to(root)} line {mine[-1][1]}" if mine else ""


def _near(error: Exception) -> str:
    if not isinstance(error, AttributeError) or not error.name or error.obj is None:
        return ""
    near = get_close_matches(error.name, dir(error.obj), n=1)
    return f"Did you mean {near[0]}?" if near else ""
