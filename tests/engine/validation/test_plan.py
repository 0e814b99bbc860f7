"""The plan: every problem in order, questions answered plainly or on a loop, nested data."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from asok_engine.errors import InputError, UsageError
from asok_engine.validation.plan import run, run_async, validate_plan
from asok_engine.validation.rulebook import Question, Rulebook
from asok_engine.validation.rules import FieldRules, parse_rules
from asok_engine.validation.standard import STANDARD
from tests.engine.validation.judging import NOW, codes, judge


def plan(fields: dict[str, Any], data: dict[str, Any], **options: Any) -> Any:
    rules = [FieldRules(name, parse_rules(text)) for name, text in fields.items()]
    return validate_plan(
        rules, data, rulebook=options.pop("rulebook", Rulebook(STANDARD)), now=lambda: NOW, **options
    )


def paths(fields: dict[str, Any], data: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in run(plan(fields, data), None).report]


def test_every_failing_rule_is_reported_in_order() -> None:
    """A person sees all that is wrong at once."""
    assert codes("email|min:10|in:a,b", "x") == ["email", "min", "in"]


def test_typing_rule_counts_wherever_it_stands() -> None:
    """`min:3|integer` compares numbers, and text that is no number is reported as such only."""
    assert codes("min:3|integer", "10") == []
    assert codes("min:3|integer", "2") == ["min"]
    assert codes("min:9|integer", "abcd") == ["integer"]


def test_value_that_is_not_there_meets_every_rule_but_required() -> None:
    """A field that may be empty is not judged when it is."""
    assert codes("email|min:3", "") == []
    assert codes("email|min:3") == []
    assert codes("required|email|min:3", "") == ["required"]


def test_values_are_those_that_the_rules_made() -> None:
    """Numbers are numbers afterwards, an empty number is None, text stays text."""
    result = run(plan({"a": "integer", "b": "integer", "c": "max:9"}, {"a": " 5", "b": "", "c": "7"}), None)
    assert result.values == {"a": 5, "b": None, "c": "7"}


def test_field_that_was_not_sent_is_not_among_the_values() -> None:
    """Partial input stays partial."""
    assert run(plan({"a": "integer", "b": "integer"}, {"a": "1"}), None).values == {"a": 1}


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "é\x00"])
def test_text_that_a_database_refuses_is_refused_here(value: str) -> None:
    """A NUL is an answer of 422, never one of 500."""
    assert codes("min:1", value) == ["characters"]
    assert judge("min:1", value, messages={"characters": "Own."}).report.first() == {"it": "Own."}
    assert judge("min:1", value, translate=lambda key: f"T {key}").report.first() == {"it": "T v_characters"}


def test_name_leads_into_nested_data() -> None:
    """The path of a problem says which entry it is."""
    data = {"address": {"city": ""}, "items": [{"price": "1"}, {"price": "x"}, "none"]}
    fields = {"address.city": "required", "items.*.price": "required|numeric"}
    assert paths(fields, data) == [
        ("address.city", "required"),
        ("items.1.price", "numeric"),
        ("items.2.price", "required"),
    ]
    assert run(plan({"address.zip": "min:1"}, data), None).values == {}


def test_long_list_is_refused_and_not_cut() -> None:
    """An entry that no rule has seen must not be taken."""
    with pytest.raises(InputError, match="1001 entries") as caught:
        run(plan({"items.*.a": "required"}, {"items": [{}] * 1001}), None)
    assert caught.value.status == 422
    with pytest.raises(UsageError, match="deeper"):
        run(plan({"a.b.c.d.e.f.g.h.i": "required"}, {}), None)


def test_question_is_answered_by_who_runs_the_plan() -> None:
    """The same plan asks plainly and on an event loop."""
    asked: list[Question] = []

    def lookup(question: Question) -> bool:
        asked.append(question)
        return True

    async def lookup_async(question: Question) -> bool:
        await asyncio.sleep(0)
        return lookup(question)

    fields, data = {"email": "unique:User,email"}, {"email": "a@b.co"}
    assert [p.code for p in run(plan(fields, data), lookup).report] == ["unique"]
    assert [
        p.code for p in asyncio.run(run_async(plan(fields, data), lookup_async, asyncio.to_thread)).report
    ] == ["unique"]
    assert asked == [Question("User", "email", "a@b.co")] * 2


def test_question_that_nobody_can_answer_is_an_error() -> None:
    """A unique value is never taken for granted."""
    with pytest.raises(UsageError, match="unique:User,email.*lookup="):
        run(plan({"email": "unique:User,email"}, {"email": "a"}), None)


def test_async_rule_is_awaited_on_a_loop_and_refused_elsewhere() -> None:
    """A rule may ask another service; plain code cannot wait for it."""
    book = Rulebook(STANDARD)

    async def free(value: Any, argument: str, data: Any) -> bool:
        await asyncio.sleep(0)
        return value != "taken"

    book.register("free", free, "Taken.")

    def ask(value: str) -> Any:
        return plan({"a": "free"}, {"a": value}, rulebook=book)

    assert [p.code for p in asyncio.run(run_async(ask("taken"), None, asyncio.to_thread)).report] == ["free"]
    assert not asyncio.run(run_async(ask("x"), None, asyncio.to_thread)).report
    with pytest.raises(UsageError, match="validate_async"):
        run(ask("x"), None)


def test_what_takes_a_while_leaves_the_loop() -> None:
    """An image is decoded in a thread of the pool under a loop, and at once elsewhere."""
    threads: list[int] = []

    class File:
        filename, size, media_type, extension = "a.png", 1, "image/png", "png"

        def check_content(self) -> None:
            threads.append(threading.get_ident())

        def check_image(self) -> None:
            raise InputError("Cut off.")

    def ask() -> Any:
        return plan({"a": "image"}, {"a": File()})

    assert run(ask(), None).report.first() == {"a": "Cut off."}
    assert threads == [threading.get_ident()]
    assert asyncio.run(run_async(ask(), None, asyncio.to_thread)).report.first() == {"a": "Cut off."}
    assert threads[1] != threading.get_ident()
