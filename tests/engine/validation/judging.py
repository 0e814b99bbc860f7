"""Judges one value by rules, on a fixed day, for the tests of this room."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from asok_engine.validation.plan import Lookup, Validated, run, validate_plan
from asok_engine.validation.rulebook import MISSING, Rulebook
from asok_engine.validation.rules import FieldRules, Rules, parse_rules
from asok_engine.validation.standard import STANDARD

__all__ = ["NOW", "codes", "judge", "message"]

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def judge(
    rules: Rules,
    value: Any = MISSING,
    *,
    lookup: Lookup | None = None,
    rulebook: Rulebook | None = None,
    record: Any = None,
    messages: dict[str, str] | None = None,
    translate: Any = None,
    **data: Any,
) -> Validated:
    """Validate the field `it`; `data` holds other fields."""
    if value is not MISSING:
        data["it"] = value
    field = FieldRules("it", parse_rules(rules), messages or {})
    plan = validate_plan(
        [field],
        data,
        rulebook=rulebook or Rulebook(STANDARD),
        now=lambda: NOW,
        record=record,
        translate=translate,
    )
    return run(plan, lookup)


def codes(rules: Rules, value: Any = MISSING, **options: Any) -> list[str]:
    """Give the codes of the rules that do not hold."""
    return [problem.code for problem in judge(rules, value, **options).report]


def message(rules: Rules, value: Any = MISSING, **options: Any) -> str:
    """Give the first message."""
    return judge(rules, value, **options).report.problems[0].message
