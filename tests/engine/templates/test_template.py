"""A template that was found: what it can ask a context for, and how long it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.templates.conftest import Site


def test_template_tells_every_name_that_it_can_ask_for(site: Site) -> None:
    """Its own, those of its parents, and of what it includes and imports, however deep."""
    environment = site(
        {
            "base.html": "<title>{{ title }}</title>{% block main %}{% endblock %}{% include 'foot.html' %}",
            "foot.html": "{% from 'macros.html' import mark %}{{ mark(year) }}",
            "macros.html": "{% macro mark(x) %}{{ x }}{{ owner.name }}{% endmacro %}",
            "page.html": "{% extends 'base.html' %}{% block main %}{% for r in rows %}{{ r.a|upper }}{% endfor %}"
            "{% include 'foot.html' ignore missing %}{% endblock %}",
            "round.html": "{{ a }}{% if b %}{% include 'there.html' %}{% endif %}",
            "there.html": "{{ c }}{% if d %}{% include 'round.html' %}{% endif %}",
            "other.html": "{% import 'macros.html' as m with context %}{{ m.mark(1) }}",
        }
    )
    page, around, other = (environment.template(f"{name}.html").names for name in ("page", "round", "other"))
    assert page is not None and around is not None and other is not None
    assert {"title", "year", "owner", "x", "rows"} <= page
    assert {"a", "b", "c", "d"} <= around
    assert {"m", "x", "owner"} <= other
    assert "errors" not in page
    assert "title" not in other


@pytest.mark.parametrize(
    "source",
    [
        "{% extends layout %}",
        "{% if a %}{% extends layout %}{% endif %}",
        "{% include name %}",
        "{% include ['a.html', 'b.html'] %}",
        "{% include 'a' ~ '.html' %}",
        "{% include 'a.html' if b else 'c.html' %}",
        "{% import name as m %}",
        "{% from name import m %}",
        "{% component 'Card' %}{% endcomponent %}",
        "{% include 'broken.html' ignore missing %}",
        "{% include 'none.html' ignore missing %}",
    ],
)
def test_template_that_is_not_written_out_can_ask_for_anything(site: Site, source: str) -> None:
    """Where only the render can tell what it is made of; a part that is missing or cannot be read is one, too."""
    environment = site({"t.html": source, "a.html": "", "broken.html": "{% if %"})
    assert environment.template("t.html").names is None


def test_nonce_that_is_put_into_scripts_is_a_name_too(site: Site) -> None:
    """Nobody wrote it, but the page asks for it."""
    files = {"t.html": "<script>let a = 1</script>"}
    given = site(files, script_nonces=True).template("t.html").names
    assert given is not None
    assert "nonce" in given
    bare = site(files).template("t.html").names
    assert bare is not None
    assert "nonce" not in bare


def test_found_template_is_found_again_when_its_file_changes(site: Site, tmp_path: Path) -> None:
    """In debug mode a template is read anew at each look, otherwise it is kept."""
    kept = site({"t.html": "one"})
    assert kept.template("t.html") is kept.template("t.html")
    fresh = site({}, debug=True)
    assert fresh.render("t.html", {}) == "one"
    (tmp_path / "t.html").write_text("another")
    assert fresh.template("t.html").render({}) == "another"
    assert fresh.template("t.html").names is None
    assert kept.render("t.html", {}) == "one"


def test_each_context_has_the_form_and_the_head_that_it_needs(site: Site) -> None:
    """One object renders them all: with plain rows or others, with hooks of a head or without."""
    template = site(
        {
            "t.html": "<html><head></head><body>{% for r in rows %}{{ r }}{{ loop.index }}{% endfor %}</body></html>"
        }
    ).template("t.html")
    plain, other = {"rows": ["<", 2]}, {"rows": [["<"]]}
    headed = {"head_extra": lambda: "<link>"}
    empty = "<html><head></head><body>"
    for _ in range(2):
        assert template.render(plain) == f"{empty}&lt;122</body></html>"
        assert template.render(other) == f"{empty}[&#x27;&lt;&#x27;]1</body></html>"
        assert "<link></head>" in template.render({**plain, **headed})
        assert template.render({**other, **headed}).endswith("[&#x27;&lt;&#x27;]1</body></html>")
