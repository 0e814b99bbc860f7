"""Calls one application in this process, without a server: CPU time, or function calls, per request.

`call.py MODULE:NAME asgi|wsgi time|calls WORKLOAD...` prints one JSON object. It runs
with the interpreter of the contestant; a workload is `name=path` or `name=path?query`.
"""

from __future__ import annotations

import asyncio
import cProfile
import gc
import importlib
import io
import json
import os
import pstats
import sys
import time
from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults

SAMPLES = 8
SAMPLE_SECONDS = 0.06
COUNTED = 200


class AsgiCalls:
    """Calls an ASGI application on a loop of its own."""

    def __init__(self, application: Any) -> None:
        self.application = application
        try:
            import uvloop

            self.loop = uvloop.new_event_loop()
        except ImportError:
            self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._start())

    async def _start(self) -> None:
        events: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        await events.put({"type": "lifespan.startup"})
        started = asyncio.Event()

        async def send(event: dict[str, str]) -> None:
            started.set()

        async def live() -> None:
            scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
            try:
                await self.application(scope, events.get, send)
            except Exception:
                started.set()

        self.living = self.loop.create_task(live())
        await asyncio.wait_for(started.wait(), 20)

    def prepare(self, path: str, query: str, expected: int = 200) -> Callable[[int], None]:
        """Give a function that makes so many calls; raises RuntimeError for another status than expected."""
        statuses: list[int] = []
        # Why a copy each time: applications write into their scope.
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50000),
            "scheme": "http",
            "method": "GET",
            "root_path": "",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "state": {},
        }
        headers = [(b"host", b"127.0.0.1:8000"), (b"user-agent", b"probe")]
        application = self.application
        events: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            # Why: some applications listen for the client's leaving while they answer.
            if not events:
                await asyncio.sleep(3600)
            return events.pop()

        async def send(event: dict[str, Any]) -> None:
            if event["type"] == "http.response.start":
                statuses[:] = [event["status"]]

        async def many(times: int) -> None:
            for _ in range(times):
                events[:] = [{"type": "http.request", "body": b"", "more_body": False}]
                await application({**scope, "headers": list(headers)}, receive, send)

        def run(times: int) -> None:
            self.loop.run_until_complete(many(times))

        run(1)
        if statuses != [expected]:
            raise RuntimeError(f"{path} was answered with {statuses}")
        return run


class WsgiCalls:
    """Calls a WSGI application."""

    def __init__(self, application: Any) -> None:
        self.application = application

    def prepare(self, path: str, query: str, expected: int = 200) -> Callable[[int], None]:
        """Give a function that makes so many calls; raises RuntimeError for another status than expected."""
        statuses: list[str] = []
        environ: dict[str, Any] = {}
        setup_testing_defaults(environ)
        environ |= {"HTTP_HOST": "127.0.0.1:8000", "HTTP_USER_AGENT": "probe", "REMOTE_ADDR": "127.0.0.1"}
        environ |= {"SERVER_PORT": "8000", "PATH_INFO": path, "QUERY_STRING": query}
        application, empty = self.application, io.BytesIO()

        def start_response(status: str, headers: list[tuple[str, str]], error: object = None) -> None:
            statuses[:] = [status]

        def run(times: int) -> None:
            for _ in range(times):
                answer = application({**environ, "wsgi.input": empty}, start_response)
                b"".join(answer)
                close = getattr(answer, "close", None)
                if close is not None:
                    close()

        run(1)
        if not statuses[0].startswith(str(expected)):
            raise RuntimeError(f"{path} was answered with {statuses[0]}")
        return run


def microseconds(run: Callable[[int], None]) -> list[float]:
    """Give the CPU microseconds per call, once per sample."""
    run(50)
    began = time.perf_counter()
    run(20)
    times = max(10, int(SAMPLE_SECONDS / ((time.perf_counter() - began) / 20)))
    samples = []
    for _ in range(SAMPLES):
        gc.collect()
        began = time.process_time()
        run(times)
        samples.append((time.process_time() - began) / times * 1e6)
    return samples


def calls(run: Callable[[int], None]) -> float:
    """Give the calls of Python and C functions per request, those of this loop included."""
    run(30)
    profile = cProfile.Profile()
    profile.enable()
    run(COUNTED)
    profile.disable()
    return pstats.Stats(profile).total_calls / COUNTED  # type: ignore[attr-defined, no-any-return]


def main(target: str, kind: str, what: str, workloads: list[str]) -> None:
    """Measure, and print what was found."""
    sys.path.insert(0, os.getcwd())
    module, _, name = target.partition(":")
    application = getattr(importlib.import_module(module), name)
    caller = AsgiCalls(application) if kind == "asgi" else WsgiCalls(application)
    found: dict[str, Any] = {}
    for workload in workloads:
        label, _, url = workload.partition("=")
        path, _, query = url.partition("?")
        try:
            run = caller.prepare(path, query)
            found[label] = microseconds(run) if what == "time" else calls(run)
        except Exception as error:
            found[label] = repr(error)[:200]
    print(json.dumps(found), flush=True)
    # Why: threads and tasks of some contestants keep a process from ending.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:4], sys.argv[4:])
