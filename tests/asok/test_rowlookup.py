"""`unique` asks the rows of a real database, plainly and on a loop."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from asok import Form, Validator
from asok.rowlookup import row_exists, row_exists_async
from asok_engine.database.databases import databases
from asok_engine.database.running import run
from asok_engine.database.urls import parse_url
from asok_engine.errors import SetupError, UsageError
from asok_engine.records.fields.moment import DateTime
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.text import String
from asok_engine.records.plans.save import save
from asok_engine.records.record import Record
from asok_engine.sql.metadata import create_statements
from asok_engine.validation.rulebook import Question
from tests.asok.forms.posting import post


class Removed(DateTime[datetime]):
    """A mark that a row was removed."""

    marks_deletion = True


class LookupMember(Record):
    """Somebody with an address of her own."""

    id: int
    email = String(80, unique=True)
    number = Integer(nullable=True)
    removed_at = Removed(nullable=True)


@pytest.fixture(autouse=True)
def members(tmp_path: Path) -> Iterator[list[LookupMember]]:
    """Two rows, one of them softly deleted."""
    path = tmp_path / "members.sqlite3"
    with sqlite3.connect(path) as connection:
        for text in create_statements([LookupMember.__description__.table], "sqlite"):
            connection.execute(text)
    connection.close()
    databases.configure({"default": parse_url(f"sqlite:///{path}")})
    rows = [
        LookupMember(email="ana@example.com", number=1),
        LookupMember(email="gone@example.com", removed_at=datetime(2026, 1, 1)),
    ]
    for row in rows:
        run(save(row))
    yield rows
    databases.close()


def question(value: object, column: str = "email", except_key: object = None) -> Question:
    return Question("LookupMember", column, value, except_key)


def test_value_of_a_row_is_taken(members: list[LookupMember]) -> None:
    """Also of one that is softly deleted: the constraint counts it; the row itself may keep its value."""
    assert row_exists(question("ana@example.com"))
    assert row_exists(question("gone@example.com"))
    assert not row_exists(question("new@example.com"))
    assert not row_exists(question("ana@example.com", except_key=members[0].pk))
    assert row_exists(question("ana@example.com", except_key=members[1].pk))


def test_what_a_column_cannot_hold_is_in_no_row() -> None:
    """A word is no number; that is for another rule to say."""
    assert row_exists(question("1", "number"))
    assert not row_exists(question("one", "number"))
    assert row_exists(question("ana@example.com", except_key="no key"))


def test_name_that_is_unknown_is_refused() -> None:
    """A misspelt model or column never passes as free."""
    with pytest.raises(SetupError, match="LookupNobody"):
        row_exists(Question("LookupNobody", "email", "x"))
    with pytest.raises(UsageError, match="mail"):
        row_exists(question("x", "mail"))


async def test_same_answer_on_a_loop() -> None:
    """Without a thread of its own for it."""
    assert await row_exists_async(question("ana@example.com"))
    assert not await row_exists_async(question("new@example.com"))
    validator = Validator({"email": "ana@example.com"}).rules({"email": "unique:LookupMember"})
    assert not await validator.validate_async()


def test_form_asks_by_itself(members: list[LookupMember]) -> None:
    """The record that a form was filled with keeps what it has."""
    fields = {"email": Form.email("E-mail", "required|unique:LookupMember,email")}
    sent = {"email": "ana@example.com"}
    form = Form(fields, post(sent))
    assert not form.validate()
    assert form.error("email") == "This is taken already."
    assert Form(fields, post(sent)).fill(members[0]).validate()
    assert not Form(fields, post(sent)).fill(members[1]).validate()


def test_scope_of_a_model_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody learns what is taken in rows that are not theirs to see (reliability 127)."""
    scopes = {"own": lambda query: query.where_equal("number", 2)}
    monkeypatch.setattr(LookupMember.__description__, "scopes", scopes)
    assert not row_exists(question("ana@example.com"))
