"""Says in our words, and with the user's line, what the engine complains about.

The engine names templates by its own names and variables by those that `rewrite` made
for it; here they become what the user wrote. An error in an included template is
reported where it happened, not where the include stands.
Source: the error kinds and messages of minijinja 3.0.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from msgspec import Struct

from asok_engine.templates.errors import (
    PrivateAttribute,
    TemplateError,
    TemplateSyntaxError,
    UndefinedVariable,
    suggestion,
)
from asok_engine.templates.functions import FORBIDDEN
from asok_engine.templates.tokens import Origin

__all__ = ["EngineError", "Fault", "Known", "explain"]

#: Where the engine's words for a kind are not its name in lower case.
KINDS = {"undefined value": "UndefinedError", "could not render include": "BadInclude"}
CAUSE = re.compile(r"^caused by: ([^:\n]+)(?:: (.*))? \(in (.*):(\d+)\)$", re.MULTILINE)
MISSING_NAME = re.compile(r"""['"](?:\x1d|\\u\{1d\})?([^'"\x1f\\]+)""")
QUOTED = re.compile(r"`([^`]+)` is undefined")
MADE_HERE = re.compile(r"__[a-z]\d+")
ATTRIBUTE = re.compile(r"([^\W\d]\w*)\.([^\W\d]\w*)")
WORD = re.compile(r"[^\W\d]\w*")


class EngineError(Protocol):
    """What an error of the engine tells; its text is a list of what caused what."""

    @property
    def kind(self) -> str: ...
    @property
    def detail(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...
    @property
    def line(self) -> int | None: ...


class Fault(Struct, frozen=True):
    """An error of the engine where it happened: its kind, its words, the engine's template, the line."""

    kind: str
    detail: str
    name: str
    line: int | None

    @classmethod
    def of(cls, error: EngineError) -> Fault:
        """Find what is at the bottom of an error."""
        causes = CAUSE.findall(str(error))
        if not causes or error.kind in ("SyntaxError", "UndefinedError"):
            return cls(error.kind, error.detail or "", error.name or "", error.line)
        words, detail, name, line = causes[-1]
        kind = KINDS.get(words) or "".join(word.capitalize() for word in words.split())
        return cls(kind, detail, name, int(line))

    @property
    def missing(self) -> str:
        """The name of the template that was not found."""
        found = MISSING_NAME.search(self.detail)
        return found.group(1) if found else ""


class Known(Struct, frozen=True):
    """What there is, for suggestions: the context of the render and what the environment has."""

    context: Mapping[str, Any]
    filters: Collection[str]
    tests: Collection[str]
    functions: Collection[str]


def explain(
    fault: Fault, origins: Mapping[str, Origin], spelled: Mapping[str, Mapping[str, str]], known: Known
) -> TemplateError:
    """Make our error of one of the engine's.

    `origins` and `spelled` say, for each name of the engine, where it comes from and what the
    user wrote for the names that were made for it.
    """
    kind, name, line = fault.kind, fault.name, fault.line
    origin = origins.get(name) or Origin(name or "<string>", None, "")
    detail = MADE_HERE.sub(
        lambda found: spelled.get(name, {}).get(found.group(), found.group()), fault.detail
    )
    place: dict[str, Any] = {
        "template": origin.name,
        "path": origin.path,
        "line": line,
        "source": origin.source,
    }
    match kind:
        case "UndefinedError":
            return _undefined(detail, place, known)
        case "SyntaxError":
            return TemplateSyntaxError(f"{_syntax(detail)}.", **place)
        case "UnknownFilter":
            return _unknown("filter", detail, known.filters, place)
        case "UnknownTest":
            return _unknown("test", detail, known.tests, place)
        case "UnknownFunction":
            return _unknown("function", detail, [*known.functions, *known.context], place)
        case "OutOfFuel":
            return TemplateError(
                "rendering took more steps than this environment allows.",
                **place,
                fix="Give the template less to loop over, or raise the environment's fuel.",
            )
    if detail == "recursion limit exceeded":
        return TemplateError(
            f"{origin.name} includes or calls itself, directly or by way of others, without an end.",
            **place,
            fix="Leave out one of the includes, or put it into an {% if %} that ends.",
        )
    return TemplateError(f"{detail or _plain(kind)}.", **place)


def _plain(kind: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()


def _syntax(detail: str) -> str:
    """Use the words of templates: what the engine calls a block is a tag."""
    return detail.replace("end of variable block", "}}").replace("end of block", "%}")


def _undefined(detail: str, place: dict[str, Any], known: Known) -> TemplateError:
    found = QUOTED.search(detail)
    if found is None:
        return UndefinedVariable("a value that is undefined was used.", **place)
    name = found.group(1)
    last = re.split(r"[.\[]", name)[-1].strip("]'\" ")
    if last.startswith("_") and last != name:
        return PrivateAttribute(
            f"{name} is private: a template reads only names without a leading underscore.",
            **place,
            fix="Give the template what it needs under a public name.",
        )
    if "(...)" in name:
        # The engine's word for what is too long to name.
        return UndefinedVariable(f"{name} is undefined.", **place)
    instead = f"{{{{ {name}|default('') }}}}"
    near = _near(name, known)
    fix = f"{near} Or write" if near else "Pass it to the template, or write"
    return UndefinedVariable(f"{name} is undefined.", **place, fix=f"{fix} {instead} if it may be absent.")


def _near(name: str, known: Known) -> str:
    """Find a near name: of the context, or of the attributes of one of its values."""
    if WORD.fullmatch(name):
        return suggestion(name, sorted(n for n in {*known.context, *known.functions} if n[:2] != "__"))
    parts = ATTRIBUTE.fullmatch(name)
    if parts is None or parts.group(1) not in known.context:
        return ""
    root, attribute = parts.groups()
    value = known.context[root]
    names = [key for key in value if isinstance(key, str)] if isinstance(value, Mapping) else dir(value)
    return suggestion(attribute, [entry for entry in names if not entry.startswith("_")], root + ".{}")


def _unknown(what: str, detail: str, known: Collection[str], place: dict[str, Any]) -> TemplateError:
    words = detail.split()
    name = words[1] if len(words) > 1 and words[0] == what else words[0] if words else "?"
    if name in FORBIDDEN:
        return PrivateAttribute(
            f"{name}() cannot be called in a template.",
            **place,
            fix="Compute the value in Python and pass it to the template.",
        )
    return TemplateSyntaxError(f"there is no {what} {name!r}.", **place, fix=suggestion(name, sorted(known)))
