"""Loops that meet only plain values: found, looked at without running code, and printed the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.templates.environment import MOST_TEXTS, Environment
from asok_engine.templates.errors import TemplateError, UndefinedVariable
from asok_engine.templates.markup import Markup
from asok_engine.templates.outline import read
from asok_engine.templates.plain import MOST_FORMS, MOST_KINDS, MOST_LESSONS, Loops, find_loops, names_bound
from asok_engine.templates.tokens import Origin
from tests.engine.templates.conftest import Site


class Slotted:
    __slots__ = ("name", "price")

    def __init__(self, name: Any, price: Any = 1) -> None:
        self.name = name
        self.price = price


class Kept:
    """Values of its own, one of the class, and two that only code can tell."""

    kind = "kept"

    def __init__(self, name: Any) -> None:
        self.name = name
        self.asked = 0

    @property
    def title(self) -> Any:
        self.asked += 1
        return self.name

    @cached_property
    def slow(self) -> Any:
        self.asked += 1
        return self.name

    def method(self) -> str:
        return "m"


class Field:
    """A descriptor that an object's own value goes before."""

    def __get__(self, instance: object, owner: type) -> Any:
        raise AssertionError("asked")


class Record:
    name: Any = Field()

    def __init__(self, name: Any) -> None:
        self.__dict__["name"] = name


class Dynamic:
    def __getattr__(self, name: str) -> str:
        return f"made {name}"


class Guarded:
    def __init__(self) -> None:
        self.__dict__["name"] = "behind"

    @property
    def name(self) -> Decimal:
        return Decimal("1.0")


class Other:
    def __init__(self) -> None:
        self.name = "own"

    def __getattribute__(self, name: str) -> Any:
        return "other" if name == "name" else object.__getattribute__(self, name)


class Listed:
    name = "attribute"

    def __getitem__(self, key: str) -> str:
        return "item"


@dataclass
class Data:
    name: Any


class Pointed(msgspec.Struct):
    name: Any


class Page:
    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows


class Backwards(list[Any]):
    def __iter__(self) -> Any:
        return reversed(self)


class Rows(list[Any]):
    pass


class Html:
    def __html__(self) -> str:
        return "<b>h</b>"


def unasked(found: Loops, **context: Any) -> int:
    """Tell how many prints need no question in a context."""
    return len(found.spoken_for(found.form(context)))


def loops(source: str, bound: frozenset[str] = frozenset()) -> Loops:
    return find_loops(read(Origin("t.html", None, source)), bound)


NAMES = "{% for row in rows %}{{ row.name }};{% endfor %}"


@pytest.mark.parametrize(
    ("rows", "is_plain"),
    [
        ([], True),
        ([{"name": "a"}, {"name": 1}], True),
        ([{"name": 1.5}, {"name": None}, {"name": True}, {"name": date(2026, 1, 2)}, {"name": Markup("<b>")}], True),
        ((Slotted("a"), Slotted(2)), True),
        (Rows([Kept("a")]), True),
        ([Record("a")], True),
        ([Data("a")], True),
        ([Pointed("a")], True),
        ([{"name": Decimal("1.0")}], False),
        ([{"name": "a"}, {"name": Decimal("1.0")}], False),
        ([{"name": Html()}], False),
        ([{"name": "a"}, {"title": "a"}], False),
        ([{"name": "a"}, Slotted("a")], False),
        ([Slotted("a"), Kept("a")], False),
        ([Dynamic()], False),
        ([Other()], False),
        ([Guarded()], False),
        ([Listed()], False),
        (["text"], False),
        ([None], False),
        (Backwards([Slotted("a")]), False),
        ({"name": "a"}, False),
        (iter([{"name": "a"}]), False),
        (None, False),
    ],
)  # fmt: skip
def test_a_loop_is_plain_when_all_that_it_prints_is_text_or_a_number(rows: Any, is_plain: bool) -> None:
    """Exactly the kinds that are printed as they are; one other value among them, and the loop is not."""
    assert unasked(loops(NAMES), rows=rows) == is_plain


def test_a_list_that_is_not_there_is_not_plain() -> None:
    """What the context does not have may be a global, or nothing."""
    assert loops(NAMES).form({}) is None
    assert loops(NAMES).spoken_for(None) == loops(NAMES).spoken_for(1) == frozenset()


@pytest.mark.parametrize(
    ("part", "is_plain"),
    [("kind", True), ("title", False), ("slow", False), ("method", False), ("class", False)],
)
def test_nobodys_code_is_run_to_look_at_an_item(part: str, is_plain: bool) -> None:
    """Properties and methods are not asked, and a lazy value counts where it is there already."""
    row = Kept("a")
    source = f"{{% for row in rows %}}{{{{ row.{part} }}}}{{% endfor %}}"
    assert unasked(loops(source), rows=[row]) == is_plain
    assert row.asked == 0
    if part == "slow":
        assert row.slow == "a"
        assert unasked(loops(source), rows=[row]) == 1


@pytest.mark.parametrize(
    ("source", "prints"),
    [
        (NAMES, 1),
        ("{% for\nrow in\nrows if row.name %}{{\nrow.name\n}}{{- row.price -}}{% endfor %}", 2),
        ("{% for row in page.rows %}{{ row.name }}{% endfor %}", 1),
        ("{% for a, b in rows %}{{ a }}{{ b }}{{ b.name }}{% endfor %}", 2),
        ("{% for row in rows %}{% for value in row %}{{ value }}{{ row.name }}{% endfor %}{% else %}-{% endfor %}", 2),
        ("{% for row in rows %}{% if row.name %}{% cache 'x' %}{{ row.name }}{% endcache %}{% endif %}{% endfor %}", 1),
        ("{% block b %}{% for row in rows %}{{ row.name }}{% endfor %}{% endblock %}", 1),
        ("{% for row in rows %}{{ row.name|upper }}{{ name }}{{ row.a.b }}{{ row['name'] }}{{ loop.index }}{% endfor %}", 0),
        ("{% for row in rows %}{{ row._name }}{{ row.name() }}{{ row.name }}{% endfor %}", 0),
        ("{% for row in rows|sort %}{{ row.name }}{% endfor %}", 0),
        ("{% for row in rows recursive %}{{ row.name }}{% endfor %}", 0),
        ("{% for row in rows %}{% set row = row.other %}{{ row.name }}{% endfor %}", 0),
        ("{% set rows = others %}{% for row in rows %}{{ row.name }}{% endfor %}", 0),
        ("{% set a, rows = others %}{% for row in rows %}{{ row.name }}{% endfor %}", 0),
        ("{% set rows %}x{% endset %}{% for row in rows %}{{ row.name }}{% endfor %}", 0),
        ("{% with rows = others %}{% for row in rows %}{{ row.name }}{% endfor %}{% endwith %}", 0),
        ("{% from 'x' import rows %}{% for row in rows %}{{ row.name }}{% endfor %}", 0),
        ("{% for rows in others %}{% for row in rows.name() %}{{ row.name }}{% endfor %}{% endfor %}", 0),
        ("{% do rows.append(1) %}{% for row in rows %}{{ row.name }}{% endfor %}", 0),
        ("{% for row in rows %}{{ row.name }}{{ row.parts[0].load() }}{% endfor %}", 0),
        ("{% macro m(rows) %}{% for row in rows %}{{ row.name }}{% endfor %}{% endmacro %}", 0),
        ("{% macro m(x) %}{% for row in rows %}{{ row.name }}{% endfor %}{% endmacro %}", 0),
        ("{% for row in rows %}{% call m(1) %}{{ row.name }}{% endcall %}{% endfor %}", 0),
        ("{% for row in rows %}{% block b %}{{ row.name }}{% endblock %}{% endfor %}", 0),
        ("{% for row in loop %}{{ row.name }}{% endfor %}", 0),
        ("{% for row in row.rows %}{{ row.name }}{% endfor %}", 0),
        ("{{ name }}", 0),
    ],
)  # fmt: skip
def test_a_loop_speaks_for_prints_of_parts_of_its_items(source: str, prints: int) -> None:
    """Where the list is the context's own and nothing in the template can give a name another meaning."""
    assert len(loops(source).prints) == prints


def test_names_of_parents_count() -> None:
    """What a parent sets, walks with or calls is there in the blocks of its children."""
    parent = read(
        Origin(
            "p", None, "{% set a = 1 %}{% for b in x %}{{ c.d() }}{% endfor %}{% macro e(f) %}{% endmacro %}"
        )
    )
    assert names_bound(parent) == set("abcef")
    assert loops(NAMES, frozenset({"rows"})).prints == frozenset()
    assert loops(NAMES, frozenset({"row"})).prints == {1}


def test_parts_that_are_lists_are_walked_too() -> None:
    """A loop in a loop, over a part of the item or over the item itself."""
    source = "{% for row in page.rows %}{% for v in row.name %}{{ v }}{% endfor %}{{ row.price }}{% endfor %}"
    found = loops(source)
    assert unasked(found, page=Page([Slotted([1, "a"]), Slotted(())])) == 2
    assert unasked(found, page={"rows": [Slotted([1, "a"])]}) == 2
    assert unasked(found, page=Page([Slotted([1, "a"]), Slotted([Decimal(1)])])) == 0
    assert unasked(found, page=Page([Slotted(iter("a"))])) == 0
    assert unasked(found, page=Kept("x")) == 0
    assert unasked(found, page=Dynamic()) == 0
    assert unasked(found, page=Page([Dynamic()])) == 0
    values = loops("{% for row in rows %}{% for v in row %}{{ v }}{% endfor %}{% endfor %}")
    assert unasked(values, rows=[[1], ["a", None]]) == 1
    assert unasked(values, rows=[[1], ["a", Html()]]) == 0
    assert unasked(values, rows=[[1], ["a", None]]) == 1


def test_a_loop_inside_that_prints_nothing_is_not_looked_at() -> None:
    """What it walks may be anything, also something that can be walked once."""
    found = loops("{% for row in rows %}{{ row.price }}{% for x in row.name %}-{% endfor %}{% endfor %}")
    assert unasked(found, rows=[Slotted(iter("ab"))]) == 1


def test_items_that_are_taken_apart_have_the_same_length() -> None:
    """Tuples and lists; what else can be taken apart is not looked at."""
    found = loops("{% for a, b in rows %}{{ a }}{{ b }}{% endfor %}")
    assert unasked(found, rows=[("a", 1), ("b", 2)]) == 2
    assert unasked(found, rows=[["a", 1]]) == 2
    assert unasked(found, rows=[("a", 1), ("b", 2, 3)]) == 0
    assert unasked(found, rows=[("a", Decimal(1))]) == 1
    assert unasked(loops("{% for a, b in rows %}{{ a }}{% endfor %}"), rows=[{"a": 1, "b": 2}]) == 0


def test_one_part_that_is_not_plain_leaves_the_others_unasked() -> None:
    """It is asked from then on; a mixture of kinds or a missing list teaches nothing."""
    found = loops("{% for row in rows %}{{ row.name }}{{ row.price }}{{ row.name }}{% endfor %}")
    assert unasked(found, rows=[Slotted("a"), {"name": "a"}]) == 0
    assert unasked(found, rows=[Slotted("a")]) == 3
    assert unasked(found, rows=[Slotted("a"), Slotted("b", Decimal(1))]) == 2
    assert unasked(found, rows=[Slotted("a")]) == 2
    assert unasked(found, rows=[Slotted(Html())]) == 0
    assert unasked(found, rows=[Slotted("a")]) == 0
    mixed = loops("{% for row in rows %}{{ row.name }}{{ row.title }}{% endfor %}")
    assert unasked(mixed, rows=[Kept("a")]) == 1


def test_what_a_loop_inside_learns_counts_outside() -> None:
    """The prints of the whole are others then, also when only a later item taught it."""
    source = "{% for row in rows %}{% for item in row.name %}{{ item.name }}{{ item.price }}{% endfor %}{% endfor %}"
    found = loops(source)
    assert unasked(found, rows=[Slotted([Slotted("a")])]) == 2
    assert unasked(found, rows=[Slotted([Slotted("a")]), Slotted([Slotted("a", Decimal("1.0"))])]) == 1
    environment = Environment()
    for price in (1, Decimal("1.0")):
        rows = [Slotted([Slotted("a")]), Slotted([Slotted("b", price)])]
        assert environment.render_string(source, {"rows": rows}) == f"a1b{price}"


def test_a_loop_learns_only_so_often() -> None:
    """What never gets plain costs a moment only at the beginning."""
    found = loops(NAMES)
    for _ in range(MOST_LESSONS):
        assert unasked(found, rows=[Slotted("a"), Kept("a")]) == 0
    assert unasked(found, rows=[Slotted(Html())]) == 0
    assert unasked(found, rows=[Slotted("a")]) == 1


def test_each_loop_is_plain_or_not_by_itself() -> None:
    """One that is not costs the others nothing; after so many combinations there are no new ones."""
    one = "{{% for r in rows{0} %}}{{{{ r }}}}{{% endfor %}}"
    found = loops("".join(one.format(number) for number in range(8)))
    assert len(found.prints) == 8
    assert unasked(found, rows0=["a"], rows1=[Html()], rows2=[1]) == 2
    states = [
        {f"rows{bit}": [1] for bit in range(8) if number & 1 << bit} for number in range(1, 2 * MOST_FORMS)
    ]
    forms = [found.form(state) for state in states]
    assert len(set(forms) - {None}) == MOST_FORMS
    assert forms[-1] is None
    assert all(
        len(found.spoken_for(form)) == len(state) for form, state in zip(forms, states, strict=True) if form
    )


def test_a_loop_remembers_so_many_kinds_of_items() -> None:
    """Kinds that are made while the application runs are not kept for ever."""
    found = loops(NAMES)
    made = [type("Made", (), {"name": "x"}) for _ in range(MOST_KINDS + 1)]
    assert all(unasked(found, rows=[kind()]) == 1 for kind in made)
    (loop,) = [loop for _, _, loop in found._sources]
    assert len(loop._checks) == 1


VALUES = st.one_of(
    st.text(alphabet="<>&'\"/a\u00e9\u65e5 ", max_size=4),
    st.integers(),
    st.integers(min_value=2**60, max_value=2**130),
    st.floats(),
    st.booleans(),
    st.none(),
    st.dates(),
    st.just(Markup("<i>")),
)
STRANGE = st.one_of(
    st.decimals(places=2, allow_nan=False), st.builds(Html), st.just([1, "<"]), st.just(2 + 1j)
)
MAKE: list[Callable[[Any], Any]] = [Slotted, Kept, Record, Data, Pointed, lambda value: {"name": value}]


@given(st.lists(VALUES, max_size=4), st.lists(STRANGE, max_size=1), st.sampled_from(MAKE))
def test_a_plain_loop_prints_what_it_would_print_with_questions(
    plain: list[Any], strange: list[Any], make: Callable[[Any], Any]
) -> None:
    """Every value, of every kind of item, comes out as it does where loops are not looked at."""
    values = plain + strange
    context = {"rows": [make(value) for value in values], "values": values, "pairs": [(v, 1) for v in values]}
    source = (
        "{% for row in rows %}{{ row.name }},{% endfor %}{% for v in values %}{{ v }},{% endfor %}"
        "{% for v, w in pairs %}{{ v }}={{ w }},{% endfor %}"
    )
    asking = source.replace("%}{{ ", "%}{{ (").replace(" }}", ") }}").replace("={{ ", "={{ (")
    assert loops(asking).prints == frozenset()
    environment = Environment()
    for _ in range(2):
        assert environment.render_string(source, context) == environment.render_string(asking, context)


def test_templates_with_parents_are_looked_at(site: Site) -> None:
    """A loop in a block is looked at; where a parent sets the name, or is not known before, it is not."""
    environment = site(
        {
            "base.html": "{% block a %}{% endblock %}",
            "sets.html": "{% set rows = [{'name': x}] %}{% block a %}{% endblock %}",
            "page.html": "{% extends 'base.html' %}{% block a %}" + NAMES + "{% endblock %}",
            "child.html": "{% extends 'sets.html' %}{% block a %}" + NAMES + "{% endblock %}",
            "any.html": "{% extends layout %}{% block a %}" + NAMES + "{% endblock %}",
        }
    )
    context = {"rows": [{"name": "a"}], "x": Html(), "layout": "sets.html"}
    assert environment.render("page.html", context) == "a;"
    assert environment.render("child.html", context) == "<b>h</b>;"
    assert environment.render("any.html", context) == "<b>h</b>;"
    assert environment.render("any.html", {**context, "layout": "base.html"}) == "a;"


def test_errors_in_plain_loops_name_their_place(site: Site) -> None:
    """The line and the name are those that the user wrote."""
    environment = site(
        {"page.html": "{% for row in rows %}\n{{ row.name }}\n{{ missing.x }}\n{% endfor %}"}, debug=True
    )
    with pytest.raises(UndefinedVariable, match=r"missing") as raised:
        environment.render("page.html", {"rows": [Slotted("a")]})
    assert raised.value.line == 3
    with pytest.raises(TemplateError, match=r"row\.name") as undefined:
        environment.render("page.html", {"rows": [{"title": "a"}]})
    assert undefined.value.line == 2


def test_a_changed_template_is_looked_at_again(site: Site, tmp_path: Path) -> None:
    """While developing, what was found in a file goes when the file changes."""
    environment = site({"page.html": NAMES}, debug=True)
    assert environment.render("page.html", {"rows": [{"name": "a"}], "x": Html()}) == "a;"
    (tmp_path / "page.html").write_text("{% set rows = [{'name': x}] %}" + NAMES)
    assert environment.render("page.html", {"rows": [{"name": "a"}], "x": Html()}) == "<b>h</b>;"


def test_a_forgotten_text_is_forgotten_in_all_its_forms() -> None:
    """Texts that were rendered with plain loops and without do not pile up."""
    environment = Environment()
    for number in range(MOST_TEXTS + 10):
        for value in ("a", Html()):
            environment.render_string(f"{number}{NAMES}", {"rows": [{"name": value}]})
    assert len(environment._compiled.origins) == 2 * MOST_TEXTS
    assert len(environment._compiled.loops) == MOST_TEXTS
    assert len(environment._compiled.spelled) == 2 * MOST_TEXTS
