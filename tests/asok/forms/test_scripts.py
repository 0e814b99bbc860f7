"""The script of forms is a file of the application with an address for ever."""

from __future__ import annotations

from pathlib import Path

from asok.forms.scripts import script_address, script_element
from asok.testing import TestClient
from tests.asok.effects.sites import make_app


def test_script_is_served_where_the_element_says(tmp_path: Path) -> None:
    """As JavaScript, for ever, under a name with a hash."""
    app = make_app(tmp_path, {"LOG_LEVEL": "CRITICAL"})
    assert str(script_element()) == f'<script src="{script_address()}" defer></script>'
    with TestClient(app) as client:
        answer = client.get(script_address())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert "_validate" in answer.text
