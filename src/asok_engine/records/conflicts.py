"""A value that another row has already, told in the words of the model.

A database names columns, or only the constraint that was broken; a person knows
fields. What a database says of a table that is not the model's own stays as it is.
"""

from __future__ import annotations

from asok_engine.errors import UniqueError
from asok_engine.records.description import Description
from asok_engine.records.errors import FieldProblem, NotUnique

__all__ = ["not_unique"]


def not_unique(description: Description, error: UniqueError) -> NotUnique | None:
    """Give the error with the fields whose values are taken; None when it is about another table."""
    if error.table and error.table != description.table_name:
        return None
    columns = error.columns or _columns_of(description, error.constraint)
    names = [description.column_fields[name].name for name in columns if name in description.column_fields]
    problem = FieldProblem("unique", "is taken already" if len(names) == 1 else "are taken together already")
    what = " and ".join(names) or f"what {error.constraint or 'a constraint'} is about"
    return NotUnique(
        f"{description.name} cannot be saved: {what} {problem.message}.",
        problems={name: [problem] for name in names},
        table=error.table,
        columns=columns,
        constraint=error.constraint,
    )


def _columns_of(description: Description, constraint: str) -> tuple[str, ...]:
    table = description.table
    if constraint.upper() == "PRIMARY":
        return table.primary_key
    for rule in table.uniques:
        if rule.name == constraint:
            return rule.columns
    return next((index.column_names for index in table.indexes if index.name == constraint), ())
