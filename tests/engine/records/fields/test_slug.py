"""Slugs are made of other texts, and of nothing that an address would have to escape."""

from __future__ import annotations

import pytest

from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.slug import Slug, slugify


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("  Straße & Café  ", "strasse-cafe"),
        ("Łódź", "lodz"),
        ("a--b__c", "a-b-c"),
        ("日本", ""),
        ("../../etc/passwd", "etc-passwd"),
    ],
)
def test_text_becomes_a_slug(text: str, slug: str) -> None:
    """Words with dashes between them."""
    assert slugify(text) == slug


def test_letters_of_other_scripts_stay_when_allowed() -> None:
    """And a slug that is cut ends in no dash."""
    assert slugify("Привет мир", allow_unicode=True) == "привет-мир"
    assert slugify("one two three", max_length=8) == "one-two"
    assert Slug(allow_unicode=True).clean("привет-мир") == "привет-мир"


@pytest.mark.parametrize("value", ["Hello", "a b", "", "a/b", "-a", "a--b", "ü"])
def test_what_is_no_slug_is_refused(value: str) -> None:
    """A slug stands in an address as it is."""
    with pytest.raises(FieldProblem):
        Slug().clean(value)
    assert Slug(5).made_of("Hello World") == "hello"
    assert Slug().clean("a_b-c") == "a_b-c"
