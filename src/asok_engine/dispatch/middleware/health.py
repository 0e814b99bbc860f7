"""The answer of `/health`: is this process able to do its work?

Each check is a callable of the application, plain or async; one that raises, gives
False or does not come back in time makes the answer 503. Results are kept for a
moment and one run serves all who ask meanwhile, so asking often loads nothing. A
check that hangs is not started again before it has ended. What went wrong is told to
the log, and to the client in debug only.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asok_engine.dispatch.chain import Handler, is_async_callable
from asok_engine.dispatch.threads import Threads
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response, json_response

__all__ = ["Check", "HealthChecks", "health_handler"]

#: Gives False, or raises, when something that the application needs is not there.
Check = Callable[[], Any]

_log = logging.getLogger("asok")


def health_handler(
    checks: Mapping[str, Check] | None = None,
    *,
    timeout_seconds: float = 2.0,
    keep_seconds: float = 1.0,
    debug: bool = False,
    version: str = "",
) -> Handler:
    """Make the handler of a health route.

    It answers `{"status": "healthy" | "unhealthy", "checks": {name: "ok" | "failed" |
    "timeout"}}` with 200 or 503. `timeout_seconds` bounds every check, `keep_seconds`
    is how long a result is given again. `version` is told in debug only.
    """
    if not checks:
        body: dict[str, Any] = {"status": "healthy", "checks": {}}
        if debug and version:
            body["version"] = version

        def answer(request: Request) -> Response:
            return _fresh(json_response(body))

        return Handler(answer, "the health check", is_async=False, is_light=True)

    state = HealthChecks(checks, timeout_seconds=timeout_seconds, keep_seconds=keep_seconds)

    async def answer_async(request: Request) -> Response:
        results, errors = await state.run()
        healthy = all(result == "ok" for result in results.values())
        body: dict[str, Any] = {"status": "healthy" if healthy else "unhealthy", "checks": results}
        if debug:
            body |= {"version": version} if version else {}
            body |= {"errors": errors} if errors else {}
        return _fresh(json_response(body, 200 if healthy else 503))

    return Handler(answer_async, "the health check", is_async=True)


def _fresh(response: Response) -> Response:
    response.raw[b"cache-control"] = b"no-store"
    return response


class HealthChecks:
    """Runs the checks together, each within its time, and remembers the outcome for a moment."""

    def __init__(self, checks: Mapping[str, Check], *, timeout_seconds: float, keep_seconds: float) -> None:
        self._checks = dict(checks)
        self._timeout_seconds = timeout_seconds
        self._keep_seconds = keep_seconds
        # Pools of their own: a check that hangs must not take a thread from the pages.
        self._threads = Threads(len(self._checks))
        self._hanging: dict[str, asyncio.Future[Any]] = {}
        self._running: asyncio.Task[tuple[dict[str, str], dict[str, str]]] | None = None
        self._outcome: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self._made_at = float("-inf")
        self._was_healthy = True

    async def run(self) -> tuple[dict[str, str], dict[str, str]]:
        """Give the result of every check by name, and what the failed ones said."""
        if time.monotonic() - self._made_at < self._keep_seconds:
            return self._outcome
        running, loop = self._running, asyncio.get_running_loop()
        if running is None or running.done() or running.get_loop() is not loop:
            running = self._running = loop.create_task(self._run_all())
        # Why shielded: one client that leaves must not cancel the run of the others.
        return await asyncio.shield(running)

    async def _run_all(self) -> tuple[dict[str, str], dict[str, str]]:
        futures = {name: self._started(name, check) for name, check in self._checks.items()}
        waited = [future for future in futures.values() if not future.done()]
        if waited:
            await asyncio.wait(waited, timeout=self._timeout_seconds)
        results, errors = {}, {}
        for name, future in futures.items():
            results[name], said = self._result(name, future)
            if said:
                errors[name] = said
        self._outcome, self._made_at = (results, errors), time.monotonic()
        self._tell(results, errors)
        return self._outcome

    def _started(self, name: str, check: Check) -> asyncio.Future[Any]:
        hanging = self._hanging.pop(name, None)
        loop = asyncio.get_running_loop()
        if hanging is not None and not hanging.done() and hanging.get_loop() is loop:
            return hanging
        if is_async_callable(check):
            return loop.create_task(_awaited(check))
        return self._threads.run(_called, check)

    def _result(self, name: str, future: asyncio.Future[Any]) -> tuple[str, str]:
        if not future.done():
            if isinstance(future, asyncio.Task):
                future.cancel()
            else:
                future.add_done_callback(_noticed)
                self._hanging[name] = future
            return "timeout", f"no result within {self._timeout_seconds:g} seconds"
        if future.cancelled():
            return "failed", "cancelled"
        error = future.exception()
        if error is not None:
            return "failed", f"{type(error).__name__}: {error}"
        return ("failed", "") if future.result() is False else ("ok", "")

    def _tell(self, results: dict[str, str], errors: dict[str, str]) -> None:
        healthy = all(result == "ok" for result in results.values())
        if healthy == self._was_healthy:
            return
        self._was_healthy = healthy
        if healthy:
            _log.info("The health check is green again.")
            return
        red = ", ".join(
            f"{name} {result}{f' ({errors[name]})' if name in errors else ''}"
            for name, result in results.items()
            if result != "ok"
        )
        _log.error("The health check is red: %s", red)


async def _awaited(check: Callable[[], Awaitable[Any]]) -> Any:
    return await check()


def _called(check: Check) -> Any:
    return check()


def _noticed(future: asyncio.Future[Any]) -> None:
    # Nobody reads what a late check raises; asking for it keeps asyncio from complaining.
    if not future.cancelled():
        future.exception()
