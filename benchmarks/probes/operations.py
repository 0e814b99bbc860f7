"""One adapter of `models/` on one database: CPU microseconds of every operation, as JSON.

    python operations.py with_peewee

Run by the environment of the adapter's library, with `models/` on its path and
`DATABASE_URL` set. What an operation gives is checked before it is measured.
Objects and keys that it needs are made beforehand, outside of the clock.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import tables

SAMPLES = 6
SAMPLE_SECONDS = 0.05


class Plain:
    """Calls an adapter that is not asynchronous; no event loop exists."""

    def call(self, deed: Callable[..., Any], *arguments: Any) -> Any:
        """Call once."""
        return deed(*arguments)

    def seconds(self, deed: Callable[..., Any], calls: list[tuple[Any, ...]]) -> float:
        """Give the CPU seconds of some calls, threads included."""
        began = time.process_time()
        for arguments in calls:
            deed(*arguments)
        return time.process_time() - began


class Looped:
    """Calls an asynchronous adapter, all in one context of one event loop."""

    def __init__(self) -> None:
        try:
            import uvloop
        except ImportError:
            self.runner = asyncio.Runner()
        else:
            self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)

    def call(self, deed: Callable[..., Any], *arguments: Any) -> Any:
        """Call once."""

        async def once() -> Any:
            answer = deed(*arguments)
            return await answer if inspect.isawaitable(answer) else answer

        return self.runner.run(once())

    def seconds(self, deed: Callable[..., Any], calls: list[tuple[Any, ...]]) -> float:
        """Give the CPU seconds of some calls, threads included."""

        async def all_of_them() -> float:
            began = time.process_time()
            for arguments in calls:
                await deed(*arguments)
            return time.process_time() - began

        return self.runner.run(all_of_them())


def main(module: str) -> None:
    """Measure, and print what was found."""
    models = importlib.import_module(module).Models()
    caller: Any = Looped() if models.is_async else Plain()
    caller.call(models.open)
    found: dict[str, Any] = {}
    for name, operation in OPERATIONS.items():
        try:
            found[name] = operation(models, caller)
        except Exception as error:
            found[name] = repr(error)[:300]
    print(json.dumps(found), flush=True)
    # Why: threads of some libraries keep a process from ending.
    os._exit(0)


def _measured(
    caller: Any, deed: Callable[..., Any], arguments: Callable[[int], tuple[Any, ...]], most: int = 10_000
) -> list[float]:
    turn = iter(range(10_000_000))

    def some(count: int) -> list[tuple[Any, ...]]:
        return [arguments(next(turn)) for _ in range(count)]

    first = min(most, 10)
    caller.seconds(deed, some(first))
    once = max(1e-6, caller.seconds(deed, some(first)) / first)
    times = max(1, min(most, int(SAMPLE_SECONDS / once)))
    samples = []
    for _ in range(SAMPLES):
        calls = some(times)
        gc.collect()
        samples.append(caller.seconds(deed, calls) / times * 1e6)
    return samples


def _must_be(found: Any, wanted: Any) -> None:
    if found != wanted:
        raise RuntimeError(f"gave {found!r} instead of {wanted!r}")


def _name(models: Any, item: Any) -> Any:
    return models.name_of(item) if hasattr(models, "name_of") else item.name


def _key(models: Any, number: int) -> Any:
    return models.key(number) if hasattr(models, "key") else number


def get(models: Any, caller: Any) -> list[float]:
    """One row by its key, every time another one."""
    _must_be(_name(models, caller.call(models.get, _key(models, 5))), "item 5")
    keys = [_key(models, number * 7919 % tables.ITEMS + 1) for number in range(tables.ITEMS)]
    return _measured(caller, models.get, lambda turn: (keys[turn % tables.ITEMS],))


def of_group(models: Any, caller: Any) -> list[float]:
    """A hundred rows, as objects."""
    found = caller.call(models.of_group, 7)
    _must_be(
        {_name(models, item) for item in found},
        {f"item {n}" for n in range(7, tables.ITEMS + 1, tables.GROUPS)},
    )
    return _measured(caller, models.of_group, lambda turn: (turn % tables.GROUPS,))


def families(models: Any, caller: Any) -> list[float]:
    """A hundred parents with the ten children of each."""
    _must_be([len(children) for children in caller.call(models.families)], [10] * tables.PARENTS)
    return _measured(caller, models.families, lambda turn: ())


def insert(models: Any, caller: Any) -> list[float]:
    """One new row."""
    values = tables.new_items(1, tables.ADDED + 1)[0]
    before = len(caller.call(models.of_group, tables.ADDED + 1))
    caller.call(models.insert, dict(values))
    _must_be(len(caller.call(models.of_group, tables.ADDED + 1)), before + 1)
    return _measured(caller, models.insert, lambda turn: (dict(values),), most=400)


def update(models: Any, caller: Any) -> list[float]:
    """One field of one object that is loaded."""
    key = _key(models, 5)
    item = caller.call(models.get, key)
    caller.call(models.update, item, 7.25)
    again = caller.call(models.get, key)
    _must_be(again[3] if hasattr(models, "name_of") else again.score, 7.25)
    samples = _measured(caller, models.update, lambda turn: (item, turn + 0.75), most=400)
    caller.call(models.update, item, 2.5)
    return samples


def delete(models: Any, caller: Any) -> list[float]:
    """One object that is loaded."""
    group = tables.ADDED + 2
    caller.call(models.insert_many, tables.new_items(800, group))
    items = iter(caller.call(models.of_group, group))
    caller.call(models.delete, next(items))
    _must_be(len(caller.call(models.of_group, group)), 799)
    return _measured(caller, models.delete, lambda turn: (next(items),), most=100)


def insert_many(models: Any, caller: Any) -> list[float]:
    """A thousand new rows at once."""
    group = tables.ADDED + 3
    caller.call(models.insert_many, tables.new_items(1000, group))
    _must_be(len(caller.call(models.of_group, group)), 1000)
    rows = tables.new_items(1000, group + 1)
    return _measured(caller, models.insert_many, lambda turn: (rows,), most=3)


OPERATIONS: dict[str, Callable[[Any, Any], list[float]]] = {
    "get by key": get,
    "100 rows": of_group,
    "100 parents, 10 children each": families,
    "insert one": insert,
    "update one": update,
    "delete one": delete,
    "insert 1000": insert_many,
}

if __name__ == "__main__":
    main(sys.argv[1])
