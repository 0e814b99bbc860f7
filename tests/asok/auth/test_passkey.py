"""The model of passkeys: what a visitor may change of one, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

from asok import TestClient
from tests.asok.auth.desk import person, sign_in
from tests.asok.auth.test_passkeys import add, make


def test_nothing_but_the_name_can_be_set_or_seen(tmp_path: Path) -> None:
    """No form makes a key somebody else's, and JSON of it has nothing of the key (reliability 95)."""
    app = make(tmp_path)
    user = person(app)
    client = TestClient(app)
    sign_in(client)
    add(client)
    key = app.models["Passkey"].find(1)
    assert key.user_id == user.pk
    protected = {name for name, field in type(key).__description__.fields.items() if field.protected}
    assert protected == set(type(key).__description__.fields) - {"id", "name"}
    assert sorted(key.to_dict()) == [
        "created_at",
        "id",
        "is_backed_up",
        "last_used_at",
        "name",
        "user_id",
    ]


def test_passkeys_go_with_their_person(tmp_path: Path) -> None:
    """Nothing is left of somebody who is gone that could sign anybody in."""
    app = make(tmp_path)
    user = person(app)
    client = TestClient(app)
    sign_in(client)
    add(client)
    user.delete()
    assert app.models["Passkey"].count() == 0
