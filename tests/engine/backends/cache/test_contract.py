"""The Protocol and its fulfilments have the same signatures."""

from __future__ import annotations

import inspect

import pytest

from asok_engine.backends.cache.contract import Cache
from asok_engine.backends.cache.file import FileCache
from asok_engine.backends.cache.memory import MemoryCache
from asok_engine.backends.cache.redis import RedisCache

METHODS = {name: m for name, m in vars(Cache).items() if inspect.isfunction(m) and name[0] != "_"}


@pytest.mark.parametrize("kind", [MemoryCache, FileCache, RedisCache])
def test_every_method_of_the_contract_is_fulfilled_with_its_signature(kind: type) -> None:
    """A fulfilment takes the arguments of the contract, by the same names, and is async where it is."""
    assert {"get", "set", "delete", "has", "incr", "remember", "flush"} <= set(METHODS)
    for name, method in METHODS.items():
        own = getattr(kind, name)
        assert inspect.signature(own) == inspect.signature(method), name
        assert inspect.iscoroutinefunction(own) is inspect.iscoroutinefunction(method), name


def test_every_plain_method_has_its_async_twin() -> None:
    """The pairs are complete and take the same names."""
    plain = {name for name in METHODS if not name.endswith("_async")}
    assert {f"{name}_async" for name in plain} == set(METHODS) - plain
    for name in plain:
        assert list(inspect.signature(METHODS[name]).parameters) == list(
            inspect.signature(METHODS[f"{name}_async"]).parameters
        )
