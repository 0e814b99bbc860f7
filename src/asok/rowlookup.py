"""Answers the rule `unique` from the models of the application.

Softly deleted rows count, because a unique constraint counts them; global scopes
hold, so that nobody learns of rows that are not theirs to see. Loaded when a rule
asks first: a project without models never needs it.
"""

from __future__ import annotations

from asok_engine.database.running import run, run_async
from asok_engine.errors import UsageError
from asok_engine.records.errors import FieldProblem, RefusedValue, UnknownName
from asok_engine.records.plans.count import exists
from asok_engine.records.query import Query
from asok_engine.records.registry import registry
from asok_engine.records.steps import Plan
from asok_engine.validation.rulebook import Question

__all__ = ["row_exists", "row_exists_async"]


def row_exists(question: Question) -> bool:
    """Tell whether a row other than the one that is edited has a value already.

    Raises:
        SetupError: there is no such model.
        UsageError: the model has no such field.
    """
    return run(_taken(question))


async def row_exists_async(question: Question) -> bool:
    """Do what `row_exists` does on an event loop."""
    return await run_async(_taken(question))


def _taken(question: Question) -> Plan[bool]:
    description = registry.get(question.model).__description__
    try:
        description.field(question.column)
    except UnknownName as error:
        raise UsageError(f"The rule unique of a form: {error.message}") from error
    query = Query(description).with_trashed()
    try:
        query = query.where_equal(question.column, question.value)
    except (FieldProblem, RefusedValue):
        # What the column could never hold is in no row.
        return False
    if question.except_key is not None:
        try:
            query = query.where(description.ref(description.key_name) != question.except_key)
        except (FieldProblem, RefusedValue):
            # Nor is a row left out by something that is no key.
            pass
    return (yield from exists(query))
