"""Kept fragments: the tag, its keys, and the cache of the process."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import UsageError
from asok_engine.templates.errors import TemplateError, TemplateSyntaxError
from asok_engine.templates.fragments import Fragments, ProcessFragments
from tests.engine.templates.conftest import Site


class Notebook:
    """A cache that remembers what was asked of it."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.times: list[float | None] = []

    def get(self, key: str, default: Any = None) -> Any:
        return self.kept.get(key, default)

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        self.kept[key] = value
        self.times.append(ttl)


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        return self.count


def test_second_render_equals_the_first(site: Site) -> None:
    """A cached fragment is rendered once and printed the same, HTML and escapes included."""
    environment = site({"a.html": "{% cache 'k' 60 %}<b>{{ x }}</b>{{ n() }}{% endcache %}!"})
    count = Counter()
    first = environment.render("a.html", {"x": "<", "n": count})
    assert first == "<b>&lt;</b>1!"
    assert environment.render("a.html", {"x": "other", "n": count}) == first
    assert count.count == 1


def test_key_is_the_template_and_the_value(site: Site) -> None:
    """Another value of the key, or the same key in another template, is another fragment."""
    cache = Notebook()
    source = "{% cache 'user-' ~ user.id, 5 + 5 %}{{ n() }}{% endcache %}"
    environment = site({"a.html": source, "b.html": source}, cache=cache)
    count = Counter()
    pages = [environment.render(name, {"user": {"id": key}, "n": count}) for name, key in [("a.html", 1), ("a.html", 2), ("b.html", 1), ("a.html", 1)]]  # fmt: skip
    assert pages == ["1", "2", "3", "1"]
    assert cache.times == [10, 10, 10]
    assert all("user-" in key for key in cache.kept)


def test_fragments_nest_and_stand_in_loops(site: Site) -> None:
    """An inner fragment is kept on its own; a loop keeps one for each key."""
    cache = Notebook()
    source = "{% for i in items %}{% cache i 60 %}[{{ i }}{% cache 'in' ~ i %}({{ n() }}){% endcache %}]{% endcache %}{% endfor %}"
    environment = site({"a.html": source}, cache=cache)
    count = Counter()
    first = environment.render("a.html", {"items": [1, 2], "n": count})
    assert first == "[1(1)][2(2)]"
    assert environment.render("a.html", {"items": [1, 2], "n": count}) == first
    assert sorted(cache.times, key=str) == [60, 60, None, None]


def test_names_set_inside_stay_inside(site: Site) -> None:
    """A hit and a miss leave the same names behind: none."""
    environment = site(
        {
            "a.html": "{% set x = 1 %}{% cache 'k' 9 %}{% set x = 2 %}{% set y = 3 %}{% endcache %}{{ x }}{{ y is defined }}"
        }
    )
    assert environment.render("a.html", {}) == environment.render("a.html", {}) == "1False"


def test_failing_fragment_is_not_kept(site: Site) -> None:
    """An error inside stores nothing, and the next render tries again."""
    cache = Notebook()
    environment = site({"a.html": "{% cache 'k' 60 %}{{ f() }}{% endcache %}"}, cache=cache)

    def fail() -> str:
        raise ValueError("no")

    with pytest.raises(TemplateError):
        environment.render("a.html", {"f": fail})
    assert cache.kept == {}
    assert environment.render("a.html", {"f": lambda: "ok"}) == "ok"


def test_value_that_is_not_text_is_a_miss(site: Site) -> None:
    """What somebody else left under the key is not printed."""
    cache = Notebook()
    cache.kept["fragment:a.html:k"] = {"html": "<script>"}
    assert site({"a.html": "{% cache 'k' %}mine{% endcache %}"}, cache=cache).render("a.html", {}) == "mine"


@pytest.mark.parametrize("ttl", ["'a'", "none", "true"])
def test_time_must_be_a_number(site: Site, ttl: str) -> None:
    """A time that is no number of seconds is named; none means no time."""
    environment = site({"a.html": "{% cache 'k' " + ttl + " %}x{% endcache %}"})
    if ttl == "none":
        assert environment.render("a.html", {}) == "x"
    else:
        with pytest.raises(TemplateError, match="number of seconds"):
            environment.render("a.html", {})
    with pytest.raises(UsageError):
        Fragments(None)("t", "k", "soon")


def test_tag_takes_one_or_two_arguments(site: Site) -> None:
    """No key, or too much, is an error of the source."""
    for arguments in ("", "'a' 1 2"):
        with pytest.raises(TemplateSyntaxError, match="takes a key"):
            site().render_string("{% cache " + arguments + " %}{% endcache %}", {})


def test_process_cache_forgets_by_time_and_by_use() -> None:
    """An entry is gone after its time; when there are too many the least used goes."""
    now = [0.0]
    cache = ProcessFragments(most=2, clock=lambda: now[0])
    cache.set("a", "1", 10)
    cache.set("b", "2")
    assert cache.get("a") == "1"
    cache.set("c", "3")
    assert (cache.get("b"), cache.get("a"), cache.get("c")) == (None, "1", "3")
    now[0] = 10.0
    assert cache.get("a", "gone") == "gone"
    cache.set("c", "4", 0)
    assert cache.get("c") is None


@pytest.mark.parametrize(
    "inner",
    ["{% include 'part.html' %}", "{% from 'macro.html' import m %}{{ m() }}", "{{ who() }}"],
)
def test_what_belongs_to_one_visitor_is_not_kept(site: Site, inner: str) -> None:
    """A function of the request inside a fragment is an error, also by way of an include or a macro."""
    files = {
        "part.html": "{{ who() }}",
        "macro.html": "{% macro m() %}{{ who() }}{% endmacro %}",
        "page.html": "{% cache 'k' 60 %}" + inner + "{% endcache %}",
        "fine.html": "{{ who() }}{% cache 'k' 60 %}x{% endcache %}{{ who() }}",
    }
    cache = ProcessFragments()
    environment = site(files, cache=cache, of_request={"who": lambda request: request})
    with pytest.raises(TemplateError, match="belongs to one visitor"):
        environment.render("page.html", {"request": "ada"})
    assert cache.get("fragment:page.html:k") is None
    assert environment.render("fine.html", {"request": "ada"}) == "adaxada"
