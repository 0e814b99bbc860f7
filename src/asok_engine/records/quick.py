"""The quick way from a record to the columns of an insert, by one generated function per model.

Most values are what they should be already. The function tests that with plain
comparisons and gives the row; whatever it is not sure of it gives None for, and the
record goes the careful way, which coerces, checks and reports. So nothing is decided
here that `changes.checked` would decide otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from asok_engine.records.description import Description

__all__ = ["QuickRow", "quick_row"]

#: From a record's values to the columns of all fields but the counted one, or None.
QuickRow = Callable[[dict[str, Any]], "list[Any] | None"]

#: What the tests of fields may name.
_NAMES = {"datetime": datetime, "date": date, "UTC": UTC, "UUID": UUID, "Decimal": Decimal}


def quick_row(description: Description) -> QuickRow | None:
    """Generate the function for a model; None for one whose fields are worked on before they are written."""
    if description.prepares:
        return None
    names: dict[str, Any] = dict(_NAMES)
    lines = ["def quick(values):", "    try:"]
    tests: list[str] = []
    row: list[str] = []
    if description.counted:
        tests.append(f"values.get({description.counted!r}) is None")
    for place, field in enumerate(description.fields.values()):
        if field.name == description.counted:
            continue
        value = f"v{place}"
        lines.append(f"        {value} = values[{field.name!r}]")
        test = field.quick_test(value)
        if test is None:
            # A kind without a test is coerced in place; its problem is told on the careful way.
            names[f"clean{place}"] = field.clean
            lines.append(f"        values[{field.name!r}] = {value} = clean{place}({value})")
        else:
            tests.append(f"({value} is None or {test})" if field.nullable else f"({test})")
        if field.to_column is None:
            row.append(value)
        else:
            names[f"convert{place}"] = field.to_column
            row.append(f"None if {value} is None else convert{place}({value})")
    lines += [
        "        pass",
        "    except (KeyError, ValueError):",
        "        return None",
        f"    if {' and '.join(tests) or 'True'}:",
        f"        return [{', '.join(row)}]",
        "    return None",
    ]
    # Nothing in this text comes from outside: names of fields stand in it as quoted literals.
    exec("\n".join(lines), names)  # noqa: S102
    made: QuickRow = names["quick"]
    return made
