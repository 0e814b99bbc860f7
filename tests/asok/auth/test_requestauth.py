"""`request.auth` is reached from pages and from code that has only a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok import TestClient
from asok.auth.links import RequestLinks, ResetLinks
from asok.auth.requestauth import RequestAuth
from asok_engine.errors import SetupError
from tests.asok.auth.desk import make_desk
from tests.asok.effects.sites import make_app


def test_each_group_of_deeds_is_its_own(tmp_path: Path) -> None:
    """A page finds links of three kinds, each made when it is asked for."""
    app = make_desk(
        tmp_path,
        pages={
            "auth/page.py": "def get(request):\n    return {name: type(getattr("
            "request.auth, name)).__name__ for name in ('magic', 'verification', 'reset')}\n"
        },
    )
    found = TestClient(app).get("/auth").json
    assert found == {
        "magic": RequestLinks.__name__,
        "verification": RequestLinks.__name__,
        "reset": ResetLinks.__name__,
    }


def test_an_application_without_people_says_so(tmp_path: Path) -> None:
    """Asking for a deed names the model that is missing."""
    app = make_app(tmp_path, {})
    app.startup()

    class Asking:
        pass

    asking = Asking()
    asking.app = app  # type: ignore[attr-defined]
    with pytest.raises(SetupError, match="'User'"):
        RequestAuth(asking).magic.create_token(None)  # type: ignore[arg-type]
