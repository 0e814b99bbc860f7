"""Decimals on pages: printed as they are, counted as they are, and free where there are none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from asok_engine.templates.environment import Environment
from asok_engine.templates.errors import TemplateError, UndefinedVariable
from asok_engine.templates.exact import called, names_read, part_shown
from asok_engine.templates.markup import Markup
from tests.engine.templates.conftest import Render, Site


class Item:
    """A row with a price; counts how often what it computes is computed."""

    def __init__(self, price: str, count: int = 2) -> None:
        self.price = Decimal(price)
        self.count = count
        self.half = 0.5
        self._cost = Decimal("1.00")
        self.asked = 0

    def total(self, times: int = 1) -> Decimal:
        self.asked += 1
        return self.price * times

    @property
    def tax(self) -> Decimal:
        return self.price * Decimal("0.20")


def context() -> dict[str, Any]:
    return {
        "x": Decimal("11.00"),
        "item": Item("11.00"),
        "items": [Item("1.10"), Item("2.20")],
        "prices": [Decimal("1.00"), Decimal("2.50")],
        "pairs": [("a", Decimal("1.00")), ("b", Decimal("2.50"))],
        "table": {"a": Decimal("3.00"), "b": {"c": Decimal("0.10")}},
        "none": None,
    }


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ x }}", "11.00"),
        ("{{\nx\n}}", "11.00"),
        ("{{ item.price }} {{ item['price'] }} {{ item.tax }}", "11.00 11.00 2.2000"),
        ("{{ items[1].price }} {{ table.a }} {{ table['b'].c }} {{ table.get('a') }}", "2.20 3.00 0.10 3.00"),
        ("{{ item.total() }} {{ item.total(3) }} {{ items[0].total(times=2) }}", "11.00 33.00 2.20"),
        ("{{ item.price * item.count }} {{ x + 1 }} {{ -x }} {{ (x - 1) / 4 }}", "22.00 12.00 -11.00 2.50"),
        ("{{ items[0].price * 3 }} {{ x * 1.19 }}", "3.30 13.0900"),
        ("{{ x if x > 3 else 0 }} {{ none or item.price }} {{ x and item.tax }}", "11.00 11.00 2.2000"),
        ("{{ x|round(1) }} {{ (-x)|abs }} {{ prices|sum }} {{ items|map(attribute='price')|sum }}", "11.0 11.00 3.50 3.30"),
        ("{{ x|intcomma }} {{ item.price|default('-') }} {{ (x * 1000)|intcomma }}", "11.00 11.00 11,000.00"),
        ("{{ x ~ ' EUR' }} {{ 'for ' ~ item.price ~ '!' }}", "11.00 EUR for 11.00!"),
        ("{{ x|tojson }}<a data-x=\"{{ item.price|tojson }}\">", '"11.00"<a data-x="&quot;11.00&quot;">'),
        ("{% for i in items %}{{ i.price }},{{ i.total() }} {% endfor %}", "1.10,1.10 2.20,2.20 "),
        ("{% for p in prices if p > 1 %}{{ p }} {% endfor %}", "2.50 "),
        ("{% for name, p in pairs %}{{ name }}={{ p }} {% endfor %}", "a=1.00 b=2.50 "),
        ("{% for name, p in {'k': x}.items() %}{{ name }}{% endfor %}{% for p in table.b.values() %}{{ p }}{% endfor %}", "k0.10"),
        ("{% set t = item.price * 2 %}{% set u = t %}{{ u }}", "22.00"),
        ("{% for p in prices %}{% for i in items %}{{ p }} {% endfor %}{% endfor %}", "1.00 1.00 2.50 2.50 "),
    ],
)  # fmt: skip
def test_decimals_are_printed_as_they_are(render: Render, source: str, shown: str) -> None:
    """A decimal keeps its digits and its zeros wherever it is printed, and through what is counted with it."""
    assert render(source, **context()) == shown


@pytest.mark.parametrize(
    "text", ["12345678901234567890.123", "0.10", "1E+5", "NaN", "-Infinity", "0.00", "1E-400"]
)
def test_every_decimal_is_printed_by_its_own_text(render: Render, text: str) -> None:
    """Long, tiny, huge and special decimals too."""
    assert (
        render("{{ x }} {{ d.x }}", x=Decimal(text), d={"x": Decimal(text)})
        == f"{Decimal(text)} {Decimal(text)}"
    )


def test_numbers_that_are_no_decimals_are_printed_as_before(render: Render) -> None:
    """Floats, whole numbers and truths stay what they were, beside decimals as well."""
    assert render("{{ f }} {{ g }} {{ i }} {{ b }} {{ n }} {{ 1 / 4 }} {{ item.half }}",
                  f=11.0, g=1e16, i=3, b=True, n=None, item=Item("1")) == "11.0 10000000000000000.0 3 True None 0.25 0.5"  # fmt: skip
    assert render("{{ item.half * 3 }} {{ item.half|round(1) }}", item=Item("1")) == "1.5 0.5"


def test_decimals_are_compared_as_numbers(render: Render) -> None:
    """Comparing, tests and formats work on the number."""
    source = "{{ x > 3 }}{{ x == 11 }}{{ x is number }}{{ '%.2f'|format(x) }}{{ 'y' if table.zero else 'n' }}"
    assert render(source, x=Decimal("11.00"), table={"zero": Decimal("0.00")}) == "TrueTrueTrue11.00n"


def test_filters_in_python_get_the_decimal() -> None:
    """A filter of the application is given the decimal, its result is escaped or marked as ever."""
    environment = Environment()
    got: list[object] = []

    def money(value: object, unit: str = "<") -> str:
        got.append(value)
        return f"{value} {unit}"

    environment.add_filter("money", money)
    environment.add_filter("bold", lambda value: Markup(f"<b>{value}</b>"))
    assert environment.render_string(
        "{{ x|money }} {{ x|money('>') }} {{ x|bold }}", {"x": Decimal("1.10")}
    ) == ("1.10 &lt; 1.10 &gt; <b>1.10</b>")
    assert got == [Decimal("1.10")] * 2
    assert all(isinstance(value, Decimal) for value in got)
    assert environment.render_string("{{ x|money }}", {"x": 1.5}) == "1.5 &lt;"


def test_a_method_is_called_once(render: Render) -> None:
    """What a method does happens once, although its result is printed exactly."""
    item = Item("1.10")
    assert render("{{ item.total() }}", item=item) == "1.10"
    assert item.asked == 1


def test_only_an_equal_decimal_takes_the_place_of_a_number(render: Render) -> None:
    """A name that a template sets anew shows what it was set to, not what was given under it."""
    source = "{% for x in [1.5, 2.5] %}{{ x }} {% endfor %}{% with x = 0.5 %}{{ x }}{% endwith %}"
    assert render(source, x=Decimal("11.00")) == "1.5 2.5 0.5"


def test_what_is_walked_once_is_not_walked_again(render: Render) -> None:
    """A loop over a generator shows its decimals as numbers, and loses none of them."""
    assert (
        render("{% for p in rows %}{{ p }} {% endfor %}", rows=iter([Decimal("1.50"), Decimal("2.50")]))
        == "1.5 2.5 "
    )


def test_macros_of_other_files_are_called_as_ever(site: Site) -> None:
    """A call of an imported macro looks like a method's and stays the engine's."""
    environment = site(
        {
            "m.html": "{% macro f(x) %}[{{ x }}]{% endmacro %}",
            "a.html": "{% import 'm.html' as m %}{{ m.f('a') }}{% include 'b.html' %}",
            "b.html": "{{ m.f('b') }}",
        }
    )
    assert environment.render("a.html", {}) == "[a][b]"


def test_private_names_and_functions_stay_closed(render: Render) -> None:
    """What a template could not reach it cannot reach by way of a decimal."""
    for source in (
        "{{ item._cost }}",
        "{{ item._cost * 2 }}",
        "{{ item._secret() }}",
        "{{ str.mro() }}",
        "{{ range.upper() }}",
    ):
        with pytest.raises(TemplateError):
            render(source, item=Item("1"))


def test_undefined_names_are_named_as_the_user_wrote_them(render: Render) -> None:
    """The names that are made for rewriting never show in a message."""
    for source, name in (("{{ nope }}", "nope"), ("{{ nope.total() }}", "nope"),
                         ("{{ nope ~ 'a' }}", "nope"), ("{{ x.y.total() }}", "x.y")):  # fmt: skip
        with pytest.raises(UndefinedVariable, match=rf"{name}\b") as raised:
            render(source, x={})
        assert "__" not in str(raised.value)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("a.b", {"a"}),
        ("a.b * c[0] + d", {"a", "c", "d"}),
        ("a|round(n)", {"a", "n"}),
        ("a.get('x')", {"a"}),
        ("f(a)", None),
        ("a.total()", None),
        ("a is defined", None),
        ("loop.index / 2", None),
        ("__given", None),
        ("1.5", None),
        ("a * b|round", None),
        ("a ** 9", None),
        ("[x for x in a]", None),
        ("lambda: a", None),
        ("a['\\d']", {"a"}),
        ("a\0b", None),
        ("a + " + "9" * 5000, None),
        ("(" * 500 + "a" + ")" * 500, None),
        ("(", None),
    ],
)
def test_only_what_has_no_effect_is_read_again(expression: str, names: set[str] | None) -> None:
    """Names, attributes, keys and arithmetic; never a call, and nothing that could grow without end."""
    assert names_read(expression) == names


def test_a_call_for_printing_refuses_what_is_no_object() -> None:
    """What belongs to the engine arrives as text, which has no methods here."""
    assert called(Item("1.10"), "total", 2) == "2.20"
    assert called([3], "pop") == 3
    with pytest.raises(AttributeError, match="upper"):
        called("range", "upper")


def test_a_part_is_a_decimal_or_is_left_as_it_is() -> None:
    """An attribute or a key; a float, another number than was shown, what is missing and what is private give None."""
    item = Item("11.00")
    assert part_shown(item, "price", 11.0) == part_shown({"price": item.price}, "price", 11) == "11.00"
    for name, shown in (("half", 0.5), ("price", 12.0), ("nothing", 1.0), ("_cost", 1.0)):
        assert part_shown(item, name, shown) is None
    assert part_shown(3, "price", 11.0) is None
