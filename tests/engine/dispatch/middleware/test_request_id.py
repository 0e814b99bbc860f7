"""Every request has an id, and nobody can smuggle anything in with it."""

from __future__ import annotations

import logging
import os

import pytest

from asok_engine.dispatch.context import request_var
from asok_engine.dispatch.middleware.request_id import RequestId
from asok_engine.telemetry.logs import TextFormatter
from tests.engine.dispatch.exchanges import make_request, page


def test_ids_made_here_differ_and_keep_their_form() -> None:
    """A thousand requests have a thousand ids, each short, plain and acceptable to another service."""
    guard = RequestId().guard
    ids = set()
    for _ in range(1000):
        request = make_request()
        guard(request)
        ids.add(request.id)
        again = make_request(headers={"X-Request-ID": request.id})
        guard(again)
        assert again.id == request.id
    assert len(ids) == 1000
    assert {len(each) for each in ids} == {21}


def test_ids_do_not_tell_how_many_requests_there_were() -> None:
    """Two ids in a row are not neighbours."""
    guard = RequestId().guard
    numbers = []
    for _ in range(2):
        request = make_request()
        guard(request)
        numbers.append(int(request.id.rpartition("-")[2], 16))
    assert abs(numbers[1] - numbers[0]) > 1000


def test_id_from_another_service_is_kept() -> None:
    """One id follows a request through several services, into the response and the log."""
    request, response = make_request(headers={"X-Request-ID": "front.42_a-b"}), page()
    middleware = RequestId()
    assert middleware.guard(request) is None
    middleware.finish(request, response)
    assert request.id == "front.42_a-b"
    token = request_var.set(request)
    try:
        line = TextFormatter().format(logging.makeLogRecord({"name": "asok", "msg": "found"}))
    finally:
        request_var.reset(token)
    assert line.endswith("found [front.42_a-b]")
    assert response.headers["X-Request-ID"] == "front.42_a-b"


@pytest.mark.parametrize(
    "sent",
    [
        "short",
        "a" * 129,
        "bad id 123",
        "twelve\x1b[31mred",
        "line-one\\nline",
        "ümlaut-ümlaut",
        "12345678;",
        "",
    ],
)
def test_id_of_another_form_is_replaced(sent: str) -> None:
    """An id that could forge a log line, or that is not worth its name, is not taken over."""
    request, response = make_request(headers={"X-Request-ID": sent}), page()
    middleware = RequestId()
    middleware.guard(request)
    middleware.finish(request, response)
    assert request.id != sent
    assert len(request.id) == 21
    assert response.headers["X-Request-ID"] == request.id


def test_two_ids_on_one_request_are_replaced() -> None:
    """Repeated fields are combined with a comma, which no id has."""
    request = make_request(headers=[("X-Request-ID", "front-0001"), ("X-Request-ID", "front-0002")])
    RequestId().guard(request)
    assert not request.id.startswith("front")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this machine cannot fork")
def test_forked_process_makes_ids_of_its_own() -> None:
    """Two workers forked from one process never share the word that their ids begin with."""
    guard = RequestId().guard
    request = make_request()
    guard(request)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        guard(request)
        os.write(writing, request.id.encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    theirs = os.read(reading, 100).decode()
    os.close(reading)
    assert len(theirs) == 21
    assert theirs.partition("-")[0] != request.id.partition("-")[0]
