"""HTML elements as text, with every value escaped.

Attributes may be written as Python names: `class_` is `class`, `data_url` is
`data-url`. True writes the bare name, False and None leave an attribute out. It
writes neither styles nor scripts into a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape as html_escape
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.templates.markup import Markup, escape

__all__ = ["attribute_name", "element", "joined", "merged"]

_VOID = frozenset({"input", "br", "hr", "img", "link", "meta"})
_MARKS = frozenset("&<>\"'")
_NEVER_IN_NAMES = frozenset(" \t\n\f\r\"'<>/=\x00")


def attribute_name(name: str) -> str:
    """Give the name in HTML for a name in Python: `class_`, `data_url`, `aria_label`."""
    plain = name.removesuffix("_") if name != "_" else name
    if plain.startswith(("data_", "aria_")):
        plain = plain.replace("_", "-")
    return plain


def element(name: str, attributes: Mapping[str, Any] | None = None, content: object = "") -> Markup:
    """Give an element; `content` is escaped unless it is HTML.

    Raises UsageError for a name that could not be an attribute's, and for one that
    runs a script: the policy of the page would refuse it.
    """
    written = f"<{name}"
    for key, value in (attributes or {}).items():
        if value is None or value is False:
            continue
        known = _KNOWN.get(key) or _checked(key)
        written += f" {known}" if value is True else f' {known}="{_quoted(value)}"'
    if name in _VOID:
        return Markup(f"{written}>")
    inner = content if type(content) is Markup else escape(content)
    return Markup(f"{written}>{inner}</{name}>")


#: Names that were checked, as they are written; those that a program uses are few.
_KNOWN: dict[str, str] = {}
_MOST_KNOWN = 1000


def _checked(key: str) -> str:
    name = attribute_name(key)
    if not name or not _NEVER_IN_NAMES.isdisjoint(name):
        raise UsageError(
            f"{key!r} cannot be the name of an attribute.", fix="Use letters, digits and dashes."
        )
    if name.lower().startswith("on") or name.lower() == "style":
        raise UsageError(
            f"The attribute {name!r} would be refused by the Content-Security-Policy of the page.",
            fix="Use a class and a style sheet, or a script file that finds the element.",
        )
    if len(_KNOWN) < _MOST_KNOWN:
        _KNOWN[key] = name
    return name


def _quoted(value: Any) -> str:
    text = str(value)
    if _MARKS.isdisjoint(text):
        return text
    # HTML may stand in an attribute, but its quotes would end it.
    return text.replace('"', "&quot;") if isinstance(value, Markup) else html_escape(text)


def joined(parts: Iterable[object], between: str = "\n") -> Markup:
    """Give several pieces of HTML as one; empty ones are left out."""
    pieces = [part if type(part) is Markup else escape(part) for part in parts if part is not None]
    return Markup(between.join(piece for piece in pieces if piece))


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Give both sets of attributes, the second's values for names in both; classes are added up."""
    result = {attribute_name(key): value for key, value in first.items()}
    for key, value in second.items():
        name = attribute_name(key)
        if name == "class" and result.get("class") and value:
            result[name] = f"{result['class']} {value}"
        else:
            result[name] = value
    return result
