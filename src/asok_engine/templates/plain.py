"""Finds the loops of a template, and tells before a render which of them meet only plain values.

A print has to ask each value what it is: an object may know its own HTML, and a float
may be a decimal. Where a loop walks a list of the context and prints parts of its items,
all of them are looked at here first, in one function that is written for the kind of item,
for a fraction of what the questions cost. In a loop that is plain nothing is asked again.
Nobody's code is run for it: what only a property or a method could tell is not plain.
This module renders nothing and writes no template; `rewrite` and `environment` do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from keyword import iskeyword
from types import MemberDescriptorType
from typing import Any
from uuid import UUID

from asok_engine.templates.expressions import assignment, loop_head
from asok_engine.templates.markup import Markup
from asok_engine.templates.outline import Outline
from asok_engine.templates.tokens import Kind, Token

__all__ = ["MOST_LOOPS", "NO_LOOPS", "Loop", "Loops", "find_loops", "names_bound"]

#: What the engine prints as it is meant without being told; only exactly these types.
PLAIN: frozenset[type] = frozenset(
    {str, int, float, bool, type(None), Markup, date, datetime, time, timedelta, UUID}
)
#: Each combination of plain loops is a template of its own, so there are not too many of them.
MOST_LOOPS = 4
#: How many kinds of items a loop remembers.
MOST_KINDS = 64

NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
CHAIN = re.compile(r"\s*([A-Za-z_]\w*(?:\s*\.\s*[A-Za-z]\w*)*)\s*", re.ASCII)
#: A method that is called, and what it is called on: it may change what was looked at.
CALLED = re.compile(r"([A-Za-z_]\w*)(?:\s*\.\s*\w+|\s*\[[^]]*\])+\s*\(", re.ASCII)
#: What has names of its own inside, which are not those of the context.
BINDING = frozenset({"with", "macro", "call", "import", "from"})
#: What is rendered elsewhere than where it stands.
ELSEWHERE = frozenset({"macro", "call"})
OF_THE_ENGINE = frozenset({"loop", "self", "super", "caller"})

Check = Callable[[Any], bool]


def _never(_: Any) -> bool:
    return False


class Loop:
    """One loop: what of an item it prints, and which loops inside it walk a part of the item.

    A part is the name of an attribute or key, the place in an item that is taken apart,
    or None for the item itself.
    """

    __slots__ = ("_checks", "inner", "parts", "targets")

    def __init__(self, targets: list[str]) -> None:
        self.targets = targets
        self.parts: dict[str | int | None, None] = {}
        self.inner: list[tuple[str | int | None, Loop]] = []
        self._checks: dict[type, Check] = {}

    def is_plain(self, items: Any) -> bool:
        """Tell whether this loop would meet only plain values.

        Raises:
            LookupError: an item has less than is printed of it; also AttributeError.
        """
        if type(items) is not list and not _is_list(type(items)):
            return False
        if not items:
            return True
        if not self.inner and len(self.parts) == 1 and None in self.parts:
            return PLAIN.issuperset(map(type, items))
        kind = type(items[0])
        check = self._checks.get(kind)
        if check is None:
            if len(self._checks) >= MOST_KINDS:
                self._checks.clear()
            check = self._checks[kind] = self._check(kind)
        return check(items)

    def _check(self, kind: type) -> Check:
        """Write the function that looks at all items of one kind."""
        names: dict[str, Any] = {"kind": kind, "plain": PLAIN}
        tests = ["type(item) is not kind"]
        if len(self.targets) > 1:
            tests.append(f"len(item) != {len(self.targets)}")
        for part in self.parts:
            reading = _reading(kind, part)
            if not reading:
                return _never
            tests.append(f"type({reading}) not in plain")
        for number, (part, loop) in enumerate(self.inner):
            reading = _reading(kind, part)
            if not reading:
                return _never
            names[f"inner{number}"] = loop.is_plain
            tests.append(f"not inner{number}({reading})")
        lines = [
            "def check(items):",
            "    for item in items:",
            f"        if {' or '.join(tests)}:",
            "            return False",
            "    return True",
        ]
        # Nothing in this text comes from outside but the names of parts, which are identifiers.
        exec("\n".join(lines), names)  # noqa: S102
        return names["check"]  # type: ignore[no-any-return]


class Loops:
    """The loops of a template that stand in no other, each with where its list is in the context.

    `prints` gives the loop of every print that one of them speaks for.
    """

    __slots__ = ("_sources", "prints")

    def __init__(self, sources: list[tuple[list[str], Loop]], prints: Mapping[int, int]) -> None:
        self._sources = sources
        self.prints = prints

    def plain(self, context: Mapping[str, Any]) -> tuple[int, ...]:
        """Give the numbers of the loops that meet only plain values in this context."""
        plain: tuple[int, ...] = ()
        for number, (path, loop) in enumerate(self._sources):
            try:
                found = context[path[0]]
                for name in path[1:]:
                    found = _seen(found, name)
                if loop.is_plain(found):
                    plain += (number,)
            except (AttributeError, LookupError):
                continue
        return plain


NO_LOOPS = Loops([], {})


def find_loops(outline: Outline, bound: frozenset[str]) -> Loops:
    """Find the loops over lists of the context, and the prints in them that they speak for.

    `bound` are the names that the template's parents give a meaning of their own (`names_bound`).
    """
    return _Finder(outline, bound).find()


def names_bound(outline: Outline) -> frozenset[str]:
    """Give the names that a template gives a meaning of its own, or calls methods of."""
    return frozenset(_assigned(outline) | _targets(outline))


def _targets(outline: Outline) -> set[str]:
    heads = [loop_head(token.body.replace("\n", " ")) for token in outline.tokens if token.name == "for"]
    return {name for head in heads if head is not None for name in head[0]}


def _assigned(outline: Outline) -> set[str]:
    names: set[str] = set()
    for token in outline.tokens:
        if token.kind not in (Kind.TAG, Kind.PRINT):
            continue
        names.update(CALLED.findall(token.body))
        if token.name == "set":
            assigned = assignment(token.body)
            names.update(NAME.findall(token.body.partition("=")[0]) if assigned is None else assigned[:1])
        elif token.name in BINDING:
            names.update(NAME.findall(token.body))
    return names


class _Finder:
    def __init__(self, outline: Outline, bound: frozenset[str]) -> None:
        self._outline = outline
        self._assigned = _assigned(outline)
        self._bound = bound | self._assigned | _targets(outline) | OF_THE_ENGINE
        #: The tags around the present token that matter: where each ends, its loop (None when it
        #: is not understood) and the number of the outermost loop around it.
        self._open: list[tuple[int, list[str], Loop | None, int]] = []
        self._sources: list[tuple[list[str], Loop]] = []
        self._prints: dict[int, int] = {}

    def find(self) -> Loops:
        for index, token in enumerate(self._outline.tokens):
            while self._open and self._open[-1][0] <= index:
                self._open.pop()
            if token.kind is Kind.PRINT:
                self._print(index, token)
            elif token.name == "for":
                self._loop(index, token)
            elif token.name in ELSEWHERE or (token.name == "block" and self._open):
                # Why blocks in loops: another template may have one of the name instead.
                self._open.append((self._outline.close_of[index], [], None, 0))
        return Loops(self._sources, self._prints)

    def _around(self, root: str) -> tuple[Loop | None, list[str], int] | None:
        """Find the loop that a name is the item of; None when it is none's."""
        for _, targets, loop, number in reversed(self._open):
            if root in targets:
                return loop, targets, number
            if not targets:
                return None, targets, number
        return None

    def _print(self, index: int, token: Token) -> None:
        if (path := _path(token.body)) is None or (around := self._around(path[0])) is None:
            return
        loop, targets, number = around
        part = _part(path, targets)
        if loop is not None and part is not False:
            loop.parts[part] = None
            self._prints[index] = number

    def _loop(self, index: int, token: Token) -> None:
        loop, number = None, 0
        head = loop_head(token.body.replace("\n", " "))
        targets = [] if head is None else head[0]
        path = None if head is None or "recursive" in token.body.split() else _path(head[1])
        if path is not None and self._assigned.isdisjoint(targets):
            around = self._around(path[0])
            if around is not None:
                outer, names, number = around
                part = _part(path, names)
                if outer is not None and part is not False:
                    loop = Loop(targets)
                    outer.inner.append((part, loop))
            elif path[0] not in self._bound and len(self._sources) < MOST_LOOPS:
                loop, number = Loop(targets), len(self._sources)
                self._sources.append((path, loop))
        self._open.append((self._outline.close_of[index], targets, loop, number))


def _path(expression: str) -> list[str] | None:
    found = CHAIN.fullmatch(expression)
    return None if found is None else [name.strip() for name in found[1].split(".")]


def _part(path: list[str], targets: list[str]) -> str | int | bool | None:
    """Give the part of an item that a path leads to; False when it leads further."""
    if len(targets) > 1:
        return targets.index(path[0]) if len(path) == 1 else False
    if len(path) > 2:
        return False
    return path[1] if len(path) == 2 else None


def _reading(kind: type, part: str | int | None) -> str:
    """Write how a part of an item is read without running anybody's code; "" when that cannot be."""
    if part is None:
        return "item"
    if isinstance(part, int):
        return f"item[{part}]" if kind in (tuple, list) else ""
    if kind is dict:
        return f"item[{part!r}]"
    if hasattr(kind, "__getitem__") or any("__getattribute__" in vars(base) for base in kind.__mro__[:-1]):
        return ""
    has_dict = any("__dict__" in vars(base) for base in kind.__mro__)
    in_dict = f"item.__dict__[{part!r}]" if has_dict else ""
    if iskeyword(part) or hasattr(kind, "__getattr__"):
        return in_dict
    found = next((vars(base)[part] for base in kind.__mro__ if part in vars(base)), None)
    if found is None or type(found) is MemberDescriptorType:
        return f"item.{part}"
    if hasattr(type(found), "__set__") or hasattr(type(found), "__delete__"):
        return ""
    return in_dict if hasattr(type(found), "__get__") else f"item.{part}"


def _seen(owner: Any, name: str) -> Any:
    """Read a part of something as a part of an item is read."""
    reading = _reading(type(owner), name)
    if not reading:
        raise LookupError(name)
    if type(owner) is dict:
        return owner[name]
    return getattr(owner, name) if reading == f"item.{name}" else vars(owner)[name]


def _is_list(kind: type) -> bool:
    """Tell whether a kind is that of lists or tuples, or is walked and read just as a list."""
    return kind in (list, tuple) or (
        issubclass(kind, list)
        and kind.__iter__ is list.__iter__
        and kind.__getitem__ is list.__getitem__
        and kind.__len__ is list.__len__
    )
