"""What `unique` asks."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import UsageError
from asok_engine.validation.rulebook import Question
from tests.engine.validation.judging import codes


class User:
    """Something with a key."""

    id = 7


def asked(rules: str, record: Any = None) -> Question:
    """Give what the rule asks."""
    questions: list[Question] = []

    def lookup(question: Question) -> bool:
        questions.append(question)
        return False

    assert codes(rules, "5", lookup=lookup, record=record) == []
    return questions[0]


def test_question_names_model_column_and_value() -> None:
    """The column is the field's name unless it is given; the value is what typing rules made."""
    assert asked("unique:User,email") == Question("User", "email", "5")
    assert asked("unique:User") == Question("User", "it", "5")
    assert asked("integer|unique:User,no") == Question("User", "no", 5)


def test_row_that_is_edited_may_keep_its_value() -> None:
    """From the record of the form, or from the rule; a record of another model does not count."""
    assert asked("unique:User,email", User()).except_key == 7
    assert asked("unique:app.User,email", User()).except_key == 7
    assert asked("unique:Other,email", User()).except_key is None
    assert asked("unique:User,email", {"id": 3}).except_key == 3
    assert asked("unique:User,email,12", User()).except_key == "12"


def test_value_that_exists_is_reported() -> None:
    """The answer decides."""
    assert codes("unique:User,email", "x", lookup=lambda question: True) == ["unique"]
    with pytest.raises(UsageError, match="cannot be read"):
        codes("unique:User,a,b,c", "x", lookup=lambda question: True)
