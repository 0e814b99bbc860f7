"""The route table: from a decoded path to a route and its parameters.

Paths without parameters are one look-up in a dictionary. All others walk a tree
with one step per segment, whose cost does not depend on the number of routes;
where several branches fit, the most exact one that leads to a route wins. What a
route's methods hold is the caller's; nothing here knows requests or handlers.

Source: RFC 3986 3.3 and 6.2.2.3 (path segments, dot segments).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from asok_engine.errors import SetupError, UsageError

__all__ = ["KINDS", "Match", "Pattern", "Route", "RouteTable", "Segment", "parse_pattern"]

Convert = Callable[[str], Any]

#: Longest text that a typed parameter takes, in characters.
LONGEST_TYPED = 255

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE).fullmatch
_FLOAT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII).fullmatch
_HEX = re.compile(r"[0-9a-fA-F]+", re.ASCII).fullmatch
_SLUG = re.compile(r"[a-z0-9-]+", re.ASCII).fullmatch
_METHOD = re.compile(r"[A-Z][A-Z-]*", re.ASCII).fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f]").search


def _to_uuid(part: str) -> str | None:
    return part if len(part) == 36 and _UUID(part) else None


def _to_int(part: str) -> int | None:
    # Why isascii: digits of other scripts are digits to isdigit and to int (case 70).
    return int(part) if part.isdigit() and part.isascii() and len(part) <= LONGEST_TYPED else None


def _to_float(part: str) -> float | None:
    return float(part) if len(part) <= LONGEST_TYPED and _FLOAT(part) else None


def _to_hex(part: str) -> str | None:
    return part if len(part) <= LONGEST_TYPED and _HEX(part) else None


def _to_slug(part: str) -> str | None:
    return part if len(part) <= LONGEST_TYPED and _SLUG(part) else None


#: Kinds of a parameter, the most exact one first: this order decides between branches that all fit.
#: `str` takes any one segment and `path` one or more; these two have no check.
KINDS: dict[str, Convert | None] = {
    "uuid": _to_uuid,
    "int": _to_int,
    "float": _to_float,
    "hex": _to_hex,
    "slug": _to_slug,
    "str": None,
    "path": None,
}
_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}


class Segment(Struct, frozen=True):
    """One piece of a pattern: a literal (`kind` is "") or a parameter called `text`."""

    kind: str
    text: str

    def fits(self, part: str) -> bool:
        """Tell whether a piece of a path can stand here."""
        if not self.kind:
            return part == self.text
        convert = KINDS[self.kind]
        return bool(part) if convert is None else convert(part) is not None


class Pattern(Struct, frozen=True):
    """A parsed pattern. Two patterns of one `shape` match exactly the same paths."""

    text: str
    segments: tuple[Segment, ...]
    names: tuple[str, ...]
    shape: str


def parse_pattern(text: str) -> Pattern:
    """Parse a pattern such as `/users/[id:int]/files/[rest:path]`.

    A segment is literal text, `[name]` or `[name:kind]` with a kind of KINDS;
    `path` stands last. A pattern that ends in a slash matches only with it.
    Raises SetupError for anything else.
    """
    if not text.startswith("/"):
        raise SetupError(
            f"Route pattern {text!r} does not begin with a slash.", fix=f"Write it as {'/' + text!r}."
        )
    parts = text[1:].split("/") if text != "/" else []
    segments = []
    for position, part in enumerate(parts):
        is_last = position == len(parts) - 1
        if not part and not is_last:
            raise SetupError(
                f"Route pattern {text!r} has an empty segment.", fix="Remove the doubled slash from it."
            )
        segment = _parse_segment(part, text)
        if segment.kind == "path" and not is_last:
            raise SetupError(
                f"Route pattern {text!r} goes on after [{segment.text}:path], which takes all the rest.",
                fix="Put the catch-all last, or give it another kind.",
            )
        segments.append(segment)
    names = tuple(segment.text for segment in segments if segment.kind)
    for name in names:
        if names.count(name) > 1:
            raise SetupError(
                f"Route pattern {text!r} has two parameters called {name!r}.", fix="Rename one of them."
            )
    shape = "/" + "/".join(f"[{segment.kind}]" if segment.kind else segment.text for segment in segments)
    return Pattern(text, tuple(segments), names, shape)


def _parse_segment(part: str, pattern: str) -> Segment:
    if part in (".", ".."):
        raise SetupError(
            f"Route pattern {pattern!r} has the segment {part!r}, which clients resolve and never send.",
            fix="Write the path without it.",
        )
    if _CONTROL(part):
        raise SetupError(
            f"Route pattern {pattern!r} has a control character in it.", fix="Remove it from the name."
        )
    if "[" not in part and "]" not in part:
        return Segment("", part)
    name, colon, kind = part[1:-1].partition(":")
    if part[0] != "[" or part[-1] != "]" or not name.isidentifier() or not name.isascii():
        raise SetupError(
            f"Segment {part!r} of route pattern {pattern!r} is neither literal text nor a parameter.",
            fix="A parameter is the whole segment: [name] or [name:kind], with a Python name.",
        )
    if not colon:
        kind = "str"
    elif kind not in KINDS:
        raise SetupError(
            f"Parameter {part!r} of route pattern {pattern!r} has the unknown kind {kind!r}.",
            fix=f"Known kinds are {', '.join(sorted(KINDS))}.",
        )
    return Segment(kind, name)


class Route:
    """A pattern, and what answers each method there.

    `methods` maps upper-case names to endpoints that this table never looks into;
    `allowed_methods` is what a 405 or an OPTIONS answer lists: HEAD comes with GET
    and OPTIONS always. `source` says where the route comes from, for messages.
    """

    __slots__ = ("allowed_methods", "methods", "names", "pattern", "segments", "source", "sources")

    def __init__(self, pattern: Pattern, source: str) -> None:
        self.pattern = pattern.text
        self.segments = pattern.segments
        self.names = pattern.names
        self.source = source
        self.methods: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.allowed_methods: tuple[str, ...] = ()

    def answer(self, methods: Mapping[str, Any], source: str) -> None:
        """Add endpoints by method; raises SetupError when one of them is taken."""
        for name, endpoint in methods.items():
            if not _METHOD(name):
                raise SetupError(
                    f"Method {name!r} of route {self.pattern!r} ({source}) is no method name.",
                    fix="Write it in capitals, such as GET.",
                )
            if name in self.methods:
                raise SetupError(
                    f"{name} {self.pattern} is defined twice: in {self.sources[name]} and in {source}.",
                    fix="Remove or rename one of them.",
                )
            self.methods[name] = endpoint
            self.sources[name] = source
        implied = {"OPTIONS", "HEAD"} if "GET" in self.methods else {"OPTIONS"}
        self.allowed_methods = tuple(sorted(implied.union(self.methods)))

    def __repr__(self) -> str:
        return f"<Route {self.pattern} {' '.join(self.methods)} from {self.source}>"


#: A route, and the parameters that it took from the path.
Match = tuple[Route, dict[str, Any]]


class _Node:
    """One place in the tree: the literals below it, then the parameters in order of exactness."""

    __slots__ = ("branches", "choices", "literals", "only", "rest", "route")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.branches: dict[str, _Node] = {}
        self.route: Route | None = None
        self.rest: Route | None = None
        # What the walk reads; filled by `freeze`. `only` is the one choice where
        # nothing else below can fit, so that the walk need not come back.
        self.choices: tuple[tuple[Convert | None, _Node], ...] = ()
        self.only: tuple[Convert | None, _Node] | None = None

    def below(self, segment: Segment) -> _Node:
        nodes, key = (self.branches, segment.kind) if segment.kind else (self.literals, segment.text)
        return nodes.setdefault(key, _Node())

    def freeze(self) -> None:
        waiting = [self]
        while waiting:
            node = waiting.pop()
            kinds = sorted(node.branches, key=_RANKS.__getitem__)
            node.choices = tuple((KINDS[kind], node.branches[kind]) for kind in kinds)
            node.only = node.choices[0] if len(kinds) == 1 and node.rest is None else None
            waiting.extend(node.literals.values())
            waiting.extend(node.branches.values())


def _walk(node: _Node, parts: list[str], at: int, end: int, values: list[Any]) -> Route | None:
    while at < end:
        part = parts[at]
        at += 1
        child = node.literals.get(part)
        only = node.only
        if child is None and only is not None:
            convert, node = only
            value = part or None if convert is None else convert(part)
            if value is None:
                return None
            values.append(value)
            continue
        choices = node.choices
        if child is not None:
            if not choices and node.rest is None:
                node = child
                continue
            kept = len(values)
            found = _walk(child, parts, at, end, values)
            if found is not None:
                return found
            del values[kept:]
        if not part:
            return None
        for convert, child in choices:
            value = part if convert is None else convert(part)
            if value is not None:
                kept = len(values)
                values.append(value)
                found = _walk(child, parts, at, end, values)
                if found is not None:
                    return found
                del values[kept:]
        if node.rest is None or not parts[-1]:
            return None
        values.append("/".join(parts[at - 1 :]))
        return node.rest
    return node.route


def _words(root: _Node) -> dict[str, tuple[Route, str, Convert | None, bool]]:
    """Give the routes that are a word and one parameter, where nothing else begins with that word.

    By word: route, name and conversion of the parameter, and whether it takes all that follows.
    They are most of what is asked for, single rows and static files, and need no walk.
    """
    found: dict[str, tuple[Route, str, Convert | None, bool]] = {}
    for text, node in root.literals.items():
        if node.literals:
            continue
        if node.rest is not None and not node.choices:
            found[text] = node.rest, node.rest.names[0], None, True
        elif node.only is not None:
            convert, leaf = node.only
            if leaf.route is not None and not (leaf.literals or leaf.choices or leaf.rest):
                found[text] = leaf.route, leaf.route.names[0], convert, False
    return found


def _matcher(static: dict[str, Route], root: _Node) -> Callable[[str], Match | None]:
    get = static.get
    walk = _walk
    has_tree = bool(root.literals or root.choices or root.rest)
    words = _words(root)

    def match(path: str) -> Match | None:
        route = get(path)
        if route is not None:
            return route, {}
        # An empty or dot segment never becomes a parameter: handlers make file
        # names and addresses of them.
        if not has_tree or "//" in path:
            return None
        end = path.find("/", 1)
        way = words.get(path[1:end])
        if way is not None and end > 0 and path[0] == "/" and path[-1] != "/" and "/." not in path:
            route, name, convert, takes_all = way
            rest = path[end + 1 :]
            if takes_all or "/" not in rest:
                value = rest if convert is None else convert(rest)
                if value is not None:
                    return route, {name: value}
        parts = path.split("/")
        if parts[0] or ("/." in path and ("." in parts or ".." in parts)):
            return None
        values: list[Any] = []
        route = walk(root, parts, 1, len(parts), values)
        if route is None:
            return None
        names = route.names
        return route, {names[0]: values[0]} if len(values) == 1 else dict(zip(names, values))  # noqa: B905

    return match


class RouteTable:
    """All routes of one application.

    Fill it with `add`, close it with `compile`, ask it with `match(path)`: a pair
    of route and parameters, or None. `path` is decoded. A match says nothing of
    the method: the route's `methods` do. Per segment a literal wins over a typed
    parameter, that over an untyped one and that over a catch-all; a branch that
    leads nowhere is given up for the next one.
    """

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}
        self._is_compiled = False
        #: Find the route for a decoded path among those without parameters; None when it is not there.
        self.find_static: Callable[[str], Route | None] = self._match_too_early
        #: Find the route for a decoded path. Raises UsageError before `compile`.
        self.match: Callable[[str], Match | None] = self._match_too_early

    def add(self, pattern: str, methods: Mapping[str, Any], *, source: str) -> Route:
        """Add endpoints by method for a pattern; `source` names the place for messages.

        Two calls may share a pattern when their methods differ. Raises SetupError
        for a pattern that cannot be, for a method taken twice and for two patterns
        that match the same paths under different parameter names.
        """
        if self._is_compiled:
            raise UsageError(f"Route {pattern!r} ({source}) came after the start.", fix="Add it before.")
        parsed = parse_pattern(pattern)
        route = self._routes.get(parsed.shape)
        if route is None:
            route = Route(parsed, source)
        elif route.names != parsed.names:
            raise SetupError(
                f"Routes {route.pattern!r} ({route.source}) and {pattern!r} ({source}) match the same paths "
                "under different parameter names.",
                fix="Give their parameters the same names, or remove one route.",
            )
        route.answer(methods, source)
        self._routes[parsed.shape] = route
        return route

    def compile(self) -> None:
        """Close the table and make it ready for `match`; the second call does nothing."""
        if self._is_compiled:
            return
        static: dict[str, Route] = {}
        root = _Node()
        for shape, route in self._routes.items():
            if not route.names:
                static[shape] = route
                continue
            node = root
            for segment in route.segments:
                if segment.kind == "path":
                    node.rest = route
                    break
                node = node.below(segment)
            else:
                node.route = route
        root.freeze()
        self._is_compiled = True
        self.find_static = static.get
        self.match = _matcher(static, root)

    def _match_too_early(self, path: str) -> Any:
        raise UsageError(
            f"Path {path!r} was looked up in a route table that is not compiled.", fix="Call compile() first."
        )

    def all(self) -> tuple[Route, ...]:
        """Give every route in the order of addition."""
        return tuple(self._routes.values())

    def allowed_methods(self, path: str) -> tuple[str, ...]:
        """Give the methods that are answered at a path, in alphabetical order; none for an unknown path."""
        found = self.match(path)
        return () if found is None else found[0].allowed_methods

    def canonical(self, path: str) -> str | None:
        """Give the address to redirect to when a path only has a slash too many or too few at its end.

        The address is percent-encoded, begins with one slash and never names
        another host. None when the path is right as it is or unknown either way.
        """
        if self.match(path) is not None:
            return None
        other = path.rstrip("/") if path.endswith("/") else path + "/"
        if self.match(other) is None:
            return None
        # Why everything is quoted: browsers read a backslash as a slash, so "/\host" would leave the site.
        return quote(other, safe="/!$&'()*+,;=:@~")

    def near(self, path: str, limit: int = 5) -> list[Route]:
        """Give the routes that look most like a path that matched nothing, the nearest first.

        This compares with every route and is meant for debug pages alone.
        """
        path = path[:200].rstrip("/") or "/"
        parts = path[1:].split("/")
        scores = sorted(
            ((score, route) for score, route in self._compared(path, parts) if score >= 0.6),
            key=lambda scored: (-scored[0], scored[1].pattern),
        )
        return [route for _, route in scores[:limit]]

    def _compared(self, path: str, parts: list[str]) -> Iterator[tuple[float, Route]]:
        comparison = SequenceMatcher(autojunk=False)
        comparison.set_seq2(path)
        for route in self._routes.values():
            comparison.set_seq1(_filled(route.segments, parts))
            if comparison.real_quick_ratio() >= 0.6 and comparison.quick_ratio() >= 0.6:
                yield comparison.ratio(), route


def _filled(segments: tuple[Segment, ...], parts: list[str]) -> str:
    """Write a pattern with what was asked for in the places of its parameters, where that fits."""
    filled = []
    for position, segment in enumerate(segments):
        if segment.kind == "path":
            filled.extend(parts[position:] or [segment.text])
        elif segment.kind and position < len(parts) and segment.fits(parts[position]):
            filled.append(parts[position])
        else:
            filled.append(segment.text)
    return "/" + "/".join(filled)
