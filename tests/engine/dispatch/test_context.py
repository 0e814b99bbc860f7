"""Code that was not handed the request finds it, and never finds an old one."""

from __future__ import annotations

import asyncio

import pytest

from asok_engine.dispatch.context import current_request, request_var
from asok_engine.errors import UsageError
from tests.engine.dispatch.exchanges import make_request
from tests.engine.dispatch.sites import make_kernel


def test_outside_a_request_there_is_none() -> None:
    """It is false, shows so, and any use of it is a sentence."""
    assert not current_request
    assert repr(current_request) == "<current_request: no request>"
    with pytest.raises(UsageError, match="outside a request"):
        current_request.path  # noqa: B018
    with pytest.raises(UsageError, match="outside a request"):
        current_request.get()


def test_inside_it_stands_for_the_request() -> None:
    """Reading and writing go to the request itself."""
    request = make_request("/here?a=1")
    token = request_var.set(request)
    try:
        assert current_request
        assert current_request.get() is request
        assert current_request.path == "/here"
        assert current_request.query["a"] == "1"
        current_request.status = 404
        assert request.status_code == 404
        assert repr(current_request) == "<Request GET /here>"
    finally:
        request_var.reset(token)


async def test_each_of_many_requests_finds_itself() -> None:
    """Plain and async handlers at once see their own request, in threads and on the loop."""

    def plain(request: object) -> str:
        return f"{current_request.path}"

    async def waits(request: object) -> str:
        await asyncio.sleep(0.001)
        return await asyncio.to_thread(lambda: str(current_request.path))

    kernel = make_kernel({"/p/[n]": plain, "/a/[n]": waits})
    kernel.compose("asgi")
    paths = [f"/{kind}/{n}" for n in range(30) for kind in "pa"]
    answers = await asyncio.gather(*(kernel.handle_async(make_request(path)) for path in paths))
    assert [answer.text for answer in answers] == paths


def test_nothing_is_left_after_a_request_of_a_plain_server() -> None:
    """A server's thread serves one client after the other; the next must not see the last one's request."""
    kernel = make_kernel({"/": lambda request: str(current_request.path)})
    kernel.compose("wsgi")
    assert kernel.handle(make_request("/")).text == "/"
    assert not current_request
