"""Errors of the engine in our words."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from asok_engine.templates.errors import (
    PrivateAttribute,
    TemplateError,
    TemplateSyntaxError,
    UndefinedVariable,
)
from asok_engine.templates.faults import Fault, Known, explain
from asok_engine.templates.tokens import Origin
from tests.engine.templates.conftest import Site

KNOWN = Known({"user": {"name": 1}, "title": 2}, ["upper"], ["odd"], ["len"])


@dataclass
class Said:
    """An error as the engine tells it."""

    kind: str
    detail: str | None
    name: str | None
    line: int | None
    text: str = ""

    def __str__(self) -> str:
        return self.text


def told(kind: str, detail: str) -> TemplateError:
    origins = {"k": Origin("a.html", None, "source")}
    return explain(Fault(kind, detail, "k", 3), origins, {"k": {"__p1": "user.nme"}}, KNOWN)


@pytest.mark.parametrize(
    ("kind", "detail", "expected", "words"),
    [
        ("UndefinedError", "`__p1` is undefined", UndefinedVariable, "user.nme is undefined. Did you mean user.name?"),
        ("UndefinedError", "`titel` is undefined", UndefinedVariable, "Did you mean title?"),
        ("UndefinedError", "`zzz.x` is undefined", UndefinedVariable, "Pass it to the template"),
        ("UndefinedError", "", UndefinedVariable, "a value that is undefined was used"),
        ("UndefinedError", "`a.b._c` is undefined", PrivateAttribute, "a.b._c is private"),
        ("UndefinedError", "`a['__d__']` is undefined", PrivateAttribute, "private"),
        ("SyntaxError", "unexpected end of variable block", TemplateSyntaxError, "unexpected }}."),
        ("UnknownFilter", "filter uper is unknown", TemplateSyntaxError, "there is no filter 'uper'. Did you mean upper?"),
        ("UnknownTest", "test od is unknown", TemplateSyntaxError, "there is no test 'od'. Did you mean odd?"),
        ("UnknownFunction", "lenn is unknown", TemplateSyntaxError, "there is no function 'lenn'. Did you mean len?"),
        ("UnknownFunction", "eval is unknown", PrivateAttribute, "eval() cannot be called"),
        ("OutOfFuel", "", TemplateError, "more steps"),
        ("InvalidOperation", "recursion limit exceeded", TemplateError, "a.html includes or calls itself, directly"),
        ("InvalidOperation", "cannot add", TemplateError, "cannot add."),
        ("BadSerialization", "", TemplateError, "bad serialization."),
    ],
)  # fmt: skip
def test_kind_is_told_in_our_words(kind: str, detail: str, expected: type[TemplateError], words: str) -> None:
    """Each kind of the engine becomes one of ours, with the user's names."""
    error = told(kind, detail)
    assert type(error) is expected
    assert words in str(error)
    assert (error.template, error.line, error.source) == ("a.html", 3, "source")


def test_bottom_of_the_chain_is_found() -> None:
    """Of an error in an include in an include, the innermost counts."""
    text = (
        'could not render include: error in "b" (in a:1)\ncaused by: could not render include: error in "c" (in b:2)\n'
        "caused by: undefined value: `x` is undefined (in /p/c:7)\n"
    )
    fault = Fault.of(Said("BadInclude", 'error in "b"', "a", 1, text))
    assert (fault.kind, fault.detail, fault.name, fault.line) == (
        "UndefinedError",
        "`x` is undefined",
        "/p/c",
        7,
    )


def test_error_in_an_include_is_placed_there(site: Site) -> None:
    """Undefined names, failed operations and bad calls in included, imported and parent files name their own line."""
    files = {
        "u.html": "\n{{ nope }}",
        "o.html": "\n\n{{ 1 / 0 }}",
        "m.html": "{% macro m() %}\n\n\n{{ gone.x }}{% endmacro %}",
        "base.html": "{% block a %}{% endblock %}\n{{ low }}",
    }
    environment = site(files)
    for source, place in [
        ("{% include 'u.html' %}", ("u.html", 2)), ("{% include 'o.html' %}", ("o.html", 3)), ("{% from 'm.html' import m %}{{ m() }}", ("m.html", 4)),
        ("{% extends 'base.html' %}", ("base.html", 2)), ("{% extends 'base.html' %}\n{% block a %}{{ low }}{% endblock %}", ("<string>", 2)),
    ]:  # fmt: skip
        with pytest.raises(TemplateError) as caught:
            environment.render_string(source, {})
        assert (caught.value.template, caught.value.line) == place
