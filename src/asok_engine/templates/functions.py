"""The functions that every template can call, and those that no template ever can.

Each is a plain function: a template reaches no class through it, and so no method of
a class. `range` and `dict` are the engine's own; its `range` stops at 100 000 items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = ["FORBIDDEN", "FUNCTIONS"]

_NEVER = """
breakpoint compile delattr eval exec getattr globals help input locals memoryview object open setattr type
vars __import__ __builtins__
"""

FORBIDDEN = frozenset(_NEVER.split())


def _len(value: Any) -> int:
    return len(value)


def _str(value: object = "") -> str:
    return str(value)


def _int(value: Any = 0, base: int | None = None) -> int:
    return int(value) if base is None else int(value, base)


def _float(value: Any = 0.0) -> float:
    return float(value)


def _list(value: Iterable[Any] = ()) -> list[Any]:
    return list(value)


def _bool(value: object = False) -> bool:
    return bool(value)


def _enumerate(value: Iterable[Any], start: int = 0) -> list[tuple[int, Any]]:
    return list(enumerate(value, start))


def _abs(value: Any) -> Any:
    return abs(value)


def _min(*values: Any, **options: Any) -> Any:
    return min(*values, **options)


def _max(*values: Any, **options: Any) -> Any:
    return max(*values, **options)


def _sum(values: Iterable[Any], start: Any = 0) -> Any:
    return sum(values, start)


def _sorted(values: Iterable[Any], reverse: bool = False) -> list[Any]:
    return sorted(values, reverse=reverse)


def _reversed(values: Sequence[Any]) -> list[Any]:
    return list(reversed(values))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": _abs,
    "bool": _bool,
    "enumerate": _enumerate,
    "float": _float,
    "int": _int,
    "len": _len,
    "list": _list,
    "max": _max,
    "min": _min,
    "reversed": _reversed,
    "sorted": _sorted,
    "str": _str,
    "sum": _sum,
}
