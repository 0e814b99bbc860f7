"""The health check says what is wrong, quickly, and tells strangers nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from typing import Any

import pytest

from asok_engine.dispatch.middleware.health import health_handler
from tests.engine.dispatch.exchanges import make_request


async def asked(handler: Any) -> tuple[int, dict[str, Any]]:
    """Ask once; give status and body."""
    response = handler.call(make_request("/health"))
    if handler.is_async:
        response = await response
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, json.loads(response.text)


async def well() -> None:
    """A check that finds nothing."""


async def test_without_checks_the_process_is_healthy() -> None:
    """An application without backends is healthy as long as it answers, on the event loop itself."""
    handler = health_handler(version="1.2.3")
    assert await asked(handler) == (200, {"status": "healthy", "checks": {}})
    assert handler.is_light


async def test_all_checks_that_pass_are_listed() -> None:
    """Plain and async checks count alike; None and True both mean fine."""
    handler = health_handler({"database": well, "cache": lambda: True})
    assert await asked(handler) == (200, {"status": "healthy", "checks": {"database": "ok", "cache": "ok"}})


async def test_failed_check_turns_the_answer_red_without_details() -> None:
    """A stranger learns which part is ill, not where it lives or what it said."""

    def broken() -> None:
        raise ConnectionError("postgres://admin:secret@10.0.0.5/db refused")

    handler = health_handler({"database": broken, "cache": well, "files": lambda: False}, version="1.2.3")
    status, body = await asked(handler)
    assert status == 503
    assert body == {"status": "unhealthy", "checks": {"database": "failed", "cache": "ok", "files": "failed"}}


async def test_debug_tells_what_went_wrong() -> None:
    """In debug the developer sees the error and the version."""

    async def broken() -> None:
        raise ConnectionError("refused")

    status, body = await asked(health_handler({"database": broken}, debug=True, version="1.2.3"))
    assert status == 503
    assert body["errors"] == {"database": "ConnectionError: refused"}
    assert body["version"] == "1.2.3"


async def test_check_that_hangs_is_given_up_and_not_started_again() -> None:
    """However long a backend is silent, the answer comes in time and threads do not pile up."""
    release, calls = threading.Event(), []

    def hangs() -> None:
        calls.append(1)
        release.wait(5)

    async def hangs_too() -> None:
        await asyncio.sleep(5)

    handler = health_handler({"plain": hangs, "async": hangs_too}, timeout_seconds=0.05, keep_seconds=0)
    began = time.monotonic()
    for _ in range(3):
        assert await asked(handler) == (
            503,
            {"status": "unhealthy", "checks": {"plain": "timeout", "async": "timeout"}},
        )
    assert time.monotonic() - began < 1
    assert len(calls) == 1
    release.set()
    await asyncio.sleep(0.05)
    status, body = await asked(health_handler({"plain": lambda: None}, timeout_seconds=1))
    assert (status, body["checks"]) == (200, {"plain": "ok"})


async def test_hanging_check_recovers() -> None:
    """When the backend is back, the next run says so."""
    release = threading.Event()
    handler = health_handler({"disk": lambda: release.wait(5)}, timeout_seconds=0.05, keep_seconds=0)
    assert (await asked(handler))[0] == 503
    release.set()
    await asyncio.sleep(0.02)
    assert (await asked(handler))[0] == 200


async def test_many_who_ask_share_one_run() -> None:
    """A flood of questions reaches the backends once."""
    calls = []

    async def slow() -> None:
        calls.append(1)
        await asyncio.sleep(0.02)

    handler = health_handler({"database": slow})
    answers = await asyncio.gather(*(asked(handler) for _ in range(20)))
    assert {status for status, _ in answers} == {200}
    assert (await asked(handler))[0] == 200
    assert len(calls) == 1


async def test_client_that_leaves_does_not_end_the_run_of_others() -> None:
    """The shared run goes on when the one who began it is gone."""

    async def slow() -> None:
        await asyncio.sleep(0.03)

    handler = health_handler({"database": slow})
    first = asyncio.create_task(asked(handler))
    await asyncio.sleep(0.005)
    second = asyncio.create_task(asked(handler))
    await asyncio.sleep(0.005)
    first.cancel()
    assert (await second)[0] == 200


def test_other_event_loop_starts_anew() -> None:
    """A run that was left behind by a closed loop holds nobody up."""

    async def slow() -> None:
        await asyncio.sleep(0.5)

    async def leaves(handler: Any) -> None:
        task = asyncio.create_task(asked(handler))
        await asyncio.sleep(0.01)
        task.cancel()

    handler = health_handler({"database": slow, "cache": lambda: time.sleep(0.1)}, timeout_seconds=0.05)
    asyncio.run(leaves(handler))
    status, body = asyncio.run(asked(handler))
    assert status == 503
    assert body["checks"] == {"database": "timeout", "cache": "timeout"}


def test_two_event_loops_may_ask_at_once() -> None:
    """A process that serves two protocols has two loops; neither waits for what the other runs."""

    async def slow() -> None:
        await asyncio.sleep(0.1)

    handler = health_handler({"database": slow})
    statuses: list[int] = []
    other = threading.Thread(target=lambda: statuses.append(asyncio.run(asked(handler))[0]))
    other.start()
    time.sleep(0.03)
    statuses.append(asyncio.run(asked(handler))[0])
    other.join()
    assert statuses == [200, 200]


async def test_turning_red_and_green_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log tells when a backend went and when it came back, not every question in between."""
    answer: list[bool] = [False]
    handler = health_handler({"cache": lambda: answer[0]}, keep_seconds=0)
    with caplog.at_level(logging.INFO, logger="asok"):
        for _ in range(3):
            await asked(handler)
        answer[0] = True
        await asked(handler)
        await asked(handler)
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert "cache failed" in caplog.records[0].message
