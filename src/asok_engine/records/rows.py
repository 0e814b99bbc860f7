"""Rows to records, by one generated function per model, set of columns and dialect.

The function does nothing but unpack a row, decode the columns that need it, and
put the values into a new object. The object keeps the row that it came from: a save
compares with it, so that an assignment costs nothing and a change inside a JSON
value is seen. Records of one result know each other weakly, through the list that
they came in: a relation that was not loaded is loaded for all of them at once.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import ref

from msgspec import Struct

from asok_engine.records.fields.field import Field
from asok_engine.sql.compiler import Decode
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.types import ColumnType

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["GroupedReader", "Joined", "Kept", "Layout", "Origin", "Owners", "RecordReader", "Records"]

#: Whether attributes are set one by one before the object gets its class. Python 3.13 copies them then.
FILLS_BLANKS = sys.version_info < (3, 13)
#: From how many rows on the garbage collector waits until all of them are records.
MANY_ROWS = 100
Item = TypeVar("Item")
Decoder = Callable[[Any], Any]


class Kept:
    """An object that may have come from a row: its values, the row, and where the row came from.

    The base of every model. `_row` and `_origin` are empty until it is in the database.
    """

    __slots__ = ("__dict__", "__weakref__", "_origin", "_row")

    if TYPE_CHECKING:
        #: The row that the record was read from or written as, None while it is not in the database.
        _row: Any
        _origin: Origin | None


class Layout(Struct, eq=False):
    """The columns of a row that a record keeps: names of fields, and how each value is decoded."""

    fields: tuple[Field[Any], ...]
    decoders: tuple[Decoder | None, ...]
    #: Position of each field's value in the row.
    places: dict[str, int]

    @classmethod
    def of(cls, fields: Sequence[Field[Any]], dialect: Dialect | None = None) -> Layout:
        """Give the layout of a driver's rows, or, without a dialect, of those that a record has written."""
        decoders = tuple(
            field.from_column if dialect is None else decoder(field, dialect) for field in fields
        )
        return cls(tuple(fields), decoders, {field.name: place for place, field in enumerate(fields)})


class Records(list[Item]):
    """The records of one result; a list that can be held weakly."""

    __slots__ = ("__weakref__", "joined", "loaded", "origin")

    origin: Origin
    #: The lists of records that were joined, held so that their peers find each other.
    joined: list[Records[Any]]
    #: The records that were loaded for these, by relation, held for the same reason.
    loaded: dict[str, Records[Any]]

    def read_from(self, database: str) -> None:
        """Say that these, and the records that were joined, came from another database than their model's."""
        self.origin.database = database
        for others in getattr(self, "joined", ()):
            others.origin.database = database

    def hold(self, name: str, others: Records[Any]) -> None:
        """Keep what was loaded for a relation as long as this list."""
        if not hasattr(self, "loaded"):
            self.loaded = {}
        self.loaded[name] = others


class Owners(Struct, eq=False):
    """The records that others were loaded for, as far as somebody still holds them."""

    #: The field of the others that has the value, and the field of the owners that it comes from.
    remote_name: str
    own_name: str
    by_value: dict[Any, Callable[[], Record | None]]

    def find(self, remote_name: str, own_name: str, value: Any) -> Record | None:
        """Give the owner with a value, for a relation that leads from one field to the other."""
        kept = self.by_value.get(value)
        owner = kept() if kept is not None else None
        if owner is None or (self.remote_name, self.own_name) != (remote_name, own_name):
            return None
        origin = owner._origin
        is_whole = origin is not None and len(origin.layout.fields) == len(owner.__description__.fields)
        return owner if is_whole and owner.__dict__.get(own_name) == value else None


class Origin(Struct, eq=False):
    """Where records came from: how their rows are laid out, their database, and who came with them."""

    layout: Layout
    #: Gives the list that the records came in while somebody holds it.
    result: Callable[[], Records[Any] | None] | None
    database: str = "default"
    #: The records that these were loaded for, by a relation to many.
    owners: Owners | None = None

    def peers(self, record: Record) -> list[Record]:
        """Give the records that came in the same result, this one among them."""
        result = self.result() if self.result is not None else None
        if result is None:
            return [record]
        peers = [peer for peer in result if type(peer) is type(record)]
        return peers if any(peer is record for peer in peers) else [record]


class Joined(Struct, eq=False):
    """A to-one relation whose record stands in the same row; `reader` reads its part."""

    name: str
    reader: RecordReader


class RecordReader:
    """Reads rows as records of one model.

    A row has the columns of `fields`, then those of each joined record, then the
    `annotations`. Readers are compared by identity: the description keeps them.
    """

    def __init__(
        self,
        model: type[Record],
        fields: Sequence[Field[Any]],
        joined: Sequence[Joined] = (),
        annotations: Sequence[str] = (),
    ) -> None:
        self.model = model
        self.fields = tuple(fields)
        self.joined = tuple(joined)
        self.annotations = tuple(annotations)
        self._grouped: dict[str, GroupedReader] = {}

    @property
    def width(self) -> int:
        """How many columns a row has."""
        return len(self.fields) + sum(each.reader.width for each in self.joined) + len(self.annotations)

    @cached_property
    def blank(self) -> type[Kept] | None:
        """A class whose objects take the values of a row and become records then, None where that cannot be.

        It has no fields, so that nobody asks at each value whether one of them wants to see it, and all
        of its objects share their names.
        """
        names = (*(field.name for field in self.fields), *self.annotations)
        if not FILLS_BLANKS or not all(map(_is_plain, names)):
            return None
        blank = type("Blank", (Kept,), {})
        try:
            blank().__class__ = self.model
        except TypeError:
            # The model has slots of its own, or is also something else than a record.
            return None
        return blank

    def layout(self, dialect: Dialect) -> Layout:
        """Give the layout of a row's own part in one dialect."""
        return Layout.of(self.fields, dialect)

    def decode(self, dialect: Dialect, types: Sequence[ColumnType | None]) -> Decode:
        """Generate the function from rows to records."""
        return _Source(self, dialect, types).function()

    def grouped(self, name: str) -> GroupedReader:
        """Give the reader that also groups the records by one of its fields; always the same one."""
        reader = self._grouped.get(name)
        return reader or self._grouped.setdefault(name, GroupedReader(self, name))


class GroupedReader:
    """Reads rows as records, and as lists of those with one value of a field, by that value."""

    def __init__(self, reader: RecordReader, name: str) -> None:
        self._reader = reader
        self._name = name

    def decode(self, dialect: Dialect, types: Sequence[ColumnType | None]) -> Decode:
        """Generate the function from rows to (all records, lists by value)."""
        return _Source(self._reader, dialect, types, self._name).function()


def decoder(field: Field[Any], dialect: Dialect) -> Decoder | None:
    """Give what makes a record's value of a driver's value, None when it is the same."""
    first, second = dialect.decoder(field.column_type), field.from_column
    if first is None or second is None:
        return first or second
    return lambda value: second(first(value))


def _is_plain(name: str) -> bool:
    """Tell whether a name means the same behind a dot in a program."""
    return name.isascii() and name.isidentifier() and not iskeyword(name)


class _Source:
    """The text of one function, while it is written."""

    def __init__(
        self,
        reader: RecordReader,
        dialect: Dialect,
        types: Sequence[ColumnType | None],
        grouped_by: str = "",
    ) -> None:
        self.reader = reader
        self.grouped_by = grouped_by
        self.dialect = dialect
        self.types = types
        self.names: dict[str, Any] = {
            "new": object.__new__,
            "Records": Records,
            "Origin": Origin,
            "ref": ref,
            "all_of": chain.from_iterable,
            "is_collecting": gc.isenabled,
            "stop_collecting": gc.disable,
            "go_on_collecting": gc.enable,
        }
        self.setup: list[str] = []
        self.body: list[str] = []
        self.place = 0

    def function(self) -> Decode:
        self.names["List"] = self.reader.model.list_class
        grouping = self._grouping() if self.grouped_by else []
        target = self._record(self.reader, "o")
        row = ", ".join(f"v{place}" for place in range(self.place))
        lines = [
            "def decode(rows):",
            "    result = List()",
            "    result.origin = origin = Origin(layout_o, ref(result), alias_o)",
            *(["    result.joined = joined = []"] if self.setup else []),
            *[f"    {line}" for line in self.setup],
            "    groups, last = {}, unread" if grouping else "    add = result.append",
            # Why: it would look through all of them again and again, and find none that can go.
            f"    waits = len(rows) >= {MANY_ROWS} and is_collecting()",
            "    if waits:",
            "        stop_collecting()",
            "    try:",
            "        for row in rows:",
            f"            {row}{',' if self.place == 1 else ''} = row",
            *[f"            {line}" for line in (*grouping, *self.body)],
            f"            add({target})",
            *(["        result += all_of(groups.values())"] if grouping else []),
            "    finally:",
            "        if waits:",
            "            go_on_collecting()",
            "    return result, groups" if grouping else "    return result",
        ]
        # Nothing in this text comes from outside: names stand in it as quoted literals, or are plain words.
        exec("\n".join(lines), self.names)  # noqa: S102
        return self.names["decode"]  # type: ignore[no-any-return]

    def _grouping(self) -> list[str]:
        """Write what finds the list of a row; rows of one value often follow each other."""
        place = [field.name for field in self.reader.fields].index(self.grouped_by)
        self.names["unread"] = object()
        decode = self.reader.layout(self.dialect).decoders[place]
        if decode is not None:
            self.names["group_of"] = decode
        return [
            f"if v{place} != last:",
            f"    last = v{place}",
            f"    group = v{place}" if decode is None else f"    group = group_of(v{place})",
            "    members = groups.get(group)",
            "    if members is None:",
            "        members = groups[group] = List()",
            "    add = members.append",
        ]

    def _value(self, decode: Decoder | None) -> str:
        place, self.place = self.place, self.place + 1
        if decode is None:
            return f"v{place}"
        self.names[f"d{place}"] = decode
        if decode is bool:
            return f"None if v{place} is None else v{place} != 0"
        return f"None if v{place} is None else d{place}(v{place})"

    def _record(self, reader: RecordReader, name: str) -> str:
        """Write what makes one record; give the name of the variable that holds it."""
        layout = reader.layout(self.dialect)
        self.names |= {
            f"layout_{name}": layout,
            f"class_{name}": reader.model,
            f"alias_{name}": reader.model.__description__.database,
        }
        start = self.place
        values = {
            field.name: self._value(decode)
            for field, decode in zip(reader.fields, layout.decoders, strict=True)
        }
        if self.grouped_by and name == "o":
            values[self.grouped_by] = "group"
        inner: list[tuple[Joined, str, int, int, list[str]]] = []
        for number, each in enumerate(reader.joined):
            body, self.body = self.body, []
            first = self.place
            variable = self._record(each.reader, f"{name}_{number}")
            inner.append((each, variable, first, self.place, self.body))
            self.body = body
        for annotation in reader.annotations:
            type_ = self.types[self.place]
            values[annotation] = self._value(self.dialect.decoder(type_) if type_ else None)
        end = start + len(reader.fields)
        whole = name == "o" and not reader.joined and not reader.annotations
        origin = "origin" if name == "o" else f"origin_{name}"
        self.body += [
            *self._filled(name, reader, values),
            f"{name}._row = {'row' if whole else f'row[{start}:{end}]'}",
            f"{name}._origin = {origin}",
            *([f"{name}.__class__ = class_{name}"] if reader.blank is not None else []),
        ]
        for each, variable, first, _, body in inner:
            keys = [
                f"v{first + place}"
                for place, field in enumerate(each.reader.fields)
                if field.name in each.reader.model.__description__.key
            ]
            key = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
            self.setup += [
                f"seen_{variable} = {{}}",
                f"list_{variable} = Records()",
                f"origin_{variable} = Origin(layout_{variable}, ref(list_{variable}), alias_{variable})",
                f"list_{variable}.origin = origin_{variable}",
                f"joined.append(list_{variable})",
            ]
            self.body += [
                f"if {keys[0]} is None:",
                f"    {variable} = None",
                "else:",
                f"    {variable} = seen_{variable}.get({key})",
                f"    if {variable} is None:",
                *[f"        {line}" for line in body],
                f"        seen_{variable}[{key}] = {variable}",
                f"        list_{variable}.append({variable})",
                f"{name}.__dict__[{each.name!r}] = {variable}",
            ]
        return name

    def _filled(self, name: str, reader: RecordReader, values: dict[str, str]) -> list[str]:
        """Write what makes an object that has these values."""
        if reader.blank is None:
            pairs = ", ".join(f"{key!r}: {value}" for key, value in values.items())
            return [f"{name} = new(class_{name})", f"{name}.__dict__ = {{{pairs}}}"]
        self.names[f"blank_{name}"] = reader.blank
        return [
            f"{name} = blank_{name}()",
            *[f"{name}.{key} = {value}" for key, value in values.items()],
        ]
