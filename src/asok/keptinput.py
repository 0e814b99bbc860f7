"""What was typed and what was wrong with it, kept for the page that a redirect leads to.

It waits in the visitor's session for a few minutes and is taken away by the page
that shows it. Passwords, tokens and files are never kept, and no more text than a
session should carry.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from asok_engine.backends.sessions.session import Session
from asok_engine.validation.report import Report
from asok_engine.wire.values import Values

__all__ = ["KeptInput", "is_secret", "keep_for_next", "take_kept"]

_NAME = "input"
#: Longer than it takes to follow a redirect, shorter than it takes to forget what was typed.
_SECONDS = 600
_MOST_CHARACTERS = 20_000
_SECRET = ("password", "passwd", "secret", "csrf", "token", "otp", "card")


class KeptInput:
    """What an earlier request left: the form's name, the values, the problems."""

    __slots__ = ("form", "report", "values")

    def __init__(self, form: str, values: Values, report: Report) -> None:
        self.form = form
        self.values = values
        self.report = report


def is_secret(name: str) -> bool:
    """Tell whether the value of a field of this name is never shown again."""
    lowered = name.lower()
    return any(word in lowered for word in _SECRET)


def keep_for_next(
    session: Session, form: str, values: Values, report: Report, secret: Iterable[str] = ()
) -> None:
    """Keep input for the next page; fields named in `secret` stay out, whatever they are called."""
    hidden, left = set(secret), _MOST_CHARACTERS
    pairs = []
    for name, value in values.items_multi():
        if name in hidden or is_secret(name) or len(name) + len(value) > left:
            continue
        left -= len(name) + len(value)
        pairs.append([name, value])
    problems = [[problem.path, problem.code, problem.message] for problem in report]
    session.own[_NAME] = {"at": int(time.time()), "form": form, "values": pairs, "problems": problems}


def take_kept(session: Session) -> KeptInput | None:
    """Give what was kept and take it out of the session; None for nothing, or for what is too old."""
    kept = session.own.pop(_NAME, None)
    if not isinstance(kept, dict) or time.time() - kept["at"] > _SECONDS:
        return None
    report = Report()
    for path, code, message in kept["problems"]:
        report.add(path, code, message)
    return KeptInput(kept["form"], Values([(name, value) for name, value in kept["values"]]), report)
