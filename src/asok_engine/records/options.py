"""What a model says about its table beside its fields: the inner class `Meta`, and table names.

A key that is not known is an error, so that a setting of a model never lies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from asok_engine.errors import SetupError
from asok_engine.records.errors import unknown_name
from asok_engine.sql.tables import Check, Index, Unique

__all__ = ["Options", "plural", "read_options", "snake_case", "table_name"]

Constraint = Unique | Check

#: Other names that users know a key by.
_ALIASES = {"db_table": "table_name", "using": "database"}


class Options(Struct):
    """The options of a model."""

    #: "" for the model's name in plural snake_case.
    table_name: str = ""
    abstract: bool = False
    #: The order of a query that has none: field names, with `-` in front for descending.
    ordering: tuple[str, ...] = ()
    unique_together: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[Any, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    #: The fields of a key of several columns.
    primary_key: tuple[str, ...] = ()
    #: The alias of the database.
    database: str = "default"
    schema: str = ""
    #: The integer field that counts changes, for optimistic locking.
    version: str = ""
    #: A table that something else makes: migrations leave it alone.
    managed: bool = True
    #: What stands for the model where a relation names models; "" for its own name.
    morph_name: str = ""
    verbose_name: str = ""
    verbose_name_plural: str = ""
    app_label: str = ""
    #: What else a face keeps here, such as what an agent may see.
    extra: dict[str, Any] = field(default_factory=dict)


def read_options(name: str, own: type | None, attributes: Mapping[str, Any]) -> Options:
    """Read `Meta`, `__tablename__` and `__abstract__` of a model.

    Raises:
        SetupError: Meta has a key that means nothing.
    """
    options = Options()
    given = (
        {} if own is None else {key: value for key, value in vars(own).items() if not key.startswith("__")}
    )
    for key, value in given.items():
        target = _ALIASES.get(key, key)
        if target.startswith("ai_"):
            options.extra[target] = value
        elif target in options.__struct_fields__:
            setattr(options, target, _tuples(target, value))
        else:
            known = [*options.__struct_fields__, *_ALIASES]
            error = unknown_name(key, f"Meta of {name}", known, "option")
            raise SetupError(error.message, fix=error.fix)
    if "__tablename__" in attributes:
        options.table_name = attributes["__tablename__"]
    if attributes.get("__abstract__"):
        options.abstract = True
    return options


def _tuples(key: str, value: Any) -> Any:
    if key == "unique_together":
        is_one = bool(value) and all(isinstance(part, str) for part in value)
        return (tuple(value),) if is_one else tuple(tuple(part) for part in value)
    if key == "indexes":
        return tuple(each if isinstance(each, Index) else _index(each) for each in value)
    if key in ("ordering", "primary_key"):
        return (value,) if isinstance(value, str) else tuple(value)
    return tuple(value) if key == "constraints" else value


def _index(columns: Any) -> Index:
    return Index((columns,) if isinstance(columns, str) else tuple(columns))


def table_name(model_name: str) -> str:
    """Give the table of a model that names none: `BlogCategory` is kept in `blog_categories`."""
    return plural(snake_case(model_name))


def snake_case(name: str) -> str:
    """Give a name in snake_case: `BlogCategory` is `blog_category`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def plural(word: str) -> str:
    """Give the plural of an English word, by its ending alone."""
    if word.endswith("y") and word[-2:-1] not in ("a", "e", "i", "o", "u", ""):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "z", "ch", "sh")) else f"{word}s"
