"""Validates data against rules: one plan, driven plainly or on an event loop.

The plan yields a `Question` about a row, a `Compute` that takes a while, or the
awaitable of an async rule, and gets the answer back; everything else is decided here. Rules of a field run in
two passes, typing rules first, and their problems are reported in the order in
which they are written. Nothing is stopped by the first problem.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from asok_engine.errors import InputError, UsageError
from asok_engine.validation.checks.presence import is_empty
from asok_engine.validation.messages import Translate, message_for
from asok_engine.validation.report import Report
from asok_engine.validation.rulebook import MISSING, Compute, Question, Rule, Rulebook, Subject
from asok_engine.validation.rules import FieldRules, RuleCall

__all__ = ["Lookup", "LookupAsync", "Validated", "run", "run_async", "validate_plan"]

Lookup = Callable[[Question], bool]
LookupAsync = Callable[[Question], Awaitable[bool]]
Plan = Generator["Question | Compute | Awaitable[Any]", Any, "Validated"]

_CHARACTERS = "This has characters in it that cannot be kept."
_DEEPEST_PATH = 8
_MOST_ITEMS = 1000


class Validated(Struct, frozen=True):
    """What came of it: the report, and the values that the rules made, by field."""

    report: Report
    values: dict[str, Any]


def validate_plan(
    fields: Iterable[FieldRules],
    data: Mapping[str, Any],
    *,
    rulebook: Rulebook,
    now: Callable[[], datetime],
    translate: Translate | None = None,
    record: Any = None,
) -> Plan:
    """Yield a Question, a Compute or an awaitable for each thing that must be asked; receive its answer.

    A field's name may lead into nested data: `address.city`, `items.*.price`.
    `record` is what is edited, for `unique`. `translate` gives the text of a locale.
    """
    report = Report()
    values: dict[str, Any] = {}
    for field in fields:
        for path, value in _found(field.name, data):
            subject = Subject(path, value, data, now=now, record=record)
            yield from _judge(field, subject, rulebook, translate, report)
            if "*" not in field.name and (value is not MISSING or field.name in data):
                values[field.name] = subject.parsed
    return Validated(report, values)


def _judge(
    field: FieldRules, subject: Subject, rulebook: Rulebook, translate: Translate | None, report: Report
) -> Generator[Question | Compute | Awaitable[Any], Any, None]:
    if not _can_be_kept(subject.value):
        report.add(subject.name, "characters", _said(field, "characters", _CHARACTERS, translate))
        return
    rules = [(call, rulebook.find(call.name)) for call in field.calls]
    empty = is_empty(subject.value)
    failed: dict[int, tuple[str, Mapping[str, Any], str]] = {}

    def note(place: int, call: RuleCall, rule: Rule) -> None:
        key = subject.message_key or call.name
        parameters = (
            {"arg": call.argument, **subject.parameters} if call.argument else dict(subject.parameters)
        )
        text = message_for(field, call, rule, key, subject.parameters, translate)
        failed[place] = (call.name, parameters, text)

    for typing in (True, False):
        if typing is False and failed:
            # The value is not what it should be; to measure it would mean nothing.
            break
        for place, (call, rule) in enumerate(rules):
            if rule.is_typing is not typing or (empty and not rule.reads_empty):
                continue
            subject.turn_to(call)
            verdict = rule.check(subject)
            if isinstance(verdict, Question):
                verdict = not (yield verdict)
            elif not isinstance(verdict, bool):
                verdict = bool((yield verdict))
            if not verdict:
                note(place, call, rule)
    if empty and isinstance(subject.value, str) and any(rule.is_typing for _, rule in rules):
        # An empty field for a number or a date says that there is none.
        subject.parsed = None
    for place in sorted(failed):
        code, parameters, text = failed[place]
        report.add(subject.name, code, text, parameters)


def _said(field: FieldRules, code: str, default: str, translate: Translate | None) -> str:
    own = field.messages.get(code)
    if own is not None:
        return own
    text = translate(f"v_{code}") if translate is not None else ""
    return text if text and text != f"v_{code}" else default


def _can_be_kept(value: Any) -> bool:
    """Tell whether text has neither NUL nor half a surrogate pair, which databases refuse."""
    if not isinstance(value, str) or (value.isascii() and "\x00" not in value):
        return True
    return "\x00" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def _found(name: str, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if name in data or "." not in name:
        yield name, data.get(name, MISSING)
        return
    parts = name.split(".")
    if len(parts) > _DEEPEST_PATH:
        raise UsageError(
            f"The field {name!r} lies deeper than the {_DEEPEST_PATH} levels that are read.",
            fix="Validate the inner part on its own.",
        )
    yield from _walk(parts, (), data)


def _walk(parts: Sequence[str], gone: tuple[str, ...], value: Any) -> Iterator[tuple[str, Any]]:
    if not parts:
        yield ".".join(gone), value
        return
    part, rest = parts[0], parts[1:]
    if part == "*":
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            if len(value) > _MOST_ITEMS:
                raise InputError(
                    f"{'.'.join(gone)} has {len(value)} entries; at most {_MOST_ITEMS} are accepted.",
                    status=422,
                )
            for number, item in enumerate(value):
                yield from _walk(rest, (*gone, str(number)), item)
        return
    inner = value.get(part, MISSING) if isinstance(value, Mapping) else MISSING
    yield from _walk(rest, (*gone, part), inner)


def run(plan: Plan, lookup: Lookup | None) -> Validated:
    """Drive a plan from plain code; raises UsageError for a rule that must be awaited."""
    answer: Any = None
    try:
        while True:
            step = plan.send(answer)
            if isinstance(step, Question):
                answer = _asked(lookup, step)(step)
            elif isinstance(step, Compute):
                answer = step.judge()
            else:
                if inspect.iscoroutine(step):
                    step.close()
                raise UsageError(
                    "A rule is async, and the validation is not.",
                    fix="Call `await form.validate_async()` or `await validator.validate_async()`.",
                )
    except StopIteration as end:
        validated: Validated = end.value
        return validated


async def run_async(
    plan: Plan, lookup: LookupAsync | None, in_thread: Callable[[Callable[[], bool]], Awaitable[bool]]
) -> Validated:
    """Drive a plan on an event loop; `in_thread` runs what would hold the loop up."""
    answer: Any = None
    try:
        while True:
            step = plan.send(answer)
            if isinstance(step, Question):
                answer = await _asked(lookup, step)(step)
            elif isinstance(step, Compute):
                answer = await in_thread(step.judge)
            else:
                answer = await step
    except StopIteration as end:
        validated: Validated = end.value
        return validated


def _asked(lookup: Callable[[Question], Any] | None, question: Question) -> Callable[[Question], Any]:
    if lookup is None:
        raise UsageError(
            f"The rule unique:{question.model},{question.column} needs to look into a table, "
            "and this validation knows none.",
            fix="Pass lookup=, a function that is given the Question and tells whether such a row exists.",
        )
    return lookup
