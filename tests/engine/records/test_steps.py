"""Steps are plain values that say where they run."""

from __future__ import annotations

import pytest

from asok_engine.records.steps import AfterCommit, AskDialect, Atomic, Call, Compute, Plan, Stream
from asok_engine.sql.statements import Statement


def test_steps_speak_of_the_default_database_unless_told() -> None:
    """A step without an alias belongs to the only database that most projects have."""

    def nothing() -> Plan[None]:
        yield AfterCommit(print)

    assert Atomic(nothing()).database == AskDialect().database == AfterCommit(print).database == "default"
    assert Atomic(nothing()).writes
    assert not Atomic(nothing()).isolation


def test_plans_nest_by_yield_from() -> None:
    """An inner plan's steps go through to whoever drives, its result comes back in place."""

    def inner() -> Plan[int]:
        rows = yield Statement()
        return len(rows)

    def outer() -> Plan[int]:
        first = yield from inner()
        second = yield Compute(pow, (2, 3))
        third = yield Call(print)
        return first + second + third

    plan = outer()
    assert isinstance(plan.send(None), Statement)
    assert plan.send(["a", "b"]).function is pow
    assert plan.send(8).function is print
    with pytest.raises(StopIteration) as end:
        plan.send(100)
    assert end.value.value == 110
    assert Stream(Statement()).size == 500
