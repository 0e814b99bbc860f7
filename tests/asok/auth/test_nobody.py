"""An application without people: sessions work, and a deed for a person says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok.auth.nobody import Nobody
from asok_engine.errors import SetupError
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app

PAGES = {
    "page.py": (
        "def get(request):\n"
        "    request.session['count'] = request.session.get('count', 0) + 1\n"
        "    return f'{request.user} {request.session[\"count\"]}'\n"
    ),
    "out/page.py": "def get(request):\n    request.logout()\n    return 'out'\n",
    "in/page.py": (
        "from asok_engine.errors import SetupError\n"
        "async def get(request):\n"
        "    try:\n"
        "        await request.authenticate_async(email='a@b.example', password='secret')\n"
        "    except SetupError as error:\n"
        "        return str(error)\n"
    ),
}


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_sessions_are_kept_for_visitors_who_are_nobody(tmp_path: Path, protocol: str) -> None:
    """They are read, written, and ended by `logout`."""
    app = make_app(tmp_path, {"AUTH_MODEL": "Member"}, pages=PAGES)
    with TestClient(app, protocol=protocol) as client:
        assert isinstance(app.services.people, Nobody)
        assert [client.get("/").text for _ in range(2)] == ["None 1", "None 2"]
        client.get("/out")
        assert client.get("/").text == "None 1"


def test_signing_in_names_the_model_that_is_missing(tmp_path: Path) -> None:
    """The setting's model, and what to write where."""
    app = make_app(tmp_path, {"AUTH_MODEL": "Member"}, pages=PAGES)
    with TestClient(app) as client:
        said = client.get("/in").text
    assert "There is no model 'Member'" in said
    assert "class Member(Account) in src/models" in said


def test_what_python_asks_of_every_object_is_no_deed() -> None:
    """`copy`, `hasattr` and the like get the error that they know."""
    nobody = Nobody(None, "User")  # type: ignore[arg-type]
    assert not hasattr(nobody, "__deepcopy__")
    with pytest.raises(SetupError, match="AUTH_MODEL"):
        _ = nobody.login
