"""Nobody may ask more often than the limit says, and nobody is let in because a counter is down."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from asok_engine.backends.counters.contract import Verdict
from asok_engine.backends.counters.memory import MemoryCounters
from asok_engine.dispatch.context import request_var
from asok_engine.dispatch.middleware.rate_limit import ClientLimit, RouteLimit, client_of
from asok_engine.errors import BackendUnavailable, SetupError, TooManyRequests, UsageError
from asok_engine.wire.request import Request
from tests.engine.dispatch.exchanges import make_request

NOON = 1_800_000_000.0


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


class BrokenCounters:
    """Counters whose server does not answer."""

    def hit(self, key: str, limit: int, window_seconds: float, now: float) -> Verdict:
        raise BackendUnavailable("Redis does not answer.")

    async def hit_async(self, key: str, limit: int, window_seconds: float, now: float) -> Verdict:
        raise BackendUnavailable("Redis does not answer.")

    def close(self) -> None:
        """There is nothing to close."""

    async def close_async(self) -> None:
        """There is nothing to close."""


def asking(address: str = "203.0.113.9", path: str = "/", **headers: str) -> Request:
    """A request of one client."""
    return make_request(
        path, headers={name.replace("_", "-"): value for name, value in headers.items()}, peer=address
    )


def accepted(limit: ClientLimit, times: int, **request: Any) -> int:
    """Ask so many times; give how many were let in."""
    let_in = 0
    for _ in range(times):
        try:
            assert limit.guard(asking(**request)) is None
            let_in += 1
        except TooManyRequests:
            continue
    return let_in


# --- the whole application ------------------------------------------------------------


def test_client_is_refused_beyond_the_limit_and_told_when_to_come_back() -> None:
    """The refusal is a 429 with a Retry-After that is true."""
    clock = Clock()
    limit = ClientLimit(MemoryCounters(), "5/m", clock=clock)
    assert accepted(limit, 5) == 5
    with pytest.raises(TooManyRequests) as refused:
        limit.guard(asking())
    assert refused.value.status == 429
    seconds = int(refused.value.headers["Retry-After"])
    assert 1 <= seconds <= 120
    clock.now += seconds - 2
    assert accepted(limit, 1) == 0
    clock.now += 2
    assert accepted(limit, 1) == 1


def test_window_slides() -> None:
    """Right after a full minute nobody gets a second full minute at once."""
    clock = Clock()
    clock.now = NOON - NOON % 60 + 59
    limit = ClientLimit(MemoryCounters(), (100, 60), clock=clock)
    assert accepted(limit, 150) == 100
    clock.now += 2
    assert accepted(limit, 150) < 5


def test_clients_have_limits_of_their_own() -> None:
    """One noisy client takes nothing from another."""
    limit = ClientLimit(MemoryCounters(), "2/m")
    assert accepted(limit, 5) == 2
    assert accepted(limit, 5, address="203.0.113.10") == 2


def test_spoofed_fields_make_no_new_client() -> None:
    """Only what a trusted proxy has said about the address counts (cases 78, 79)."""
    limit = ClientLimit(MemoryCounters(), "2/m")
    let_in = sum(
        accepted(
            limit,
            1,
            X_Forwarded_For=f"198.51.100.{n}",
            Forwarded=f"for=198.51.100.{n}",
            X_Real_IP=f"10.0.0.{n}",
        )
        for n in range(10)
    )
    assert let_in == 2


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::/64"),
        ("not:an:address", "not:an:address"),
        ("", ""),
    ],
)
def test_client_is_an_address_or_a_network_of_one_host(address: str, client: str) -> None:
    """A host with 2**64 addresses is one client."""
    assert client_of(asking(address)) == client


def test_exempt_paths_are_not_counted() -> None:
    """Static files and the health check take nothing from the limit; what only looks like them does."""
    limit = ClientLimit(MemoryCounters(), "1/m", exempt_paths=["/health"], exempt_prefixes=["/css/", "/js/"])
    assert accepted(limit, 5, path="/health") == 5
    assert accepted(limit, 5, path="/css/site.css") == 5
    assert accepted(limit, 5, path="/healthy") == 1
    assert accepted(limit, 5, path="/cssx") == 0


async def test_async_guard_counts_with_the_plain_one() -> None:
    """Both forms are one limit."""
    limit = ClientLimit(MemoryCounters(), "3/m", exempt_paths=["/health"])
    await limit.guard_async(asking())
    limit.guard(asking())
    await limit.guard_async(asking())
    await limit.guard_async(asking(path="/health"))
    with pytest.raises(TooManyRequests):
        await limit.guard_async(asking())


async def test_counters_that_are_down_let_nobody_in() -> None:
    """The answer is 503, never an open door."""
    limit = ClientLimit(BrokenCounters(), "3/m")
    with pytest.raises(BackendUnavailable):
        limit.guard(asking())
    with pytest.raises(BackendUnavailable) as refused:
        await limit.guard_async(asking())
    assert refused.value.status == 503


def test_proxy_that_is_not_trusted_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """When all clients share one limit because of a missing setting, the log says which."""
    limit = ClientLimit(MemoryCounters(), "1/m")
    with caplog.at_level(logging.WARNING):
        accepted(limit, 5, address="10.0.0.1", X_Forwarded_For="198.51.100.7")
    assert [record.name for record in caplog.records] == ["asok.security"]
    assert "10.0.0.1" in caplog.text
    assert "TRUSTED_PROXIES" in caplog.text


def test_ordinary_client_gets_no_hint(caplog: pytest.LogCaptureFixture) -> None:
    """A client that is merely too fast is no news."""
    with caplog.at_level(logging.WARNING):
        accepted(ClientLimit(MemoryCounters(), "1/m"), 5)
    assert caplog.text == ""


def test_rate_that_cannot_be_read_stops_the_start() -> None:
    """A typo never becomes some other limit."""
    with pytest.raises(SetupError, match="5 per fortnight"):
        ClientLimit(MemoryCounters(), "5 per fortnight")


# --- one handler -----------------------------------------------------------------------


@pytest.fixture
def counters() -> Iterator[MemoryCounters]:
    """The counters of an application."""
    made = MemoryCounters()
    yield made
    made.close()


def test_decorated_handler_is_limited(counters: MemoryCounters) -> None:
    """The call beyond the limit does not reach the handler."""
    calls = []

    @RouteLimit("2/m", counters=lambda request: counters)
    def get(request: Request) -> str:
        calls.append(request)
        return "fine"

    assert [get(asking()), get(asking())] == ["fine", "fine"]
    with pytest.raises(TooManyRequests):
        get(asking())
    assert get(asking("203.0.113.77")) == "fine"
    assert len(calls) == 3
    assert get.__name__ == "get"
    assert list(inspect.signature(get).parameters) == ["request"]


async def test_decorated_async_handler_stays_async(counters: MemoryCounters) -> None:
    """A coroutine function stays one, so it is not sent to a thread."""

    @RouteLimit(1, 60, counters=lambda request: counters)
    async def post(request: Request) -> str:
        await asyncio.sleep(0)
        return "fine"

    assert inspect.iscoroutinefunction(post)
    assert await post(asking()) == "fine"
    with pytest.raises(TooManyRequests):
        await post(asking())


def test_handlers_have_limits_of_their_own(counters: MemoryCounters) -> None:
    """Two handlers under one decorator object do not share a count."""
    limited = RouteLimit("1/m", counters=lambda request: counters)

    @limited
    def first(request: Request) -> str:
        return "first"

    @limited
    def second(request: Request) -> str:
        return "second"

    assert (first(asking()), second(asking())) == ("first", "second")


def test_name_makes_handlers_share_a_limit(counters: MemoryCounters) -> None:
    """Login by form and login by API may be one limit."""
    limited = RouteLimit("1/m", counters=lambda request: counters, name="login")

    @limited
    def form(request: Request) -> str:
        return "form"

    @limited
    def api(request: Request) -> str:
        return "api"

    form(asking())
    with pytest.raises(TooManyRequests):
        api(asking())


def test_key_says_who_is_counted(counters: MemoryCounters) -> None:
    """Counting by something else than the address is one argument."""

    @RouteLimit("1/m", counters=lambda request: counters, key=lambda request: request.headers["X-Account"])
    def get(request: Request) -> str:
        return "fine"

    assert get(asking(X_Account="one")) == "fine"
    assert get(asking(X_Account="two")) == "fine"
    with pytest.raises(TooManyRequests):
        get(asking("198.51.100.1", X_Account="one"))


async def test_methods_and_handlers_without_a_request_are_limited_too(counters: MemoryCounters) -> None:
    """The request may come second, by name, or from the running context."""
    limited = RouteLimit("1/m", counters=lambda request: counters)

    class Tickets:
        @limited
        async def create(self, request: Request) -> str:
            return "made"

        @limited
        def listed(self, *, request: Request) -> str:
            return "listed"

    @limited
    def bare(name: str) -> str:
        return name

    tickets = Tickets()
    assert await tickets.create(asking()) == "made"
    assert tickets.listed(request=asking()) == "listed"
    with pytest.raises(TooManyRequests):
        await tickets.create(asking())
    token = request_var.set(asking())
    try:
        assert bare("x") == "x"
        with pytest.raises(TooManyRequests):
            bare("x")
    finally:
        request_var.reset(token)
    with pytest.raises(UsageError, match="outside a request"):
        bare("x")


def test_partial_of_a_handler_is_limited(counters: MemoryCounters) -> None:
    """What has no name of its own is counted under the name of what it calls."""

    def handler(word: str, request: Request) -> str:
        return word

    limited = RouteLimit("1/m", counters=lambda request: counters)(functools.partial(handler, "hello"))
    assert limited(asking()) == "hello"
    with pytest.raises(TooManyRequests):
        limited(asking())


def test_limit_as_a_middleware(counters: MemoryCounters) -> None:
    """`app.use(RateLimit("1/m"))` passes on what the rest of the chain gives."""
    link = RouteLimit("1/m", counters=lambda request: counters)
    assert link(asking(), lambda request: f"page {request.path}") == "page /"
    with pytest.raises(TooManyRequests):
        link(asking(), lambda request: "never")


def test_limit_within_a_handler(counters: MemoryCounters) -> None:
    """A handler may count something of its own."""
    limit = RouteLimit("1/m", counters=lambda request: counters, name="export")
    limit.check(asking())
    with pytest.raises(TooManyRequests, match="More than 1 requests in 60 seconds"):
        limit.check(asking())


@pytest.mark.parametrize("arguments", [(5,), ("5/m", 60), ("often",), (0, 60), (5, -1)])
def test_route_limit_that_cannot_be_read_stops_the_start(arguments: tuple[Any, ...]) -> None:
    """A limit is a text, a pair, or a number beside its window."""
    with pytest.raises(SetupError):
        RouteLimit(*arguments, counters=lambda request: MemoryCounters())


def test_wrong_use_of_a_limit_says_how_it_is_used(counters: MemoryCounters) -> None:
    """A limit that is called with something else explains itself."""
    with pytest.raises(UsageError, match="@rate_limit"):
        RouteLimit("1/m", counters=lambda request: counters)("not a handler", 1, 2)
