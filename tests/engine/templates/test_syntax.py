"""The template language as it is promised, one construct at a time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.templates.conftest import Render, Site


class Person:
    """An object with attributes, a method and something private."""

    _secret = "hidden"

    def __init__(self, name: str, age: int = 1) -> None:
        self.name = name
        self.age = age

    def greet(self, word: str = "Hello") -> str:
        return f"{word} {self.name}"


PEOPLE = [Person("Ann", 30), Person("Bob", 20)]
TREE = [{"name": "a", "children": [{"name": "b", "children": []}]}, {"name": "c", "children": []}]

CASES: list[tuple[str, str, dict[str, Any]]] = [
    # printing
    ("{{ x }}", "1", {"x": 1}),
    ("{{ p.name }} {{ p.greet('Hi') }} {{ p.greet(word='Yo') }}", "Ann Hi Ann Yo Ann", {"p": PEOPLE[0]}),
    ("{{ d.a }}{{ d['a'] }}{{ d.items()|length }}", "111", {"d": {"a": 1}}),
    ("{{ x[0] }}{{ x[-1] }}{{ x[1:] }}{{ x[::-1] }}{{ 'abc'[:2] }}", "13[2, 3][3, 2, 1]ab", {"x": [1, 2, 3]}),
    (
        "{{ none }}{{ true }}{{ 1.5 }}{{ 10 ** 3 }}{{ 7 // 2 }}{{ 7 % 3 }}{{ -x }}",
        "NoneTrue1.5100031-2",
        {"x": 2},
    ),
    ("{{ 'a' ~ 1 ~ x }}", "a1b", {"x": "b"}),
    ("{{ 'yes' if x else 'no' }}{{ 'yes' if not x }}", "yes", {"x": 1}),
    ("{{ 1 < 2 <= 2 != 3 }}{{ 1 < x < 3 }}", "TrueTrue", {"x": 2}),
    ("{{ 'b' in 'abc' and 1 not in [2] or false }}", "True", {}),
    ("{{ '}}' }}{{ '%}' }}{{ \"{#\" }}{% if '%}' == '%}' %}y{% endif %}", "}}%}{#y", {}),
    ("{{ {'a': {'b': 1}}.a.b }}{{ {'a':{'b':1}}['a']['b']}}", "11", {}),
    ("{{ 'it\\'s' }}{{ \"a\\\"b\" }}", "it&#x27;sa&quot;b", {}),
    # if
    ("{% if x == 1 %}a{% elif x == 2 %}b{% else %}c{% endif %}", "b", {"x": 2}),
    ("{% if x is defined and x is not none %}a{% else %}b{% endif %}", "b", {}),
    # for
    ("{% for x in y %}{{ x }}{% else %}none{% endfor %}", "none", {"y": []}),
    ("{% for a, b in d.items() %}{{ a }}{{ b }}{% endfor %}", "k1", {"d": {"k": 1}}),
    ("{% for a, (b, c) in y %}{{ a }}{{ b }}{{ c }}{% endfor %}", "123", {"y": [(1, (2, 3))]}),
    ("{% for x in y if x > 1 %}{{ loop.index }}{{ x }} {% endfor %}", "12 23 ", {"y": [1, 2, 3]}),
    (
        "{% for n in t recursive %}{{ n.name }}{{ loop(n.children) }}{{ loop.depth }}{% endfor %}",
        "ab21c1",
        {"t": TREE},
    ),
    (
        "{% for x in y %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}"
        "{{ loop.first }}{{ loop.last }}{{ loop.length }}|{% endfor %}",
        "1021TrueFalse2|2110FalseTrue2|",
        {"y": ["a", "b"]},
    ),
    ("{% for x in y %}{{ loop.cycle('odd', 'even') }} {% endfor %}", "odd even odd ", {"y": [1, 2, 3]}),
    (
        "{% for x in y %}{{ loop.previtem|default('-') }}{{ loop.nextitem|default('-') }}{% endfor %}",
        "-2132-",
        {"y": [1, 2, 3]},
    ),
    ("{% for x in y %}{{ loop.changed(x) }} {% endfor %}", "True False True ", {"y": [1, 1, 2]}),
    ("{% for x in y %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "13", {"y": [1, 2, 3]}),
    ("{% for x in y %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}", "1", {"y": [1, 2, 3]}),
    ("{% for p in people %}{{ p.name }} {% endfor %}", "Ann Bob ", {"people": iter(PEOPLE)}),
    # set, do, with
    ("{% set x = 1 %}{{ x }}", "1", {}),
    ("{% set x, y = 1, 2 %}{{ x }}{{ y }}", "12", {}),
    ("{% set x %}<b>{{ y }}</b>{% endset %}{{ x }}{{ x }}", "<b>&lt;</b><b>&lt;</b>", {"y": "<"}),
    ("{% set x | upper %}abc{% endset %}{{ x }}", "ABC", {}),
    ("{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}", "1", {"x": 1}),
    (
        "{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
        "3",
        {},
    ),
    ("{% do items.append(2) %}{{ items|length }}", "2", {"items": [1]}),
    ("{% do 5 %}{% do items %}ok", "ok", {"items": [1]}),
    ("{% with a=1, b=2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}", "12False", {}),
    # macros
    ("{% macro m(a, b=2) %}<{{ a }}{{ b }}>{% endmacro %}{{ m(1) }}{{ m(1, b=3) }}", "<12><13>", {}),
    ("{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}<b>{% endcall %}", "[<b>]", {}),
    ("{% macro m(x) %}{{ caller(x) }}{% endmacro %}{% call(y) m(4) %}<{{ y }}>{% endcall %}", "<4>", {}),
    # filter, autoescape, raw, comments
    ("{% filter upper %}a{{ x }}{% endfilter %}", "AB", {"x": "b"}),
    ("{% autoescape false %}{{ x }}{% endautoescape %}{{ x }}", "<&lt;", {"x": "<"}),
    ("{% raw %}{{ x }}{% if %}{# #}{% endraw %}", "{{ x }}{% if %}{# #}", {}),
    ("a{# {{ x }} %} #}b", "ab", {}),
    # white space
    ("a  {%- if true -%}  b  {%- endif -%}  c", "abc", {}),
    ("a  {{- ' b ' -}}  c", "a b c", {}),
    ("a  {#- x -#}  c", "ac", {}),
    ("a  {%- raw -%}  b  {%- endraw -%}  c", "abc", {}),
    ("a {%+ if true +%} b{% endif %}", "a  b", {}),
    ("<p>\n{% if true %}\nx\n{% endif %}\n</p>\n", "<p>\n\nx\n\n</p>", {}),
]


@pytest.mark.parametrize(("source", "expected", "context"), CASES, ids=[case[0][:60] for case in CASES])
def test_construct_renders(render: Render, source: str, expected: str, context: dict[str, Any]) -> None:
    """Every construct of the language does what it does in Jinja."""
    assert render(source, **context) == expected


def test_include_sees_the_context(site: Site) -> None:
    """An included template has the names of the one that includes it."""
    environment = site(
        {"page.html": "{% set y = 2 %}{% include 'part.html' %}", "part.html": "{{ x }}{{ y }}"}
    )
    assert environment.render("page.html", {"x": 1}) == "12"


def test_include_takes_the_first_of_several_and_may_ignore(site: Site) -> None:
    """A list of names includes the first that exists; `ignore missing` includes nothing."""
    environment = site(
        {
            "page.html": "{% include ['no.html', 'part.html'] %}{% include 'no.html' ignore missing %}.",
            "part.html": "p",
        }
    )
    assert environment.render("page.html", {}) == "p."


def test_imported_macros_are_called(site: Site) -> None:
    """`from .. import` and `import .. as` give the macros of another template."""
    environment = site(
        {
            "page.html": "{% from 'm.html' import b, c as d %}{% import 'm.html' as m %}{{ b(1) }}{{ d(2) }}{{ m.b('<') }}",
            "m.html": "{% macro b(x) %}<b>{{ x }}</b>{% endmacro %}{% macro c(x) %}<i>{{ x }}</i>{% endmacro %}",
        }
    )
    assert environment.render("page.html", {}) == "<b>1</b><i>2</i><b>&lt;</b>"


def test_blocks_are_overridden_along_the_chain(site: Site) -> None:
    """A child fills its parents' blocks, calls `super()`, and may nest blocks of its own."""
    environment = site(
        {
            "base.html": "<{% block a %}A{% endblock %}|{% block b %}B{% block inner %}I{% endblock %}{% endblock %}>",
            "mid.html": "{% extends 'base.html' %}{% block a %}{{ super() }}M{% endblock %}",
            "page.html": "{% extends 'mid.html' %}{% block a %}{{ super() }}P{% endblock a %}"
            "{% block inner %}{{ super() }}!{% endblock %}",
        }
    )
    assert environment.render("page.html", {}) == "<AMP|BI!>"


def test_extends_takes_an_expression(site: Site) -> None:
    """The layout may be chosen while the page renders."""
    environment = site(
        {
            "page.html": "{% extends layout %}{% block a %}x{% endblock %}",
            "l.html": "[{% block a %}{% endblock %}]",
        }
    )
    assert environment.render("page.html", {"layout": "l.html"}) == "[x]"


def test_calls_outside_blocks_of_a_child_run(site: Site) -> None:
    """What a child says outside of its blocks, such as its title, is heard although it prints nothing."""
    said: list[str] = []
    environment = site({"page.html": "{% extends 'b.html' %}{{ title('T') }}", "b.html": "b"})
    assert environment.render("page.html", {"title": said.append}) == "b"
    assert said == ["T"]


def test_block_names_may_have_hyphens(site: Site) -> None:
    """Letters, digits, `_` and `-` make a block name, in any order."""
    environment = site(
        {
            "b.html": "{% block side-bar %}{% endblock side-bar %}{% block 2nd %}{% endblock %}",
            "page.html": "{% extends 'b.html' %}{% block side-bar %}s{% endblock %}{% block 2nd %}2{% endblock %}",
        }
    )
    assert environment.render("page.html", {}) == "s2"
    assert environment.blocks("page.html") == ("side-bar", "2nd")


def test_html_and_asok_are_the_same(site: Site) -> None:
    """The two endings are one language, both escaped."""
    environment = site({"a.html": "{{ x }}", "b.asok": "{{ x }}"})
    assert environment.render("a.html", {"x": "<"}) == environment.render("b.asok", {"x": "<"}) == "&lt;"
