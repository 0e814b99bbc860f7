"""One name reads the column of the active language."""

from __future__ import annotations

from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.text import String, Text
from asok_engine.records.fields.translated import Translated, active_languages
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from tests.engine.records.driver import Driver


class Page(Record):
    """A page in two languages."""

    id: int
    title_en = String(default="")
    title_fr = String(default="")
    title_pt_br = String(default="")
    body_en = Text(default="")
    user_id = Integer(default=0)
    user_no = Integer(default=0)


def test_text_of_the_active_language_is_read_with_a_fallback() -> None:
    """The wanted language, then the next one, then any that is there."""
    page = Page(title_en="Hello", title_fr="Bonjour")
    assert page.title == "Hello"
    token = active_languages.set(("fr", "en"))
    try:
        assert page.title == "Bonjour"
        page.title = "Salut"
        assert page.title_fr == "Salut"
        page.title_fr = ""
        assert page.title == "Hello"
        active_languages.set(("pt-BR",))
        assert page.title == "Hello"
        page.title = "Oi"
        assert page.title_pt_br == "Oi"
    finally:
        active_languages.reset(token)
    assert Page().title is None


def test_name_works_in_queries_and_when_a_record_is_made() -> None:
    """Where it means the column of the active language."""
    driver = Driver(Page)
    driver.save(Page(title="Hello"), Page(title="Bye"))
    pages = Query(Page.__description__)
    assert [page.id for page in driver.fetch(pages.where(title="Bye"))] == [2]
    assert [page.id for page in driver.fetch(pages.where(Page.title == "Hello"))] == [1]
    assert [page.id for page in driver.fetch(pages.order_by("title"))] == [2, 1]


def test_only_texts_in_several_languages_are_one() -> None:
    """A single language is a field, and keys that look like languages are none."""
    assert isinstance(vars(Page)["title"], Translated)
    assert not hasattr(Page, "body")
    assert not hasattr(Page, "user")
