"""The model of passkeys: what a visitor may change of one, and what becomes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asok import TestClient, auth
from asok_engine.database.databases import Database
from asok_engine.database.running import run, run_one
from asok_engine.records.plans.change import update_all
from asok_engine.records.plans.find import find_by_values
from asok_engine.records.query import Query
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.raw import Raw
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


@pytest.mark.usefixtures("no_other_models")
def test_counter_is_written_by_one_of_two_on_every_database(database: Database) -> None:
    """The largest key and counter fit, an update by what was read counts, and nothing outlives its person."""

    class User(auth.Account):
        pass

    class Passkey(auth.Passkey):
        pass

    tables = [model.__description__.table for model in (User, Passkey)]
    for text in create_statements(tables, database.dialect.name):
        run_one(Raw(text, returns="count", writes=True))
    user = User.create(email="ada@example.com")
    values = {"credential_id": "c" * 1364, "credential_hash": "h" * 64, "public_key": b"k" * 500}
    Passkey(
        user_id=user.pk,
        name="Laptop",
        sign_count=2**32 - 1,
        user_handle="u" * 43,
        transports=["usb"],
        aaguid="0" * 36,
        **values,
    ).save()
    found: Any = run(find_by_values(Passkey.__description__, {"credential_hash": "h" * 64}))
    assert (found.sign_count, found.credential_id, found.public_key) == (2**32 - 1, "c" * 1364, b"k" * 500)

    def count(before: int, after: int) -> int:
        return run(update_all(Query(Passkey.__description__).where(sign_count=before), {"sign_count": after}))

    assert [count(2**32 - 1, 0), count(2**32 - 1, 1)] == [1, 0]
    # A device that does not count, used again within the same moment.
    assert count(0, 0) == 1
    user.delete()
    assert Passkey.count() == 0
