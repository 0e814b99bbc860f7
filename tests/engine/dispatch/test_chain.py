"""Links and handlers in every mixture give one order, on a loop and in threads, and never wait in a circle."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from itertools import product
from typing import Any

import pytest

from asok_engine.dispatch.chain import Composer, Handler, Link, is_async_callable
from asok_engine.dispatch.threads import Threads
from asok_engine.errors import Abort, InputError, NotFoundError, UsageError
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response
from tests.engine.dispatch.exchanges import make_request
from tests.engine.dispatch.sites import LOOP, make_kernel

MIXTURES = [
    (links, innermost)
    for depth in range(5)
    for links in product("pa", repeat=depth)
    for innermost in ("plain", "async", "light")
]


def answer(request: Request, error: Exception) -> Response:
    """Answer as the error table would."""
    return Response(f"answered {error}", getattr(error, "status", 500))


async def answer_async(request: Request, error: Exception) -> Response:
    """Answer as the error table would, on the loop."""
    return answer(request, error)


def composer(threads: int = 2) -> Composer:
    """Make a composer with pools of its own."""
    return Composer(Threads(threads), LOOP, answer, answer_async)


def recording_link(number: int, kind: str, seen: list[tuple[str, int]]) -> Link:
    """Make a link that notes where it stands on the way in and out."""

    def plain(request: Request, next: Callable[[Request], Response]) -> Response:
        seen.append((f"in {number}", threading.get_ident()))
        response = next(request)
        seen.append((f"out {number}", threading.get_ident()))
        return response

    async def waits(request: Request, next: Callable[[Request], Any]) -> Response:
        seen.append((f"in {number}", threading.get_ident()))
        response: Response = await next(request)
        seen.append((f"out {number}", threading.get_ident()))
        return response

    return Link(plain, f"link {number}", False) if kind == "p" else Link(waits, f"link {number}", True)


def recording_handler(kind: str, seen: list[tuple[str, int]]) -> Handler:
    """Make the innermost function."""

    def plain(request: Request) -> str:
        seen.append(("handler", threading.get_ident()))
        return "done"

    async def waits(request: Request) -> str:
        return plain(request)

    if kind == "async":
        return Handler(waits, "handler", True)
    return Handler(plain, "handler", False, is_light=kind == "light")


def expected_order(depth: int) -> list[str]:
    """Give the one right order."""
    return [f"in {n}" for n in range(depth)] + ["handler"] + [f"out {n}" for n in reversed(range(depth))]


async def test_every_mixture_has_one_order_on_a_loop() -> None:
    """The first link is outermost; async steps run on the loop, plain ones off it, neighbours in one thread."""
    here = threading.get_ident()
    for kinds, innermost in MIXTURES:
        seen: list[tuple[str, int]] = []
        links = [recording_link(n, kind, seen) for n, kind in enumerate(kinds)]
        call = composer().for_loop(links, recording_handler(innermost, seen))
        response = await asyncio.wait_for(call(make_request()), 5)
        assert response.text == "done", (kinds, innermost)
        assert [name for name, _ in seen] == expected_order(len(kinds)), (kinds, innermost)
        threads = dict(seen)
        for number, kind in enumerate(kinds):
            assert threads[f"in {number}"] == threads[f"out {number}"]
            assert (threads[f"in {number}"] == here) == (kind == "a"), (kinds, innermost, number)
            if kinds[number : number + 2] == ("p", "p"):
                assert threads[f"in {number}"] == threads[f"in {number + 1}"], (kinds, innermost)
        last = kinds[-1] if kinds else "a"
        on_loop = innermost == "async" or (innermost == "light" and last == "a")
        assert (threads["handler"] == here) == on_loop, (kinds, innermost)
        if not on_loop and last == "p":
            assert threads["handler"] == threads[f"in {len(kinds) - 1}"]


def in_bounded_time(*calls: Callable[[], None], seconds: float = 15) -> None:
    """Make calls in a thread each; a circle of waiting fails the test and does not hold it up for ever."""
    failures: list[BaseException] = []

    def run(call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    assert not any(thread.is_alive() for thread in threads), "requests wait for each other in a circle"
    if failures:
        raise failures[0]


def test_every_mixture_has_one_order_in_threads() -> None:
    """Under a plain server the calling thread does all up to the first async step; async steps run on the loop."""
    in_bounded_time(every_mixture_in_threads)


def every_mixture_in_threads() -> None:
    """Try every mixture in the running thread."""
    here = threading.get_ident()

    async def ident() -> int:
        return threading.get_ident()

    loop_thread = LOOP.run(ident())
    for kinds, innermost in MIXTURES:
        seen: list[tuple[str, int]] = []
        links = [recording_link(n, kind, seen) for n, kind in enumerate(kinds)]
        response = composer().for_threads(links, recording_handler(innermost, seen))(make_request())
        assert response.text == "done", (kinds, innermost)
        assert [name for name, _ in seen] == expected_order(len(kinds)), (kinds, innermost)
        threads = dict(seen)
        first_async = kinds.index("a") if "a" in kinds else len(kinds)
        for number, kind in enumerate(kinds):
            assert (threads[f"in {number}"] == here) == (number < first_async), (kinds, innermost)
            assert (threads[f"in {number}"] == loop_thread) == (kind == "a"), (kinds, innermost)
        if innermost == "async":
            assert threads["handler"] == loop_thread
        else:
            assert threads["handler"] != loop_thread
            assert (threads["handler"] == here) == ("a" not in kinds)


def slow_link(kind: str) -> Link:
    """Make a link that gives others the chance to come in between."""

    def plain(request: Request, next: Callable[[Request], Response]) -> Response:
        time.sleep(0.0005)
        return next(request)

    async def waits(request: Request, next: Callable[[Request], Any]) -> Any:
        await asyncio.sleep(0.0005)
        return await next(request)

    return Link(plain, "plain", False) if kind == "p" else Link(waits, "async", True)


@pytest.mark.parametrize("innermost", ["plain", "async"])
@pytest.mark.parametrize("kinds", ["papa", "appa", "ppap"])
async def test_two_threads_carry_two_hundred_mixed_requests_on_a_loop(kinds: str, innermost: str) -> None:
    """Nothing that runs on a pool waits for that pool, so a small pool is slow and never stuck."""
    call = composer(2).for_loop([slow_link(kind) for kind in kinds], recording_handler(innermost, []))
    requests = (call(make_request(f"/{number}")) for number in range(200))
    responses = await asyncio.wait_for(asyncio.gather(*requests), 10)
    assert [response.text for response in responses] == ["done"] * 200


@pytest.mark.parametrize("innermost", ["plain", "async"])
def test_two_threads_carry_mixed_requests_of_a_threaded_server(innermost: str) -> None:
    """Sixteen server threads share the background loop and its pools without waiting in a circle."""
    call = composer(2).for_threads([slow_link(kind) for kind in "papa"], recording_handler(innermost, []))
    texts: list[str] = []

    def server_thread() -> None:
        for number in range(13):
            texts.append(call(make_request(f"/{number}")).text)

    in_bounded_time(*[server_thread] * 16)
    assert texts == ["done"] * 208


COLOUR: ContextVar[str] = ContextVar("colour", default="none")


@pytest.mark.parametrize("kinds", ["".join(kinds) for kinds in product("pa", repeat=3)])
async def test_context_variable_of_a_link_is_seen_below_it(kinds: str) -> None:
    """A hop between loop and thread carries the context with it."""

    def plain(request: Request, next: Callable[[Request], Response]) -> Response:
        COLOUR.set("blue")
        return next(request)

    async def waits(request: Request, next: Callable[[Request], Any]) -> Any:
        COLOUR.set("blue")
        return await next(request)

    first = Link(plain, "sets", False) if kinds[0] == "p" else Link(waits, "sets", True)
    links = [first, *(recording_link(n, kind, []) for n, kind in enumerate(kinds[1:]))]

    def read(request: Request) -> str:
        return COLOUR.get()

    handler = Handler(read, "read", False)
    assert (await composer().for_loop(links, handler)(make_request())).text == "blue"
    assert composer().for_threads(links, handler)(make_request()).text == "blue"


async def both_ways(links: list[Link], handler: Handler) -> list[Response]:
    """Answer one request on a loop and one in threads."""
    on_loop = await composer().for_loop(links, handler)(make_request())
    return [on_loop, composer().for_threads(links, handler)(make_request())]


def returning(value: Any, kind: str) -> Link:
    """Make a link that answers itself."""

    async def waits(request: Request, next: Any) -> Any:
        return value

    return Link(waits, "gate", True) if kind == "a" else Link(lambda request, next: value, "gate", False)


@pytest.mark.parametrize("kind", ["p", "a"])
async def test_link_may_answer_itself(kind: str) -> None:
    """What a link returns instead of calling on is the answer, in every form that a page may return."""
    never = recording_handler("plain", seen := [])
    for response in await both_ways([returning(("closed", 503), kind)], never):
        assert (response.status_code, response.text) == (503, "closed")
    for response in await both_ways([returning({"open": False}, kind)], never):
        assert (response.content_type, response.text) == ("application/json", '{"open":false}')
    assert seen == []


@pytest.mark.parametrize("kind", ["p", "a"])
async def test_link_that_returns_nothing_is_named(kind: str) -> None:
    """A forgotten return is a sentence that names the middleware."""
    with pytest.raises(UsageError, match=r"gate returned None.*Return next\(request\)"):
        await both_ways([returning(None, kind)], recording_handler("plain", []))


async def test_link_that_forgets_to_await_is_told_so() -> None:
    """`return next(request)` in an async link hands back a coroutine; the sentence says what to write."""

    async def forgetful(request: Request, next: Any) -> Any:
        return next(request)

    with pytest.raises(UsageError, match="coroutine that nobody awaits"):
        await both_ways([Link(forgetful, "forgetful", True)], recording_handler("async", []))


@pytest.mark.parametrize("innermost", ["plain", "async"])
@pytest.mark.parametrize("kind", ["p", "a"])
@pytest.mark.parametrize("error", [NotFoundError("no such page"), Abort(418, "teapot")])
async def test_expected_end_is_an_answer_for_the_link_around(
    kind: str, innermost: str, error: Exception
) -> None:
    """A link sees the status of an abort below it, and may add to the answer."""

    def stop(request: Request) -> Any:
        raise error

    async def stop_async(request: Request) -> Any:
        raise error

    def plain(request: Request, next: Callable[[Request], Response]) -> Response:
        response = next(request)
        response.headers["X-Seen"] = str(response.status_code)
        return response

    async def waits(request: Request, next: Callable[[Request], Any]) -> Response:
        response: Response = await next(request)
        response.headers["X-Seen"] = str(response.status_code)
        return response

    handler = Handler(stop_async, "stop", True) if innermost == "async" else Handler(stop, "stop", False)
    link = Link(plain, "sees", False) if kind == "p" else Link(waits, "sees", True)
    for response in await both_ways([link], handler):
        assert response.headers["X-Seen"] == str(response.status_code) == str(error.status)  # type: ignore[attr-defined]
        assert response.text.startswith("answered ")


@pytest.mark.parametrize("kinds", ["pp", "pa", "ap", "aa"])
@pytest.mark.parametrize("kind", ["p", "a"])
async def test_link_may_refuse_by_raising(kind: str, kinds: str) -> None:
    """What a link raises to stop is an answer for the links around it."""

    def refuse(request: Request, next: Any) -> Any:
        raise InputError("not today", status=422)

    async def refuse_async(request: Request, next: Any) -> Any:
        raise InputError("not today", status=422)

    seen: list[tuple[str, int]] = []
    links = [recording_link(n, each, seen) for n, each in enumerate(kinds)]
    links.append(Link(refuse, "refuse", False) if kind == "p" else Link(refuse_async, "refuse", True))
    for response in await both_ways(links, recording_handler("plain", seen)):
        assert response.status_code == 422
    assert [name for name, _ in seen] == ["in 0", "in 1", "out 1", "out 0"] * 2


@pytest.mark.parametrize("innermost", ["plain", "async"])
@pytest.mark.parametrize("kinds", ["".join(kinds) for kinds in product("pa", repeat=3)])
async def test_unexpected_error_passes_every_link(kinds: str, innermost: str) -> None:
    """A defect runs through the `finally` of each link to the one who called the chain."""
    closed: list[int] = []

    def closing(number: int, kind: str) -> Link:
        def plain(request: Request, next: Any) -> Any:
            try:
                return next(request)
            finally:
                closed.append(number)

        async def waits(request: Request, next: Any) -> Any:
            try:
                return await next(request)
            finally:
                closed.append(number)

        return Link(plain, "closing", False) if kind == "p" else Link(waits, "closing", True)

    def broken(request: Request) -> Any:
        raise ZeroDivisionError("a defect")

    async def broken_async(request: Request) -> Any:
        raise ZeroDivisionError("a defect")

    handler = Handler(broken_async, "b", True) if innermost == "async" else Handler(broken, "b", False)
    links = [closing(number, kind) for number, kind in enumerate(kinds)]
    with pytest.raises(ZeroDivisionError):
        await composer().for_loop(links, handler)(make_request())
    with pytest.raises(ZeroDivisionError):
        composer().for_threads(links, handler)(make_request())
    assert closed == [2, 1, 0, 2, 1, 0]


@pytest.mark.parametrize("innermost", ["plain", "async", "light"])
async def test_draft_of_the_handler_is_merged_into_what_it_returns(innermost: str) -> None:
    """`request.status`, headers and cookies count whether the handler returns text or a Response."""

    def page(request: Request) -> Response:
        request.status(201)
        request.header("X-Page", "yes").set_cookie("seen", "1")
        return Response("made")

    async def page_async(request: Request) -> Response:
        return page(request)

    handler = (
        Handler(page_async, "page", True) if innermost == "async" else Handler(page, "page", False, True)
    )
    for response in await both_ways([], handler):
        assert (response.status_code, response.headers["X-Page"], len(response.cookies)) == (201, "yes", 1)


async def test_status_said_by_a_link_beats_the_page() -> None:
    """A link may change the answer on its way out through the request, too."""

    def later(request: Request, next: Callable[[Request], Response]) -> Response:
        response = next(request)
        request.status_code(202)
        return response

    for response in await both_ways([Link(later, "later", False)], recording_handler("plain", [])):
        assert (response.status_code, response.text) == (202, "done")


def test_async_callables_are_recognised() -> None:
    """Functions, partials, methods and objects with an async call count; their plain likes do not."""

    async def waits(request: Any) -> None: ...

    def plain(request: Any) -> None: ...

    class Waiting:
        async def __call__(self, request: Any) -> None: ...

        async def method(self, request: Any) -> None: ...

    class Plain:
        def __call__(self, request: Any) -> None: ...

    waiting = Waiting()
    for call in (
        waits,
        functools.partial(waits),
        functools.partial(functools.partial(waits), 1),
        waiting,
        waiting.method,
    ):
        assert is_async_callable(call), call
    for other in (plain, functools.partial(plain), Plain(), Plain().__call__, len):
        assert not is_async_callable(other), other
    assert inspect.iscoroutinefunction(waiting.method)


async def test_response_that_is_kept_by_the_application_stays_as_it_was() -> None:
    """What one request adds to a response that answers many never reaches another request."""
    kept = Response("always the same")

    async def page(request: Request) -> Response:
        request.set_cookie("who", request.path)
        return kept

    kernel = make_kernel({"/a": page, "/b": page})
    kernel.compose("asgi")
    first = await kernel.handle_async(make_request(path="/a"))
    second = await kernel.handle_async(make_request(path="/b"))
    assert [line.partition(b";")[0] for line in first.cookies] == [b"who=/a"]
    assert [line.partition(b";")[0] for line in second.cookies] == [b"who=/b"]
    assert kept.cookies == ()
    assert first.body == second.body == b"always the same"
