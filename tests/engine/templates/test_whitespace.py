"""Collapsing of white space at compile time (`minify=True`)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.templates.environment import Environment
from asok_engine.templates.errors import TemplateError, UndefinedVariable
from tests.engine.templates.conftest import Site

PIECES = ["<p>", "</p>", "<b>", "</b>", "  ", "\n", "\n\n  ", "\t", "word", "{{ x }}", "{{- x -}}", "{% if x %}", "{% endif %}",
          "{#-  c\n -#}", "<!-- a  b -->", "<a title='a  b'>", "</a>", "{% for i in [1, 2] %}", "{% endfor %}", "<br>"]  # fmt: skip


def squeeze(text: str) -> str:
    return re.sub(r"[ \t\n\r\f]+", " ", text)


def both(source: str, **context: object) -> tuple[str, str]:
    return Environment().render_string(source, context), Environment(minify=True).render_string(
        source, context
    )


def test_runs_become_one_space_or_line_break() -> None:
    """A run keeps its meaning: one space, or one line break when it had any."""
    assert both("<ul>\n\n   <li>a   b</li>\t</ul>", x=1)[1] == "<ul>\n<li>a b</li> </ul>"


@pytest.mark.parametrize("name", ["pre", "textarea", "script", "style", "PRE"])
def test_text_that_keeps_its_space_is_untouched(name: str) -> None:
    """White space that a reader sees, or a program needs, stays."""
    source = f"<{name}>a\n\n   b  {{{{ x }}}}  c\n</{name}>  \n  <p>"
    assert both(source, x=1)[1] == f"<{name}>a\n\n   b  1  c\n</{name}>\n<p>"


def test_attributes_and_comments_are_untouched() -> None:
    """Only the text between tags is collapsed."""
    source = "<a title=\"x   y\"  data-z='{{ x }}   q'>  <!--  a   b  -->"
    assert both(source, x=1)[1] == "<a title=\"x   y\"  data-z='1   q'> <!--  a   b  -->"


def test_words_are_not_joined() -> None:
    """Space next to a print or a tag stays one space."""
    assert both("a  {{ x }}  b  {% if x %}  c  {% endif %}  d", x=1)[1] == "a 1 b  c  d"


def test_block_in_a_preserved_place_is_untouched(site: Site) -> None:
    """A child's block is collapsed by where its parent has it, not by how its file looks."""
    environment = site(
        {
            "base.html": "<p>{% block a %}{% endblock %}</p><pre>{% block b %}{% endblock %}</pre><script>{% block c %}{% endblock %}</script>",
            "mid.html": "{% extends 'base.html' %}",
            "page.html": "{% extends 'mid.html' %}{% block a %}x   y{% endblock %}{% block b %}x   y{% endblock %}"
            "{% block c %}x   '<p>   </p>'{% endblock %}",
            "dynamic.html": "{% extends layout %}{% block b %}x   y{% endblock %}{% block a %}x   y{% endblock %}",
        },
        minify=True,
    )
    assert (
        environment.render("page.html", {}) == "<p>x y</p><pre>x   y</pre><script>x   '<p>   </p>'</script>"
    )
    assert (
        environment.render("dynamic.html", {"layout": "base.html"})
        == "<p>x   y</p><pre>x   y</pre><script></script>"
    )


def test_include_in_a_preserved_place_is_untouched(site: Site) -> None:
    """The same file is collapsed in text and left alone inside `<pre>`, a script or a value."""
    include = "{% include 'part.html' %}"
    environment = site(
        {
            "part.html": "<i>a   b</i>\n\n",
            "page.html": f"{include}<pre>{include}</pre>{{% include ['no.html', 'part.html'] ignore missing %}}"
            f"{{% set code %}}{include}{{% endset %}}<pre>{{{{ code }}}}</pre>",
        },
        minify=True,
    )
    once, kept = "<i>a b</i>\n", "<i>a   b</i>\n"
    assert environment.render("page.html", {}) == f"{once}<pre>{kept}</pre>{once}<pre>{kept}</pre>"


def test_include_of_no_name_is_an_error() -> None:
    """A value that names no template is complained about wherever the include stands."""
    for source in ("{% include x %}", "<pre>{% include x %}</pre>", "<pre>{% include ['a', x] %}</pre>"):
        with pytest.raises(TemplateError, match="not a string"):
            Environment(minify=True).render_string(source, {"x": None})


def test_end_of_a_file_does_not_join_words(site: Site) -> None:
    """The line break that ends a file is no part of it; other space at the end is kept as one."""
    environment = site(
        {"a.html": "a\n", "b.html": "b\n\n  ", "p.html": "{% include 'a.html' %}x{% include 'b.html' %}y"},
        minify=True,
    )
    assert environment.render("p.html", {}) == "axb\ny"


def test_values_built_for_elsewhere_are_untouched() -> None:
    """Macros, set blocks, calls and slots may end up anywhere, so their text stays as it is."""
    assert both("{% macro m() %}a   b{% endmacro %}<pre>{{ m() }}</pre>")[1] == "<pre>a   b</pre>"


def test_errors_keep_their_line() -> None:
    """Collapsed line breaks still count."""
    with pytest.raises(UndefinedVariable) as caught:
        Environment(minify=True).render_string("<p>\n\n\n  a\n\n{{ nope }}", {})
    assert caught.value.line == 6


def _closed(pieces: list[str]) -> str:
    """Close and order the tags of a random list so that it is a template."""
    stack: list[str] = []
    out: list[str] = []
    for piece in pieces:
        if piece in ("{% if x %}", "{% for i in [1, 2] %}"):
            stack.append("{% endif %}" if "if" in piece else "{% endfor %}")
        elif piece.startswith("{% end"):
            if not stack or stack[-1] != piece:
                continue
            stack.pop()
        out.append(piece)
    return "".join(out + stack[::-1])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_collapsed_page_reads_the_same(pieces: list[str]) -> None:
    """Collapsing changes nothing but the length of white space, and doing it twice changes nothing more."""
    source = _closed(pieces)
    plain, short = both(source + ".", x="v  w")
    assert squeeze(short) == squeeze(plain)
    assert len(short) <= len(plain)
    literal = source.replace("{", "(").replace("}", ")")
    once = Environment(minify=True).render_string(literal + ".", {})
    assert Environment(minify=True).render_string(once, {}) == once
