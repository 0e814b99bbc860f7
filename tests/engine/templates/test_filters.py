"""Filters and tests of our own."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import minijinja
import pytest

from asok_engine.errors import UsageError
from asok_engine.templates import filters
from asok_engine.templates.filters import FILTERS, NATIVE_FILTERS, NATIVE_TESTS, TESTS
from asok_engine.templates.functions import FUNCTIONS
from asok_engine.templates.markup import Markup
from tests.engine.templates.conftest import Render


@dataclass
class Point:
    x: int


class Color(Enum):
    RED = "red"


class Model:
    def to_dict(self) -> dict[str, Any]:
        return {"id": 1}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ 'ab'|upper }}{{ 'AB'|lower }}{{ 'ab c'|capitalize }}{{ 'ab c'|title }}", "ABabAb cAb C"),
        ("{{ 5|string ~ 1 }}{{ 'aba'|replace('a', 'x') }}{{ [1, 2]|join(', ') }}", "51xbx1, 2"),
        ("{{ none|default('x') }}{{ ''|default('y') }}{{ 0|default('z') }}{{ 0|default('w', true) }}{{ nope|d('v') }}", "xy0wv"),
        ("{{ [3, 1]|length }}{{ [3, 1]|first }}{{ [3, 1]|last }}{{ [3, 1]|sort }}{{ -3|abs if false else (-3)|abs }}", "231[1, 3]3"),
        ("{{ people|selectattr('ok')|map(attribute='n')|join }}", "b"),
        ("{{ {'b': 1, 'a': 2}|dictsort }}", "[(&#x27;a&#x27;, 2), (&#x27;b&#x27;, 1)]"),
        ("{{ '<b>'|safe }}{{ '<'|escape }}{{ '<'|e|e }}{{ ('<'|safe)|forceescape }}", "<b>&lt;&lt;&lt;"),
        ("{{ 1200|intcomma }} {{ 2048|filesize }} {{ 70|duration }} {{ 2|pluralize('item', 'items') }}", "1,200 2 KB 1m 10s items"),
        ("{{ day|date('%Y') }} {{ 0|epoch('%Y') }} {{ day|date }}", "2026 1970 03/04/2026"),
        ("{{ 'a b c'|wordcount }}{{ 'ab'|center(4) }}|", "3 ab |"),
        ("<a{{ {'class_': 'x', 'hidden': true, 'id': none, 'data-a': '<'}|xmlattr }}>", '<a class="x" hidden data-a="&lt;">'),
        ("{{ '# a'|markdown }}", "<h1>a</h1>"),
        ("{{ [1]|tojson }}{{ {'a': none}|dump }}", '[1]{"a": null}'),
        ("{{ 7 is odd }}{{ 8 is even }}{{ x is undefined }}{{ none is none }}{{ true is true }}{{ 1 is number }}{{ 'a' is string }}", "True" * 7),
        ("{{ 1 is integer }}{{ 1.5 is float }}{{ true is boolean }}{{ [] is sequence }}{{ {} is mapping }}{{ [] is iterable }}", "True" * 6),
        ("{{ 'a' is lower }}{{ 'A' is upper }}{{ 6 is divisibleby(3) }}{{ 1 is in [1] }}{{ 1 is not none }}{{ f is callable }}", "True" * 6),
        ("{{ [1, 2, 2]|unique|list }}{{ [1, 2, 3]|batch(2)|list }}{{ 'a b'|urlencode }}{{ 3.456|round(1) }}{{ '4'|int + 1 }}", "[1, 2][[1, 2], [3]]a%20b3.55"),
        ("{{ ' a '|trim }}{{ [1, 2]|sum }}{{ 'abc'|reverse }}{{ '%s-%d'|format('a', 2) }}{{ people|groupby('ok')|length }}", "a3cbaa-22"),
    ],
)  # fmt: skip
def test_filter_or_test_works_in_a_template(render: Render, source: str, expected: str) -> None:
    """Every promised filter and test is there under its name."""
    people = [{"n": "a", "ok": False}, {"n": "b", "ok": True}]
    assert render(source, people=people, day=date(2026, 4, 3), f=len) == expected


def test_lists_of_native_names_are_true() -> None:
    """What we say the engine has, it has; what we add is not among it unless we replace it."""
    engine = minijinja.Environment()
    for name in NATIVE_FILTERS:
        assert "unknown filter" not in _complaint(engine, "{{ x|" + name + " }}")
    for name in NATIVE_TESTS:
        assert "unknown test" not in _complaint(engine, "{{ x is " + name + " }}")
    assert not NATIVE_FILTERS & set(FILTERS)
    assert not NATIVE_TESTS & set(TESTS)


def _complaint(engine: minijinja.Environment, source: str) -> str:
    try:
        engine.render_str(source, x=1)
    except minijinja.TemplateError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("abcdef", 6), "abcdef"), (("abc def ghi", 9), "abc..."), (("abc def ghi", 9, True), "abc de..."), (("abcdefghi", 6), "abc..."), (("abc def", 6, False, "!"), "abc!"),
        (("abcdefgh", 5, False, "...", 3), "abcdefgh"), ((None, 5), ""), (("abc", 2), "..."), (("abc def ghi", 10), "abc def..."),
    ],
)  # fmt: skip
def test_truncate_keeps_to_its_length(arguments: tuple[Any, ...], expected: str) -> None:
    """The result, end included, is no longer than asked, and ends with a word."""
    assert filters.truncate(*arguments) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("<b>a</b>  b", "a b"), ("a<!-- > <b> -->b", "ab"), ("1 < 2 > 1", "1 < 2 > 1"), ("&lt;b&gt;", "<b>"), ("a<b", "a<b"), (None, ""), ("<a title='>'>x", "'>x"), ("x<!-- y", "x<!-- y")],
)  # fmt: skip
def test_striptags_takes_tags_out(text: object, expected: str) -> None:
    """Tags and comments go, comparisons stay."""
    assert filters.striptags(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<" * 200_000,
        "<a" * 100_000,
        "<!--" * 50_000,
        "<a>" * 70_000,
        "&" * 200_000,
        " " * 300_000 + "x",
        "a " * 100_000,
    ],
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    """A long run of openings costs no more than any text of that length."""
    start = time.process_time()
    filters.striptags(text)
    filters.truncate(text, 150_000)
    filters.wordcount(text)
    assert time.process_time() - start < 0.5


def test_tojson_writes_what_pages_have() -> None:
    """Dates, decimals, sets, dataclasses and models have a JSON form."""
    moment = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    value = [moment, moment.date(), moment.time(), timedelta(minutes=1), Decimal("1.10"), UUID(int=1), Color.RED, {3}, Point(1), Model(), range(2), (1,), "é"]  # fmt: skip
    assert json.loads(filters.tojson(value)) == [
        "2026-01-02T03:04:00+00:00", "2026-01-02", "03:04:00", 60.0, "1.10", str(UUID(int=1)), "red", [3], {"x": 1}, {"id": 1}, [0, 1], [1], "é",
    ]  # fmt: skip
    assert filters.tojson({"a": 1}, indent=1) == '{\n "a": 1\n}'


def test_tojson_leaves_nothing_that_ends_a_script() -> None:
    """No angle bracket, ampersand, single quote or line separator is left as it is."""
    text = filters.tojson("</script><!--&'\u2028\u2029")
    assert not set("<>&'\u2028\u2029") & set(text)
    assert json.loads(text) == "</script><!--&'\u2028\u2029"


@pytest.mark.parametrize("value", [object(), float("nan"), {(1, 2): 3}])
def test_tojson_refuses_what_has_no_form(value: object) -> None:
    """A value without a JSON form is an error with its type."""
    with pytest.raises(UsageError, match="tojson cannot write"):
        filters.tojson(value)


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def test_base64_images_are_shown() -> None:
    """A data URL or plain base64 of an image becomes an image with the given attributes."""
    assert (
        filters.decode_base64(PNG, class_="w-64")
        == f'<img src="data:image/png;base64,{PNG}" alt="Image" class="w-64">'
    )
    assert (
        filters.decode_base64(f"data:image/png;base64,{PNG}", alt="S")
        == f'<img src="data:image/png;base64,{PNG}" alt="S">'
    )


@pytest.mark.parametrize("value", [None, "", "javascript:alert(1)", "data:text/html;base64,AAAA", "data:image/svg+xml;base64,AAAA", "not base64!", "AAAAAAAA", 'x"><script>', PNG[:60] + '"><script>'])  # fmt: skip
def test_what_is_no_image_is_not_shown(value: object) -> None:
    """Other addresses, other types and other bytes show nothing."""
    assert filters.decode_base64(value) == ""


def test_attribute_names_cannot_break_out() -> None:
    """A name with a space, quote or bracket is refused."""
    for name in ("a b", 'a"', "a>", "a=b", "", "a/b"):
        with pytest.raises(UsageError):
            filters.attributes({name: "x"})
    assert filters.attributes({}) == ""


def test_display_finds_a_name() -> None:
    """An object shows its own text; without one its name, or its number."""

    class Plain:
        pass

    class Named(Plain):
        title = "T"

    class Numbered(Plain):
        id = 7

    class Worded(Plain):
        def __str__(self) -> str:
            return "w"

    values = [Named(), Numbered(), Worded(), Plain(), None, Color.RED, "x", 3]
    assert [filters.display(value) for value in values] == ["T", "#7", "w", "#?", "", "red", "x", "3"]


def test_filters_return_text_that_is_escaped() -> None:
    """A filter over HTML gives text, so that what it uncovers is escaped when it is printed."""
    for name in (
        "truncate",
        "striptags",
        "center",
        "display",
        "date",
        "time_ago",
        "intcomma",
        "duration",
        "filesize",
    ):
        assert not isinstance(FILTERS[name](Markup("<b>")), Markup), name


def test_reference_page_names_everything() -> None:
    """Every filter, test and function that there is stands in the reference."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "templates.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", page))
    assert {*NATIVE_FILTERS, *FILTERS, *TESTS, *FUNCTIONS} <= words
