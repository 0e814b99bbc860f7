"""Cuts the source of a template into text, prints, tags, comments and raw parts.

It knows where a tag ends: not at a `}}` or `%}` inside a string, and not at the
braces of a dictionary. It knows nothing of what a tag means. The offsets and lines
of a token are those of the user's source, whatever is done with the token later.
Source: the Jinja template language, as far as delimiters go.
"""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from asok_engine.templates.errors import TemplateSyntaxError

__all__ = ["Kind", "Origin", "Token", "cut"]

OPEN = re.compile(r"\{[{%#]")
INSIDE = re.compile(
    r"""(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<quote>['"])"""
    r"|(?P<tag_end>[-+]?%\})|(?P<print_end>[-+]?\}\})|(?P<open>\{)|(?P<close>\})",
    re.DOTALL,
)
TAG_NAME = re.compile(r"\s*([A-Za-z_]\w*)")
END_RAW = re.compile(r"\{%([-+]?)\s*endraw\s*([-+]?)%\}")


class Kind(Enum):
    """What a token is."""

    TEXT = "text"
    PRINT = "print"
    TAG = "tag"
    COMMENT = "comment"
    RAW = "raw"


class Origin(Struct, frozen=True):
    """Where a source comes from, for errors: the name asked for, the file, the whole text."""

    name: str
    path: Path | None
    source: str

    def error(self, message: str, line: int, fix: str = "") -> NoReturn:
        """Raise TemplateSyntaxError for a line of this source."""
        raise TemplateSyntaxError(
            message, template=self.name, path=self.path, line=line, source=self.source, fix=fix
        )


class Token(Struct):
    """One piece of a source, `source[start:end]`, which begins in `line`.

    `body` is what stands between the delimiters, for a tag what follows its `name`;
    of a raw part it is the text to print. `trim_before` and `trim_after` tell whether
    white space on that side is to go; of a raw part, `body` is trimmed already.
    """

    kind: Kind
    start: int
    end: int
    line: int
    body: str = ""
    name: str = ""
    trim_before: bool = False
    trim_after: bool = False


def cut(origin: Origin) -> list[Token]:
    """Cut a source into tokens.

    Raises:
        TemplateSyntaxError: a tag, a comment, a string or a raw part is not closed.
    """
    source = origin.source
    tokens: list[Token] = []
    at, line = 0, 1
    while (found := OPEN.search(source, at)) is not None:
        if found.start() > at:
            tokens.append(Token(Kind.TEXT, at, found.start(), line))
            line += source.count("\n", at, found.start())
        token = _read(origin, found, line)
        tokens.append(token)
        line += source.count("\n", token.start, token.end)
        at = token.end
    if at < len(source):
        tokens.append(Token(Kind.TEXT, at, len(source), line))
    return tokens


def _read(origin: Origin, found: re.Match[str], line: int) -> Token:
    source, start = origin.source, found.start()
    opener = found.group()
    inner = found.end()
    if opener == "{#":
        end = source.find("#}", inner)
        if end < 0:
            origin.error("a comment is opened with {# and never closed.", line, "Close it with #}.")
        body = source[inner:end]
        return Token(
            Kind.COMMENT,
            start,
            end + 2,
            line,
            trim_before=body.startswith("-"),
            trim_after=body.endswith("-"),
        )
    trim_before = source.startswith("-", inner)
    if trim_before or (opener == "{%" and source.startswith("+", inner)):
        inner += 1
    end, after, mark = _end(origin, opener, inner, line)
    body = source[inner:end]
    if opener == "{{":
        return Token(Kind.PRINT, start, after, line, body, "", trim_before, mark == "-")
    named = TAG_NAME.match(body)
    if named is None:
        origin.error(f"{{%{body}%}} has no name.", line, "A tag looks like {% if user %}.")
    name = named.group(1)
    if name == "raw" and not body[named.end() :].strip():
        return _raw(origin, start, after, line, trim_before, mark == "-")
    # Why: white space between name and arguments stays in the body, and with it its line breaks.
    return Token(
        Kind.TAG,
        start,
        after,
        line,
        "\n" * body.count("\n", 0, named.start(1)) + body[named.end() :],
        name,
        trim_before,
        mark == "-",
    )


def _end(origin: Origin, opener: str, at: int, line: int) -> tuple[int, int, str]:
    """Find where a print or tag ends: offset of the end of its body, offset after it, its trim mark."""
    source = origin.source
    start = at
    braces = 0
    while (found := INSIDE.search(source, at)) is not None:
        at = found.end()
        kind = found.lastgroup
        text = found.group()
        if kind == "quote":
            here = line + source.count("\n", start, found.start())
            origin.error(f"a string is opened with {text} and never closed.", here, f"Close it with {text}.")
        elif kind == "open":
            braces += 1
        elif kind == "close":
            braces -= 1
        elif kind == "print_end" and (braces > 0 or opener == "{%"):
            # Two closing braces of dictionaries, not the end of a print.
            braces -= 1
            at = found.end() - 1
        elif kind == "print_end":
            return found.start(), at, text[0]
        elif kind == "tag_end":
            if opener == "{{":
                here = line + source.count("\n", start, found.start())
                origin.error("a print is opened with {{ and closed with %}.", here, "Close it with }}.")
            return found.start(), at, text[0]
    closer = "}}" if opener == "{{" else "%}"
    return origin.error(f"{opener} is never closed.", line, f"Close it with {closer}.")


def _raw(origin: Origin, start: int, after: int, line: int, trim_before: bool, trim_inner: bool) -> Token:
    found = END_RAW.search(origin.source, after)
    if found is None:
        origin.error("{% raw %} is never closed.", line, "Close it with {% endraw %}.")
    body = origin.source[after : found.start()]
    if trim_inner:
        body = body.lstrip()
    if found.group(1) == "-":
        body = body.rstrip()
    return Token(Kind.RAW, start, found.end(), line, body, "raw", trim_before, found.group(2) == "-")
