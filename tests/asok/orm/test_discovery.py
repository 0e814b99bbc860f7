"""Models are found in src/models, imported once, and checked before the first request."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from asok.orm.discovery import load_models
from asok_engine.database.databases import databases
from asok_engine.errors import SetupError
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app

USER = """
from asok import Field, Model

class User(Model):
    name = Field.String(max_length=50)
"""
POST = """
from asok import Field, Model, Relation

class Post(Model):
    user_id = Field.ForeignKey("User")
"""


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that a test imports are not there for the next one."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "models"]:
        monkeypatch.delitem(sys.modules, name)


def write(folder: Path, **texts: str) -> Path:
    """Write modules of models; `__` in a name is a folder."""
    for name, text in texts.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    sys.path.insert(0, str(folder.parent))
    return folder


def test_models_are_imported_under_their_own_names(tmp_path: Path) -> None:
    """Also those in folders; a name that begins with an underscore is left alone."""
    folder = write(tmp_path / "models", user=USER, blog__post=POST, _draft="raise ValueError")
    models = load_models(folder)
    assert set(models) == {"User", "Post"}
    assert models["User"] is sys.modules["models.user"].User
    assert models["Post"].__module__ == "models.blog.post"


def test_project_without_models_has_none(tmp_path: Path) -> None:
    """The folder may be missing."""
    assert load_models(tmp_path / "models") == {}


def test_relation_without_a_target_stops_the_start(tmp_path: Path) -> None:
    """With the name that is missing."""
    folder = write(tmp_path / "models", post=POST.replace('"User"', '"Ussr"'))
    with pytest.raises(SetupError, match="Ussr"):
        load_models(folder)


def test_another_application_has_its_own_models(tmp_path: Path) -> None:
    """Two projects in one process, as in tests, do not share their module `models.user`."""
    first = load_models(write(tmp_path / "one" / "models", user=USER))
    second = load_models(write(tmp_path / "two" / "models", user=USER.replace("name", "nick")))
    assert "nick" in second["User"].__description__.fields
    assert "name" in first["User"].__description__.fields


def test_pages_import_models_that_the_application_knows(tmp_path: Path) -> None:
    """`from models.user import User` in a page is the class in `app.models` (asok 3.3 B10)."""
    page = (
        "from models.user import User\n"
        "def get(request):\n"
        "    return str(request.app.models['User'] is User)\n"
    )
    app = make_app(tmp_path, pages={"page.py": page}, files={"src/models/user.py": USER})
    with TestClient(app) as client:
        assert client.get("/").text == "True"
    assert app.models["User"].__module__ == "models.user"


@pytest.mark.parametrize("kind", ["async def", "def"])
def test_missing_table_is_named_with_the_command_that_makes_it(tmp_path: Path, kind: str) -> None:
    """In DEBUG the page of the error says so; nothing makes the table behind anyone's back."""
    deed = "await User.count_async()" if kind == "async def" else "User.count()"
    page = f"from models.user import User\n{kind} get(request):\n    return str({deed})\n"
    url = f"sqlite:///{tmp_path / 'rows.sqlite3'}"
    app = make_app(
        tmp_path,
        {"DEBUG": True, "DATABASE_URL": url},
        pages={"page.py": page},
        files={"src/models/user.py": USER},
    )
    try:
        with TestClient(app) as client:
            answer = client.get("/")
            assert answer.status_code == 500
            assert "asok migrate" in answer.text
            assert "no such table: users" in answer.text
            assert client.get("/").status_code == 500
            app.models["User"].create_table()  # type: ignore[attr-defined]
            assert client.get("/").text == "0"
    finally:
        databases.close()
