"""What is wrong with a set of settings, as data first and as an error second.

A problem names the setting, says what was found and where, what was expected, and
one thing to do. Secrets are masked before they get here. An `error` stops the
start; a `warning` is legal but weak and is told, never raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from asok_engine.errors import SetupError

__all__ = ["Problem", "SettingsError", "UnknownSetting"]


class Problem(NamedTuple):
    """One finding about one setting."""

    # The setting, or the variable or key that should have been one.
    name: str
    # What happened, where, and what was expected: one or two sentences.
    message: str
    # The one thing to do.
    fix: str = ""
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.message} {self.fix}" if self.fix else self.message


class SettingsError(SetupError):
    """The settings do not allow a start; `problems` holds every one that was found."""

    code = "settings"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        if len(self.problems) == 1:
            super().__init__(self.problems[0].message, fix=self.problems[0].fix)
        else:
            lines = "".join(f"\n  - {problem}" for problem in self.problems)
            super().__init__(f"{len(self.problems)} settings are wrong:{lines}")


class UnknownSetting(SettingsError, KeyError):
    """There is no setting of this name."""

    code = "unknown-setting"

    # KeyError shows the repr of its argument, which would quote a whole sentence.
    __str__ = Exception.__str__
