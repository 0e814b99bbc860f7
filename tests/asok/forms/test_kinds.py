"""The kinds of fields: all that were promised, each with rules that exist."""

from __future__ import annotations

import pytest

from asok import Form
from asok.forms.controls import _CONTROLS
from asok.forms.kinds import KINDS, autocomplete_for
from asok_engine.validation.rules import parse_rules
from asok_engine.validation.standard import STANDARD

PROMISED = (
    "text email password textarea number hidden select file image tags daterange toggle otp month rating timerange "
    "files autocomplete cascading phone wysiwyg dropzone signature transfer treeselect checkbox radio title date "
    "datetime_local time search url tel color range json dropdown enum"
)


@pytest.mark.parametrize("name", PROMISED.split())
def test_promised_kind_exists_in_full(name: str) -> None:
    """With a function of `Form`, a control, and rules of the book."""
    kind = KINDS[name]
    assert callable(getattr(Form, name))
    assert kind.control in _CONTROLS
    assert all(call.name in STANDARD for call in parse_rules(list(kind.rules)))


def test_no_word_of_a_form_hides_a_kind() -> None:
    """`Form.signature(...)` makes a field, whatever else a form knows."""
    assert set(KINDS) & set(vars(Form)) == set()


def test_no_kind_was_forgotten_in_the_list() -> None:
    """The list above is all of them."""
    assert sorted(KINDS) == sorted(PROMISED.split())


def test_browser_is_told_what_it_can_fill_in() -> None:
    """By kind, by name, and apart for a password that is made up (WCAG 1.3.5)."""

    def token(kind: str, name: str, is_new: bool = False) -> str:
        return autocomplete_for(KINDS[kind], name, is_new_password=is_new)

    assert token("email", "x") == "email"
    assert token("password", "x") == "current-password"
    assert token("password", "x", True) == "new-password"
    assert token("text", "first_name") == "given-name"
    assert token("text", "x") == ""
    assert token("checkbox", "name") == ""
    assert token("otp", "x") == "one-time-code"
