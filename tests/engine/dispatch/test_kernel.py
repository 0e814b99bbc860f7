"""Guards, routes, links, errors and finishers in one flow, the same on a loop and in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from asok_engine.dispatch.kernel import Kernel
from asok_engine.errors import BackendUnavailable, ForbiddenError, InputError, Redirect
from asok_engine.wire.request import Request
from asok_engine.wire.response import FileBody, Response
from tests.engine.dispatch.exchanges import make_request
from tests.engine.dispatch.sites import handler, make_kernel


def answered(kernel: Kernel, form: str, request: Request, refused: Exception | None = None) -> Response:
    """Answer as a plain server or as one with a loop does."""
    if form == "plain":
        kernel.compose("wsgi")
        return kernel.handle(request, refused)
    kernel.compose("asgi")
    return asyncio.run(kernel.handle_async(request, refused))


both = pytest.mark.parametrize("form", ["plain", "loop"])


def echo(request: Request) -> dict[str, Any]:
    """Tell what came in."""
    return {"params": request.params, "body": len(request.body), "method": request.method}


async def waits(request: Request) -> str:
    """An async page."""
    await asyncio.sleep(0)
    return "async"


PAGES: dict[str, Callable[..., Any]] = {
    "/": lambda request: "home",
    "/a": waits,
    "/item/[id:int]": echo,
    "POST /item/[id:int]": echo,
    "POST /up": echo,
    "PUT /up": waits,
}


@both
@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/", 200, "home"),
        ("GET", "/a", 200, "async"),
        ("HEAD", "/", 200, "home"),
        ("GET", "/item/7", 200, '{"params":{"id":7},"body":0,"method":"GET"}'),
        ("HEAD", "/item/7", 200, '{"params":{"id":7},"body":0,"method":"HEAD"}'),
        ("POST", "/item/7", 200, '{"params":{"id":7},"body":3,"method":"POST"}'),
        ("PUT", "/up", 200, "async"),
    ],
)
def test_request_reaches_its_handler(form: str, method: str, path: str, status: int, text: str) -> None:
    """Method and path decide; HEAD is answered by GET."""
    response = answered(make_kernel(PAGES), form, make_request(path, method, body=[b"abc"]))
    assert (response.status_code, response.text) == (status, text)


@both
@pytest.mark.parametrize("method", ["DELETE", "TRACE", "FOO", "PUT"])
def test_other_method_is_refused_with_the_ones_that_are_there(form: str, method: str) -> None:
    """405 names the methods in Allow."""
    response = answered(make_kernel(PAGES), form, make_request("/item/7", method))
    assert response.status_code == 405
    assert {"GET", "HEAD", "POST"} <= set(response.headers["Allow"].split(", "))


@both
def test_options_is_answered_for_every_route(form: str) -> None:
    """A route that says nothing about OPTIONS tells its methods."""
    response = answered(make_kernel(PAGES), form, make_request("/up", "OPTIONS"))
    assert response.status_code == 204
    assert {"POST", "PUT", "OPTIONS"} <= set(response.headers["Allow"].split(", "))


@both
@pytest.mark.parametrize("path", ["/nowhere", "/item/x", "/item/٣"])
def test_unknown_path_is_404(form: str, path: str) -> None:
    """What no route takes is not found."""
    assert answered(make_kernel(PAGES), form, make_request(path)).status_code == 404


@both
def test_path_with_another_slash_is_sent_to_the_right_one(form: str) -> None:
    """The query goes along; a POST is not repeated elsewhere."""
    kernel = make_kernel(PAGES)
    response = answered(kernel, form, make_request("/a/?x=1", root_path="/app"))
    assert (response.status_code, response.headers["Location"]) == (308, "/app/a?x=1")
    assert answered(kernel, form, make_request("/up/", "POST")).status_code == 404


def noting(seen: list[str], name: str) -> Callable[[Request, Any], Response]:
    """Make a link that notes what passes it."""

    def note(request: Request, next: Callable[[Request], Response]) -> Response:
        response = next(request)
        seen.append(f"{name} {response.status_code}")
        return response

    return note


@both
@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        (lambda: make_request("/"), 200),
        (lambda: make_request("/nowhere"), 404),
        (lambda: make_request("/up", "GET"), 405),
        (lambda: make_request("/up", "OPTIONS"), 204),
        (lambda: make_request("/a/"), 308),
        (lambda: make_request("/up", "POST", {"Content-Length": "2000"}), 413),
        (lambda: make_request("/up", "POST", {"Content-Encoding": "gzip"}), 415),
        (lambda: make_request("/up", "POST", {"Content-Length": "9"}, body=[b"x"]), 400),
    ],
)
@pytest.mark.parametrize("streaming", [(), ("POST /up",)])
def test_links_see_every_answer(
    form: str, request_of: Callable[[], Request], status: int, streaming: tuple[str, ...]
) -> None:
    """A middleware that counts or guards is passed by redirects, errors and refused bodies as well."""

    async def outer(request: Request, next: Any) -> Any:
        response = await next(request)
        seen.append(f"outer {response.status_code}")
        return response

    def up(request: Request) -> str:
        return str(len(b"".join(request.chunks()) if streaming else request.body))

    seen: list[str] = []
    kernel = make_kernel({**PAGES, "POST /up": up}, links=[outer, noting(seen, "inner")], streaming=streaming)
    assert answered(kernel, form, request_of()).status_code == status
    assert seen == [f"inner {status}", f"outer {status}"]


@both
def test_handler_does_not_run_with_a_refused_body(form: str) -> None:
    """A short or too large body never reaches the page."""
    ran: list[str] = []
    kernel = make_kernel({"POST /up": lambda request: ran.append("page") or "ok"})
    for headers in ({"Content-Length": "1001"}, {"Content-Length": "5"}):
        assert answered(kernel, form, make_request("/up", "POST", headers, body=[b"x"])).status_code in (
            400,
            413,
        )
    assert ran == []


@both
def test_methods_without_a_body_read_none(form: str) -> None:
    """A GET with a body is answered without waiting for it."""

    def untouched() -> Any:
        raise AssertionError("the body was read")
        yield b""

    assert answered(make_kernel(PAGES), form, make_request("/", body=untouched())).text == "home"


@both
def test_guard_may_answer_before_anything_else(form: str) -> None:
    """The first guard that answers decides; routes and links are not asked, finishers are."""
    seen: list[str] = []

    def first(request: Request) -> Response | None:
        seen.append("first")
        return None

    def second(request: Request) -> Response | None:
        return Response("closed", 503)

    def third(request: Request) -> Response | None:
        raise AssertionError("asked behind an answer")

    kernel = make_kernel(
        PAGES,
        links=[noting(seen, "link")],
        guards=[(first, None), (second, None), (third, None)],
        finishers=[lambda request, response: seen.append(f"finisher {response.status_code}")],
    )
    assert answered(kernel, form, make_request("/")).text == "closed"
    assert seen == ["first", "finisher 503"]


@both
def test_guard_may_refuse_by_raising(form: str) -> None:
    """An error of a guard is answered like any other."""

    def refuse(request: Request) -> Response | None:
        raise ForbiddenError("not from there")

    response = answered(make_kernel(PAGES, guards=[(refuse, None)]), form, make_request("/"))
    assert (response.status_code, "not from there" in response.text) == (403, True)


def test_async_form_of_a_guard_is_used_on_a_loop_only() -> None:
    """Guards keep their order; behind the first that waits the others follow it."""
    seen: list[str] = []

    def plain(name: str, answer: Response | None = None) -> Callable[[Request], Response | None]:
        def guard(request: Request) -> Response | None:
            seen.append(name)
            return answer

        return guard

    async def waiting(request: Request) -> Response | None:
        await asyncio.sleep(0)
        seen.append("b waits")
        return None

    guards = [(plain("a"), None), (plain("b"), waiting), (plain("c", Response("c answers")), None)]
    kernel = make_kernel(PAGES, guards=guards)
    assert answered(kernel, "loop", make_request("/")).text == "c answers"
    assert answered(kernel, "plain", make_request("/")).text == "c answers"
    assert seen == ["a", "b waits", "c", "a", "b", "c"]


@both
@pytest.mark.parametrize("path", ["/", "/nowhere", "/broken", "/moved"])
def test_finishers_see_every_answer_in_order(form: str, path: str) -> None:
    """Headers for all go on all: pages, errors, redirects."""

    def broken(request: Request) -> Any:
        raise KeyError("defect")

    def moved(request: Request) -> Any:
        request.redirect("/")

    def mark(name: str) -> Callable[[Request, Response], None]:
        def finish(request: Request, response: Response) -> None:
            response.headers["X-Passed"] = response.headers.get("X-Passed", "") + name

        return finish

    kernel = make_kernel(
        {"/": lambda request: "home", "/broken": broken, "/moved": moved}, finishers=[mark("a"), mark("b")]
    )
    assert answered(kernel, form, make_request(path)).headers["X-Passed"] == "ab"


def asks_its_id(request: Request) -> Response:
    """A handler that writes the id down, as one that logs does."""
    return Response(f"{request.id!r}")


TRACED: list[tuple[str, dict[str, str], bool]] = [
    ("/", {}, False),
    ("/a", {}, False),
    ("/item/7", {}, False),
    ("/", {"X-Request-ID": "front-0001"}, True),
    ("/", {"X-Request-ID": "no id"}, True),
    ("/asks", {}, True),
    ("/nowhere", {}, True),
    ("/fails", {}, True),
    ("/stream", {}, True),
    ("/file", {}, False),
    ("/moved", {}, False),
]


@both
@pytest.mark.parametrize(("path", "headers", "is_traced"), TRACED)
def test_traced_finishers_see_what_somebody_may_look_for(
    form: str, path: str, headers: dict[str, str], is_traced: bool
) -> None:
    """Refusals, failures and streams, and requests whose id was asked for or sent; behind all others."""
    seen: list[str] = []

    def moved(request: Request) -> Response:
        raise Redirect("/")

    def fails(request: Request) -> Response:
        raise LookupError("defect")

    pages = PAGES | {
        "/asks": asks_its_id,
        "/fails": fails,
        "/moved": moved,
        "/stream": lambda request: iter(["x"]),
        "/file": lambda request: FileBody("x", 1, 0.0),
    }
    kernel = make_kernel(
        pages,
        finishers=[lambda request, response: seen.append("each")],
        traced_finishers=[lambda request, response: seen.append("traced")],
    )

    class Named(Request):
        make_id = staticmethod(lambda request: "made")

    made = make_request(path, headers=headers)
    answered(kernel, form, Named.from_exchange(made.exchange, made.method, made.path, made.query_string))
    assert seen == (["each", "traced"] if is_traced else ["each"])


@both
def test_refused_request_line_is_answered_behind_the_guards(form: str) -> None:
    """What the server found wrong becomes a 400; a guard may have the first word."""
    refused = InputError("The path is not UTF-8.")
    assert answered(make_kernel(PAGES), form, make_request("/"), refused).status_code == 400
    kernel = make_kernel(PAGES, guards=[(lambda request: Response("limit", 429), None)])
    assert answered(kernel, form, make_request("/"), refused).status_code == 429


@both
def test_what_a_guard_drafts_goes_with_the_answer(form: str) -> None:
    """A header that a guard prepares is on a page and on an error, and not on an apology."""

    def guard(request: Request) -> Response | None:
        request.header("X-Guard", "was here")
        return None

    kernel = make_kernel(PAGES, guards=[(guard, None)])
    assert answered(kernel, form, make_request("/")).headers["X-Guard"] == "was here"
    assert answered(kernel, form, make_request("/nowhere")).headers["X-Guard"] == "was here"


@both
def test_error_page_answers_for_the_whole_application(form: str) -> None:
    """A page for 404 answers unknown paths, whoever found nothing."""
    pages = {404: handler(lambda request: f"own page: {request.error_message}")}
    response = answered(make_kernel(PAGES, error_pages=pages), form, make_request("/nowhere"))
    assert (response.status_code, response.text) == (404, "own page: There is nothing at /nowhere.")


@both
def test_error_behind_the_answer_is_answered_and_finished(form: str) -> None:
    """What a server meets before it has sent anything is answered like the rest."""
    kernel = make_kernel(
        PAGES, finishers=[lambda request, response: response.headers.update({"X-All": "yes"})]
    )
    if form == "plain":
        response = kernel.instead(make_request("/"), ForbiddenError("late"))
    else:
        response = asyncio.run(kernel.instead_async(make_request("/"), ForbiddenError("late")))
    assert (response.status_code, response.headers["X-All"]) == (403, "yes")


def test_composing_twice_changes_nothing() -> None:
    """One kernel serves both kinds of servers at once."""
    kernel = make_kernel(PAGES)
    for protocol in ("asgi", "rsgi", "wsgi", "asgi"):
        kernel.compose(protocol)
    assert kernel.handle(make_request("/")).text == "home"
    assert asyncio.run(kernel.handle_async(make_request("/"))).text == "home"


class Noted:
    """A keeper that notes what it is asked."""

    def __init__(self, *, waits: bool = True) -> None:
        self.waits = waits
        self.seen: list[str] = []

    async def read_ahead(self, request: Request) -> None:
        self.seen.append(f"ahead {request.path}")

    def read_before(self, request: Request) -> None:
        self.seen.append(f"before {request.path}")

    def settle(self, request: Request, response: Response) -> None:
        self.seen.append(f"settle {response.status_code}")
        if request.path == "/away":
            raise BackendUnavailable("away")

    async def settle_async(self, request: Request, response: Response) -> None:
        self.settle(request, response)


def looks(request: Request) -> str:
    """A page that looks at something of its visitor."""
    request.is_personal = True
    return "seen"


def breaks(request: Request) -> str:
    """A page with a defect, behind a look at its visitor."""
    request.is_personal = True
    raise RuntimeError("a defect")


def moves(request: Request) -> str:
    """A page that looks at its visitor and sends them on."""
    request.is_personal = True
    raise Redirect("/")


@both
@pytest.mark.parametrize("links", [[], [lambda request, next: next(request)]])
def test_keeper_settles_what_was_looked_at(form: str, links: list[Any]) -> None:
    """Once, with the answer there; not for who looked at nothing, and not behind a defect."""
    keeper = Noted()
    pages = {"/": lambda request: "home", "/looks": looks, "/breaks": breaks, "/away": looks, "/moves": moves}
    for call in links:
        call.__name__ = "link"
    kernel = make_kernel(pages, keeper=keeper, links=links)
    for path, status, settled in (
        ("/", 200, []),
        ("/looks", 200, ["settle 200"]),
        ("/moves", 302, ["settle 302"]),
        ("/breaks", 500, []),
        ("/away", 503, ["settle 200"]),
    ):
        keeper.seen.clear()
        assert answered(kernel, form, make_request(path)).status_code == status
        assert [note for note in keeper.seen if note.startswith("settle")] == settled


def test_keeper_reads_ahead_for_code_on_the_loop() -> None:
    """Not for a plain page, which reads in its thread, and not when reading does not wait."""

    def plain(request: Request) -> str:
        return "plain"

    for kind, page, waits_, expected in (
        ("/", plain, True, False),
        ("/", waits, True, True),
        ("POST /", plain, True, True),
        ("/", waits, False, False),
    ):
        keeper = Noted(waits=waits_)
        kernel = make_kernel({kind: page}, keeper=keeper)
        answered(kernel, "loop", make_request("/", kind.rpartition(" ")[0] or "GET"))
        assert bool(keeper.seen) is expected


def test_keeper_reads_before_code_that_a_thread_starts_on_the_loop() -> None:
    """A plain server waits in its thread; plain pages, and stores that do not wait, read when asked."""

    def plain(request: Request) -> str:
        return "plain"

    for page, waits_, expected in ((plain, True, []), (waits, True, ["before /"]), (waits, False, [])):
        keeper = Noted(waits=waits_)
        answered(make_kernel({"/": page}, keeper=keeper), "plain", make_request("/"))
        assert keeper.seen == expected


@both
def test_personal_finishers_see_answers_for_one_visitor(form: str) -> None:
    """One that looked at its visitor, and one that sets a cookie; before the other finishers."""
    order: list[str] = []

    def baked(request: Request) -> str:
        request.set_cookie("a", "b")
        return "baked"

    kernel = make_kernel(
        {"/": lambda request: "home", "/looks": looks, "/baked": baked, "/breaks": breaks},
        personal_finishers=[lambda request, response: order.append("personal")],
        finishers=[lambda request, response: order.append("other")],
    )
    for path, expected in (
        ("/", ["other"]),
        ("/looks", ["personal", "other"]),
        ("/baked", ["personal", "other"]),
        ("/breaks", ["personal", "other"]),
    ):
        order.clear()
        answered(kernel, form, make_request(path))
        assert order == expected


@both
def test_check_refuses_a_request_within_the_links(form: str) -> None:
    """After the body was read, before the handler; what it raises is answered as a refused body is."""
    seen: list[str] = []

    def look(request: Request) -> None:
        seen.append(f"check {len(request.body)}")
        if request.body == b"bad":
            raise ForbiddenError("no")

    def around(request: Request, next: Any) -> Any:
        seen.append("link")
        return next(request)

    def take(request: Request) -> str:
        seen.append("handler")
        return "taken"

    kernel = make_kernel({"POST /": take}, links=[around], checks=[look])
    for body, status, steps in (
        (b"good", 200, ["check 4", "link", "handler"]),
        (b"bad", 403, ["check 3", "link"]),
    ):
        seen.clear()
        request = make_request("/", "POST", {"content-length": str(len(body))}, body=[body])
        assert answered(kernel, form, request).status_code == status
        assert seen == steps
