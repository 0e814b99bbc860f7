"""In DEBUG the page of a missing table offers to migrate; nothing else does, and nobody else can press it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asok.debugmigrate import MIGRATE_PATH
from asok_engine.database.databases import databases
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app

MODEL = """
from asok import Field, Model

class Sheep(Model):
    __tablename__ = "sheep"
    name = Field.String(max_length=20)
"""
MIGRATION = """
from asok.migrations import Column, CreateTable, Table, bigint, string

operations = [
    CreateTable(
        Table(
            "sheep",
            (Column("id", bigint(), autoincrement=True), Column("name", string(20))),
            primary_key=("id",),
        )
    ),
]
"""
PAGES = {
    "page.py": "from models.sheep import Sheep\n\ndef get(request):\n    return str(Sheep.count())\n",
    "shown/page.py": (
        "from models.sheep import Sheep\n\n"
        "async def get(request):\n"
        "    return request.html('page.html', sheep=Sheep.query())\n"
    ),
    "shown/page.html": "{% for one in sheep %}{{ one.name }}{% endfor %}",
    "broken/page.py": "def get(request):\n    return 1 / 0\n",
}


@pytest.fixture(autouse=True)
def _nothing_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in sys.modules if name.partition(".")[0] == "models"]:
        monkeypatch.delitem(sys.modules, name)
    yield
    databases.close()


def site(root: Path, **settings: Any) -> Any:
    """Make a project whose migration was written and not applied."""
    return make_app(
        root,
        {"DATABASE_URL": f"sqlite:///{root / 'rows.sqlite3'}", **settings},
        by=".env",
        pages=PAGES,
        files={"src/models/sheep.py": MODEL, "src/migrations/0001_sheep.py": MIGRATION},
    )


def field_of(text: str) -> dict[str, str]:
    """Give the hidden fields of the button, none where there is no button."""
    form = re.search(rf'<form method="post" action="{MIGRATE_PATH}">.*?</form>', text, re.DOTALL)
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0])) if form else {}


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_button_applies_what_is_missing_and_leads_back(tmp_path: Path, protocol: Any) -> None:
    """Also where a template met the missing table; pressed twice it says what to do instead."""
    with TestClient(site(tmp_path, DEBUG=True), protocol=protocol) as client:
        assert field_of(client.get("/").text)["back"] == "/"
        fields = field_of(client.get("/shown").text)
        assert fields["back"] == "/shown"
        answer = client.post(MIGRATE_PATH, data=fields)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/shown")
        assert client.get("/shown").status_code == 200
        assert client.get("/").text == "0"
        again = client.post(MIGRATE_PATH, data=fields)
        assert again.status_code == 500
        assert "asok make migration" in again.text


def test_nobody_presses_it_without_the_token(tmp_path: Path) -> None:
    """Whatever the setting CSRF says; the table is not made."""
    with TestClient(site(tmp_path, DEBUG=True, CSRF=False)) as client:
        assert client.post(MIGRATE_PATH, data={"back": "/"}).status_code == 403
        assert client.get("/").status_code == 500


def test_other_errors_have_no_button(tmp_path: Path) -> None:
    """A migration would not help there."""
    with TestClient(site(tmp_path, DEBUG=True)) as client:
        assert field_of(client.get("/broken").text) == {}


def test_production_has_no_button_and_no_door(tmp_path: Path) -> None:
    """Neither on the page nor behind the address."""
    with TestClient(site(tmp_path)) as client:
        answer = client.get("/")
        assert answer.status_code == 500
        assert MIGRATE_PATH not in answer.text
        assert client.post(MIGRATE_PATH, data={"back": "/"}).status_code in (403, 404)
        assert client.get("/").status_code == 500


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_without_a_migration_to_apply_there_is_advice_and_no_button(tmp_path: Path, protocol: Any) -> None:
    """A model whose migration was not written is told so; pressing would do nothing."""
    app = site(tmp_path, DEBUG=True)
    (tmp_path / "src/migrations/0001_sheep.py").unlink()
    with TestClient(app, protocol=protocol) as client:
        answer = client.get("/")
    assert answer.status_code == 500
    assert field_of(answer.text) == {}
    assert "Make one first: asok make migration" in answer.text
