"""Rows of a database as JSON, out and in: keys stay, relations come in order, a second load changes nothing.

One row stands on one line, so that large files are read and written piece by piece
and differences are readable. Bytes are `base64:...`; decimals, dates, UUIDs and
addresses are text, durations microseconds, JSON columns JSON. What a row refers to
in a table that is not there yet, or in its own, is filled in at the end.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any

from asok_engine.errors import UsageError
from asok_engine.migrations.link import Link
from asok_engine.sql.fulltext import quoted
from asok_engine.sql.tables import Table, in_order_of_reference
from asok_engine.sql.types import ColumnType

__all__ = ["dump_rows", "from_json", "load_rows", "to_json"]

_BATCH = 200


def dump_rows(
    link: Link,
    tables: Iterable[Table],
    output: IO[str],
    *,
    tell: Callable[[str, int], None] = lambda name, count: None,
) -> int:
    """Write every row of tables, seen at one moment, and give how many; `tell` gets "
    "table and count so far."""
    total = 0
    output.write("[")
    with link.transaction(isolation="snapshot"):
        for table in in_order_of_reference(tables)[0]:
            columns = [column for column in table.columns if not column.computed]
            names = ", ".join(_quoted(column.name, link) for column in columns)
            order = ", ".join(_quoted(name, link) for name in table.primary_key)
            count = 0
            for row in link.stream(f"SELECT {names} FROM {_name(table, link)} ORDER BY {order}"):
                values = {
                    column.name: to_json(value, column.type)
                    for column, value in zip(columns, row, strict=True)
                }
                line = json.dumps(
                    {"table": table.full_name, "row": values}, ensure_ascii=False, allow_nan=False
                )
                output.write(f"{',' if total else ''}\n{line}")
                total += 1
                count += 1
                if count % 1000 == 0:
                    tell(table.full_name, count)
            tell(table.full_name, count)
    output.write("\n]\n")
    return total


def load_rows(
    link: Link,
    tables: Iterable[Table],
    lines: Iterable[str],
    *,
    tell: Callable[[str, int], None] = lambda name, count: None,
) -> int:
    """Insert rows, or update those whose key is there; all or none. Gives how many rows were read.

    Raises:
        UsageError: a line is no row, or names a table or a column that is not there.
    """
    known = {table.full_name: table for table in tables}
    ordered, late = in_order_of_reference(known.values())
    postponed = {
        (table.full_name, column)
        for table, key in [*late, *((table, key) for table in ordered for key in table.foreign_keys)]
        for column in key.columns
        if (table, key) in late or key.target_full_name == table.full_name
        if table.column(column).nullable
    }
    later: list[tuple[Table, dict[str, Any]]] = []
    seen: set[str] = set()
    total = 0
    with link.transaction():
        for table, rows in _batches(lines, known):
            seen.add(table.full_name)
            first: list[dict[str, Any]] = []
            for row in rows:
                held = {
                    name: row[name]
                    for name in row
                    if (table.full_name, name) in postponed and row[name] is not None
                }
                if held:
                    key = {name: row[name] for name in table.primary_key}
                    later.append((table, {**key, **held}))
                first.append({**row, **dict.fromkeys(held)})
            _put(link, table, first)
            total += len(rows)
            tell(table.full_name, total)
        for table, row in later:
            _update(link, table, row)
        for name in seen:
            _set_counter(link, known[name])
    return total


def _batches(lines: Iterable[str], known: dict[str, Table]) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    table: Table | None = None
    rows: list[dict[str, Any]] = []
    for name, row in _read(lines):
        found = known.get(name)
        if found is None:
            raise UsageError(f"The file has rows of {name!r}; this database has no such table.")
        unknown = [each for each in row if not found.has_column(each)]
        missing = [each for each in found.primary_key if each not in row]
        if unknown or missing:
            what = (
                f"the column {unknown[0]!r}, which is not there"
                if unknown
                else f"no {missing[0]!r}, which is its key"
            )
            raise UsageError(f"A row of {name!r} has {what}: {json.dumps(row)[:120]}")
        if table is not None and (found is not table or len(rows) == _BATCH or set(row) != set(rows[0])):
            yield table, rows
            rows = []
        table = found
        rows.append(row)
    if table is not None and rows:
        yield table, rows


def _read(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        text = line.strip().lstrip("[").rstrip("]").strip().rstrip(",")
        if not text:
            continue
        try:
            found = json.loads(text)
            yield found["table"], dict(found["row"])
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"Line {number} is no row: {text[:80]!r}.",
                fix='Each line is {"table": "users", "row": {"id": 1, ...}}, as asok db dump writes it.',
            ) from error


def _put(link: Link, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    there = _existing(link, table, rows)
    for row in rows:
        key = tuple(_comparable(row[name]) for name in table.primary_key)
        if key in there:
            _update(link, table, row)
        else:
            names = list(row)
            columns = ", ".join(_quoted(name, link) for name in names)
            holes = ", ".join(f":v{number}" for number in range(len(names)))
            link.execute(
                f"INSERT INTO {_name(table, link)} ({columns}) VALUES ({holes})", _values(row, table, link)
            )


def _existing(link: Link, table: Table, rows: Sequence[dict[str, Any]]) -> set[tuple[str, ...]]:
    key = [table.column(name) for name in table.primary_key]
    parameters: dict[str, Any] = {}
    conditions: list[str] = []
    for row in rows:
        parts = []
        for column in key:
            hole = f"k{len(parameters)}"
            parameters[hole] = from_json(row[column.name], column.type, link.dialect)
            parts.append(f"{_quoted(column.name, link)} = :{hole}")
        conditions.append(f"({' AND '.join(parts)})")
    names = ", ".join(_quoted(column.name, link) for column in key)
    found = link.execute(
        f"SELECT {names} FROM {_name(table, link)} WHERE {' OR '.join(conditions)}", parameters
    )
    return {
        tuple(_comparable(to_json(value, column.type)) for value, column in zip(row, key, strict=True))
        for row in found
    }


def _comparable(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _update(link: Link, table: Table, row: dict[str, Any]) -> None:
    changed = [name for name in row if name not in table.primary_key]
    if not changed:
        return
    holes = {name: f":v{number}" for number, name in enumerate(row)}
    sets = ", ".join(f"{_quoted(name, link)} = {holes[name]}" for name in changed)
    where = " AND ".join(f"{_quoted(name, link)} = {holes[name]}" for name in table.primary_key)
    link.execute(f"UPDATE {_name(table, link)} SET {sets} WHERE {where}", _values(row, table, link))


def _values(row: dict[str, Any], table: Table, link: Link) -> dict[str, Any]:
    return {
        f"v{number}": from_json(value, table.column(name).type, link.dialect)
        for number, (name, value) in enumerate(row.items())
    }


def _set_counter(link: Link, table: Table) -> None:
    """Make PostgreSQL count on from the largest key; the others do so by themselves."""
    if link.dialect != "postgresql":
        return
    for column in table.columns:
        if column.autoincrement:
            name, counted = _name(table, link), _quoted(column.name, link)
            link.execute(
                f"SELECT setval(pg_get_serial_sequence(:name, :counted), greatest(max({counted}), 1), "
                f"max({counted}) IS NOT NULL) FROM {name}",
                {"name": name, "counted": column.name},
            )


def to_json(value: Any, column_type: ColumnType) -> Any:
    """Give the JSON form of what a driver gives for a column of a type."""
    kind = column_type.kind
    if value is None:
        return None
    if isinstance(value, bytes | bytearray | memoryview):
        return f"base64:{base64.b64encode(bytes(value)).decode()}"
    if kind == "boolean":
        return bool(value)
    if kind == "json":
        return json.loads(value) if isinstance(value, str) else value
    if kind == "array":
        assert column_type.item is not None
        items = json.loads(value) if isinstance(value, str) else value
        return [to_json(item, column_type.item) for item in items]
    if kind == "decimal":
        return str(Decimal(str(value)).quantize(Decimal(1).scaleb(-column_type.scale)))
    if kind == "datetime":
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return moment.isoformat(timespec="microseconds")
    if kind == "duration":
        return value // timedelta(microseconds=1) if isinstance(value, timedelta) else int(value)
    if isinstance(value, timedelta):
        # How MySQL's driver gives a time of day.
        value = (datetime.min + value).time()
    if isinstance(value, date | time):
        return value.isoformat()
    if kind == "time" and isinstance(value, str):
        return time.fromisoformat(value).isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float) else str(value)


def from_json(value: Any, column_type: ColumnType, dialect: str) -> Any:
    """Give what a driver takes for a column of a type, from its JSON form."""
    kind = column_type.kind
    if value is None:
        return None
    if isinstance(value, str) and value.startswith("base64:") and kind in ("binary", "vector"):
        return base64.b64decode(value.removeprefix("base64:"))
    if kind == "json":
        return json.dumps(value, ensure_ascii=False)
    if kind == "array":
        return _array_literal(value) if dialect == "postgresql" else json.dumps(value, ensure_ascii=False)
    if kind == "datetime":
        return datetime.fromisoformat(value)
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "time":
        # With all digits: texts of one length sort as the times do.
        return time.fromisoformat(value).isoformat(timespec="microseconds")
    if kind == "duration":
        return timedelta(microseconds=value)
    if kind == "float":
        return float(value)
    if kind == "boolean":
        return bool(value) if dialect == "postgresql" else int(value)
    return value


def _array_literal(items: Sequence[Any]) -> str:
    """Write an array as PostgreSQL reads it."""
    written = []
    for item in items:
        text = str(item).replace("\\", "\\\\").replace('"', '\\"')
        written.append("NULL" if item is None else f'"{text}"')
    return f"{{{','.join(written)}}}"


def _quoted(name: str, link: Link) -> str:
    return quoted(name, "`" if link.dialect in ("mysql", "mariadb") else '"')


def _name(table: Table, link: Link) -> str:
    name = _quoted(table.name, link)
    return f"{_quoted(table.schema, link)}.{name}" if table.schema else name
