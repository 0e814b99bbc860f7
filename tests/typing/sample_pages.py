"""A small application as its author would type it; it has to pass `mypy --strict` as it is.

It is checked and never run, so it uses every public name at least once, and
states with `assert_type` what an author relies on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import assert_type

from asok import (
    AbortException,
    Asok,
    AsokException,
    NotFoundError,
    RateLimit,
    RateLimitExceeded,
    Request,
    Response,
    UploadedFile,
    abort,
    back,
    current_request,
    get_logger,
    rate_limit,
    redirect,
    render_block,
    render_blocks,
    render_template,
    render_template_string,
)
from asok.testing import TestClient, TestResponse

app = Asok(Path())
app.config["SECRET_KEY"] = "0123456789-abcdefghijklmnopqrstuvwxyz"
log = get_logger("shop")


@app.use
def timing(request: Request, following: Callable[[Request], Response]) -> Response:
    response = following(request)
    response.headers["X-Path"] = request.path
    return response


@app.on_startup
async def warm() -> None:
    log.info("ready")


app.share(site="Shop").share(year=lambda: 2026)
app.use(RateLimit("100/m"))


def get(request: Request) -> Response:
    request.share(user="ada").meta.title("Home").description("All there is")
    assert_type(request.static("css/site.css"), str)
    assert_type(request.page_id, str)
    return request.html("page.html", {"a": 1}, b=2)


@rate_limit("3/m")
async def post(request: Request) -> Response:
    file = request.files["photo"]
    assert_type(file, UploadedFile)
    if not file.filename:
        request.abort(400, "Choose a file.")
    return request.redirect("/")


def words(request: Request) -> Response:
    async def pieces() -> AsyncIterator[str]:
        yield "one"

    return request.stream(pieces(), content_type="text/plain")


def elsewhere(name: str) -> Response:
    if name == "block":
        return render_block("page.html", "list", n=1)
    if name == "blocks":
        return render_blocks("page.html", ["list", "main"], n=1)
    if name == "text":
        return render_template_string("{{ x }}", x=1)
    if name == "gone":
        abort(404)
    if name == "home":
        redirect("/")
    if name == "back":
        back()
    return render_template("page.html", path=current_request.path)


def caught(request: Request) -> str:
    try:
        request.not_found()
    except (NotFoundError, AbortException) as error:
        return str(error)
    except RateLimitExceeded as error:
        return str(error.retry_after)
    except AsokException:
        return "other"


def check() -> None:
    with TestClient(app) as client:
        assert_type(client.get("/"), TestResponse)
