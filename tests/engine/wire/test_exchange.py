"""Every server's exchange offers what a request asks for, as the contract says."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from asok_engine.servers.asgi import AsgiExchange
from asok_engine.servers.rsgi import RsgiExchange
from asok_engine.servers.wsgi import WsgiExchange
from asok_engine.wire.exchange import Exchange
from tests.engine.dispatch.exchanges import MemoryExchange

NAMES = [name for name, value in vars(Exchange).items() if not name.startswith("_") and callable(value)]


@pytest.mark.parametrize("kind", [AsgiExchange, WsgiExchange, RsgiExchange, MemoryExchange])
def test_exchange_fulfils_the_contract(kind: Any) -> None:
    """Each method is there, with the same parameters, and waits exactly where the contract waits."""
    assert set(NAMES) >= {
        "headers",
        "raw_path",
        "peer",
        "scheme",
        "server",
        "root_path",
        "read",
        "read_async",
    }
    for name in NAMES:
        promised, given = getattr(Exchange, name), getattr(kind, name)
        assert list(inspect.signature(given).parameters) == list(inspect.signature(promised).parameters), name
        assert inspect.iscoroutinefunction(given) == inspect.iscoroutinefunction(promised), name
    assert kind.protocol in ("asgi", "wsgi", "rsgi")
