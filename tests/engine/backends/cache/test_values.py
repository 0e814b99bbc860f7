"""The form of a cached value."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.backends.cache.values import MISSING, decode, encode
from asok_engine.errors import UsageError

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(json_values)
def test_every_json_value_survives(value: Any) -> None:
    """Encoding and decoding gives an equal value."""
    assert decode(encode("k", value)) == value


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    """Reading gives a value or MISSING, never an error."""
    value = decode(data)
    assert value is MISSING or encode("k", value)


def test_a_pickle_is_not_opened() -> None:
    """Data that would run code on unpickling is a miss."""

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (exec, ("raise SystemExit('opened')",))

    assert decode(pickle.dumps(Evil())) is MISSING


def test_deep_nesting_is_a_miss() -> None:
    """A hundred thousand brackets do not exhaust the stack."""
    assert decode(b"[" * 100_000 + b"]" * 100_000) is MISSING


def test_a_value_that_holds_itself_is_refused() -> None:
    """A circle has no JSON form and says so."""
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(UsageError, match="list under 'k'"):
        encode("k", circle)


def test_the_message_says_what_to_do() -> None:
    """The error names the type, the key and a way out."""
    with pytest.raises(UsageError, match=r"object under 'user:1'.*Keep plain data"):
        encode("user:1", object())
