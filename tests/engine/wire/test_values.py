"""Values keep what was sent, give the last one, and cost nothing more."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import MissingField
from asok_engine.wire.values import Values


def test_item_access_gives_the_last_value() -> None:
    """A name that was sent twice reads as its last value, `getlist` as both."""
    values = Values([("a", "1"), ("b", ""), ("a", "2")])
    assert values["a"] == values.get("a") == "2"
    assert values.getlist("a") == ["1", "2"]
    assert list(values.items_multi()) == [("a", "1"), ("a", "2"), ("b", "")]


def test_blank_value_is_a_value() -> None:
    """A name with nothing after it is there."""
    values = Values([("b", "")])
    assert "b" in values
    assert values["b"] == ""
    assert values.getlist("b") == [""]


def test_missing_name_has_no_values() -> None:
    """What was not sent is None, or an empty list."""
    assert Values().get("x") is None
    assert Values([("a", "1")]).getlist("x") == []


def test_missing_name_that_is_read_is_the_clients_mistake() -> None:
    """What a client leaves out is 400 and names the field; code that catches KeyError goes on to work."""
    with pytest.raises(MissingField, match=r"^The field 'name' was not sent\.$") as raised:
        Values([("a", "1")])["name"]
    assert isinstance(raised.value, KeyError)
    assert (raised.value.status, raised.value.name) == (400, "name")
    assert raised.value.errors == {"name": ["is missing"]}


def test_list_that_is_given_out_is_a_copy() -> None:
    """Who changes the list does not change what was sent."""
    values = Values([("a", "1"), ("a", "2")])
    values.getlist("a").append("3")
    assert values.getlist("a") == ["1", "2"]


def test_setting_a_name_replaces_all_that_was_sent() -> None:
    """After a write the list holds what was written, after a deletion nothing."""
    values = Values([("a", "1"), ("a", "2"), ("b", "3"), ("b", "4")])
    values["a"] = "new"
    del values["b"]
    assert values.getlist("a") == ["new"]
    assert values.getlist("b") == []
    assert list(values.items_multi()) == [("a", "new")]


def test_repeated_values_survive_copying() -> None:
    """A shallow copy and a pickled one keep every value."""
    values = Values.from_lists({"a": ["1", "2"], "b": ["3"]})
    assert copy.copy(values).getlist("a") == ["1", "2"]
    assert pickle.loads(pickle.dumps(values)).getlist("b") == ["3"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=3))))
def test_every_value_is_kept_in_the_order_of_its_name(pairs: list[tuple[str, str]]) -> None:
    """For each name, the list is what was sent under it, in order."""
    values = Values(pairs)
    for name in "abc":
        sent = [value for given_name, value in pairs if given_name == name]
        assert values.getlist(name) == sent
        assert values.get(name) == (sent[-1] if sent else None)
    assert len(list(values.items_multi())) == len(pairs)
