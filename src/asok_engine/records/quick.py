"""The quick way from records to the columns of an insert, by generated functions of each model.

Most values are what they should be already. A function tests that with plain
comparisons and gives the row; whatever it is not sure of it gives None for, and the
record goes the careful way, which coerces, checks and reports. So nothing is decided
here that `changes.checked` would decide otherwise. One function is for a record,
another makes many of them from dicts on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from asok_engine.records.description import Description
    from asok_engine.records.record import Record

__all__ = ["QuickRow", "QuickRows", "quick_row", "quick_rows"]

#: From a record's values to the columns of all fields but the counted one, or None.
QuickRow = Callable[[dict[str, Any]], "list[Any] | None"]
#: From records, and dicts of which records are made, to the records and their rows, or None.
QuickRows = Callable[[Sequence[Any]], "tuple[list[Record], list[list[Any]]] | None"]

#: What the tests of fields may name.
_NAMES = {"datetime": datetime, "date": date, "UTC": UTC, "UUID": UUID, "Decimal": Decimal}


def quick_row(description: Description) -> QuickRow | None:
    """Generate the function for a record; None for a model with fields that are worked on before a save."""
    if description.prepares:
        return None
    text = _Text(description)
    lines = [
        "def quick(values):",
        "    try:",
        *[f"        {line}" for line in text.reads],
        "    except (KeyError, ValueError):",
        "        return None",
        f"    return {text.row} if {text.test} else None",
    ]
    return text.function(lines)  # type: ignore[no-any-return]


def quick_rows(description: Description) -> QuickRows | None:
    """Generate the function for many; None for a model whose records need more than values and defaults."""
    special = (
        description.prepares,
        description.populated,
        description.stamps_at_create,
        description.made_defaults,
    )
    if any(special):
        return None
    text = _Text(description)
    text.names |= {"new": object.__new__, "model": description.model, "defaults": description.plain_defaults}
    # A dict is merged with the defaults: with every field in it and no name besides, it has this length.
    merged = [f"{name!r}: defaults[{name!r}]" for name in description.plain_defaults]
    lines = [
        "def quick(items):",
        "    records, rows = [], []",
        "    add_record, add_row = records.append, rows.append",
        "    try:",
        "        for item in items:",
        "            if type(item) is dict:",
        f"                values = {{{', '.join([*merged, '**item'])}}}",
        f"                if len(values) != {len(description.fields)}:",
        "                    return None",
        "                record = new(model)",
        "                record.__dict__ = values",
        "                record._row = record._origin = None",
        "            elif isinstance(item, model):",
        "                record, values = item, item.__dict__",
        *(
            [
                f"                if {name!r} in values:\n                    return None"
                for name in (relation.name for relation in description.references)
            ]
        ),
        "            else:",
        "                return None",
        *[f"            {line}" for line in text.reads],
        f"            if not ({text.test}):",
        "                return None",
        "            add_record(record)",
        f"            add_row({text.row})",
        "    except (KeyError, ValueError):",
        "        return None",
        "    return records, rows",
    ]
    return text.function(lines)  # type: ignore[no-any-return]


class _Text:
    """What both functions have in common: how values are read and tested, and the row that they make."""

    def __init__(self, description: Description) -> None:
        self.names: dict[str, Any] = dict(_NAMES)
        self.reads: list[str] = []
        tests: list[str] = []
        row: list[str] = []
        if description.counted:
            tests.append(f"values.get({description.counted!r}) is None")
        for place, field in enumerate(description.fields.values()):
            if field.name == description.counted:
                continue
            value = f"v{place}"
            self.reads.append(f"{value} = values[{field.name!r}]")
            test = field.quick_test(value)
            if test is None:
                # A kind without a test is coerced in place; its problem is told on the careful way.
                self.names[f"clean{place}"] = field.clean
                self.reads.append(f"values[{field.name!r}] = {value} = clean{place}({value})")
            else:
                tests.append(f"({value} is None or {test})" if field.nullable else f"({test})")
            if field.to_column is None:
                row.append(value)
            else:
                self.names[f"convert{place}"] = field.to_column
                row.append(f"None if {value} is None else convert{place}({value})")
        self.reads = self.reads or ["pass"]
        self.test = " and ".join(tests) or "True"
        self.row = f"[{', '.join(row)}]"

    def function(self, lines: list[str]) -> Any:
        # Nothing in this text comes from outside: names of fields stand in it as quoted literals.
        exec("\n".join(lines), self.names)  # noqa: S102
        return self.names["quick"]
