"""A site exists before its application does, and is what servers ask."""

from __future__ import annotations

import asyncio

import pytest

from asok_engine.dispatch.kernel import Kernel
from asok_engine.dispatch.site import Site
from asok_engine.errors import SetupError, UsageError
from asok_engine.wire.request import Request
from tests.engine.dispatch.exchanges import make_request
from tests.engine.dispatch.sites import LOOP, make_kernel


class Bound(Request):
    """A request class of an application."""


def test_kernel_is_there_from_the_start_on() -> None:
    """Before, asking for it says what to do; afterwards it answers, with the bound request class."""
    made: list[Kernel] = []

    def compose() -> tuple[Kernel, type[Request]]:
        made.append(make_kernel({"/": lambda request: "home"}))
        return made[-1], Bound

    site = Site(compose, LOOP)
    assert site.request_class is Request
    with pytest.raises(UsageError, match="has not started"):
        site.kernel  # noqa: B018
    assert made == []
    site.lifecycle.start()
    site.lifecycle.start()
    assert len(made) == 1
    assert site.kernel is made[0]
    assert site.request_class is Bound
    site.kernel.compose("wsgi")
    assert site.kernel.handle(make_request("/")).text == "home"
    site.lifecycle.stop()


def test_failed_composition_leaves_no_kernel() -> None:
    """Wrong settings stop the start; nothing half-made answers."""

    def compose() -> tuple[Kernel, type[Request]]:
        raise SetupError("Setting SECRET_KEY is missing.")

    site = Site(compose, LOOP)
    for _ in range(2):
        with pytest.raises(SetupError, match="SECRET_KEY"):
            asyncio.run(site.lifecycle.start_async())
    with pytest.raises(UsageError):
        site.kernel  # noqa: B018


def test_streams_of_a_new_start_are_open() -> None:
    """A site that was stopped and starts again sends streams again."""
    site = Site(lambda: (make_kernel({}), Request), LOOP)
    site.lifecycle.start()
    site.streams.end()
    site.lifecycle.stop()
    assert site.streams.ending(endless=True)
    site.lifecycle.start()
    assert not site.streams.ending(endless=True)
    site.lifecycle.stop()
