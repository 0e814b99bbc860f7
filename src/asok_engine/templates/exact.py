"""Prints decimals as they are, although the engine counts with binary floats.

The engine makes a float of every number with a point. That is right for comparing and
wrong for showing: 11.00 would be printed as 11.0. So wherever a print came to a float,
the same expression is read once more here, on the Python values, and a decimal found
there is printed instead. Prints that come to anything else never ask.
Only what is written in a small part of the language is read: names, attributes, keys,
arithmetic, choices and filters. Functions and methods are not called a second time.
This module knows no template: it gets an expression and the values of its names.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, ItemsView, Iterable, Mapping, ValuesView
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

from msgspec import Struct

from asok_engine.templates.expressions import pipeline

__all__ = ["Exact", "Source", "called", "names_read", "part_shown"]

#: How many items of a list are looked through for the decimal that a loop is at.
MOST_ITEMS = 1000
#: How far a name is followed to where it was set.
DEEPEST_SOURCES = 8
#: How far the engine's float may lie from the decimal, as a part of it.
NEAR = 1e-9

OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
CONSTANTS = {"true": True, "false": False, "none": None}
#: Parts of expressions that are read, and have no name of their own to be looked up.
WITHOUT_NAMES = (
    *(ast.Attribute, ast.Subscript, ast.UnaryOp, ast.BoolOp, ast.IfExp),
    *(ast.expr_context, ast.operator, ast.cmpop, ast.unaryop, ast.boolop),
)
#: Methods of mappings that only look.
LOOKING = frozenset({"get", "items", "values"})


class Source(Struct, frozen=True):
    """Where a name of a template comes from: an expression, or the items of one.

    `place` is the name's position among the targets of a loop; None for a single target.
    """

    expression: str
    each: bool = False
    place: int | None = None


class _NotReadableError(ValueError):
    """The expression, or a value in it, is not of the part of the language that is read here."""


class _Expression(Struct, frozen=True):
    subject: ast.expr
    filters: tuple[tuple[str, tuple[ast.expr, ...], tuple[tuple[str, ast.expr], ...]], ...]
    names: frozenset[str]


def names_read(expression: str) -> frozenset[str] | None:
    """Give the names in an expression that can be read here; None when it cannot."""
    try:
        names = _parsed(expression.strip()).names
    except _NotReadableError:
        return None
    return names or None


def called(subject: Any, name: str, /, *arguments: Any, **named: Any) -> Any:
    """Call a method of an object for printing: a decimal that it gives back arrives as text.

    Raises:
        AttributeError: there is no such method.
    """
    if isinstance(subject, str):
        # What the engine has of its own, such as a function, arrives as its name.
        raise AttributeError(f"a function of templates has no method {name!r}")  # noqa: TRY004
    result = getattr(subject, name)(*arguments, **named)
    return str(result) if isinstance(result, Decimal) else result


def part_shown(owner: Any, name: str, shown: Any) -> str | None:
    """Give the text of the decimal that an attribute or key came from; None when it was no decimal.

    Most floats that are printed are the part of something, and this answers for them at a
    sixth of what reading a whole expression costs.
    """
    try:
        value = _attribute(owner, name)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
    return str(value) if isinstance(value, Decimal) and _is_near(value, shown) else None


class Exact:
    """Reads what a print came to a float for, once more."""

    def __init__(self, filters: Mapping[str, Callable[..., Any]]) -> None:
        self._filters = filters

    def __call__(
        self,
        expression: str,
        shown: Any,
        given: Any,
        values: Mapping[str, Any],
        sources: Mapping[str, Any],
        index: Any = 0,
    ) -> Any:
        """Give the text of the decimal that `expression` comes to; None when it comes to none near `shown`.

        `given` is the context of the render, `values` has the names of the expression and of the
        expressions in `sources`, as the engine has them; `index` is where the loop around it is.
        """
        reader = _Reader(self._filters, given if isinstance(given, Mapping) else {}, values, sources, index)
        try:
            return reader.print(_parsed(expression.strip()), shown)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            return None


class _Reader:
    def __init__(
        self,
        filters: Mapping[str, Callable[..., Any]],
        given: Mapping[str, Any],
        values: Mapping[str, Any],
        sources: Mapping[str, Any],
        index: Any,
    ) -> None:
        self._filters = filters
        self._given = given
        self._values = values
        self._sources = sources
        self._index = index if isinstance(index, int) else 0
        self._depth = 0

    def print(self, expression: _Expression, shown: Any) -> Any:
        value = self.value(expression.subject)
        if not expression.filters:
            return str(value) if isinstance(value, Decimal) and _is_near(value, shown) else None
        for name, arguments, named in expression.filters:
            call = EXACT_FILTERS.get(name) or self._filters.get(name)
            if call is None:
                raise _NotReadableError(name)
            value = call(
                value,
                *(self.value(argument) for argument in arguments),
                **{key: self.value(argument) for key, argument in named},
            )
        if isinstance(value, Decimal):
            return str(value)
        return value if isinstance(value, str) else None

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=bool() | int() | str() | None as constant):
                return constant
            case ast.Constant(value=float() as constant):
                return Decimal(repr(constant))
            case ast.Name(id=name):
                return self._name(name)
            case ast.Attribute(value=owner, attr=name):
                return _attribute(self.value(owner), name)
            case ast.Subscript(value=owner, slice=key):
                return _item(self.value(owner), self.value(key))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self.value(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return OPERATORS[type(op)](self.value(left), self.value(right))
            case ast.BoolOp(op=op, values=operands):
                return self._any_or_all(operands, isinstance(op, ast.Or))
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return self.value(body if self.value(test) else otherwise)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                return COMPARISONS[type(op)](self.value(left), self.value(right))
            case ast.Call(func=ast.Attribute(value=owner, attr=name), args=arguments):
                mapping = self.value(owner)
                if not isinstance(mapping, dict) or name in mapping:
                    raise _NotReadableError(name)
                return getattr(mapping, name)(*(self.value(argument) for argument in arguments))
        raise _NotReadableError(ast.dump(node))

    def _any_or_all(self, operands: list[ast.expr], is_or: bool) -> Any:
        value = None
        for operand in operands:
            value = self.value(operand)
            if bool(value) is is_or:
                break
        return value

    def _name(self, name: str) -> Any:
        """Find the value of a name; for a float the decimal that it was made of."""
        if name in CONSTANTS:
            return CONSTANTS[name]
        value = self._values[name]
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return value
        given = self._given.get(name)
        if isinstance(given, Decimal) and _is_near(given, value):
            return given
        source = self._sources.get(name)
        if source is None or self._depth >= DEEPEST_SOURCES:
            return value
        self._depth += 1
        text, each, place = source
        found = self.value(_parsed(text).subject)
        self._depth -= 1
        for candidate in self._items(found) if each else [found]:
            exact = candidate if place is None else _at(candidate, place)
            if isinstance(exact, Decimal) and _is_near(exact, value):
                return exact
        return value

    def _items(self, found: Any) -> Iterable[Any]:
        """Give the item that the loop is at, then the others; what can be walked only once is not walked."""
        if isinstance(found, (list, tuple)):
            return [*found[self._index : self._index + 1], *found[:MOST_ITEMS]]
        if isinstance(found, (dict, set, frozenset, ItemsView, ValuesView)):
            return islice(found, MOST_ITEMS)
        return ()


def _attribute(owner: Any, name: str) -> Any:
    if name.startswith("_"):
        raise _NotReadableError(name)
    # Why dict by itself: asking whether something is a Mapping takes longer than the rest.
    is_mapping = type(owner) is dict or isinstance(owner, Mapping)
    return owner[name] if is_mapping and name in owner else getattr(owner, name)


def _item(owner: Any, key: Any) -> Any:
    if isinstance(key, str) and not hasattr(type(owner), "__getitem__"):
        return _attribute(owner, key)
    return owner[key]


def _at(item: Any, place: int) -> Any:
    return item[place] if isinstance(item, (list, tuple)) and place < len(item) else None


def _is_near(exact: Decimal, value: Any) -> bool:
    # The engine hands out a float without a fraction as an int.
    if not isinstance(value, (int, float)):
        return False
    if not exact.is_finite():
        return str(float(exact)) == str(value)
    return abs(float(exact) - value) <= NEAR * abs(value)


def _round(value: Any, precision: int = 0) -> Any:
    return round(value, precision) if isinstance(value, Decimal) else _refuse("round")


def _sum(values: Any) -> Any:
    return sum(values) if isinstance(values, (list, tuple)) else _refuse("sum")


def _map(values: Any, *, attribute: str) -> Any:
    if not isinstance(values, (list, tuple)) or "." in attribute:
        return _refuse("map")
    return [_attribute(value, attribute) for value in values]


def _refuse(name: str) -> Any:
    raise _NotReadableError(name)


#: Filters of the engine that keep a decimal exact; the engine's own would make it a float.
EXACT_FILTERS: dict[str, Callable[..., Any]] = {"abs": abs, "map": _map, "round": _round, "sum": _sum}


@lru_cache(maxsize=4096)
def _parsed(expression: str) -> _Expression:
    parts = pipeline(expression)
    if parts is None:
        raise _NotReadableError(expression)
    subject, filters = parts
    tree = _tree(subject)
    calls = []
    for name, arguments in filters:
        call = _tree(f"f({arguments})")
        if not isinstance(call, ast.Call) or any(keyword.arg is None for keyword in call.keywords):
            raise _NotReadableError(expression)
        named = tuple((str(keyword.arg), keyword.value) for keyword in call.keywords)
        calls.append((name, tuple(call.args), named))
    trees = [tree, *(a for _, positional, _ in calls for a in positional)]
    trees += [a for _, _, named in calls for _, a in named]
    names: set[str] = set()
    for part in trees:
        names |= _names(part)
    return _Expression(tree, tuple(calls), frozenset(names - CONSTANTS.keys()))


def _tree(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            # What Python thinks of a text such as "\d" is no news to who writes a template.
            warnings.simplefilter("ignore")
            # In brackets, so that an expression may go over several lines as in a template.
            return ast.parse(f"({text}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _NotReadableError(text) from error


def _names(tree: ast.expr) -> set[str]:
    """Give the names in a tree, which may hold nothing that is not read here."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name):
                if name.startswith("__") or name in ("loop", "self", "super", "caller"):
                    raise _NotReadableError(name)
                names.add(name)
            case ast.Call(func=ast.Attribute(attr=name), keywords=[]) if name in LOOKING:
                pass
            case ast.Constant(value=bool() | int() | float() | str() | None):
                pass
            case ast.BinOp(op=op) if type(op) in OPERATORS:
                pass
            case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
                pass
            case _ if isinstance(node, WITHOUT_NAMES):
                pass
            case _:
                raise _NotReadableError(ast.dump(node))
    return names
