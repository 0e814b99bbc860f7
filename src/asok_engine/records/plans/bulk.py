"""Many records at once: created, updated, inserted unless they are there, or merged into what is there.

Values are checked as in a save, and every wrong one is reported before anything is
written. All rows go in one transaction. Hooks and signals are not called.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from asok_engine.errors import DataError, UsageError
from asok_engine.records.changes import (
    checked,
    invalid,
    mark_all_inserted,
    mark_stored,
    stored_value,
    to_columns,
)
from asok_engine.records.description import Description
from asok_engine.records.errors import FieldProblem, InvalidRecord
from asok_engine.records.events import model_events
from asok_engine.records.plans.pick import only_one
from asok_engine.records.plans.save import prepared, stamp
from asok_engine.records.plans.slugs import populate
from asok_engine.records.query import Query
from asok_engine.records.record import Record, made_of
from asok_engine.records.steps import AskDialect, Atomic, Plan
from asok_engine.sql.insert import Conflict, insert_lists_shape, insert_shape

if TYPE_CHECKING:
    from asok_engine.sql.dialects.contract import Dialect

__all__ = ["bulk_create", "bulk_update", "upsert_all", "upsert_one"]

#: The most rows and parameters of one INSERT: every dialect takes them, and the text stays short.
MAX_ROWS, MAX_PARAMETERS = 256, 30_000
#: The most rows of one INSERT from lists, whose text is the same for every number.
MAX_LISTED = 4096

#: By the fields that are filled: records, and beside them the rows of their columns.
Groups = dict[tuple[str, ...], "tuple[list[Record], list[list[Any]]]"]


def bulk_create(
    description: Description,
    records: Iterable[Record | Mapping[str, Any]],
    *,
    ignore_conflicts: bool = False,
    batch_size: int = MAX_LISTED,
    database: str = "",
) -> Plan[list[Record]]:
    """Insert records, or dicts of values, in few statements; give records, with the keys that were made.

    With `ignore_conflicts`, rows that are there already are left alone; which ones is not
    known, so the records get no keys.

    Raises:
        InvalidRecord: with the problems of all records, by position: `2.title`.
    """
    items = list(records)
    if not items:
        return []
    alias = database or description.database
    groups: Groups
    is_plain = description.model.__init__ is Record.__init__
    quick = description.quick_rows if is_plain else None
    made = None if quick is None else quick(items)
    if made is None:
        rows = made_of(description.model, items)
        groups = yield from _grouped(description, rows, alias)
    else:
        rows, groups = made[0], {description.quick_names: made}
    conflict = Conflict("ignore") if ignore_conflicts else None
    dialect: Dialect = yield AskDialect(alias)
    if conflict is None:
        deed = _insert_groups(description, groups, alias, batch_size, dialect)
    else:
        deed = _insert_or(description, groups, conflict, alias)
    is_one = conflict is None and len(groups) == 1 and len(rows) <= min(batch_size, MAX_LISTED)
    is_one = is_one and all(_in_lists(description, names, dialect) for names in groups)
    try:
        yield Atomic(deed, alias, is_one_statement=is_one)
    except DataError:
        # Looked at again one by one, so that the field is named.
        _clean_rows(description, rows, description.fields.values())
        raise
    if model_events:
        keys = () if ignore_conflicts else [record.pk for record in rows]
        yield from model_events.tell(description, "created", keys, database=alias)
    return rows


def upsert_all(
    description: Description,
    records: Iterable[Record],
    *,
    unique: Sequence[str],
    update: Sequence[str] = (),
    database: str = "",
) -> Plan[list[Record]]:
    """Insert records, or update the rows that have the same values in the fields `unique`.

    `update` are the fields that are changed there, all others by default. The records
    get no keys: whether a row was made or changed is not known.
    """
    rows = list(records)
    if not rows:
        return []
    if not unique:
        raise UsageError("An upsert needs the fields that tell whether a row is there: unique=[...].")
    target = description.columns_of(unique)
    alias = database or description.database
    groups = yield from _grouped(description, rows, alias)
    fixed = {*unique, *description.key, *(field.name for field in _only_at_create(description))}

    def deed() -> Plan[None]:
        for names, group in groups.items():
            changed = description.columns_of(update or [name for name in names if name not in fixed])
            conflict = Conflict("update", target, changed) if changed else Conflict("ignore", target)
            yield from _insert_or(description, {names: group}, conflict, alias)

    yield Atomic(deed(), alias)
    if model_events:
        yield from model_events.tell(description, "updated", (), database=alias)
    return rows


def bulk_update(
    description: Description,
    records: Iterable[Record],
    names: Sequence[str],
    database: str = "",
    batch_size: int = 0,
) -> Plan[int]:
    """Write some fields of many stored records, `batch_size` at a time; give the number of rows."""
    rows = list(records)
    if not rows or not names:
        return 0
    fields = [description.own_field(name) for name in names]
    alias = database or _database_of(rows)
    for record in rows if description.stamps_at_save else ():
        stamp(record, description.stamps_at_save, is_first=False)
    fields += [field for field in description.stamps_at_save if field not in fields]
    values = yield from _checked_rows(description, rows, fields)
    wanted = tuple(field.name for field in fields)
    parameters = []
    for record, found in zip(rows, values, strict=True):
        keys = {name: stored_value(record, name) for name in description.key}
        parameters.append([*to_columns(description, found), *to_columns(description, keys)])
    shape = description.update_shape(wanted, description.key)
    size = batch_size if batch_size > 0 else len(parameters)

    def deed() -> Plan[int]:
        count = 0
        for start in range(0, len(parameters), size):
            count += yield shape.bind_many(parameters[start : start + size], alias)
        return count

    count: int = yield Atomic(deed(), alias)
    for record in rows:
        mark_stored(record, alias, wanted)
    if model_events:
        yield from model_events.tell(description, "updated", [record.pk for record in rows], wanted, alias)
    return count


def upsert_one(
    description: Description,
    values: Mapping[str, Any],
    changes: Mapping[str, Any],
    update: Sequence[str] = (),
    database: str = "",
) -> Plan[Any]:
    """Insert a record of these values and changes, or change the row that has the values; give the record.

    The values need a unique key of their own. `update` limits what is changed there.
    """
    made = description.model(**{**values, **changes})
    names = [name for name in (update or changes) if name not in values]
    unique = [
        description.relations[name].local_name if name in description.relations else name for name in values
    ]
    yield from upsert_all(description, [made], unique=unique, update=names, database=database)
    found = Query(description, database_alias=database).with_trashed().where(**values)
    return (yield from only_one(found))


def _grouped(description: Description, rows: list[Record], alias: str) -> Plan[Groups]:
    """Check the values of records and group them by the columns that they fill."""
    needs_work = description.references or description.populated or description.stamps_at_create
    for record in rows if needs_work else ():
        for relation in description.references:
            if relation.name in record.__dict__:
                relation.settle(record)
        if description.populated:
            yield from populate(record, alias)
        if description.stamps_at_create:
            stamp(record, description.stamps_at_create, is_first=True)
    quick = description.quick_row
    if quick is not None:
        made = [row for record in rows if (row := quick(record.__dict__)) is not None]
        if len(made) == len(rows):
            return {description.quick_names: (rows, made)}
    values = yield from _checked_rows(description, rows, list(description.fields.values()))
    groups: Groups = {}
    for record, found in zip(rows, values, strict=True):
        records, columns = groups.setdefault(tuple(found), ([], []))
        records.append(record)
        columns.append(to_columns(description, found))
    return groups


def _checked_rows(
    description: Description, rows: list[Record], fields: list[Any]
) -> Plan[list[dict[str, Any]]]:
    values = _clean_rows(description, rows, fields)
    if description.prepares:
        for record, found in zip(rows, values, strict=True):
            yield from prepared(description, found)
            record.__dict__.update(found)
    return values


def _clean_rows(
    description: Description, rows: list[Record], fields: Collection[Any]
) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = []
    problems: dict[str, list[FieldProblem]] = {}
    for place, record in enumerate(rows):
        try:
            values.append(checked(record, fields))
        except InvalidRecord as error:
            problems |= {f"{place}.{name}": found for name, found in error.problems.items()}
    if problems:
        raise invalid(description.name, problems)
    return values


def _insert_groups(
    description: Description,
    groups: Groups,
    alias: str,
    batch_size: int,
    dialect: Dialect,
) -> Plan[None]:
    for names, (records, rows) in groups.items():
        keys: list[Any] | None = None
        counted = description.counted if description.counted not in names else ""
        if _in_lists(description, names, dialect):
            keys = yield from _insert_lists(description, names, rows, alias, batch_size)
        elif counted:
            keys = yield from _insert_for_keys(description, names, rows, alias, batch_size)
        else:
            yield description.insert_shape(names).bind_many(rows, alias)
        if keys is not None:
            for record, key in zip(records, keys, strict=True):
                record.__dict__[counted] = key
        if names is description.quick_names:
            mark_all_inserted(description, records, rows, keys, alias)
        else:
            for record in records:
                mark_stored(record, alias)


def _insert_or(description: Description, groups: Groups, conflict: Conflict, alias: str) -> Plan[None]:
    """Insert rows, and do with one that is there what the conflict says; the database tells no keys then."""
    for names, (_, rows) in groups.items():
        shape = description.kept_shape(
            ("conflict", names, conflict),
            lambda names=names: insert_shape(  # type: ignore[misc]
                description.source, description.columns_of(names), conflict=conflict
            ),
        )
        yield shape.bind_many(rows, alias)


def _in_lists(description: Description, names: tuple[str, ...], dialect: Dialect) -> bool:
    """Tell whether rows of these fields go as one list for each column."""
    types = [description.fields[name].column_type for name in names]
    return bool(types) and all(dialect.list_encoder(type_) is not None for type_ in types)


def _insert_lists(
    description: Description,
    names: tuple[str, ...],
    rows: list[list[Any]],
    alias: str,
    batch_size: int,
) -> Plan[list[Any] | None]:
    """Insert rows, a list for each column; give the keys that the database has counted, if it counts some."""
    counted, columns = description.counted, description.columns_of(names)
    key = description.fields[counted].column if counted and counted not in names else ""
    shape = description.kept_shape(
        ("insert lists", names), lambda: insert_lists_shape(description.source, columns, key)
    )
    size = max(min(batch_size, MAX_LISTED), 1)
    keys: list[Any] = []
    for start in range(0, len(rows), size):
        part = rows if len(rows) <= size else rows[start : start + size]
        made = yield shape.bind(list(zip(*part, strict=True)), alias)
        if key:
            keys += made
    return keys if key else None


def _insert_for_keys(
    description: Description, names: tuple[str, ...], rows: list[list[Any]], alias: str, batch_size: int
) -> Plan[list[Any]]:
    """Insert rows in few statements and give the keys that the database has counted."""
    keys: list[Any] = []
    # In statements of 1, 2, 4, ... rows, so that few texts do for every number.
    most = max(min(batch_size, MAX_ROWS, MAX_PARAMETERS // max(len(names), 1)), 1)
    while len(keys) < len(rows):
        start = len(keys)
        size = 1 << (min(len(rows) - start, most).bit_length() - 1)
        flat = list(chain.from_iterable(rows[start : start + size]))
        made = yield description.insert_shape(names, size).bind(flat, alias)
        keys += range(made, made + size) if isinstance(made, int) else made
    return keys


def _database_of(records: list[Record]) -> str:
    """Give the database that stored records are of."""
    found: dict[str, None] = {}
    for record in records:
        if record._origin is None:
            raise UsageError(f"{record!r} is not in the database; a bulk update changes stored records.")
        found[record._origin.database] = None
    if len(found) > 1:
        raise UsageError(
            f"The records are of the databases {', '.join(found)}; a bulk update is of one.",
            fix="Update those of each database by themselves, or name the database.",
        )
    return next(iter(found))


def _only_at_create(description: Description) -> list[Any]:
    return [field for field in description.stamps_at_create if not field.sets_at_save]
