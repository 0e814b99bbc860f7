"""HTML as text: everything is escaped, nothing runs."""

from __future__ import annotations

import pytest

from asok.forms.elements import attribute_name, element, joined, merged
from asok_engine.errors import UsageError
from asok_engine.templates.markup import Markup


def test_values_and_content_are_escaped() -> None:
    """What a person typed stays text in every place (reliability 100)."""
    made = element("p", {"title": '"><script>'}, "<b>")
    assert made == '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;</p>'
    assert element("p", {}, Markup("<b></b>")) == "<p><b></b></p>"


def test_html_in_an_attribute_does_not_end_it() -> None:
    """A label that is HTML keeps its entities and loses its quotes."""
    assert (
        element("p", {"title": Markup('<b class="x">&amp;</b>')})
        == '<p title="<b class=&quot;x&quot;>&amp;</b>"></p>'
    )


def test_attributes_are_written_as_they_should_be() -> None:
    """True is a bare name, False and None are left out, a void element has no end."""
    assert element("input", {"required": True, "disabled": False, "id": None, "class_": "a"}) == (
        '<input required class="a">'
    )
    assert attribute_name("data_url") == "data-url"
    assert attribute_name("aria_label") == "aria-label"
    assert attribute_name("for_") == "for"
    assert attribute_name("_") == "_"


@pytest.mark.parametrize("name", ["onclick", "ONLOAD", "style", "a b", 'a"', "a>", "", "a=b", "a\x00"])
def test_attribute_that_runs_or_breaks_out_is_refused(name: str) -> None:
    """The page's policy would refuse it, or the element would end early."""
    with pytest.raises(UsageError):
        element("p", {name: "x"})


def test_pieces_are_joined_and_escaped() -> None:
    """Empty ones leave no blank line."""
    assert joined(["<", "", Markup("<b>"), None], " ") == "&lt; <b>"


def test_classes_add_up_and_other_attributes_are_replaced() -> None:
    """A class given in a template does not take the meaning of `input-error` away."""
    assert merged({"class": "a", "id": "x"}, {"class_": "b", "id": "y"}) == {"class": "a b", "id": "y"}
    assert merged({"class": "a"}, {"class_": None}) == {"class": None}
    assert merged({}, {"class_": "b"}) == {"class": "b"}
