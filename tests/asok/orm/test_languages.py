"""Translated columns are read in the language of the request."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asok.orm.languages import ActiveLanguages
from asok_engine.records.fields.translated import active_languages
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app

STORY = """
from asok import Field, Model

class Story(Model):
    title_en = Field.String(max_length=50, default="")
    title_fr = Field.String(max_length=50, default="")
"""
PAGES = {
    "page.py": (
        "from models.story import Story\n"
        "def get(request):\n"
        "    return Story(title_en='Hello', title_fr='Salut').title\n"
        "async def post(request):\n"
        "    return Story(title_en='Hello').title\n"
    )
}


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in sys.modules if name.partition(".")[0] == "models"]:
        monkeypatch.delitem(sys.modules, name)
    before = active_languages.set(active_languages.get())
    yield
    active_languages.reset(before)


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_title_is_that_of_the_language(tmp_path: Path, protocol: Any) -> None:
    """In plain and async pages; where it is empty, another language stands in."""
    settings = {"LOCALE": "fr", "CSRF": False}
    app = make_app(tmp_path, settings, pages=PAGES, files={"src/models/story.py": STORY})
    with TestClient(app, protocol=protocol) as client:
        assert client.get("/").text == "Salut"
        assert client.post("/").text == "Hello"


def test_language_of_the_application_stands_behind_that_of_the_request() -> None:
    """So that what was not translated is still there."""

    class French:
        lang = "fr"

    before = active_languages.set(("en",))
    try:
        assert ActiveLanguages("de").guard(French()) is None
        assert active_languages.get() == ("fr", "de")
    finally:
        active_languages.reset(before)
