"""The Protocol and its fulfilments have the same signatures."""

from __future__ import annotations

import inspect

import pytest

from asok_engine.backends.counters.contract import Counters, Verdict
from asok_engine.backends.counters.memory import MemoryCounters
from asok_engine.backends.counters.redis import RedisCounters


@pytest.mark.parametrize("kind", [MemoryCounters, RedisCounters])
def test_every_method_of_the_contract_is_fulfilled_with_its_signature(kind: type) -> None:
    """A fulfilment takes the arguments of the contract, by the same names, and is async where it is."""
    methods = {name: m for name, m in vars(Counters).items() if inspect.isfunction(m) and name[0] != "_"}
    assert {"hit", "hit_async", "close", "close_async"} <= set(methods)
    for name, method in methods.items():
        own = getattr(kind, name)
        assert inspect.signature(own) == inspect.signature(method)
        assert inspect.iscoroutinefunction(own) is inspect.iscoroutinefunction(method)


def test_a_verdict_cannot_be_changed() -> None:
    """A verdict is a value; who gets one may pass it on."""
    verdict = Verdict(True, 1, 0.0)
    with pytest.raises(AttributeError):
        verdict.allowed = False  # type: ignore[misc]
    assert verdict == Verdict(True, 1, 0.0)
