"""Questions of the commands that write migrations: on a terminal asked, else taken from options.

Standard input that is no terminal is never read: a build server that waits for an
answer waits forever. Values for rows that are there are read in the form of the
column's type.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

import click

from asok_engine.errors import UsageError
from asok_engine.migrations.detect import Answers
from asok_engine.sql.tables import Column, ServerDefault, Sql, Table
from asok_engine.sql.types import ColumnType

__all__ = ["is_terminal", "read_answers", "read_value"]


def is_terminal() -> bool:
    """Say whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def read_answers(
    renames: Sequence[str],
    drops: Sequence[str],
    fills: Sequence[str],
    tables: Sequence[Table],
    known_fills: Mapping[str, ServerDefault],
) -> Answers:
    """Make answers of the options --rename OLD=NEW, --drop NAME and --fill TABLE.COLUMN=VALUE.

    `known_fills` are the defaults of the models; an option comes before them.

    Raises:
        UsageError: one of them is not in its form.
    """
    answers = Answers(
        renames=dict(_pair("--rename", text) for text in renames),
        drops=frozenset(drops),
        fills={
            **known_fills,
            **{name: _fill(name, value, tables) for name, value in (_pair("--fill", text) for text in fills)},
        },
    )
    if is_terminal():
        answers.ask_rename = _ask_rename
        answers.ask_fill = _ask_fill
    return answers


def _pair(option: str, text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name or not value:
        raise UsageError(f"{option} was given {text!r}.", fix=f"The form is {option} NAME=VALUE.")
    return name, value


def _fill(name: str, value: str, tables: Sequence[Table]) -> ServerDefault:
    table_name, _, column_name = name.rpartition(".")
    for table in tables:
        if table.full_name == table_name and table.has_column(column_name):
            return read_value(value, table.column(column_name).type)
    raise UsageError(
        f"--fill was given {name!r}; the models have no such column.", fix="Write TABLE.COLUMN=VALUE."
    )


def read_value(text: str, column_type: ColumnType) -> ServerDefault:
    """Read a value of a type; `sql:EXPRESSION` is an expression.

    Raises:
        UsageError: the text is no such value.
    """
    if text.startswith("sql:"):
        return Sql(text.removeprefix("sql:"))
    kind = column_type.kind
    try:
        if kind in ("smallint", "integer", "bigint"):
            return int(text)
        if kind == "float":
            return float(text)
        if kind == "decimal":
            return Decimal(text)
        if kind == "boolean":
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
                text.lower()
            ]
        if kind == "date":
            return date.fromisoformat(text)
        if kind == "datetime":
            return datetime.fromisoformat(text)
        if kind == "time":
            return time.fromisoformat(text)
        if kind == "duration":
            return timedelta(seconds=float(text))
        if kind == "uuid":
            return uuid.UUID(text)
        if kind in ("json", "array"):
            json.loads(text)
    except (ValueError, KeyError, InvalidOperation) as error:
        raise UsageError(f"{text!r} is no value of type {column_type}.") from error
    return text


def _ask_rename(old: str, new: str) -> bool:
    return click.confirm(f"{old} went and {new} came. Is it the same under another name?", err=True)


def _ask_fill(table: Table, column: Column) -> ServerDefault:
    click.echo(
        f"The column {table.full_name}.{column.name} ({column.type}) is required. "
        "Which value do rows get that are there? Empty stops.",
        err=True,
    )
    while True:
        text = click.prompt("value", default="", show_default=False, err=True)
        if not text:
            return None
        try:
            return read_value(text, column.type)
        except UsageError as error:
            click.echo(str(error), err=True)
