"""What tests of an application import has the documented name."""

from __future__ import annotations

from pathlib import Path

import asok
from asok import testing
from tests.asok.effects.sites import make_app


def test_client_has_one_class_under_both_names(tmp_path: Path) -> None:
    """`asok.TestClient` and `asok.testing.TestClient` are the same, and it answers."""
    assert asok.TestClient is testing.TestClient
    with testing.TestClient(make_app(tmp_path)) as client:
        answer = client.get("/")
    assert isinstance(answer, testing.TestResponse)
    assert answer.text == "hello"
