"""Every error has one status, one log line where it is a defect, and an answer in the form the client takes."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from typing import Any

import pytest

from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.errors import ErrorAnswers, status_of
from asok_engine.dispatch.threads import Threads
from asok_engine.errors import (
    Abort,
    BackendUnavailable,
    BodyTooLarge,
    ForbiddenError,
    FrameworkError,
    InputError,
    MalformedBody,
    NotFoundError,
    OutsideError,
    Redirect,
    SetupError,
    TooManyRequests,
    UnauthorizedError,
    UnsupportedBody,
    UsageError,
    ValidationError,
)
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response
from tests.engine.dispatch.exchanges import make_request
from tests.engine.dispatch.sites import LOOP, handler

SECRET = "hunter2-of-the-database"

DEFECTS: list[tuple[Exception, int]] = [
    (ZeroDivisionError(SECRET), 500),
    (UsageError(SECRET), 500),
    (SetupError(SECRET), 500),
    (OutsideError(SECRET), 500),
    (BackendUnavailable(SECRET), 503),
    (TimeoutError(SECRET), 503),
    (ConnectionRefusedError(SECRET), 503),
    (FileNotFoundError(SECRET), 500),
]
EXPECTED: list[tuple[Exception, int]] = [
    (InputError("m"), 400),
    (InputError("m", status=422), 422),
    (BodyTooLarge("m"), 413),
    (MalformedBody("m"), 400),
    (UnsupportedBody("m"), 415),
    (NotFoundError("m"), 404),
    (UnauthorizedError("m"), 401),
    (ForbiddenError("m"), 403),
    (TooManyRequests("m", retry_after=7), 429),
    (Abort(418, "m"), 418),
]


def asked(accept: str | None = None, request_id: str = "r-1", **headers: str) -> Request:
    """Make a request with a known id."""
    request = make_request("/page", headers={**({"Accept": accept} if accept else {}), **headers})
    request.id = request_id
    return request


async def test_redirect_by_page_leads_there_by_itself() -> None:
    """A page whose policy keeps forms on this site gets to another one; what the address has stays text."""
    for response in await both(ErrorAnswers(LOOP), Redirect('https://p.example/?a="><script>', by_page=True)):
        text = response.body.decode()
        assert response.status_code == 200
        assert 'content="0;url=https://p.example/?a=&quot;&gt;&lt;script&gt;"' in text
        assert "<script>" not in text
        assert response.headers["Cache-Control"] == "no-store"
        assert "Location" not in response.headers


class ProviderAway(OutsideError):
    """Something else is ill."""

    status = 502


async def test_other_service_that_is_ill_is_said_so_and_nothing_of_it() -> None:
    """A visitor is told that it is not their fault and not ours, with the id for the log."""
    for response in await both(ErrorAnswers(LOOP), ProviderAway(SECRET), accept="application/json"):
        assert response.status_code == 502
        assert b"Another service that is needed for this did not answer" in response.body
        assert b"r-1" in response.body
        assert SECRET.encode() not in response.body


async def both(answers: ErrorAnswers, error: Exception, **options: Any) -> list[Response]:
    """Answer from plain code and on the loop."""
    return [answers.answer(asked(**options), error), await answers.answer_async(asked(**options), error)]


@pytest.mark.parametrize(("error", "status"), DEFECTS + EXPECTED, ids=lambda value: type(value).__name__)
async def test_each_error_has_its_status(error: Exception, status: int) -> None:
    """One table decides, for pages and for JSON."""
    assert status_of(error) == status
    for accept in ("text/html", "application/json"):
        for response in await both(ErrorAnswers(LOOP), error, accept=accept):
            assert response.status_code == status


@pytest.mark.parametrize(("error", "status"), DEFECTS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("accept", ["text/html", "application/json", None])
async def test_nothing_of_a_defect_reaches_the_client(
    error: Exception, status: int, accept: str | None
) -> None:
    """The client learns the request id and no word of what went wrong."""
    for response in await both(ErrorAnswers(LOOP), error, accept=accept):
        assert SECRET not in response.text
        assert type(error).__name__ not in response.text
        assert "Traceback" not in response.text
        assert "r-1" in response.text


@pytest.mark.parametrize(("error", "status"), DEFECTS, ids=lambda value: type(value).__name__)
async def test_defect_is_logged_once_with_traceback_and_request_id(
    error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The one who runs the site finds it under the id that the client was given."""
    await ErrorAnswers(LOOP).answer_async(asked(), error)
    (record,) = [record for record in caplog.records if record.name == "asok"]
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert record.request_id == "r-1"  # type: ignore[attr-defined]
    said = str(error) if isinstance(error, FrameworkError) else f"{type(error).__name__}: {error}"
    assert record.getMessage() == f"GET /page answered {status}: {said}"


@pytest.mark.parametrize(("error", "status"), EXPECTED, ids=lambda value: type(value).__name__)
async def test_expected_end_is_not_logged_and_tells_why(
    error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A client's mistake is no line in the log; its message is for the client."""
    for response in await both(ErrorAnswers(LOOP), error):
        assert "<p>m</p>" in response.text
    assert caplog.records == []


async def test_message_is_escaped_in_the_plain_page() -> None:
    """A message may repeat what a visitor sent; it is text and never markup."""
    for response in await both(ErrorAnswers(LOOP), NotFoundError("<script>alert(1)</script>")):
        assert "<script>" not in response.text
        assert "&lt;script&gt;" in response.text


async def test_problem_details_name_fields_and_request() -> None:
    """A client of JSON gets RFC 9457 with the report per field."""
    error = InputError("Two fields are wrong.", status=422, errors={"email": ["is no address"]})
    for response in await both(ErrorAnswers(LOOP), error, accept="application/json"):
        assert response.content_type == "application/problem+json"
        assert json.loads(response.text) == {
            "type": "about:blank",
            "title": "Unprocessable Content",
            "status": 422,
            "detail": "Two fields are wrong.",
            "errors": {"email": ["is no address"]},
            "request_id": "r-1",
        }


@pytest.mark.parametrize(
    ("accept", "json_first", "content_type", "is_json"),
    [
        (None, False, None, False),
        (None, False, "application/json", True),
        (None, True, None, True),
        ("*/*", False, None, False),
        ("*/*", True, None, True),
        ("text/html", True, None, False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False, None, False),
        ("application/problem+json", False, None, True),
        ("application/json, text/html;q=0.5", False, None, True),
        ("image/png", False, None, False),
        (";;;,,", False, None, False),
    ],
)
async def test_form_follows_what_the_client_takes(
    accept: str | None, json_first: bool, content_type: str | None, is_json: bool
) -> None:
    """Browsers get pages, programs get problem details, a client that takes neither gets a page."""
    headers = {"Content-Type": content_type} if content_type else {}
    for response in await both(
        ErrorAnswers(LOOP, json_first=json_first), NotFoundError(), accept=accept, **headers
    ):
        assert response.content_type.startswith("application/problem+json" if is_json else "text/html")


@pytest.mark.parametrize(("accept", "is_json"), [("*/*", True), (None, True), ("text/html", False)])
async def test_program_with_credentials_gets_problem_details(accept: str | None, is_json: bool) -> None:
    """It takes anything, and means data; one that asks for a page gets it."""
    headers = {"Authorization": "Bearer x"}
    for response in await both(ErrorAnswers(LOOP), NotFoundError(), accept=accept, **headers):
        assert response.content_type.startswith("application/problem+json" if is_json else "text/html")


async def test_unauthorized_names_a_scheme() -> None:
    """A 401 without WWW-Authenticate is not HTTP (RFC 9110 11.6.1); one that is given stays."""
    given = UnauthorizedError()
    given.headers["WWW-Authenticate"] = 'Basic realm="desk"'
    for response in await both(ErrorAnswers(LOOP), UnauthorizedError()):
        assert response.headers["WWW-Authenticate"] == "Bearer"
    for response in await both(ErrorAnswers(LOOP), given):
        assert response.headers["WWW-Authenticate"] == 'Basic realm="desk"'


async def test_headers_of_an_error_are_sent() -> None:
    """Retry-After and Allow travel with the error."""
    for response in await both(ErrorAnswers(LOOP), TooManyRequests(retry_after=7)):
        assert response.headers["Retry-After"] == "7"
    for response in await both(ErrorAnswers(LOOP), InputError("no", status=405, headers={"Allow": "GET"})):
        assert response.headers["Allow"] == "GET"


def drafted() -> Request:
    """Make a request whose handler has prepared an answer."""
    request = asked()
    request.status(201)
    request.header("X-Kept", "yes").set_cookie("basket", "3")
    request.content_type = "text/csv"
    return request


@pytest.mark.parametrize("error", [Redirect("/next", 303), Abort(409, "conflict"), NotFoundError()])
async def test_expected_end_keeps_headers_and_cookies_of_the_handler(error: Any) -> None:
    """A cookie set before a redirect is set; status and content type are those of the answer."""
    answers = ErrorAnswers(LOOP)
    for response in (answers.answer(drafted(), error), await answers.answer_async(drafted(), error)):
        assert response.status_code == error.status
        assert response.headers["X-Kept"] == "yes"
        assert len(response.cookies) == 1
        assert "text/csv" not in response.content_type


async def test_redirect_carries_its_target_and_no_body() -> None:
    """A redirect has Location, an empty body and no content type."""
    for response in await both(ErrorAnswers(LOOP), Redirect("/next?a=1", 303)):
        assert (response.status_code, response.headers["Location"], response.text) == (303, "/next?a=1", "")
        assert response.content_type == ""


async def test_defect_drops_what_the_handler_prepared() -> None:
    """Half an answer is not mixed into an apology."""
    answers, error = ErrorAnswers(LOOP), ZeroDivisionError()
    for response in (answers.answer(drafted(), error), await answers.answer_async(drafted(), error)):
        assert response.status_code == 500
        assert "X-Kept" not in response.headers
        assert response.cookies == ()


# --- the application's own error pages -------------------------------------------------------


def plain_page(request: Request) -> str:
    """An error page that shows what it was given and where it ran."""
    values = request.__dict__
    return f"own {values['error_status']} {values['error_message']} {threading.current_thread().name}"


async def async_page(request: Request) -> str:
    """The same, async."""
    await asyncio.sleep(0)
    return plain_page(request)


PAGES = {"plain": handler(plain_page), "async": handler(async_page), "light": handler(plain_page, light=True)}


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize(
    ("error", "message"), [(NotFoundError("no ticket 7"), "no ticket 7"), (Abort(404, "gone"), "gone")]
)
async def test_own_page_answers_its_status_from_everywhere(kind: str, error: Exception, message: str) -> None:
    """Plain and async pages answer plain code, the loop, and a thread that works for the loop."""
    answers = ErrorAnswers(LOOP, pages={404: PAGES[kind]})
    threads = Threads(1)
    responses = await both(answers, error)
    responses.append(await threads.run(lambda request: answers.answer(request, error), asked()))
    threads.close()
    for response in responses:
        assert response.status_code == 404
        assert response.text.startswith(f"own 404 {message} ")


async def test_plain_page_does_not_hold_up_the_loop() -> None:
    """On a loop a plain page runs in a thread unless it is light; an async one runs on the loop."""
    here = threading.current_thread().name
    for kind, on_loop in {"plain": False, "async": True, "light": True}.items():
        response = await ErrorAnswers(LOOP, pages={404: PAGES[kind]}).answer_async(asked(), NotFoundError())
        assert response.text.endswith(here) == on_loop, kind


async def test_own_page_of_a_defect_learns_nothing_of_it() -> None:
    """The page for 500 gets the apology and not the error."""
    for response in await both(ErrorAnswers(LOOP, pages={500: PAGES["plain"]}), ValueError(SECRET)):
        assert response.status_code == 500
        assert SECRET not in response.text
        assert "r-1" in response.text


async def test_own_page_keeps_its_status_and_may_add_headers() -> None:
    """Whatever the page says, a missing page is a 404; headers that it sets are sent."""

    def page(request: Request) -> Any:
        request.status(200)
        request.header("X-Page", "own")
        return "sorry", 200

    for response in await both(ErrorAnswers(LOOP, pages={404: handler(page)}), NotFoundError()):
        assert (response.status_code, response.text, response.headers["X-Page"]) == (404, "sorry", "own")


async def test_client_of_json_gets_no_page() -> None:
    """An own page is for people."""
    for response in await both(
        ErrorAnswers(LOOP, pages={404: PAGES["plain"]}), NotFoundError(), accept="application/json"
    ):
        assert response.content_type == "application/problem+json"


def failing_page(request: Request) -> Any:
    """An error page with a defect of its own."""
    raise RuntimeError(SECRET)


async def failing_page_async(request: Request) -> Any:
    """The same, async."""
    raise RuntimeError(SECRET)


@pytest.mark.parametrize(
    "page", [handler(failing_page), handler(failing_page_async), handler(lambda request: None)]
)
async def test_page_that_fails_is_replaced_and_logged(
    page: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    """The client still gets its 404, without a word about the second error."""
    for response in await both(ErrorAnswers(LOOP, pages={404: page}), NotFoundError("x")):
        assert response.status_code == 404
        assert "404 Not Found" in response.text
        assert SECRET not in response.text
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "The page for status 404 failed"
    ] * 2


async def test_error_page_may_send_the_client_elsewhere() -> None:
    """A page for 401 that redirects to the login is a redirect."""

    def to_login(request: Request) -> Any:
        request.redirect("/login")

    for response in await both(ErrorAnswers(LOOP, pages={401: handler(to_login)}), UnauthorizedError()):
        assert (response.status_code, response.headers["Location"]) == (302, "/login")


def test_async_page_for_plain_code_runs_on_the_background_loop() -> None:
    """A server without a loop lends the background loop to an async error page."""
    response = ErrorAnswers(LOOP, pages={404: PAGES["async"]}).answer(asked(), NotFoundError())
    assert response.text.endswith("asok-loop")


# --- debug ------------------------------------------------------------------------------------


async def test_debug_page_shows_defects_and_not_the_client_s_mistakes() -> None:
    """In debug a defect shows itself; the face's page leaves a refused form to the usual answer."""

    def debug_page(request: Request, error: Exception, status: int) -> Response | None:
        if isinstance(error, ForbiddenError):
            return None
        return Response(f"debug {status} {error}", status)

    answers = ErrorAnswers(LOOP, debug_page=debug_page, pages={500: PAGES["plain"]})
    for response in await both(answers, ValueError("here")):
        assert response.text == "debug 500 here"
    for response in await both(answers, NotFoundError("near misses")):
        assert response.text == "debug 404 near misses"
    for response in await both(answers, ForbiddenError("mine")):
        assert "debug" not in response.text
    for response in await both(answers, ValueError("here"), accept="application/json"):
        assert "debug" not in response.text


async def test_debug_page_that_fails_or_declines_gives_way(caplog: pytest.LogCaptureFixture) -> None:
    """A defect in the debug page is logged and leaves the plain one."""

    def broken(request: Request, error: Exception, status: int) -> Response:
        raise LookupError("in the debug page")

    for response in await both(ErrorAnswers(LOOP, debug_page=broken), ValueError("first")):
        assert "500 Internal Server Error" in response.text
    assert "The debug page failed." in [record.getMessage() for record in caplog.records]
    for response in await both(ErrorAnswers(LOOP, debug_page=lambda *_: None), ValueError("first")):
        assert "500 Internal Server Error" in response.text


async def test_refused_input_leads_a_browser_back_and_tells_a_program() -> None:
    """Where the application knows a way back; else the page lists what is wrong, as text."""
    error = ValidationError("Wrong.", errors={"name": ["Too <short>."]})
    answers = ErrorAnswers(LOOP, invalid_input=lambda request: Response(b"", 303, {"Location": "/back"}))
    for response in await both(answers, error, accept="text/html"):
        assert (response.status_code, response.headers["Location"]) == (303, "/back")
    for response in await both(answers, error, accept="application/json"):
        assert response.status_code == 422
        assert json.loads(response.text)["errors"] == {"name": ["Too <short>."]}
    for response in await both(
        ErrorAnswers(LOOP, invalid_input=lambda request: None), error, accept="text/html"
    ):
        assert response.status_code == 422
        assert "<li>name: Too &lt;short&gt;.</li>" in response.text
    for response in await both(answers, InputError("m", status=422), accept="text/html"):
        assert response.status_code == 422


async def test_slip_that_answers_400_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A misspelt name of a field blames the client in the answer; the developer reads it here, without frames."""

    class Misspelt(InputError):
        is_likely_slip = True

    response = await ErrorAnswers(LOOP).answer_async(
        asked(), Misspelt("No field 'nmae'.", fix="Did you mean 'name'?")
    )
    assert response.status_code == 400
    (record,) = [record for record in caplog.records if record.name == "asok"]
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "GET /page answered 400: No field 'nmae'. Did you mean 'name'?"
    assert record.exc_info is None
    caplog.clear()
    await ErrorAnswers(LOOP).answer_async(asked(), InputError("No."))
    assert not [record for record in caplog.records if record.name == "asok"]
