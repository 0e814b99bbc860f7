"""The rules that exist, by name, and what a rule is given to judge.

A rule is a plain function from a `Subject` to a verdict. It never asks a database
itself: it gives a `Question`, and who runs the validation answers it. Typing
rules (`integer`, `date`) also turn text into a value, so that a rule such as
`min` compares numbers as numbers and dates as dates.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from asok_engine.errors import UsageError
from asok_engine.validation.rules import RuleCall

__all__ = ["MISSING", "Compute", "Question", "Rule", "Rulebook", "Subject", "Verdict"]


class _Missing:
    """What a field that was not sent has for a value."""

    def __repr__(self) -> str:
        return "missing"

    def __bool__(self) -> bool:
        return False


MISSING: Any = _Missing()


class Question(Struct, frozen=True):
    """Whether a row has this value already, other than the one that is edited."""

    model: str
    column: str
    value: Any
    #: The key of the row that may have it; None for none.
    except_key: Any = None


class Compute(Struct, frozen=True):
    """A judgement that takes a while, such as decoding an image; not for an event loop's own thread."""

    judge: Callable[[], bool]


class Subject:
    """One value under judgement, with what stands around it.

    `value` is what was sent, `parsed` what the typing rules made of it. A check may
    put placeholders for its message into `parameters`, and the name of a more
    precise message into `message_key`.
    """

    __slots__ = (
        "argument",
        "arguments",
        "data",
        "message_key",
        "name",
        "now",
        "parameters",
        "parsed",
        "record",
        "value",
    )

    def __init__(
        self,
        name: str,
        value: Any,
        data: Mapping[str, Any],
        *,
        now: Callable[[], datetime],
        record: Any = None,
    ) -> None:
        self.name = name
        self.value = value
        self.parsed = value
        self.data = data
        #: The clock, which this room does not have.
        self.now = now
        #: What is edited: a record or a mapping; None for something new.
        self.record = record
        self.argument = ""
        self.arguments: tuple[Any, ...] = ()
        self.parameters: dict[str, Any] = {}
        self.message_key = ""

    def turn_to(self, call: RuleCall) -> None:
        """Make ready for the next rule."""
        self.argument, self.arguments = call.argument, call.arguments
        self.parameters, self.message_key = {}, ""

    def one(self, rule: str) -> str:
        """Give the argument of a rule that cannot do without; raises UsageError."""
        if self.argument == "":
            raise UsageError(
                f"The rule {rule!r} of {self.name!r} has no argument.", fix=f"Write {rule}:something."
            )
        return self.argument


Verdict = bool | Question | Compute | Awaitable[Any]
Check = Callable[[Subject], Verdict]


class Rule(Struct, frozen=True):
    """One rule: what judges, and what is said when it does not hold.

    `reads_empty` rules also judge a value that is empty or was not sent; the others
    are content with it. `is_typing` rules run before the others.
    """

    check: Check
    messages: Mapping[str, str] = field(default_factory=dict)
    reads_empty: bool = False
    is_typing: bool = False


class Rulebook:
    """Rules by name; rules of an application stand beside the standard ones, never in their place."""

    def __init__(self, standard: Mapping[str, Rule]) -> None:
        self._standard = dict(standard)
        self._own: dict[str, Rule] = {}

    def register(self, name: str, check: Callable[[Any, str, Mapping[str, Any]], Any], message: str) -> None:
        """Add a rule `check(value, argument, data)`, plain or async; registering a name again replaces it.

        Raises UsageError for the name of a standard rule, and for one that could
        not be written in rules.
        """
        if name in self._standard:
            raise UsageError(
                f"The rule {name!r} exists; an own rule may not change what it means everywhere.",
                fix="Give your rule another name.",
            )
        if not name.replace("-", "_").isidentifier():
            raise UsageError(f"{name!r} cannot be the name of a rule.", fix="Use letters, digits and _.")

        def judge(subject: Subject) -> Verdict:
            verdict = check(subject.parsed, subject.argument, subject.data)
            return verdict if isinstance(verdict, Awaitable) else bool(verdict)

        self._own[name] = Rule(judge, {name: message})

    def find(self, name: str) -> Rule:
        """Give a rule; raises UsageError that names the nearest ones."""
        rule = self._own.get(name) or self._standard.get(name)
        if rule is None:
            near = sorted(known for known in (*self._standard, *self._own) if known[:2] == name[:2])
            known = f"Near it: {', '.join(near)}. " if near else ""
            raise UsageError(
                f"There is no rule {name!r}.", fix=f"{known}Own rules are added with register_rule."
            )
        return rule

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._standard

    def names(self) -> list[str]:
        """Give the names of all rules, in order."""
        return sorted({*self._standard, *self._own})
