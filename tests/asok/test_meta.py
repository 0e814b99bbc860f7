"""What a page says about itself: the last word counts, and nothing of it breaks out of the head."""

from __future__ import annotations

import pytest

from asok.meta import Meta


def test_calls_chain_and_the_last_one_wins() -> None:
    """Title and description are there for the layout."""
    meta = Meta()
    assert meta.title("First").description("Old").title("Second").description("New") is meta
    assert (meta.title, meta.page_title(), meta.page_description()) == ("Second", "Second", "New")


def test_title_is_text_a_function_and_an_attribute() -> None:
    """Printed, called, assigned."""
    meta = Meta()
    assert (meta.title, f"{meta.title}|", bool(meta.title)) == ("", "|", False)
    meta.title = "Assigned"  # type: ignore[assignment]
    assert meta.title == "Assigned"
    assert meta.title.upper() == "ASSIGNED"
    assert meta.title("Called").title == "Called"


def test_nothing_said_keeps_the_layout_s_own() -> None:
    """None means: the layout decides."""
    meta = Meta()
    assert (meta.page_title(), meta.page_description(), meta.head_extra()) == (None, None, None)
    assert meta.title("x").head_extra() is None


def test_description_takes_another_name() -> None:
    """`description(name, text)` is `name(name, text)`."""
    meta = Meta().description("robots", "noindex")
    assert (meta.has("robots"), meta.has("description"), meta.page_description()) == (True, False, None)


def test_elements_are_written_in_order() -> None:
    """Names, properties, links."""
    meta = Meta().link("icon", "/i.png", type="image/png").property("og:title", "T").name("robots", "noindex")
    assert meta.head_extra() == (
        '<meta name="robots" content="noindex">\n'
        '<meta property="og:title" content="T">\n'
        '<link rel="icon" href="/i.png" type="image/png">'
    )


def test_same_link_is_written_once() -> None:
    """The same rel and href replace each other; another href is another link."""
    meta = (
        Meta()
        .link("alternate", "/fr", hreflang="de")
        .link("alternate", "/fr", hreflang="fr")
        .link("alternate", "/de")
    )
    assert (
        meta.head_extra()
        == '<link rel="alternate" href="/fr" hreflang="fr">\n<link rel="alternate" href="/de">'
    )


def test_attribute_names_follow_python_s_habits() -> None:
    """A trailing underscore frees a keyword, an inner one is a hyphen."""
    assert Meta().link("preload", "/f", as_="font", data_kind="x").head_extra() == (
        '<link rel="preload" href="/f" as="font" data-kind="x">'
    )


@pytest.mark.parametrize("text", ['"><script>alert(1)</script>', "' onload='x", "&amp;", "</title>"])
def test_text_of_a_visitor_stays_text(text: str) -> None:
    """Quotes and angle brackets are escaped wherever they stand."""
    extra = Meta().name(text, text).property("p", text).link("icon", text, title=text).head_extra() or ""
    assert "<script" not in extra
    assert "</title" not in extra
    assert extra.count("<") == 3
    assert extra.count('"') % 2 == 0
    assert "'" not in extra


def test_has_tells_what_was_set() -> None:
    """A title that is empty was not set."""
    meta = Meta().title("").name("author", "x")
    assert (meta.has("title"), meta.has("author"), meta.has("keywords")) == (False, True, False)
    assert meta.title("x").has("title")


def test_numbers_are_written() -> None:
    """Templates hand over what they have."""
    assert Meta().name("version", 7).head_extra() == '<meta name="version" content="7">'  # type: ignore[arg-type]
