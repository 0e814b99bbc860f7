"""The access log tells what happened, in one line that nobody can forge."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import pytest

from asok_engine.dispatch.middleware.access_log import AccessLog
from asok_engine.telemetry.logs import JsonFormatter, TextFormatter
from tests.engine.dispatch.exchanges import make_request, page


@contextmanager
def access_lines(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    """Collect what `asok.access` writes."""
    logger, text = logging.getLogger("asok.access"), io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(formatter)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield text
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def test_line_tells_method_path_status_time_address_and_id() -> None:
    """One request, one line, with everything that one looks for in it."""
    request, response = make_request("/tickets?token=secret", "POST"), page(status=201)
    request.id = "front-0001"
    middleware = AccessLog()
    with access_lines(TextFormatter()) as text:
        middleware.finish(request, response)
    line = text.getvalue()
    assert line.count("\n") == 1
    assert "POST /tickets 201 " in line
    assert " ms 203.0.113.9" in line
    assert "[front-0001]" in line
    assert "secret" not in line


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
@pytest.mark.parametrize(
    "path",
    [
        "/a\r\n2026-01-01T00:00:00.000Z INFO    asok.access: GET /admin 200",
        "/a\x1b]0;owned\x07\x1b[2J",
        "/a\u2028b\u202ec",
        "/a\x00\x85",
    ],
)
def test_hostile_path_stays_within_its_line(path: str, formatter: logging.Formatter) -> None:
    """Line breaks, terminal sequences and marks that turn text around come out as harmless text (case 97)."""
    request = make_request(path, raw_path=b"/a")
    middleware = AccessLog()
    with access_lines(formatter) as text:
        middleware.finish(request, page(status=404))
    written = text.getvalue()
    assert written.endswith("\n")
    assert written[:-1].isprintable()


def test_very_long_path_is_cut() -> None:
    """A request of many kilobytes does not become a line of many kilobytes."""
    request = make_request("/" + "x" * 60_000)
    middleware = AccessLog()
    with access_lines(TextFormatter()) as text:
        middleware.finish(request, page())
    assert 2000 < len(text.getvalue()) < 2300


@pytest.mark.parametrize(
    ("status", "level"), [(200, "INFO"), (304, "INFO"), (404, "WARNING"), (503, "ERROR")]
)
def test_level_follows_the_status(status: int, level: str) -> None:
    """Whoever looks at warnings sees refused requests, whoever looks at errors sees failures."""
    middleware = AccessLog()
    with access_lines(TextFormatter()) as text:
        middleware.finish(make_request(), page(status=status))
    assert f" {level} " in text.getvalue()


def test_levels_that_nobody_reads_are_not_written() -> None:
    """At WARNING the refusals are left, and a page that worked costs nothing."""
    middleware = AccessLog()
    with access_lines(TextFormatter()) as text:
        logging.getLogger("asok.access").setLevel(logging.WARNING)
        middleware.finish(make_request("/fine"), page())
        middleware.finish(make_request("/gone"), page(status=410))
    assert "/fine" not in text.getvalue()
    assert "/gone" in text.getvalue()


def test_time_is_that_of_the_request() -> None:
    """The time runs from the moment when the kernel took the request."""
    request = make_request()
    middleware = AccessLog()
    with access_lines(JsonFormatter()) as text:
        request.started_at = perf_counter() - 2.5
        middleware.finish(request, page())
    assert 2500 <= json.loads(text.getvalue())["ms"] < 3500


def test_line_names_both_where_somebody_acts_for_somebody_else() -> None:
    """What such a request writes carries the other one's name alone; others have neither word."""
    request, middleware = make_request("/tickets/3", "POST"), AccessLog()
    request.acting = "users:1", "users:2"
    with access_lines(TextFormatter()) as text:
        middleware.finish(request, page())
    assert " 203.0.113.9 by=users:1 for=users:2" in text.getvalue()
    with access_lines(JsonFormatter()) as text:
        middleware.finish(request, page())
        middleware.finish(make_request(), page())
    acting, alone = (json.loads(line) for line in text.getvalue().splitlines())
    assert (acting["by"], acting["for"]) == ("users:1", "users:2")
    assert "by" not in alone
    assert "by=" not in alone["message"]
