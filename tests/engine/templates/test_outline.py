"""Checking how tags nest."""

from __future__ import annotations

import pytest

from asok_engine.templates.errors import TemplateSyntaxError
from asok_engine.templates.outline import Outline, read
from asok_engine.templates.tokens import Origin


def outline(source: str) -> Outline:
    return read(Origin("t.html", None, source))


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("\n{% fro x in y %}", 2, "no tag {% fro %}. Did you mean {% from %}"),
        ("{% trans %}", 1, "no tag {% trans %}"),
        ("{% if a %}\n{% for x in y %}\n{% endif %}", 3, "{% endif %} stands where {% for %} of line 2 is still open"),
        ("a\n{% if x %}", 2, "{% if %} is never closed. Close it with {% endif %}"),
        ("{% block a %}", 1, "Close it with {% endblock %}"),
        ("{% set x %}a", 1, "Close it with {% endset %}"),
        ("{% endif %}", 1, "{% endif %} has no {% if %} before it"),
        ("{% else %}", 1, "{% else %} has no {% if %} or {% for %} before it"),
        ("{% for x in y %}{% elif z %}{% endfor %}", 1, "{% elif %} stands where {% for %}"),
        ("{% endraw %}", 1, "{% endraw %}"),
        ("{% block a b %}{% endblock %}", 1, "'a b' is not a block name"),
        ("{% block %}{% endblock %}", 1, "not a block name"),
        ("{% block a %}{% endblock %}\n{% block a %}{% endblock %}", 2, "block 'a' is defined a second time; the first is in line 1"),
        ("{% block a %}\n{% endblock b %}", 2, "{% endblock b %} closes block 'a' of line 1"),
        ("{% extends 'a' %}\n{% extends 'b' %}", 2, "this is the second"),
        ("{% break %}", 1, "stands in no loop"),
        ("{% for x in y %}{% set z %}\n{% continue %}{% endset %}{% endfor %}", 2, "cannot leave {% set %}"),
        ("{% for x in y %}{% cache 1 %}{% break %}{% endcache %}{% endfor %}", 1, "cannot leave {% cache %}"),
    ],
)  # fmt: skip
def test_mistake_is_named_with_its_line(source: str, line: int, words: str) -> None:
    """Each mistake is one sentence with the line and what to do."""
    with pytest.raises(TemplateSyntaxError) as caught:
        outline(source)
    assert words in str(caught.value)
    assert caught.value.line == line
    assert caught.value.fix or "trans" in source or "endraw" in source


def test_blocks_and_nesting_are_known() -> None:
    """An outline tells blocks with their depth, what is captured, and where each tag is closed."""
    found = outline(
        "{% block a %}{% if x %}{% block b-c scoped %}{% endblock b-c %}{% endif %}{% endblock %}{% set y %}t{% endset %}"
    )
    assert [(block.name, block.depth) for block in found.blocks.values()] == [("a", 0), ("b-c", 2)]
    assert found.close_of[0] == 5
    assert found.captured[7]
    assert not found.captured[1]
    assert found.is_root


@pytest.mark.parametrize(
    ("source", "parent", "is_root", "conditional"),
    [
        ("{% extends 'a.html' %}", "a.html", False, False),
        ('{% extends "a.html" %}', "a.html", False, False),
        ("{% extends x %}", None, False, False),
        ("{% if x %}{% extends 'a' %}{% endif %}", None, False, True),
        ("text", None, True, False),
    ],
)
def test_parent_is_known(source: str, parent: str | None, is_root: bool, conditional: bool) -> None:
    """A parent that is written out is known; one that depends on the render is not."""
    found = outline(source)
    assert (found.parent, found.is_root, found.conditional) == (parent, is_root, conditional)


def test_loops_inside_captures_may_be_left() -> None:
    """A jump inside of a loop that is inside is fine."""
    assert outline(
        "{% with %}{% for x in y %}{% if x %}{% break %}{% endif %}{% endfor %}{% endwith %}"
    ).tokens
