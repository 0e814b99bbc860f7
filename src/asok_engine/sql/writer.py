"""Writes statements: the only place, beside metadata, where SQLAlchemy's elements are made.

A writer makes one text for one dialect. Expressions ask it for columns and
parameters; it counts the parameters, so that the compiled text can say where each
value goes. SQLAlchemy is imported when the first writer is made, and never when a
shape is known.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from types import ModuleType
from typing import Any, cast

from asok_engine.errors import InputError
from asok_engine.sql.compiler import Decode, Returns, Template
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.metadata import DialectName, sqlalchemy_dialect, sqlalchemy_type
from asok_engine.sql.sources import Source
from asok_engine.sql.types import ColumnType

__all__ = ["Encode", "Writer", "glob_of_like"]

Encode = Callable[[Any], Any]


@functools.cache
def _sqlalchemy() -> ModuleType:
    import sqlalchemy

    return sqlalchemy


@functools.cache
def _compiling_dialect(name: DialectName, style: str) -> Any:
    """Give SQLAlchemy's dialect with our parameter style, without a driver."""
    plain: Any = sqlalchemy_dialect(name)
    made = type(plain)(paramstyle=style)
    for attribute in ("server_version_info", "is_mariadb"):
        if getattr(plain, attribute, None):
            setattr(made, attribute, getattr(plain, attribute))
    return made


class Writer:
    """Writes one statement for one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.sa = _sqlalchemy()
        self._encoders: list[Encode | None] = []
        self._tables: dict[Hashable, Any] = {}

    def table(self, source: Source) -> Any:
        """Give SQLAlchemy's table of a source."""
        made = self._tables.get(source.key)
        if made is None:
            name = cast("DialectName", self.dialect.spelling)
            columns = [
                self.sa.column(each.name, sqlalchemy_type(each.type, name)) for each in source.table.columns
            ]
            # What full-text search keeps beside the columns of the model.
            columns += [self.sa.column(each.name) for each in source.table.full_texts]
            if source.table.full_texts:
                columns.append(self.sa.column("rowid"))
            made = self.sa.table(source.table.name, *columns, schema=source.table.schema or None)
            made = made.alias(source.alias) if source.alias else made
            self._tables[source.key] = made
        return made

    def column(self, source: Source, name: str) -> Any:
        """Give a column of a source."""
        return self.table(source).c[name]

    def parameter(self, type_: ColumnType | None, is_free: bool = False, encode: Encode | None = None) -> Any:
        """Give the next parameter; a free one names its type to the database where that matters.

        Its values are encoded by `encode`, or as the dialect encodes the type.

        Raises:
            InputError: the database takes no more of them (422).
        """
        if len(self._encoders) >= self.dialect.max_parameters:
            # Why here: to write a text of so many places takes seconds, and the driver refuses it.
            raise InputError(
                f"A statement has more values than the {self.dialect.max_parameters} that a database takes.",
                status=422,
                fix="Ask for fewer at once, or for the rows of another query.",
            )
        made = self.sa.bindparam(f"p{len(self._encoders)}")
        if encode is None and type_ is not None:
            encode = self.dialect.encoder(type_)
        self._encoders.append(encode)
        if is_free and type_ is not None and self.dialect.needs_typed_parameters:
            return self.sa.cast(made, self.sqlalchemy_type(type_))
        return made

    def parameter_list(self, type_: ColumnType) -> Any:
        """Give the next parameter, a list; for a dialect with a `list_encoder` of this type."""
        made = self.sa.bindparam(f"p{len(self._encoders)}")
        self._encoders.append(self.dialect.list_encoder(type_))
        # Why text: a cast to a length would cut what is too long instead of refusing it.
        item = self.sa.Text() if type_.kind in ("string", "enum") else self.sqlalchemy_type(type_)
        return self.sa.cast(self.sa.cast(made, self.sa.Text()), self.sa.ARRAY(item))

    def sqlalchemy_type(self, type_: ColumnType) -> Any:
        """Give SQLAlchemy's type of a column type."""
        return sqlalchemy_type(type_, cast("DialectName", self.dialect.spelling))

    def like(self, left: Any, escape: str | None, ignore_case: bool) -> Any:
        """Match the next parameter as a pattern, telling upper from lower case or not."""
        if ignore_case:
            if self.dialect.has_ilike:
                return left.ilike(self.parameter(None), escape=escape)
            lower = getattr(self.sa.func, self.dialect.function_names.get("lower", "lower"))
            return lower(left).like(lower(self.parameter(None)), escape=escape)
        if self.dialect.is_like_case_sensitive:
            return left.like(self.parameter(None), escape=escape)
        encode = functools.partial(glob_of_like, escape=escape or "")
        return left.op("GLOB", is_comparison=True)(self.parameter(None, encode=encode))

    def regexp(self, left: Any, ignore_case: bool) -> Any:
        """Search for the next parameter as a regular expression in the dialect's own syntax."""
        if not self.dialect.has_native_regexp:
            encode = functools.partial(self.dialect.pattern, ignore_case=ignore_case)
            return left.regexp_match(self.parameter(None, encode=encode))
        return left.regexp_match(self.parameter(None), flags="i" if ignore_case else None)

    def order(self, element: Any, is_descending: bool, nulls: str) -> Any:
        """Give a direction; where NULLS FIRST is not known, a sort by IS NULL stands in front."""
        direction = element.desc() if is_descending else element.asc()
        if not nulls:
            return direction
        if self.dialect.supports_nulls_order:
            return direction.nulls_first() if nulls == "first" else direction.nulls_last()
        emptiness = element.is_(None)
        first = emptiness.desc() if nulls == "first" else emptiness.asc()
        return self.sa.sql.elements.ClauseList(first, direction)

    def template(self, element: Any, returns: Returns, decode: Decode | None = None) -> Template:
        """Compile an element to a text with the order and the encoders of its parameters."""
        name = cast("DialectName", self.dialect.spelling)
        compiled = element.compile(dialect=_compiling_dialect(name, self.dialect.parameter_style))
        own = {f"p{number}": number for number in range(len(self._encoders))}
        order: list[int] = []
        encoders: list[tuple[int, Encode]] = []
        constants: list[Any] = []
        for place, parameter in enumerate(compiled.positiontup or ()):
            number = own.get(parameter)
            if number is None:
                # SQLAlchemy's own, such as the offset 0 that SQLite wants beside a limit.
                order.append(len(own) + len(constants))
                constants.append(compiled.params[parameter])
                continue
            if (encode := self._encoders[number]) is not None:
                encoders.append((place, encode))
            order.append(number)
        is_plain = order == list(range(len(own)))
        return Template(
            compiled.string,
            returns,
            decode,
            None if is_plain else tuple(order),
            tuple(encoders),
            tuple(constants),
        )


def glob_of_like(pattern: str, escape: str = "") -> str:
    """Translate a pattern of LIKE to one of SQLite's GLOB, which tells upper from lower case.

    `escape` is the character that makes the next one mean itself; "" for none.
    """
    made: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            character = next(characters, escape)
        elif character in "%_":
            made.append("*" if character == "%" else "?")
            continue
        made.append(f"[{character}]" if character in "*?[" else character)
    return "".join(made)
