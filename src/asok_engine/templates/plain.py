"""Finds the loops of a template, and tells before a render which of them meet only plain values.

A print has to ask each value what it is: an object may know its own HTML, and a float
may be a decimal. Where a loop walks a list of the context and prints parts of its items,
all of them are looked at here first, in one function that is written for the kind of item,
for a fraction of what the questions cost. In a loop that is plain nothing is asked again.
Nobody's code is run for it: what only a property or a method could tell is not plain,
and a part that is not plain is asked as ever, while the others are not.
This module renders nothing and writes no template; `rewrite` and `environment` do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from keyword import iskeyword
from threading import Lock
from types import MemberDescriptorType
from typing import Any
from uuid import UUID

from asok_engine.templates.expressions import assignment, loop_head
from asok_engine.templates.markup import Markup
from asok_engine.templates.outline import Outline
from asok_engine.templates.tokens import Kind, Token

__all__ = ["MOST_FORMS", "Loop", "Loops", "find_loops", "names_bound"]

#: What the engine prints as it is meant without being told; only exactly these types.
PLAIN: frozenset[type] = frozenset(
    {str, int, float, bool, type(None), Markup, date, datetime, time, timedelta, UUID}
)
#: How many forms a template may have.
MOST_FORMS = 32
#: How many kinds of items a loop remembers.
MOST_KINDS = 64
#: How often a loop finds out what is not plain; it takes a moment, and may find nothing.
MOST_LESSONS = 16

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
#: The name of an attribute or key, the place in an item that is taken apart, None for the item itself.
Part = str | int | None


def _never(_: Any) -> bool:
    return False


class Loop:
    """One loop: which parts of an item it prints, and which loops inside it walk a part of the item.

    A part that was once not plain is asked at every print from then on, and is looked at no more;
    `version` of the outermost loop (its `root`) counts how often that has happened.
    """

    __slots__ = ("_asked", "_checks", "_lessons", "inner", "prints", "root", "targets", "version")

    def __init__(self, targets: list[str], root: Loop | None = None) -> None:
        self.targets = targets
        self.root = root or self
        self.version = 0
        #: The places of the prints of each part, among the tokens of the template.
        self.prints: dict[Part, list[int]] = {}
        self.inner: list[tuple[Part, Loop]] = []
        self._asked: set[Part] = set()
        self._lessons = MOST_LESSONS
        self._checks: dict[type, Check] = {}

    def spoken_for(self) -> set[int]:
        """Give the prints that need no question when this loop is plain."""
        own = {place for part in self._looked_at() for place in self.prints[part]}
        return own.union(*(loop.spoken_for() for _, loop in self.inner))

    def without_idle(self) -> Loop:
        """Take out the loops inside that speak for nothing."""
        self.inner = [(part, loop.without_idle()) for part, loop in self.inner if loop.spoken_for()]
        return self

    def is_plain(self, items: Any) -> bool:
        """Tell whether what is looked at is plain in all items."""
        if type(items) is not list and not _is_list(type(items)):
            return False
        if not items:
            return True
        if not self.inner and len(self.prints) == 1 and None in self.prints:
            return PLAIN.issuperset(map(type, items))
        kind = type(items[0])
        check = self._checks.get(kind)
        if check is None:
            if len(self._checks) >= MOST_KINDS:
                self._checks.clear()
            check = self._checks[kind] = self._check(kind)
        try:
            if check(items):
                return True
        except (AttributeError, LookupError):
            pass
        return check is not _never and self._learns(kind, items)

    def _looked_at(self) -> list[Part]:
        return [part for part in self.prints if part not in self._asked]

    def _ask(self, parts: list[Part]) -> None:
        self._asked.update(parts)
        self.root.version += 1

    def _check(self, kind: type) -> Check:
        """Make the function that looks at all items of one kind."""
        if unreadable := [part for part in self._looked_at() if not _reading(kind, part)]:
            self._ask(unreadable)
        if not (parts := self._looked_at()) and not self.inner:
            return _never
        return self._written(kind, parts, self.inner)

    def _learns(self, kind: type, items: Any) -> bool:
        """Find out which parts are not plain; tell whether the rest is."""
        self._lessons -= 1
        if self._lessons < 0 or not _holds(self._written(kind, [], []), items):
            return False
        # Why also when nothing is found: another thread may have found it a moment ago.
        self._checks.clear()
        parts = self._looked_at()
        strange = [part for part in parts if not _holds(self._written(kind, [part], []), items)]
        if not strange:
            return False
        self._ask(strange)
        return self.is_plain(items)

    def _written(self, kind: type, parts: list[Part], inner: list[tuple[Part, Loop]]) -> Check:
        names: dict[str, Any] = {"kind": kind, "plain": PLAIN}
        tests = ["type(item) is not kind"]
        if len(self.targets) > 1:
            tests.append(f"len(item) != {len(self.targets)}")
        tests += [f"type({_reading(kind, part)}) not in plain" for part in parts]
        for number, (part, loop) in enumerate(inner):
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

    `prints` are all that they may speak for. A form is a number for those that need no
    question in a certain context; each is a template of its own for the engine.
    """

    def __init__(self, sources: list[tuple[list[str], Loop]]) -> None:
        self._sources = [(path[0], path[1:], loop) for path, loop in sources]
        self.prints = frozenset[int]().union(*(loop.spoken_for() for _, loop in sources))
        self._forms: dict[tuple[int, ...], int] = {}
        self._spoken_for: list[frozenset[int]] = []
        self._lock = Lock()

    def form(self, context: Mapping[str, Any]) -> int | None:
        """Give the form for a context; None when every print has to ask."""
        plain: tuple[int, ...] = ()
        for number, (root, path, loop) in enumerate(self._sources):
            try:
                found = context[root]
                for name in path:
                    found = _seen(found, name)
            except (AttributeError, LookupError):
                continue
            if loop.is_plain(found):
                # Why the version is read after: later ones only ask more.
                plain += (number, loop.version)
        return (self._forms.get(plain) or self._new_form(plain)) if plain else None

    def spoken_for(self, form: int | None) -> frozenset[int]:
        """Give the prints that need no question in a form."""
        known = form is not None and 0 < form <= len(self._spoken_for)
        return self._spoken_for[form - 1] if known and form else frozenset()

    def _new_form(self, plain: tuple[int, ...]) -> int | None:
        with self._lock:
            if plain not in self._forms and len(self._forms) < MOST_FORMS:
                loops = [self._sources[number][2] for number in plain[::2]]
                self._spoken_for.append(frozenset[int]().union(*(loop.spoken_for() for loop in loops)))
                self._forms[plain] = len(self._spoken_for)
            return self._forms.get(plain)


def _holds(check: Check, items: Any) -> bool:
    try:
        return check(items)
    except (AttributeError, LookupError):
        return False


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
        #: The tags around the present token that matter: where each ends, and its loop (None
        #: when it is not understood) with its targets.
        self._open: list[tuple[int, list[str], Loop | None]] = []
        self._sources: list[tuple[list[str], Loop]] = []

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
                self._open.append((self._outline.close_of[index], [], None))
        return Loops([(path, loop.without_idle()) for path, loop in self._sources if loop.spoken_for()])

    def _around(self, root: str) -> tuple[list[str], Loop | None] | None:
        """Find the loop that a name is the item of; None when it is none's."""
        for _, targets, loop in reversed(self._open):
            if root in targets:
                return targets, loop
            if not targets:
                return targets, None
        return None

    def _print(self, index: int, token: Token) -> None:
        if (path := _path(token.body)) is None or (around := self._around(path[0])) is None:
            return
        targets, loop = around
        part = _part(path, targets)
        if loop is not None and part is not False:
            loop.prints.setdefault(part, []).append(index)

    def _loop(self, index: int, token: Token) -> None:
        loop = None
        head = loop_head(token.body.replace("\n", " "))
        targets = [] if head is None else head[0]
        path = None if head is None or "recursive" in token.body.split() else _path(head[1])
        if path is not None and self._assigned.isdisjoint(targets):
            around = self._around(path[0])
            if around is not None:
                part = _part(path, around[0])
                if around[1] is not None and part is not False:
                    loop = Loop(targets, around[1].root)
                    around[1].inner.append((part, loop))
            elif path[0] not in self._bound:
                loop = Loop(targets)
                self._sources.append((path, loop))
        self._open.append((self._outline.close_of[index], targets, loop))


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


def _reading(kind: type, part: Part) -> str:
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
