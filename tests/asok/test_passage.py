"""Guards and finishers are those that the settings ask for, in the order that is documented."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from asok.passage import Passage
from asok.stores import Stores
from tests.asok.effects.sites import make_app


def passage(folder: Path, *, connects_to_sockets: bool = False, **settings: object) -> Passage:
    """Make the passage of an application with these settings."""
    app = make_app(folder, {"LOG_LEVEL": "ERROR", **settings})
    app.startup()
    return Passage(app.config, Stores(app.config), None, connects_to_sockets=connects_to_sockets)


def names(methods: Iterable[Callable[..., Any]]) -> list[str]:
    """Name the classes that methods belong to."""
    return [type(method.__self__).__name__ for method in methods]  # type: ignore[attr-defined]


def test_order_of_guards_and_finishers_is_the_documented_one(tmp_path: Path) -> None:
    """Everything on, in the order that ARCHITECTURE.md tells; a WebSocket passes the first of the guards."""
    found = passage(
        tmp_path,
        TRUSTED_PROXIES=["10.0.0.1"],
        CORS_ORIGINS=["https://a.example"],
        GZIP=True,
        LOG_LEVEL="INFO",
    )
    guards = [guard for guard, _ in found.guards()]
    assert names(guards) == ["RequestId", "Proxies", "Hosts", "ClientLimit", "Cors"]
    assert names(guard for guard, _ in found.handshake_guards()) == ["Proxies", "Hosts", "ClientLimit"]
    assert names(found.finishers()) == [
        "Conditional",
        "Compression",
        "Cors",
        "RequestId",
        "AccessLog",
        "SecurityHeaders",
    ]
    assert found.traced_finishers() == []


def test_quiet_log_costs_only_the_requests_that_it_tells_of(tmp_path: Path) -> None:
    """Where the log leaves out what went well, only refusals pass it, and ids are made when asked for."""
    found = passage(tmp_path, LOG_LEVEL="WARNING", RATE_LIMIT=False, SECURITY_HEADERS=False)
    assert names(guard for guard, _ in found.guards()) == ["Hosts"]
    assert names(guard for guard, _ in found.handshake_guards()) == ["Hosts"]
    assert names(found.finishers()) == ["Conditional"]
    assert names(found.traced_finishers()) == ["RequestId", "AccessLog"]
    assert names(passage(tmp_path / "silent", LOG_LEVEL="CRITICAL").traced_finishers()) == ["RequestId"]


def test_pages_and_handshakes_are_counted_together(tmp_path: Path) -> None:
    """By one limit; it waits only for counters that are outside of the process."""
    found = passage(tmp_path)
    counting = [each for each in found.guards() if each in found.handshake_guards()]
    assert names(guard for guard, _ in counting) == ["ClientLimit"]
    assert [waits for _, waits in counting] == [None]
    outside = passage(tmp_path / "outside", REDIS_URL="redis://localhost:1/0")
    assert names([waits for _, waits in outside.guards() if waits is not None]) == ["ClientLimit"]


def test_policy_lets_pages_connect_where_there_are_sockets(tmp_path: Path) -> None:
    """And nowhere else, whatever a request names."""
    for connects in (True, False):
        (headers,) = [
            finish.__self__  # type: ignore[attr-defined]
            for finish in passage(tmp_path / str(connects), connects_to_sockets=connects).finishers()
            if names([finish]) == ["SecurityHeaders"]
        ]
        assert (headers._allow_connect is not None) is connects
