"""`Validator`, own rules and `Schema` as applications use them."""

from __future__ import annotations

import asyncio
import enum
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from asok.validation import Schema, Validator, register_rule
from asok_engine.errors import UsageError, ValidationError
from asok_engine.validation.rulebook import Question
from asok_engine.wire.values import Values
from tests.asok.forms.posting import upload
from tests.engine.wire import pictures


def test_rules_of_several_fields_are_checked() -> None:
    """Errors are the first message of each field; all of them are kept beside."""
    validator = Validator({"name": "J", "email": "x", "age": "17"}).rules(
        {"name": "required|min:2", "email": "required|email|min:5", "age": "integer|min:18"}
    )
    assert not validator.validate()
    assert validator.errors["name"] == "Enter at least 2 characters."
    assert validator.errors["age"] == "Enter 18 or more."
    assert len(validator.all_errors["email"]) == 2
    assert [problem.code for problem in validator.report.of("email")] == ["email", "min"]


def test_values_are_those_of_the_typing_rules() -> None:
    """Only fields with rules are among them."""
    validator = Validator(Values([("age", "18"), ("is_admin", "1")])).rules({"age": "integer"})
    assert validator.validate()
    assert validator.validated == {"age": 18}


def test_messages_stand_beside_the_rules() -> None:
    """In a pair, or as an argument of `rule`."""
    validator = Validator({}).rules({"a": ("required", {"required": "We need it."})})
    validator.rule("b", "required", {"required": "{field}, please."}, label="Your name")
    validator.validate()
    assert validator.errors == {"a": "We need it.", "b": "Your name, please."}


def test_pair_of_rules_is_no_rule_with_messages() -> None:
    """A list or a pair whose second part is no mapping is a list of rules."""
    validator = Validator({"a": ""}).rules({"a": ("required", "email")})
    validator.validate()
    assert validator.errors == {"a": "This field is required."}


def test_files_are_checked_with_the_fields() -> None:
    """One file or a list of them."""
    files = {
        "photo": [upload("a.png", pictures.png())],
        "many": [upload("a.png", b"x"), upload("b.png", b"x")],
    }
    validator = Validator({}, files).rules(
        {"photo": "required|ext:png|size:1M|image", "many": "max:1|ext:png"}
    )
    assert not validator.validate()
    assert list(validator.errors) == ["many"]


def test_messages_come_from_the_locale() -> None:
    """`translate` is asked for `v_<rule>`."""
    validator = Validator({}, translate=lambda key: {"v_required": "Obligatoire."}.get(key, key))
    assert not validator.rules({"a": "required"}).validate()
    assert validator.errors == {"a": "Obligatoire."}


def test_unique_asks_the_lookup() -> None:
    """The record that is edited may keep its value."""
    asked: list[Question] = []

    def lookup(question: Question) -> bool:
        asked.append(question)
        return question.except_key is None

    async def lookup_async(question: Question) -> bool:
        return lookup(question)

    rules = {"email": "unique:User,email"}
    assert not Validator({"email": "a"}, lookup=lookup).rules(rules).validate()
    assert Validator({"email": "a"}, lookup=lookup, record={"id": 5}).rules(rules).validate()
    assert not asyncio.run(Validator({"email": "a"}, lookup_async=lookup_async).rules(rules).validate_async())
    assert [question.except_key for question in asked] == [None, 5, None]


def test_own_rule_is_there_for_every_validator() -> None:
    """Plain and async; a standard rule keeps its meaning."""
    register_rule("test_upper", lambda value, arg, data: value.isupper(), "Must be upper case.")

    async def slow(value: Any, arg: str, data: Any) -> bool:
        await asyncio.sleep(0)
        return bool(value == arg)

    register_rule("test_slow", slow, "Must be {arg}.")
    assert Validator({"a": "ABC"}).rules({"a": "test_upper"}).validate()
    late = Validator({"a": "x"}).rules({"a": "test_slow:y"})
    assert not asyncio.run(late.validate_async())
    assert late.errors == {"a": "Must be y."}
    with pytest.raises(UsageError, match="'required' exists"):
        register_rule("required", lambda *_: True)


def test_error_answers_with_every_message() -> None:
    """422 with the report."""
    validator = Validator({}).rules({"a": "required"})
    validator.validate()
    error = validator.error()
    assert (error.status, error.errors) == (422, {"a": ["This field is required."]})
    assert error.report is validator.report


class Level(enum.Enum):
    HIGH = 3


class Hidden:
    """What a field of a model looks like that never goes out."""

    rules, hidden = "", True


class PersonSchema(Schema):
    """A person as others see them."""

    name = "required|max:5"
    born = "date"
    level: Level
    password = Hidden()

    def shout(self) -> str:
        """Not a field."""
        return "!"


class LongerSchema(PersonSchema):
    """With one more field."""

    balance: Decimal


def test_schema_lets_out_its_fields_only() -> None:
    """As JSON can hold them, from an object or a mapping; what is hidden stays."""

    class Person:
        name, born, level, secret, password = "Ana", date(2000, 1, 2), Level.HIGH, "no", "hash"
        balance = Decimal("1.50")

    assert PersonSchema().dump(Person()) == {"level": 3, "name": "Ana", "born": "2000-01-02"}
    key = uuid.uuid4()
    many = LongerSchema(many=True).dump(
        [{"name": [key, {1: Level.HIGH}], "balance": Decimal("1.50"), "x": 1}]
    )
    assert many == [{"level": None, "name": [str(key), {"1": 3}], "born": None, "balance": "1.50"}]


def test_schema_lets_in_its_fields_only() -> None:
    """Checked and converted; what is not sent is not made up."""
    loaded = PersonSchema().load({"name": "Ana", "born": "2000-01-02", "is_admin": True})
    assert loaded == {"name": "Ana", "born": date(2000, 1, 2)}
    assert PersonSchema(many=True).load([{"name": "B"}]) == [{"name": "B"}]
    with pytest.raises(ValidationError) as caught:
        PersonSchema().load({"born": "x"})
    assert list(caught.value.errors) == ["name", "born"]


@pytest.mark.parametrize(
    ("many", "data"), [(False, "text"), (False, None), (True, {"name": "a"}), (True, "ab")]
)
def test_schema_refuses_what_is_no_object(many: bool, data: Any) -> None:
    """422 and not an exception of Python."""
    with pytest.raises(ValidationError):
        PersonSchema(many).load(data)
