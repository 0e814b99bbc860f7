"""Rendering: names, escaping, strictness, blocks, streams, reloading, errors."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from asok_engine.errors import Abort, Redirect
from asok_engine.templates.environment import MOST_TEXTS, Environment
from asok_engine.templates.errors import (
    PrivateAttribute,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedVariable,
    UnknownBlock,
)
from asok_engine.templates.markup import Markup
from tests.engine.templates.conftest import Render, Site

LAYOUT = "<html>{% set word = 'hi' %}<body>{% block main %}M{% block list %}L{% endblock %}{% endblock %}</body></html>"


class Widget:
    """An object that knows its HTML."""

    def __init__(self) -> None:
        self.name = "w"
        self.asked = 0

    def __html__(self) -> str:
        self.asked += 1
        return "<i>w</i>"


# --- escaping ----------------------------------------------------------------------------


def test_text_is_escaped_in_html_and_not_in_plain_text(site: Site) -> None:
    """Autoescape is on for HTML and off for files that are plain text."""
    environment = site({"a.html": "{{ x }}", "a.txt": "{{ x }}&#x2f;"})
    assert environment.render("a.html", {"x": "<a href='/x'>"}) == "&lt;a href=&#x27;/x&#x27;&gt;"
    assert environment.render("a.txt", {"x": "<b>"}) == "<b>&#x2f;"
    assert environment.render_string("{{ x }}", {"x": "<"}, "mail.txt") == "<"


@pytest.mark.parametrize(
    ("source", "value", "forbidden"),
    [
        ("<p>{{ x }}</p>", "<script>alert(1)</script>", "<script"),
        ('<a title="{{ x }}">', '" onmouseover="alert(1)', '" on'),
        ("<a title='{{ x }}'>", "' onmouseover='alert(1)", "' on"),
        ("<script>var x = {{ x|tojson }};</script>", "</script><script>alert(1)", "</script><script>"),
        ("<script>var x = {{ x|tojson }};</script>", "<!--<script>", "<!--"),
        ('<div data-x="{{ x|tojson }}">', {"a": '" onclick="alert(1)'}, '" on'),
        ("<div data-x='{{ x|tojson }}'>", {"a": "' onclick='alert(1)"}, "' on"),
        ('<div data-x="{{ [x]|dump }}">', '"><script>', "<script"),
        ("{{ x|markdown }}", "[a](javascript:alert(1))<script>", "javascript:"),
        ("{{ x|markdown }}", "<img src=x onerror=alert(1)>", "<img"),
        ("{{ x|default('')|upper }}", "<script>", "<SCRIPT"),
        ("{{ [x]|join('<b>') }}{{ x ~ '<i>' }}", "<script>", "<"),
        ("{{ x|truncate(20) }}{{ x|striptags }}{{ x|center(30) }}", "<scr<b></b>ipt>alert(1)</script>", "<"),
        ("{% set y %}{{ x }}{% endset %}{{ y }}", "<script>", "<script"),
        ("{% macro m(v) %}{{ v }}{% endmacro %}{{ m(x) }}", "<script>", "<script"),
        ("{% filter upper %}{{ x }}{% endfilter %}", "<script>", "<SCRIPT"),
        ("{{ x|decode_base64 }}", 'data:image/svg+xml;base64,PHN2Zz4="><script>', "<"),
        ("{{ {'a': x}|xmlattr }}", '"><script>', '"><'),
    ],
)
def test_hostile_text_is_inert(render: Render, source: str, value: object, forbidden: str) -> None:
    """What a visitor sends ends no tag, no attribute and no script (case 100)."""
    assert forbidden not in render(source, x=value)


def test_tojson_gives_back_its_value_in_an_attribute(render: Render) -> None:
    """JSON in a double-quoted attribute is what a browser decodes to the same JSON."""
    assert render('<a x="{{ {"k": "\'"}|tojson }}">') == '<a x="{&quot;k&quot;: &quot;\\u0027&quot;}">'


def test_objects_print_their_own_html(render: Render) -> None:
    """`__html__` is respected wherever the object comes from, and its attributes stay reachable."""
    widget = Widget()
    page = render(
        "{{ w }}{{ d.w }}{{ f() }}{{ l[0] }}{{ w.name }}",
        w=widget,
        d={"w": widget},
        f=lambda: widget,
        l=[widget],
    )
    assert page == "<i>w</i>" * 4 + "w"
    assert render("{{ m }}", m=Markup("<b>")) == "<b>"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"), (True, "True"), (0, "0"), (1.5, "1.5"), ("", ""), ([], "[]"), ([1, "a"], "[1, &#x27;a&#x27;]"),
        ({}, "{}"), ((1,), "(1,)"), (10**30, str(10**30)), (10**60, None), (float("nan"), "NaN"),
    ],
)  # fmt: skip
def test_every_kind_of_value_prints(render: Render, value: object, text: str | None) -> None:
    """Printing asks an object for its HTML and nothing of plain values; none of them is lost."""
    printed = render("{{ x }}", x=value)
    assert printed == text if text is not None else printed


def test_printing_never_compares_or_iterates_objects(render: Render) -> None:
    """The question whether a value is plain runs none of its methods but `__str__`."""

    class Touchy:
        def __lt__(self, other: object) -> bool:
            raise AssertionError("compared")

        __gt__ = __le__ = __ge__ = __lt__

        def __iter__(self) -> object:
            raise AssertionError("iterated")

        def __str__(self) -> str:
            return "<ok>"

    assert render("{{ x }}{% set y = x %}{{ y }}", x=Touchy()) == "&lt;ok&gt;&lt;ok&gt;"


def test_nonce_is_made_only_when_it_is_printed(render: Render) -> None:
    """A value that is made on demand is asked once per print, and not at all by a page without it."""

    class Nonce:
        asked = 0

        def __str__(self) -> str:
            Nonce.asked += 1
            return "n-1"

    assert render("<p>{% if nonce %}x{% endif %}", nonce=Nonce()) == "<p>x"
    assert Nonce.asked == 0
    assert render('<script nonce="{{ nonce }}">', nonce=Nonce()) == '<script nonce="n-1">'
    assert Nonce.asked == 1


def test_inline_scripts_get_the_nonce_when_wanted(site: Site) -> None:
    """With `script_nonces`, literal inline scripts and styles carry it; others and data do not."""
    source = (
        "<script>a</script><style>b</style><script src=x></script><script type='application/json'>1</script>"
    )
    environment = site({"a.html": source}, script_nonces=True)
    page = environment.render("a.html", {"nonce": "N"})
    assert page == source.replace("<script>", '<script nonce="N">').replace("<style>", '<style nonce="N">')
    assert environment.render("a.html", {}) == source


# --- undefined and private ---------------------------------------------------------------


@pytest.mark.parametrize("source", ["{{ nope }}", "{{ p.nope }}", "{{ nope.x }}", "{{ nope|intcomma }}", "{{ nope|upper }}", "{{ nope ~ 'x' }}", "{% for x in nope %}{% endfor %}"])  # fmt: skip
def test_using_an_undefined_name_is_an_error(render: Render, source: str) -> None:
    """Strict: what is undefined is not printed, also not through a filter that would take None."""
    with pytest.raises(UndefinedVariable, match="nope"):
        render(source, p=Widget())


def test_undefined_is_tolerated_where_it_is_asked_for(render: Render) -> None:
    """`is defined`, `default` and conditions take an undefined name."""
    assert (
        render("{% if nope %}y{% endif %}{{ nope is defined }}{{ nope|default('d') }}{{ x.y|d }}", x={})
        == "Falsed"
    )


def test_lenient_prints_nothing(site: Site) -> None:
    """`strict=False` prints nothing for what is undefined, however deep."""
    assert site(strict=False).render_string("[{{ nope }}{{ nope.x.y }}{{ nope|intcomma }}]", {}) == "[]"


def test_near_names_are_suggested(render: Render) -> None:
    """The error names the variable, the template, the line, and what was probably meant."""
    with pytest.raises(UndefinedVariable) as caught:
        render("a\n{{ titel }}", title="x")
    assert (caught.value.template, caught.value.line) == ("<string>", 2)
    assert "titel is undefined" in caught.value.message
    assert "title" in caught.value.fix
    with pytest.raises(UndefinedVariable, match=r"Did you mean w\.name"):
        render("{{ w.nme }}", w=Widget())


@pytest.mark.parametrize("source", ["{{ p._secret }}", "{{ p['_secret'] }}", "{{ p.__class__ }}", "{{ p.__class__.__mro__ }}", "{{ f.__globals__ }}"])  # fmt: skip
def test_private_attributes_are_refused(render: Render, source: str) -> None:
    """A template reads no name with a leading underscore from an object."""

    class Owner:
        _secret = "hidden"

    with pytest.raises(PrivateAttribute, match="private"):
        render(source, p=Owner(), f=test_near_names_are_suggested)
    assert Environment(strict=False).render_string("{{ p._secret }}", {"p": Owner()}) == ""


@pytest.mark.parametrize("name", ["eval", "exec", "open", "getattr", "type", "__import__", "globals"])
def test_dangerous_functions_do_not_exist(render: Render, name: str) -> None:
    """Nothing that reaches outside of the template can be called."""
    with pytest.raises(PrivateAttribute, match="cannot be called"):
        render("{{ " + name + "('1') }}")


@pytest.mark.parametrize("name", ["str", "int", "float", "list", "dict", "bool", "len", "range"])
def test_functions_show_no_class(render: Render, name: str) -> None:
    """The names of Python's types are functions here: nothing of the type is reachable through them."""
    with pytest.raises(TemplateError):
        render("{{ " + name + ".mro() }}")
    with pytest.raises(TemplateError):
        render("{{ " + name + ".format('{0.__class__}', 1) }}")


# --- names -------------------------------------------------------------------------------


def test_names_are_found_in_the_pages_folder_first(tmp_path: Path, site: Site) -> None:
    """The page's own folder goes before the roots, and these go in order."""
    files = {
        "p/a/row.html": "own",
        "p/row.html": "pages",
        "q/row.html": "partials",
        "q/x.html": "x",
        "p/a/page.html": "{% include 'row.html' %}",
    }
    environment = site(files, roots=[tmp_path / "p", tmp_path / "q"])
    assert environment.render("row.html", {}, root_first=tmp_path / "p/a") == "own"
    assert environment.render("row.html", {}) == "pages"
    assert environment.render("x.html", {}, root_first=tmp_path / "p/a") == "x"
    assert environment.render("a/page.html", {}) == "own"


def test_page_may_extend_a_layout_of_its_own_name(tmp_path: Path, site: Site) -> None:
    """A template that extends its own name means the next one of that name."""
    files = {
        "p/base.html": "{% extends 'base.html' %}{% block a %}p{% endblock %}",
        "q/base.html": "[{% block a %}{% endblock %}]",
    }
    environment = site(files, roots=[tmp_path / "p", tmp_path / "q"])
    assert environment.render("base.html", {}) == "[p]"


@pytest.mark.parametrize("name", ["../x.html", "a/../../x.html", "/etc/passwd", "..\\x.html", "a\0.html", "C:/x.html", "", "link.html"])  # fmt: skip
def test_names_do_not_leave_their_folder(tmp_path: Path, site: Site, name: str) -> None:
    """No name reaches a file outside: not by dots, absolute paths, backslashes, NUL or links."""
    (tmp_path / "x.html").write_text("secret")
    environment = site({"in/a/y.html": ""}, roots=[tmp_path / "in"])
    os.symlink(tmp_path / "x.html", tmp_path / "in" / "link.html")
    with pytest.raises(TemplateNotFound):
        environment.render(name, {})
    with pytest.raises((TemplateNotFound, TemplateSyntaxError)):
        environment.render_string("{% include name %}", {"name": name})


def test_missing_template_names_folders_and_near_names(tmp_path: Path, site: Site) -> None:
    """The error says where was looked and what there is."""
    environment = site({"users.html": ""})
    with pytest.raises(TemplateNotFound) as caught:
        environment.render("user.html", {})
    assert str(tmp_path) in caught.value.message
    assert "users.html" in caught.value.fix


def test_missing_include_names_the_line_of_the_include(site: Site) -> None:
    """A missing part is reported where it is asked for, also two templates down."""
    environment = site(
        {"a.html": "{% include 'b.html' %}", "b.html": "\n\n{% include 'users.html' %}", "user.html": ""}
    )
    with pytest.raises(
        TemplateNotFound, match=r"b\.html, line 3: there is no template 'users\.html'.*user\.html"
    ):
        environment.render("a.html", {})
    with pytest.raises(TemplateNotFound, match=r"no template 'gone/x\.html'"):
        environment.render_string("{% extends 'gone/x.html' %}", {})


def test_extending_in_a_circle_is_an_error(site: Site) -> None:
    """Two templates that extend each other are named, not followed for ever."""
    environment = site({"a.html": "{% extends 'b.html' %}", "b.html": "{% extends 'a.html' %}"})
    with pytest.raises(TemplateError, match="circle"):
        environment.render("a.html", {})


# --- compiling and reloading ---------------------------------------------------------------


def test_production_reads_a_file_once(tmp_path: Path, site: Site) -> None:
    """Without debug a change of the file is not seen."""
    environment = site({"a.html": "1"})
    assert environment.render("a.html", {}) == "1"
    (tmp_path / "a.html").write_text("changed")
    assert environment.render("a.html", {}) == "1"


def test_production_looks_for_a_parent_or_an_include_once(site: Site, tmp_path: Path) -> None:
    """Without debug a name that was found is not looked for again, also one that comes from a variable."""
    files = {"a.html": "{% extends 'base.html' %}", "base.html": "{% include part %}", "one": "1", "two": "2"}
    environment = site(files)
    for part in ("one", "two"):
        assert environment.render("a.html", {"part": part}) == part.replace("one", "1").replace("two", "2")
    for name in ("base.html", "one"):
        (tmp_path / name).unlink()
    assert environment.render("a.html", {"part": "one"}) == "1"


def test_resolved_names_do_not_pile_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that a variable spells in ever new ways do not fill the memory."""
    monkeypatch.setattr("asok_engine.templates.environment.MOST_JOINED", 8)
    environment = site({"a.html": "{% include part %}", "one": "1"})
    for number in range(20):
        assert environment.render("a.html", {"part": "./" * number + "one"}) == "1"
    assert 0 < len(environment._joined) <= 8


def test_debug_sees_changed_parents_and_new_files(tmp_path: Path, site: Site) -> None:
    """In debug a change of any file a page is made of is seen by the next render."""
    environment = site({"a.html": "{% extends 'b.html' %}", "b.html": "1"}, debug=True)
    assert environment.render("a.html", {}) == "1"
    (tmp_path / "b.html").write_text("22{% block x %}{% endblock %}")
    assert environment.render("a.html", {}) == "22"
    assert environment.blocks("a.html") == ("x",)
    (tmp_path / "a.html").write_text("{% broken")
    with pytest.raises(TemplateSyntaxError):
        environment.render("a.html", {})
    (tmp_path / "a.html").write_text("fixed")
    assert environment.render("a.html", {}) == "fixed"


def test_template_texts_do_not_pile_up() -> None:
    """Templates given as text are compiled once and forgotten when there are many."""
    environment = Environment()
    for number in range(MOST_TEXTS + 20):
        assert environment.render_string("{{ x }}" + str(number), {"x": 1}) == f"1{number}"
    assert len(environment._compiled.outlines) == MOST_TEXTS


def test_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    """A file in another encoding is an error of ours that says where."""
    (tmp_path / "a.html").write_bytes(b"\xff\xfe")
    with pytest.raises(TemplateError, match="not UTF-8"):
        Environment([tmp_path]).render("a.html", {})


def test_renders_run_inside_each_other_and_in_threads(site: Site) -> None:
    """A function called by a template may render; a slow one does not stop other threads."""
    environment = site({"a.html": "[{{ f() }}]", "b.html": "b{{ x }}"})
    assert (
        environment.render("a.html", {"f": lambda: Markup(environment.render("b.html", {"x": "<"}))})
        == "[b&lt;]"
    )
    entered, leave = threading.Event(), threading.Event()
    pages: list[str] = []

    def slow() -> str:
        entered.set()
        assert leave.wait(5)
        return "slow"

    thread = threading.Thread(target=lambda: pages.append(environment.render("a.html", {"f": slow})))
    thread.start()
    assert entered.wait(5)
    assert environment.render("b.html", {"x": 1}) == "b1"
    leave.set()
    thread.join()
    assert pages == ["[slow]"]


def test_context_may_use_any_name(render: Render) -> None:
    """No name of the context collides with an argument of the engine."""
    assert Environment().render_string("{{ name }}{{ self }}{{ source }}{{ key }}", {"name": 1, "self": 2, "source": 3, "key": 4}) == "1234"  # fmt: skip


# --- what can be added ---------------------------------------------------------------------


def test_filters_tests_and_globals_are_added(site: Site) -> None:
    """What is added is there for every template, and may replace what was there."""
    environment = site({"a.html": "{{ 'a'|upper }}"})
    assert environment.render("a.html", {}) == "A"
    environment.add_filter("upper", lambda value: Markup(f"<{value}>"))
    environment.add_filter("twice", lambda value, times=2: str(value) * times)
    environment.add_test("long", lambda value: len(value) > 2)
    environment.add_global("site_name", "Desk")
    assert environment.render("a.html", {}) == "<a>"
    source = "{{ 'ab'|twice(times=3) }}{{ 'abc' is long }}{{ site_name }}"
    assert environment.render_string(source, {}) == "abababTrueDesk"
    assert environment.render_string(source, {"site_name": "mine"}).endswith("mine")
    with pytest.raises(UndefinedVariable, match="nope"):
        environment.render_string("{{ nope|twice }}", {})


def test_fuel_ends_a_render_that_never_would(site: Site) -> None:
    """A limit of steps is an error that says so."""
    with pytest.raises(TemplateError, match="more steps"):
        site(fuel=500).render_string("{% for i in range(10000) %}x{% endfor %}", {})


# --- blocks --------------------------------------------------------------------------------


def test_blocks_are_rendered_alone(site: Site) -> None:
    """A block comes bare, with what the layout and the page set; nothing around it runs."""
    environment = site(
        {
            "base.html": LAYOUT,
            "page.html": "{% extends 'base.html' %}{% set n = 2 %}{% macro m(x) %}({{ x }}){% endmacro %}"
            "{% block main %}{{ fail() }}{% block extra-part %}{{ m(n) }}{{ word }}{% endblock %}{{ super() }}{% endblock %}"
            "{% block list %}{{ super() }}{{ n }}{% endblock %}",
        }
    )
    assert environment.blocks("page.html") == ("main", "list", "extra-part")
    assert environment.render_blocks("page.html", ["list"], {}) == {"list": "L2"}
    assert environment.render_blocks("page.html", ["extra-part", "list"], {}) == {
        "extra-part": "(2)hi",
        "list": "L2",
    }
    assert environment.render_blocks("base.html", ["main"], {}) == {"main": "ML"}
    assert environment.render_blocks("page.html", [], {}) == {}


def test_block_of_a_page_without_layout_is_rendered_alone(site: Site) -> None:
    """A page that extends nothing gives its blocks too, past loops, conditions and cached parts."""
    environment = site(
        {
            "a.html": "{% if false %}<p>{% block x %}{{ v }}{% endblock %}{% endif %}{{ fail() }}{% cache 'k' %}{% block y %}y{% endblock %}{% endcache %}\n"
        }
    )
    assert environment.render_blocks("a.html", ["x", "y"], {"v": "<"}) == {"x": "&lt;", "y": "y"}


def test_unknown_block_is_named_with_those_that_exist(site: Site) -> None:
    """The error is a KeyError whose key is the block, and a sentence that lists the blocks."""
    environment = site({"base.html": LAYOUT, "page.html": "{% extends 'base.html' %}"})
    with pytest.raises(UnknownBlock) as caught:
        environment.render_blocks("page.html", ["lst"], {})
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.args == ("lst",)
    assert "main, list" in str(caught.value)
    assert "Did you mean list?" in str(caught.value)


def test_blocks_of_a_layout_chosen_at_render_time_are_rendered(site: Site) -> None:
    """An extends with an expression is followed when the block is rendered; a missing block is an error."""
    environment = site(
        {"base.html": LAYOUT, "page.html": "{% extends layout %}{% block list %}[{{ word }}]{% endblock %}"}
    )
    assert environment.render_blocks("page.html", ["list"], {"layout": "base.html"}) == {"list": "[hi]"}
    assert environment.render_blocks("page.html", ["main"], {"layout": "base.html"}) == {"main": "M[hi]"}
    with pytest.raises(TemplateError):
        environment.render_blocks("page.html", ["gone"], {"layout": "base.html"})


def test_conditional_extends_renders_as_a_whole_only(site: Site) -> None:
    """A template that may or may not extend has no parts; the error says what to write."""
    environment = site(
        {
            "base.html": LAYOUT,
            "page.html": "{% if x %}{% extends 'base.html' %}{% endif %}{% block list %}P{% endblock %}",
        }
    )
    assert "MP" in environment.render("page.html", {"x": True})
    with pytest.raises(TemplateSyntaxError, match="as a whole only"):
        environment.render_blocks("page.html", ["list"], {"x": True})


def test_markers_stand_around_blocks_of_the_body(site: Site) -> None:
    """With `markers`, blocks in the text are marked; titles, attributes, scripts and overriding blocks add none."""
    environment = site(
        {
            "base.html": "<title>{% block title %}T{% endblock %}</title><body class='{% block klass %}k{% endblock %}'>"
            "{% block main %}M{% endblock %}<script>{% block js %}1{% endblock %}</script>",
            "page.html": "{% extends 'base.html' %}{% block main %}{{ super() }}{% block in-ner %}I{% endblock %}{% endblock %}",
        },
        markers=True,
    )
    assert environment.render("page.html", {}) == (
        "<title>T</title><body class='k'><!-- block:main:start -->M<!-- block:in-ner:start -->I<!-- block:in-ner:end -->"
        "<!-- block:main:end --><script>1</script>"
    )
    assert environment.render_blocks("page.html", ["main"], {}) == {
        "main": "M<!-- block:in-ner:start -->I<!-- block:in-ner:end -->"
    }


# --- streams -------------------------------------------------------------------------------


def test_stream_sends_the_head_before_the_body_is_rendered(site: Site) -> None:
    """The first piece ends after the head, and nothing of the body has run by then."""
    ran: list[str] = []
    environment = site(
        {
            "base.html": "{% set a = 1 %}<head><title>{% block title %}{% endblock %}</title></head>\n<body>"
            "{% block main %}{% endblock %}\n{% flush %}{% if true %}<footer>{{ a }}{% endif %}</body>\n",
            "page.html": "{% extends 'base.html' %}{% block title %}T{% endblock %}{% block main %}{{ run('main') }}{% endblock %}",
        }
    )
    context = {"run": lambda name: ran.append(name) or "B"}
    pieces = environment.stream("page.html", context)
    assert next(pieces) == "<head><title>T</title></head>"
    assert ran == []
    assert list(pieces) == ["\n<body>B\n", "<footer>1</body>"]
    assert ran == ["main"]
    assert "".join(environment.stream("page.html", context)) == environment.render("page.html", context)


def test_stream_without_a_break_is_one_piece(site: Site) -> None:
    """A template with no head and no flush is rendered whole; flush prints nothing elsewhere."""
    environment = site({"a.html": "a{{ x }}{% if true %}{% flush %}{% endif %}b"})
    assert list(environment.stream("a.html", {"x": 1})) == ["a1b"]


def test_stream_fails_at_once_for_a_missing_template(site: Site) -> None:
    """What can be known before the first byte is raised before it."""
    environment = site({"bad.html": "{% if %}"})
    with pytest.raises(TemplateNotFound):
        environment.stream("gone.html", {})
    with pytest.raises(TemplateSyntaxError):
        environment.stream("bad.html", {})


def test_stream_puts_page_hooks_into_the_head(site: Site) -> None:
    """What the page says before its head is sent is in it, and every mark is gone."""
    environment = site({"a.html": "<head><title>a</title></head>{% flush %}<body>x</body>"})
    hooks = {"page_title": lambda: "T<", "head_extra": lambda: "<link>", "body_attributes": lambda: " id=b"}
    assert list(environment.stream("a.html", hooks)) == [
        "<head><title>T&lt;</title><link></head>",
        "<body id=b>x</body>",
    ]


# --- errors --------------------------------------------------------------------------------


def test_exception_of_user_code_is_the_cause(site: Site) -> None:
    """A failure of a function keeps its traceback; in debug the line of the template is named."""

    def broken() -> None:
        raise LookupError("no row")

    files = {"a.html": "\n{% include 'b.html' %}", "b.html": "{{ 1 }}\n\n{% if broken() %}{% endif %}"}
    with pytest.raises(TemplateError, match="LookupError: no row") as caught:
        site(files, debug=True).render("a.html", {"broken": broken})
    assert (caught.value.template, caught.value.line) == ("b.html", 3)
    cause = caught.value.__cause__
    assert isinstance(cause, LookupError)
    trace = cause.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    assert trace is not None
    assert trace.tb_frame.f_code.co_name == "broken"
    with pytest.raises(TemplateError, match="LookupError: no row") as caught:
        site(files).render("a.html", {"broken": broken})
    assert caught.value.template == "a.html"
    assert caught.value.line is None


@pytest.mark.parametrize("stop", [Redirect("/x"), Abort(404)])
def test_stops_come_through_as_they_are(render: Render, stop: Exception) -> None:
    """A redirect or abort raised by what a template calls is not an error of the template."""

    def leave() -> None:
        raise stop

    with pytest.raises(type(stop)) as caught:
        render("{{ leave() }}", leave=leave)
    assert caught.value is stop


def test_failing_text_of_an_object_is_not_swallowed(render: Render) -> None:
    """An object that cannot be printed fails the page."""

    class Broken:
        def __str__(self) -> str:
            raise ValueError("cannot")

    with pytest.raises(TemplateError, match="cannot"):
        render("{{ x }}", x=Broken())


def test_error_does_not_tell_values(render: Render) -> None:
    """Neither the message nor what caused it shows the values of the context."""
    with pytest.raises(TemplateError) as caught:
        render("{{ password ~ nope }}", password="hunter2")
    error: BaseException | None = caught.value
    assert caught.value.__suppress_context__
    while error is not None:
        assert "hunter2" not in str(error)
        error = error.__cause__


def test_fault_of_the_engine_is_an_error_of_ours(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    """A panic inside the engine fails one page, not the process; an interrupt stays one."""

    class PanicException(BaseException):
        pass

    def panic() -> None:
        raise PanicException("unwrap on None")

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(TemplateError, match="unwrap on None"):
        render("{{ panic() }}", panic=panic)
    with pytest.raises(KeyboardInterrupt):
        render("{{ interrupt() }}", interrupt=interrupt)


def test_component_tag_calls_the_component_of_the_page(render: Render) -> None:
    """The slot is HTML, the rest of the arguments are passed on, components nest."""

    def component(name: str, *arguments: object, slot: str = "", **state: object) -> Markup:
        return Markup("<{} {} {}>{}</>").format(name, arguments, sorted(state.items()), slot)

    source = (
        "{% component 'Card',\n 1, title='a' ~ x %}<b>{{ x }}</b>"
        "{% component 'In' %}{% endcomponent %}{% endcomponent %}"
    )
    assert render(source, component=component, x="<") == (
        "<Card (1,) [(&#x27;title&#x27;, &#x27;a&lt;&#x27;)]><b>&lt;</b><In () []></></>"
    )
    with pytest.raises(TemplateError, match="needs live components"):
        render("{% component 'Card' %}{% endcomponent %}")


def test_functions_of_the_request_get_it_first(site: Site) -> None:
    """Everywhere in a template, in includes, and in macros of another file."""
    files = {
        "part.html": "{{ who('p') }}",
        "macro.html": "{% macro m() %}{{ who('m') }}{% endmacro %}",
        "page.html": "{{ who() }}{% include 'part.html' %}{% from 'macro.html' import m %}{{ m() }}",
    }
    environment = site(files, of_request={"who": lambda request, mark="-": f"{request}{mark} "})
    assert environment.render("page.html", {"request": "ada"}) == "ada- adap adam "


def test_forms_and_heads_get_their_token(site: Site) -> None:
    """A child's form reaches the head of its layout; a page without a form is as it was written."""
    files = {
        "layout.html": "<head></head><body>{% block main %}{% endblock %}",
        "form.html": "{% extends 'layout.html' %}{% block main %}<form method=post></form>{% endblock %}",
        "bare.html": "{% extends 'layout.html' %}{% block main %}<form></form>{% endblock %}",
    }
    made = {name: lambda request, name=name: Markup(f"<{name}>") for name in ("csrf_input", "csrf_meta")}
    environment = site(files, form_tokens=True, of_request=made)
    context = {"request": "r"}
    page = "<head><csrf_meta></head><body><form method=post><csrf_input></form>"
    assert environment.render("form.html", context) == page
    assert "".join(environment.stream("form.html", context)) == page
    assert environment.render_blocks("form.html", ["main"], context) == {
        "main": "<form method=post><csrf_input></form>"
    }
    assert environment.render("bare.html", context) == "<head></head><body><form></form>"
    assert environment.needs_token("form.html") is True
    assert environment.needs_token("bare.html") is False
    plain = site(files)
    assert plain.render("form.html", {}) == "<head></head><body><form method=post></form>"


def test_block_that_no_layout_has_is_told_once(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The page would come without it and without a word; blocks within blocks of the layout are new ones."""
    files = {
        "base.html": "{% block title %}{% endblock %}{% block content %}{% endblock %}",
        "middle.html": "{% extends 'base.html' %}{% block content %}{% block panel %}{% endblock %}{% endblock %}",
        "page.html": "{% extends 'middle.html' %}\n{% block contents %}x{% endblock %}{% block panel %}y{% endblock %}",
        "any.html": "{% extends name %}{% block whatever %}{% endblock %}",
    }
    templates = site(files, debug=True)
    for _ in range(2):
        assert templates.render("page.html", {}) == "y"
        templates.render("any.html", {"name": "base.html"})
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        "page.html, line 2: block 'contents' is in none of the templates that this one extends, so no page shows "
        "it. Did you mean content?"
    )


def test_blocks_are_not_looked_into_in_production(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """What a developer has seen needs no line in the log of every process."""
    templates = site({"base.html": "x", "page.html": "{% extends 'base.html' %}{% block a %}{% endblock %}"})
    assert templates.render("page.html", {}) == "x"
    assert caplog.records == []
