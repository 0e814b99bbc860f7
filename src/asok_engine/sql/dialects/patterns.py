"""Regular expressions that are safe to run: which patterns of a visitor SQLite's searches take.

SQLite has no regular expressions of its own; they run here, in Python's `re`, which
tries every way to match and cannot be stopped. So a pattern is read first: repeats
inside of repeats and choices inside of repeats can take for ever and are refused,
and where several repeats stand beside each other less of a text is looked at.
PostgreSQL and MySQL run patterns themselves and stop by their own time limits.
Source: OWASP, "Regular expression denial of service"; CWE-1333.
"""

from __future__ import annotations

import functools
import importlib
import re
import warnings
from typing import Any, Final

from asok_engine.errors import InputError

__all__ = ["LONGEST_PATTERN", "SafePattern", "safe_pattern"]

LONGEST_PATTERN: Final = 256
#: How many characters of a text are looked at, by how many repeats without a narrow bound the pattern has.
LOOKED_AT: Final = (1_000_000, 20_000, 500, 120)
#: A repeat that may take so many more characters than it must counts as one without a bound.
NARROW: Final = 4
#: How many ways narrow repeats and choices may have together.
MOST_WAYS: Final = 256

# Why by name: the reader of patterns is the one that `re` itself uses, and has no public name.
_reader: Any = importlib.import_module("re._parser")


class SafePattern:
    """A pattern that was read and found safe, with how much of a text it may look at."""

    __slots__ = ("_search", "longest_text")

    def __init__(self, pattern: re.Pattern[str], longest_text: int) -> None:
        self._search = pattern.search
        self.longest_text = longest_text

    def is_in(self, text: str) -> bool:
        """Tell whether it is found in a text."""
        return self._search(text, 0, self.longest_text) is not None


@functools.lru_cache(maxsize=256)
def safe_pattern(pattern: str) -> SafePattern:
    """Read a pattern.

    Raises:
        InputError: it is no regular expression, or one that could take too long; status 400.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise InputError(
            f"A regular expression of {len(pattern)} characters is too long; {LONGEST_PATTERN} are allowed.",
            status=400,
        )
    try:
        with warnings.catch_warnings():
            # Possible nested sets and the like, which later versions of Python will read in another way.
            warnings.simplefilter("error")
            compiled = re.compile(pattern)
            parsed = _reader.parse(pattern)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        raise InputError(f"{pattern!r} is no regular expression: {error}.", status=400) from None
    measure = _Measure(pattern)
    measure.read(parsed, is_repeated=False)
    if measure.open_repeats >= len(LOOKED_AT) or measure.ways > MOST_WAYS:
        raise _too_slow(pattern, "it has too many repeats and choices")
    return SafePattern(compiled, LOOKED_AT[measure.open_repeats])


def _too_slow(pattern: str, reason: str) -> InputError:
    return InputError(
        f"The regular expression {pattern!r} could take too long: {reason}.",
        status=400,
        fix="Use a simpler one, such as a word alone, or one repeat.",
    )


class _Measure:
    """What a pattern may cost: its repeats without a narrow bound, and the ways through all else."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.open_repeats = 0
        self.ways = 1

    def read(self, parsed: Any, *, is_repeated: bool) -> None:
        for operation, argument in parsed:
            match str(operation):
                case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                    self._repeat(*argument, is_repeated=is_repeated)
                case "BRANCH":
                    branches = argument[1]
                    if not _begin_apart(branches):
                        self._refuse_if(is_repeated, "a choice stands inside a repeat")
                        self.ways *= len(branches)
                    for branch in branches:
                        self.read(branch, is_repeated=is_repeated)
                case "SUBPATTERN":
                    self.read(argument[-1], is_repeated=is_repeated)
                case "ATOMIC_GROUP":
                    self.read(argument, is_repeated=is_repeated)
                case "ASSERT" | "ASSERT_NOT":
                    self.read(argument[1], is_repeated=is_repeated)
                case "GROUPREF" | "GROUPREF_EXISTS":
                    self._refuse_if(is_repeated, "what an earlier group found stands inside a repeat")
                    self.open_repeats += 1
                case _:
                    # One character, or a place.
                    pass

    def _repeat(self, least: int, most: int, inner: Any, *, is_repeated: bool) -> None:
        spread = int(most) - int(least)
        if spread:
            self._refuse_if(is_repeated, "a repeat stands inside a repeat")
            if spread > NARROW:
                self.open_repeats += 1
            else:
                self.ways *= spread + 1
        self.read(inner, is_repeated=is_repeated or int(most) > 1)

    def _refuse_if(self, is_so: bool, reason: str) -> None:
        if is_so:
            raise _too_slow(self._pattern, reason)


def _begin_apart(branches: Any) -> bool:
    """Tell whether the first character already decides between choices."""
    first = [(str(branch[0][0]), branch[0][1]) if len(branch) else ("", 0) for branch in branches]
    return all(kind == "LITERAL" for kind, _ in first) and len({sign for _, sign in first}) == len(first)
