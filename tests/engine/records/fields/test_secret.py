"""A password is kept as a hash and a sealed text sealed, on every way into the database."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

import pytest

from asok_engine.errors import SetupError, UsageError
from asok_engine.records.errors import FieldProblem, InvalidRecord, UnknownName
from asok_engine.records.fields.secret import CannotDecrypt, Encrypted, Password, PasswordHash, use_secrets
from asok_engine.records.fields.text import String
from asok_engine.records.plans.bulk import bulk_create, bulk_update
from asok_engine.records.plans.change import update_all
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.plans.values import pluck, values, values_list
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.security.passwords import Passwords
from asok_engine.wire.jsons import encode_json
from tests.engine.records.driver import Driver


class Member(Record):
    """Somebody with secrets."""

    id: int
    name = String()
    password = Password(min_length=4)
    note = Encrypted(50, nullable=True)


@pytest.fixture(autouse=True)
def secrets() -> Iterator[None]:
    """Give the process a secret."""
    use_secrets(["the secret of these tests"])
    yield
    use_secrets([])


def columns(driver: Driver) -> list[tuple[str, str]]:
    """Give what is really in the table."""
    return driver.connection.execute("SELECT password, note FROM members ORDER BY id").fetchall()


def test_column_holds_neither_password_nor_text() -> None:
    """And the record holds no password either once it is saved."""
    driver = Driver(Member)
    member = driver.save(Member(name="Ada", password="opensesame", note="likes cats"))
    password, note = columns(driver)[0]
    assert password.startswith("$argon2id$")
    assert "cats" not in note
    assert isinstance(member.password, PasswordHash)
    assert member.password.matches("opensesame")
    assert not member.password.matches("other")
    assert repr(member.password) == "<PasswordHash>"
    found = driver.run(find_by_key(Member.__description__, 1))
    assert found.note == "likes cats"
    count = len(driver.texts)
    driver.save(member, found)
    assert len(driver.texts) == count


def test_nothing_that_writes_texts_shows_a_hash() -> None:
    """Neither a template or a log line (`str`, `format`), nor JSON of either kind."""
    driver = Driver(Member)
    driver.save(Member(name="Ada", password="opensesame"))
    found = driver.run(find_by_key(Member.__description__, 1)).password
    assert [f"{found}", str(found), format(found), repr({"password": found})] == [
        *["<PasswordHash>"] * 3,
        "{'password': <PasswordHash>}",
    ]
    for encode in (json.dumps, encode_json):
        with pytest.raises((TypeError, UsageError)) as caught:
            encode({"password": found})
        assert "argon2" not in str(caught.value)
    assert found == PasswordHash(found.stored) != PasswordHash("another")
    assert len({found, PasswordHash(found.stored)}) == 1
    assert copy.deepcopy(found) == found


def test_hash_from_outside_is_a_password() -> None:
    """Nobody can log in with a hash that she has brought along (asok 3.5 D3)."""
    driver = Driver(Member)
    brought = Passwords().hash("known")
    member = driver.save(Member(name="Eve", password=str(brought)))
    assert not member.password.matches("known")
    assert member.password.matches(str(brought))


def test_every_way_of_writing_hashes_and_seals() -> None:
    """Updates of a query and of many records too (asok 3.4 C5)."""
    driver = Driver(Member)
    driver.run(bulk_create(Member.__description__, [Member(name="a", password="first", note="one")]))
    driver.run(update_all(Query(Member.__description__), {"password": "second", "note": "two"}))
    assert all("second" not in text and "two" not in text for row in columns(driver) for text in row)
    member = driver.run(find_by_key(Member.__description__, 1))
    assert member.password.matches("second")
    assert member.note == "two"
    member.password, member.note = "third", "three"
    driver.run(bulk_update(Member.__description__, [member], ["password", "note"]))
    assert driver.run(find_by_key(Member.__description__, 1)).password.matches("third")
    assert driver.run(pluck(Query(Member.__description__), "note")) == ["three"]
    member.password = "fourth"
    driver.save(member)
    assert driver.run(find_by_key(Member.__description__, 1)).password.matches("fourth")


def test_password_has_a_form() -> None:
    """Long enough, and not endless."""
    for wrong in ("abc", "", "x" * 5000, 5, None):
        with pytest.raises(FieldProblem):
            Password(min_length=4).clean(wrong)


def test_secrets_cannot_be_looked_for() -> None:
    """The column says nothing of the value."""
    for lookup in (
        {"password": "opensesame"},
        {"note": "x"},
        {"password__startswith": "$argon2id$"},
        {"note__contains": "x"},
        {"note__in": ["x"]},
        {"password__gt": "a"},
    ):
        with pytest.raises(UnknownName, match="cannot be compared") as raised:
            Query(Member.__description__).where(**lookup)
        assert raised.value.status == 400
    with pytest.raises(UnknownName, match="cannot be compared"):
        Query(Member.__description__).compare("note", "LIKE", "x%")
    driver = Driver(Member)
    driver.save(Member(name="a", password="xxxx"))
    for query in ({"note": None}, {"note__isnull": True}, {"password__isnull": False}):
        assert len(driver.fetch(Query(Member.__description__).where(**query))) == 1


def test_older_secret_opens_and_the_new_one_seals() -> None:
    """A secret can be changed without losing what is there."""
    driver = Driver(Member)
    driver.save(Member(name="a", password="xxxx", note="old"))
    use_secrets(["another secret", "the secret of these tests"])
    member = driver.run(find_by_key(Member.__description__, 1))
    assert member.note == "old"
    member.note = "new"
    driver.save(member)
    use_secrets(["another secret"])
    assert driver.run(find_by_key(Member.__description__, 1)).note == "new"


def test_text_that_cannot_be_opened_raises() -> None:
    """It is never handed out sealed (asok 3.4 C15)."""
    driver = Driver(Member)
    driver.save(Member(name="a", password="xxxx", note="x"))
    use_secrets(["a wrong secret"])
    with pytest.raises(CannotDecrypt, match="note"):
        driver.run(find_by_key(Member.__description__, 1))
    use_secrets(["the secret of these tests"])
    for broken in ("plain", "v1:not base64!", "v1:AAAA"):
        driver.connection.execute("UPDATE members SET note = ?", (broken,))
        with pytest.raises(CannotDecrypt):
            driver.run(find_by_key(Member.__description__, 1))


def test_sealed_text_belongs_to_its_column() -> None:
    """It cannot be moved into another one unseen."""

    class Two(Record):
        id: int
        first = Encrypted()
        second = Encrypted()

    driver = Driver(Two)
    driver.save(Two(first="a", second="b"))
    driver.connection.execute("UPDATE twos SET second = first")
    with pytest.raises(CannotDecrypt):
        driver.run(find_by_key(Two.__description__, 1))


def test_missing_key_is_told() -> None:
    """With the setting that gives it."""
    use_secrets([])
    with pytest.raises(SetupError, match="SECRET_KEY"):
        Driver(Member).save(Member(name="a", password="xxxx", note="x"))


def test_secrets_come_only_where_they_are_named_and_order_nothing() -> None:
    """Neither in values without names nor by the place that a row takes in an order that a visitor chose."""
    driver = Driver(Member)
    driver.save(Member(name="Ada", password="opensesame", note="likes cats"))
    members = Query(Member.__description__)
    assert driver.run(values(members)) == [{"id": 1, "name": "Ada"}]
    assert driver.run(values_list(members)) == [(1, "Ada")]
    assert driver.run(values(members, "note")) == [{"note": "likes cats"}]
    for name in ("password", "-password", "note"):
        with pytest.raises(UnknownName, match="cannot be ordered"):
            members.order_by(name)


def test_text_that_is_no_unicode_is_not_sealed() -> None:
    """JSON brings lone surrogates, which nothing can encode."""
    with pytest.raises(InvalidRecord, match="note is not valid Unicode"):
        Driver(Member).save(Member(name="Ada", password="opensesame", note="\ud800"))


def test_column_takes_from_a_file_only_what_it_would_hold() -> None:
    """A hash of ours, and text that was sealed for this very column; without secrets its form is all there is to see."""
    password, note = Password(), Encrypted()
    password.name, note.name, note.column = "password", "note", "note"
    hashed = password.prepare("hunter2").stored
    password.check_stored(hashed)
    use_secrets(["s" * 40])
    assert note.to_column is not None
    sealed = note.to_column("dear diary")
    note.check_stored(sealed)
    for field, value in (
        (password, "hunter2"),
        (password, 7),
        (note, "dear diary"),
        (note, 7),
        (note, f"{sealed}x"),
    ):
        with pytest.raises(FieldProblem):
            field.check_stored(value)
    note.column = "other"
    with pytest.raises(FieldProblem, match="encrypted under the secret"):
        note.check_stored(sealed)
    use_secrets([])
    note.check_stored(sealed)
