"""The laws of what answers a method: plain or async, and the choice of form actions."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest

from asok.pages.handlers import ActionPage, PageHandler, accepts, describe, line_of
from asok_engine.errors import InputError, NotFoundError


def plain(request: Any) -> str:
    return f"plain {request}"


async def awaited(request: Any) -> str:
    return f"async {request}"


async def pieces(request: Any) -> Any:
    yield "piece"


def lines(request: Any) -> Any:
    yield "line"


class Plain:
    def __call__(self, request: Any) -> str:
        return f"object {request}"


class Async:
    async def __call__(self, request: Any) -> str:
        return f"async object {request}"

    async def method(self, request: Any) -> str:
        return f"async method {request}"


def guarded(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(call)
    def wrapper(request: Any) -> Any:
        return "refused" if request == "stranger" else call(request)

    return wrapper


def through_async(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(call)
    async def wrapper(request: Any) -> Any:
        return call(request)

    return wrapper


def answered(handler: PageHandler, request: Any) -> Any:
    result = handler.call(request)
    return asyncio.run(result) if handler.is_async else result


@pytest.mark.parametrize(
    ("call", "is_async", "answer"),
    [
        (plain, False, "plain 1"),
        (awaited, True, "async 1"),
        (Plain(), False, "object 1"),
        (Async(), True, "async object 1"),
        (Async().method, True, "async method 1"),
        (functools.partial(awaited), True, "async 1"),
        (functools.partial(functools.partial(Async())), True, "async object 1"),
        (guarded(plain), False, "plain 1"),
        (guarded(awaited), True, "async 1"),
        (guarded(guarded(functools.partial(awaited))), True, "async 1"),
        (functools.partial(guarded(awaited)), True, "async 1"),
        (through_async(plain), True, "plain 1"),
        (guarded(through_async(plain)), True, "plain 1"),
    ],
)
def test_plain_or_async_is_decided_and_true(call: Callable[[Any], Any], is_async: bool, answer: str) -> None:
    """What is called async gives a coroutine with the answer, what is called plain the answer."""
    handler = describe(call, "here")
    assert handler.is_async is is_async
    assert not handler.is_light
    assert answered(handler, 1) == answer


def test_plain_decorator_may_answer_for_its_async_function() -> None:
    """A guard written without async works around an async page also when it refuses."""
    handler = describe(guarded(awaited), "here")
    assert answered(handler, "stranger") == "refused"
    assert answered(handler, "friend") == "async friend"


@pytest.mark.parametrize("call", [pieces, lines, functools.partial(pieces)])
def test_generators_are_light_and_not_awaited(call: Callable[[Any], Any]) -> None:
    """Making a generator needs neither a thread nor an await."""
    handler = describe(call, "here")
    assert (handler.is_async, handler.is_light) == (False, True)
    assert handler.call(1) is not None


def test_call_with_the_request_alone_is_checked() -> None:
    """A function that cannot take exactly the request is found out before it is called."""
    assert accepts(plain)
    assert accepts(Plain())
    assert accepts(lambda request, page=1: None)
    assert accepts(lambda *everything: None)
    assert not accepts(lambda: None)
    assert not accepts(lambda request, user: None)
    assert not accepts(lambda request, *, user: None)


def test_decorator_that_gives_more_is_judged_by_its_own_arguments() -> None:
    """A decorator that hands its function a second argument is no mistake."""

    def with_user(request: Any, user: str) -> str:
        return user

    @functools.wraps(with_user)
    def wrapper(request: Any) -> str:
        return with_user(request, "ann")

    assert accepts(wrapper)


def test_line_is_that_of_the_innermost_function() -> None:
    """A message points at the function that the user wrote, not at its decorators."""
    assert line_of(guarded(functools.partial(plain))) == plain.__code__.co_firstlineno
    assert line_of(Plain()) == Plain.__call__.__code__.co_firstlineno
    assert line_of(len) == 1


def actions(**handlers: Callable[[Any], Any]) -> ActionPage:
    otherwise = handlers.pop("otherwise", None)
    return ActionPage(
        {name: describe(call, name) for name, call in handlers.items()},
        describe(otherwise, "post") if otherwise else None,
        "page.py",
    )


def test_form_names_the_action() -> None:
    """The form's `_action` comes before the query's, and both before post()."""
    page = actions(save=plain, delete=awaited, save_draft=lines, otherwise=pieces)
    assert page.pick("save").source == "save"
    assert page.pick("save", "delete").source == "save"
    assert page.pick(None, "delete").source == "delete"
    assert page.pick("", "delete").source == "delete"
    assert page.pick("save-draft").source == "save_draft"
    assert page.pick(None).source == "post"


def test_query_that_names_no_action_is_left_to_post() -> None:
    """`?action=` is a common name, so an unknown one is no error where post() is defined."""
    assert actions(save=plain, otherwise=pieces).pick(None, "edit").source == "post"


@pytest.mark.parametrize(
    "name", ["remove", "_private", "__class__", "save;drop", "sa ve", "a" * 9000, "sävé"]
)
def test_unknown_action_is_not_found_and_nothing_is_listed(name: str) -> None:
    """An action that is not there is 404, and the answer does not tell which ones are."""
    page = actions(save=plain, private=plain, otherwise=pieces)
    with pytest.raises(NotFoundError) as caught:
        page.pick(name)
    assert "save" not in str(caught.value)


def test_form_without_an_action_is_refused_when_there_is_no_post() -> None:
    """A page of actions alone cannot answer a form that names none."""
    with pytest.raises(InputError) as caught:
        actions(save=plain).pick(None, "other")
    assert caught.value.status == 400


async def no_thread(call: Callable[[Any], Any], request: Any) -> Any:
    raise AssertionError("no thread was expected")


def test_plain_actions_make_a_plain_handler() -> None:
    """Without an async action nothing is awaited."""
    handler = actions(save=plain).to_handler(lambda request: (request, None), no_thread)
    assert not handler.is_async
    assert handler.call("save") == "plain save"


def test_mixed_actions_are_awaited_and_plain_ones_get_a_thread() -> None:
    """Beside an async action a plain one runs where it may block; a generator needs no thread."""
    threads = []

    async def in_thread(call: Callable[[Any], Any], request: Any) -> Any:
        threads.append(call)
        return call(request)

    handler = actions(save=plain, send=awaited, feed=lines).to_handler(
        lambda request: (request, None), in_thread
    )
    assert answered(handler, "send") == "async send"
    assert threads == []
    assert answered(handler, "save") == "plain save"
    assert threads == [plain]
    assert list(answered(handler, "feed")) == ["line"]
    assert threads == [plain]
