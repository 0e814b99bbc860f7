"""Answers come from options, and from a person only where there is one."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from asok_engine.commands import answers
from asok_engine.commands.answers import read_answers, read_value
from asok_engine.errors import UsageError
from asok_engine.sql import types
from asok_engine.sql.tables import Column, Sql, Table

TABLE = Table("t", (Column("id", types.bigint()), Column("n", types.integer())))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3", types.integer(), 3),
        ("1.5", types.float_(), 1.5),
        ("1.50", types.decimal(), Decimal("1.50")),
        ("no", types.boolean(), False),
        ("TRUE", types.boolean(), True),
        ("2026-01-02", types.date(), date(2026, 1, 2)),
        ("2026-01-02T03:04", types.datetime(), datetime(2026, 1, 2, 3, 4)),
        ("03:04", types.time(), time(3, 4)),
        ("90", types.duration(), timedelta(seconds=90)),
        (str(UUID(int=1)), types.uuid(), UUID(int=1)),
        ('{"a": 1}', types.json(), '{"a": 1}'),
        ("plain", types.string(9), "plain"),
        ("sql:lower(a)", types.string(9), Sql("lower(a)")),
    ],
)
def test_value_is_read_in_the_form_of_its_type(text: str, kind: types.ColumnType, value: Any) -> None:
    """What is typed becomes what the column holds."""
    assert read_value(text, kind) == value


@pytest.mark.parametrize(
    "kind",
    [
        types.integer(),
        types.float_(),
        types.decimal(),
        types.boolean(),
        types.date(),
        types.uuid(),
        types.json(),
    ],
)
def test_text_that_is_no_value_is_refused(kind: types.ColumnType) -> None:
    """The message has the text and the type."""
    with pytest.raises(UsageError, match="'nonsense' is no value of type"):
        read_value("nonsense", kind)


def test_options_become_answers() -> None:
    """Renames, drops and fills by name; an option comes before the model's default."""
    made = read_answers(["t.a=b"], ["t.c"], ["t.n=4"], [TABLE], {"t.n": 1, "t.m": 2})
    assert made.renames == {"t.a": "b"}
    assert made.drops == {"t.c"}
    assert made.fills == {"t.n": 4, "t.m": 2}


@pytest.mark.parametrize(
    ("renames", "fills", "said"),
    [
        (["t.a"], [], "--rename"),
        ([], ["t.n"], "--fill"),
        ([], ["t.x=1"], "no such column"),
        ([], ["n=1"], "no such column"),
    ],
)
def test_option_in_another_form_is_refused(renames: list[str], fills: list[str], said: str) -> None:
    """With the form that is expected."""
    with pytest.raises(UsageError, match=said):
        read_answers(renames, [], fills, [TABLE], {})


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build server never waits for an answer."""
    assert read_answers([], [], [], [], {}).ask_rename is None
    monkeypatch.setattr(answers, "is_terminal", lambda: True)
    assert read_answers([], [], [], [], {}).ask_rename is not None


def test_person_is_asked_again_until_the_value_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And an empty answer is none."""
    typed = iter(["many", "4", ""])
    monkeypatch.setattr("click.prompt", lambda *arguments, **options: next(typed))
    assert answers._ask_fill(TABLE, TABLE.columns[1]) == 4
    assert "'many' is no value" in capsys.readouterr().err
    assert answers._ask_fill(TABLE, TABLE.columns[1]) is None
