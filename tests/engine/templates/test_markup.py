"""Text that is HTML already."""

from __future__ import annotations

import pytest

from asok_engine.templates.markup import Markup, escape


class Own:
    def __html__(self) -> str:
        return "<i>"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (escape("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;"),
        (escape(Markup("<b>")), "<b>"),
        (escape(Own()), "<i>"),
        (escape(5), "5"),
        (Markup("<b>") + "<", "<b>&lt;"),
        ("<" + Markup("<b>"), "&lt;<b>"),
        (Markup("<b>") * 2, "<b><b>"),
        (Markup("<b>%s</b>%d") % ("<", 3), "<b>&lt;</b>3"),
        (Markup("%s") % Own(), "<i>"),
        (Markup("%(a)s %(b).1f") % {"a": "<", "b": 1.25}, "&lt; 1.2"),
        (Markup("%r") % "<", "&#x27;&lt;&#x27;"),
        (Markup("%x") % 255, "ff"),
        (Markup("<b>{0} {x} {0:>3}</b>").format("<", x=Markup("<i>")), "<b>&lt; <i>   &lt;</b>"),
        (Markup("<br>").join(["<", Markup("<i>")]), "&lt;<br><i>"),
    ],
)  # fmt: skip
def test_what_is_put_in_is_escaped(made: Markup, expected: str) -> None:
    """Every way to build a piece of HTML escapes what is not HTML, and the result is HTML."""
    assert made == expected
    assert isinstance(made, Markup)


def test_attributes_of_values_are_formatted_escaped() -> None:
    """A format field that reaches into a value is escaped too."""
    assert Markup("{0[a]}").format({"a": "<"}) == "&lt;"
