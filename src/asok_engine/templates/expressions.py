"""Reads the expressions inside prints and tags just far enough to rewrite around them.

It never evaluates and never builds a tree: it tells where one argument ends and the
next begins, whether a `set` assigns, and whether a print is a plain chain such as
`user.name|upper`. What it cannot classify it calls complex, which is always safe.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import pairwise

from msgspec import Struct

__all__ = [
    "Printing",
    "assignment",
    "assigns",
    "classify",
    "concatenated",
    "has_filter",
    "loop_head",
    "method_call",
    "modifiers",
    "pipeline",
    "with_commas",
]

PIECE = re.compile(
    r"""(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)"""
    r"|(?P<name>[^\W\d]\w*)|(?P<op>\*\*|//|==|!=|<=|>=|\S)",
    re.DOTALL,
)
JOINING_WORDS = frozenset({"and", "or", "not", "in", "is", "if", "else"})
BRACKETS = {"(": ")", "[": "]", "{": "}"}

#: Names whose results are text made by the engine itself, so that nothing has to be asked of them.
ENGINE_ROOTS = frozenset({"super", "caller", "self"})


class _Piece(Struct, frozen=True):
    kind: str
    text: str
    start: int
    end: int

    @property
    def ends_operand(self) -> bool:
        return (
            self.kind in ("string", "number")
            or (self.kind == "name" and self.text not in JOINING_WORDS)
            or self.text in (")", "]", "}")
        )

    @property
    def begins_operand(self) -> bool:
        return self.kind in ("string", "number") or (self.kind == "name" and self.text not in JOINING_WORDS)


class Printing(Struct, frozen=True):
    """How a print is written: its parts, and what must be asked before printing.

    `plain` prints need no question at all. `subject` is the part before the first
    filter when that filter would hide that the variable is undefined.
    """

    plain: bool
    subject: str = ""
    rest: str = ""


def _pieces(expression: str) -> list[_Piece]:
    return [
        _Piece(found.lastgroup or "op", found.group(), found.start(), found.end())
        for found in PIECE.finditer(expression)
    ]


def assigns(expression: str) -> bool:
    """Tell whether there is an `=` outside brackets: `x = 1` against the block form `x`."""
    depth = 0
    for piece in _pieces(expression):
        if piece.text in BRACKETS:
            depth += 1
        elif piece.text in (")", "]", "}"):
            depth -= 1
        elif piece.text == "=" and depth == 0 and piece.kind == "op":
            return True
    return False


def has_filter(expression: str, names: Collection[str]) -> bool:
    """Tell whether one of these filters is used anywhere in an expression."""
    pieces = _pieces(expression)
    return any(piece.text in names and before.text == "|" for before, piece in pairwise(pieces))


def with_commas(expression: str) -> tuple[str, int]:
    """Write arguments that stand side by side with commas between them; give also their number.

    `"key" 60` becomes `"key", 60`. Arguments that have commas stay as they are, and
    so does every line break.
    """
    pieces = _pieces(expression)
    depth = count = 0
    parts: list[str] = []
    at = 0
    for index, piece in enumerate(pieces):
        if piece.text in BRACKETS and piece.kind == "op":
            depth += 1
        elif piece.text in (")", "]", "}") and piece.kind == "op":
            depth -= 1
        elif piece.text == "," and depth == 0:
            count += 1
        elif depth == 0 and index and piece.begins_operand and pieces[index - 1].ends_operand:
            parts += [expression[at : pieces[index - 1].end], ","]
            at = pieces[index - 1].end
            count += 1
    if pieces:
        count += pieces[-1].text != ","
    parts.append(expression[at:])
    return "".join(parts), count


def modifiers(expression: str) -> tuple[str, str]:
    """Part the arguments of an include into the expression and its words, such as `ignore missing`."""
    found = re.search(r"(?:\s+ignore\s+missing)?(?:\s+with(?:out)?\s+context)?\s*$", expression)
    cut = found.start() if found else len(expression)
    return expression[:cut], expression[cut:]


def classify(expression: str, native: Collection[str], texts: Collection[str]) -> Printing:
    """Tell how to print an expression.

    `native` are the filters that the engine has itself, which complain about an
    undefined value; `texts` are those of them whose result is text or a number.
    """
    pieces = _pieces(expression)
    if not pieces:
        return Printing(plain=True)
    head = pieces[0]
    index = _after_chain(pieces)
    if index is None:
        return Printing(plain=False)
    chain_end, calls = index
    filters = _filters(pieces, chain_end)
    if filters is None:
        return Printing(plain=False)
    rooted = head.kind == "name" and (
        head.text in ENGINE_ROOTS or (head.text == "loop" and not _neighbours(pieces[1:chain_end]))
    )
    if not filters:
        return Printing(plain=head.kind in ("string", "number") or rooted)
    plain = filters[-1] in texts
    hidden = filters[0] not in native and filters[0] not in ("default", "d")
    if hidden and head.kind == "name" and not calls and not rooted:
        cut = pieces[chain_end - 1].end
        return Printing(plain, expression[:cut], expression[cut:])
    return Printing(plain)


def pipeline(expression: str) -> tuple[str, list[tuple[str, str]]] | None:
    """Part `a.b|round(2)|money` into what is filtered and its filters with their arguments.

    None when a filter stands inside brackets or beside an operator, where it binds to less.
    """
    pieces = _pieces(expression)
    if not any(piece.text == "|" for piece in pieces):
        return expression, []
    first = next(index for index, piece in enumerate(pieces) if piece.text == "|")
    end = _after_chain(pieces)
    if pieces[0].text == "(":
        closed = _closing(pieces, 0)
        end = None if closed is None else (closed + 1, False)
    if end is None or end[0] != first or _filters(pieces, first) is None:
        return None
    filters: list[tuple[str, str]] = []
    index = first
    while index < len(pieces):
        name = pieces[index + 1].text
        index += 2
        arguments = ""
        if index < len(pieces) and pieces[index].text == "(":
            closed = _closing(pieces, index) or index
            arguments = expression[pieces[index].end : pieces[closed].start]
            index = closed + 1
        filters.append((name, arguments))
    return expression[: pieces[first].start], filters


def concatenated(expression: str) -> list[str]:
    """Part `a.b ~ "x" ~ c` at its signs; an empty list unless every part is a chain or a constant."""
    pieces = _pieces(expression)
    depth, parts, start = 0, [], 0
    for piece in pieces:
        if piece.text in BRACKETS and piece.kind == "op":
            depth += 1
        elif piece.text in (")", "]", "}") and piece.kind == "op":
            depth -= 1
        elif piece.text == "~" and depth == 0:
            parts.append(expression[start : piece.start])
            start = piece.end
    if not parts:
        return []
    parts.append(expression[start:])
    for part in parts:
        own = _pieces(part)
        end = _after_chain(own) if own else None
        if end is None or end[0] != len(own):
            return []
    return parts


def method_call(expression: str) -> tuple[str, str, str] | None:
    """Part `a.b.method(x)` into `a.b`, the method's name and its arguments; None for anything else."""
    pieces = _pieces(expression)
    if len(pieces) < 5 or pieces[-1].text != ")" or pieces[0].text in (*ENGINE_ROOTS, "loop"):
        return None
    end = _after_chain(pieces)
    if end != (len(pieces), True) or pieces[0].kind != "name":
        return None
    last = len(pieces) - 1
    opened = next(
        at for at, piece in enumerate(pieces) if piece.text in "([" and _closing(pieces, at) == last
    )
    if pieces[opened].text != "(" or pieces[opened - 1].kind != "name" or pieces[opened - 2].text != ".":
        return None
    subject = expression[: pieces[opened - 2].start]
    return subject, pieces[opened - 1].text, expression[pieces[opened].end : pieces[-1].start]


def assignment(expression: str) -> tuple[str, str] | None:
    """Part `name = value` of a `set`; None when several names or an attribute are set."""
    pieces = _pieces(expression)
    if len(pieces) < 3 or pieces[0].kind != "name" or pieces[1].text != "=":
        return None
    return pieces[0].text, expression[pieces[1].end :].strip()


def loop_head(expression: str) -> tuple[list[str], str] | None:
    """Part `a, b in items if x` of a `for` into its names and what it goes over."""
    pieces = _pieces(expression)
    depth, start, end = 0, None, len(expression)
    for index, piece in enumerate(pieces):
        if piece.text in BRACKETS and piece.kind == "op":
            depth += 1
        elif piece.text in (")", "]", "}") and piece.kind == "op":
            depth -= 1
        elif depth == 0 and start is None and piece.text == "in":
            start = index
        elif depth == 0 and start is not None and piece.text in ("if", "recursive"):
            end = piece.start
            break
    if start is None:
        return None
    targets = [piece.text for piece in pieces[:start] if piece.text != ","]
    if any(piece.kind != "name" for piece in pieces[:start] if piece.text != ","):
        return None
    return targets, expression[pieces[start].end : end].strip()


def _neighbours(rest: list[_Piece]) -> bool:
    """Tell whether a chain on `loop` reaches an item, which may be any object."""
    return any(piece.text in ("previtem", "nextitem") for piece in rest)


def _after_chain(pieces: list[_Piece]) -> tuple[int, bool] | None:
    """Find the end of `name.attr[0](x)` at the start: index after it, and whether it ends in a call."""
    head = pieces[0]
    if head.kind not in ("name", "string", "number") or head.text in JOINING_WORDS:
        return None
    index, calls = 1, False
    while index < len(pieces):
        text = pieces[index].text
        if text == "." and index + 1 < len(pieces):
            index += 2
            calls = False
        elif text in ("(", "["):
            calls = text == "("
            closed = _closing(pieces, index)
            if closed is None:
                return None
            index = closed + 1
        else:
            break
    return index, calls


def _filters(pieces: list[_Piece], index: int) -> list[str] | None:
    """Read `|one|two(3)` to the end; None when something else follows."""
    names: list[str] = []
    while index < len(pieces):
        if pieces[index].text != "|" or index + 1 >= len(pieces) or pieces[index + 1].kind != "name":
            return None
        names.append(pieces[index + 1].text)
        index += 2
        if index < len(pieces) and pieces[index].text == "(":
            closed = _closing(pieces, index)
            if closed is None:
                return None
            index = closed + 1
    return names


def _closing(pieces: list[_Piece], index: int) -> int | None:
    depth = 0
    for position in range(index, len(pieces)):
        piece = pieces[position]
        if piece.kind != "op":
            continue
        if piece.text in BRACKETS:
            depth += 1
        elif piece.text in (")", "]", "}"):
            depth -= 1
            if depth == 0:
                return position
    return None
