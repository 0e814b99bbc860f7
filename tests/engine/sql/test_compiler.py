"""Templates bind values in the order of the text and are kept up to a limit."""

from __future__ import annotations

from asok_engine.sql.compiler import Template, TemplateCache


def test_template_without_order_and_encoders_passes_the_values_on() -> None:
    """On the quick way nothing is copied."""
    values = (1, "a")
    compiled = Template("SELECT ?, ?", "rows").bind(values)
    assert compiled.parameters is values
    assert (compiled.text, compiled.returns, compiled.decode) == ("SELECT ?, ?", "rows", None)


def test_values_stand_in_the_order_of_the_text() -> None:
    """A value may come earlier in the text than in the statement, or twice."""
    assert Template("", "rows", order=(2, 0, 2)).bind(["a", "b", "c"]).parameters == ["c", "a", "c"]


def test_values_are_encoded_at_their_place_and_null_is_not() -> None:
    """An encoder belongs to a place in the text; NULL is NULL in every type."""
    template = Template("", "count", order=(1, 0), encoders=((0, str),))
    assert template.bind([True, 5]).parameters == ["5", True]
    assert template.bind([True, None]).parameters == [None, True]


def test_cache_forgets_the_oldest_half_when_it_is_full() -> None:
    """Shapes made from outside cannot fill the memory."""
    cache = TemplateCache(limit=4)
    for number in range(5):
        cache.keep(number, Template(str(number), "rows"))
    assert list(cache) == [2, 3, 4]
