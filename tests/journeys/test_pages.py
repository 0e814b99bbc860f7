"""One journey through pages, redirects, errors, bodies, streams and files, on every server and protocol.

Each test states what a client must see; the fixture `site` runs it on uvicorn,
granian (ASGI, WSGI, RSGI), gunicorn and hypercorn, all real processes.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import socket
import time
from urllib.parse import quote

import pytest

from tests.journeys.asking import Site, multipart

pytestmark = pytest.mark.servers


def test_template_page_without_code_is_rendered(site: Site) -> None:
    """A page.html alone answers its address."""
    answer = site.get("/")
    assert answer.status == 200
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert answer.text.startswith("<!doctype html>")
    assert f"Home of 127.0.0.1:{site.port}" in answer.text


def test_every_answer_passes_both_links_and_carries_safe_headers(site: Site) -> None:
    """Links and security headers apply to pages, redirects, errors, unknown addresses and static files."""
    for path in ("/hello", "/redirect", "/abort", "/nowhere", "/css/site.css"):
        answer = site.ask("GET", path, headers={"X-Request-ID": "from-the-front"})
        assert answer.header("x-plain-link") == "seen", path
        assert answer.header("x-async-link") == "seen", path
        assert answer.header("x-content-type-options") == "nosniff", path
        assert "default-src 'self'" in answer.header("content-security-policy"), path
        assert answer.header("x-request-id") == "from-the-front", path


def test_defect_answers_500_with_a_reference_and_nothing_else(site: Site) -> None:
    """Neither message, source nor secret of an unexpected error reaches the client; the log has it once."""
    answer = site.get("/boom")
    assert answer.status == 500
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.header("x-request-id") in answer.text
    assert answer.header("x-content-type-options") == "nosniff"
    assert site.log_since_mark().count("Traceback") == 1
    assert answer.header("x-request-id") in site.log_since_mark()


def test_unicode_text_and_length_are_right(site: Site) -> None:
    """Text is UTF-8 and Content-Length counts bytes."""
    answer = site.get("/hello")
    assert answer.body == "<p>Hello, wörld</p>".encode()
    assert answer.header("content-length") == str(len(answer.body))


def test_head_has_the_headers_of_get_and_no_body(site: Site) -> None:
    """HEAD runs the page and drops the body."""
    get, head = site.get("/hello"), site.ask("HEAD", "/hello")
    assert head.status == 200
    assert head.body == b""
    assert head.header("content-length") == get.header("content-length")


def test_options_and_unknown_methods_name_what_is_allowed(site: Site) -> None:
    """OPTIONS answers Allow; a method that the page lacks is 405 with Allow."""
    options = site.ask("OPTIONS", "/json")
    assert options.status == 204
    assert {"GET", "HEAD", "POST", "OPTIONS"} <= set(options.header("allow").split(", "))
    refused = site.ask("DELETE", "/json")
    assert refused.status == 405
    assert "POST" in refused.header("allow")


def test_json_is_written_and_read(site: Site) -> None:
    """A dict is JSON; a JSON body is read and a status is set."""
    answer = site.get("/json")
    assert answer.header("content-type") == "application/json"
    assert json.loads(answer.body) == {"hello": "wörld", "list": [1, 2.5, None, True]}
    posted = site.post("/json", json.dumps({"n": [1, {"ü": None}]}).encode(), "application/json")
    assert posted.status == 201
    assert json.loads(posted.body) == {"got": {"n": [1, {"ü": None}]}}


def test_parameters_are_typed_and_repeated_query_fields_kept(site: Site) -> None:
    """[id:int] gives an int; the last value wins and all are there."""
    answer = site.get("/items/17?q=a&q=b%20c&q=")
    assert json.loads(answer.body) == {"id": 17, "q": "", "all": ["a", "b c", ""]}
    assert site.get("/items/17x").status == 404


@pytest.mark.parametrize("name", ["é", "日本", "a b", "a+b", "100%", "ü/x"])
def test_unicode_in_a_path_is_the_same_everywhere(site: Site, name: str) -> None:
    """A path parameter is the text that the client meant."""
    if "/" in name:
        assert site.get("/docs/" + quote(name)).text == name
        return
    answer = site.get("/names/" + quote(name))
    assert answer.status == 200
    assert json.loads(answer.body)["name"] == name


def test_bad_utf8_and_controls_in_a_path_are_refused(site: Site) -> None:
    """%ff and %00 answer 400 or 404, with our headers where we answer."""
    for path in ("/names/%ff", "/names/a%00b", "/names/a%0d%0ab"):
        assert site.get(path).status in (400, 404), path


def test_catch_all_takes_several_segments(site: Site) -> None:
    """[path:path] spans slashes."""
    assert site.get("/docs/one/two/three").text == "one/two/three"


def test_redirect_keeps_headers_and_cookies(site: Site) -> None:
    """What the page set before it redirected is not lost."""
    answer = site.get("/redirect")
    assert answer.status == 302
    assert answer.header("location") == "/hello?from=redirect"
    assert answer.header("x-kept") == "yes"
    assert answer.cookies() == ["seen=1; Path=/; HttpOnly; SameSite=Lax"]
    assert site.post("/redirect", b"", "application/x-www-form-urlencoded").status == 303


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)"]
)
def test_redirect_to_another_host_is_refused(site: Site, target: str) -> None:
    """An address of another host never becomes a Location."""
    answer = site.get("/offsite?to=" + quote(target, safe=""))
    assert answer.status == 400
    assert answer.header("location") == ""


def test_abort_uses_the_applications_own_page(site: Site) -> None:
    """A page per status answers aborts and unknown addresses."""
    teapot = site.get("/abort?code=418")
    assert (teapot.status, teapot.text) == (418, "<h1>Own 418</h1><p>stopped on purpose</p>")
    nothing = site.get("/nowhere")
    assert nothing.status == 404
    assert nothing.header("x-request-id")
    assert "<h1>Own 404</h1>" in nothing.text
    assert site.post("/abort", b"", "text/plain").status == 404
    assert site.get("/abort").status == 403


def test_clients_that_want_json_get_problem_details(site: Site) -> None:
    """Accept: application/json turns an error into problem details."""
    answer = site.ask("GET", "/nowhere", headers={"Accept": "application/json"})
    assert answer.status == 404
    assert answer.header("content-type") == "application/problem+json"
    problem = json.loads(answer.body)
    assert problem["status"] == 404
    assert problem["title"] == "Not Found"
    broken = json.loads(site.ask("GET", "/boom", headers={"Accept": "application/json"}).body)
    assert broken["status"] == 500
    assert "defect" not in str(broken)


def test_page_that_returns_nothing_is_named_in_the_log(site: Site) -> None:
    """None is a defect with a sentence, not a silent page."""
    assert site.get("/none").status == 500
    assert "returned None" in site.log()


def test_form_keeps_repeated_and_blank_fields(site: Site) -> None:
    """Every field of a form arrives, the query below it."""
    answer = site.post("/form?q=1&name=z", b"name=a&name=b%C3%BC&blank=", "application/x-www-form-urlencoded")
    assert json.loads(answer.body) == {"name": "bü", "all": ["a", "bü"], "blank": "", "query": "1"}


def test_upload_arrives_whole(site: Site) -> None:
    """Files and fields of a multipart form arrive, also past the size kept in memory."""
    big = bytes(range(256)) * 2048
    body, kind = multipart(
        [("title", None, "Ünder"), ("f", "a.txt", b"hello"), ("f", "b.bin", big), ("g", "../../c.txt", b"")]
    )
    answer = site.post("/upload", body, kind)
    assert answer.status == 200, answer.text
    got = json.loads(answer.body)
    assert got["title"] == "Ünder"
    assert [(file["field"], file["name"], file["size"]) for file in got["files"]] == [
        ("f", "a.txt", 5),
        ("f", "b.bin", len(big)),
        ("g", "c.txt", 0),
    ]
    assert got["files"][1]["sha"] == hashlib.sha256(big).hexdigest()


def test_chunked_body_is_read(site: Site) -> None:
    """A body without Content-Length is read like any other."""
    answer = site.chunked("POST", "/echo", [b"one", b"two", b"x" * 100_000])
    assert json.loads(answer.body) == {"length": 100_006, "start": "onetwoxxxxxxxxxxxxxx"}


def test_body_over_the_limit_is_413(site: Site) -> None:
    """The limit holds for announced and for chunked bodies."""
    announced = site.raw(
        b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3000000\r\nConnection: close\r\n\r\n"
    )
    assert b" 413 " in announced.split(b"\r\n", 1)[0]
    assert site.chunked("POST", "/echo", [b"x" * 500_000] * 5).status == 413


def test_streamed_body_is_read_piece_by_piece(site: Site) -> None:
    """A page with STREAM_BODY reads the pieces, async or plain, and the limit holds."""
    assert json.loads(site.chunked("POST", "/streamed", [b"x" * 150_000] * 10).body)["total"] == 1_500_000
    assert json.loads(site.ask("PUT", "/streamed", b"y" * 1_000_000).body) == {"total": 1_000_000}
    assert site.chunked("POST", "/streamed", [b"x" * 500_000] * 5).status == 413


@pytest.mark.parametrize("way", ["sync", "async"])
def test_stream_arrives_while_it_is_made(site: Site, way: str) -> None:
    """The first piece is there long before the last."""
    pieces, times = site.pieces(f"/stream/{way}")
    assert b"".join(pieces) == b"0\n1\n2\n3\n4\n"
    assert times[-1] - times[0] > 0.2


def test_stream_that_breaks_is_not_whole(site: Site) -> None:
    """A client can tell a broken stream from a whole one; granian's RSGI alone ends every body cleanly."""
    try:
        cut = not site.get("/stream/broken").complete
    except (OSError, http.client.HTTPException):
        cut = True
    assert cut is (site.kind != "granian-rsgi")
    assert "broke in the middle" in site.log()
    assert site.get("/hello").status == 200


def test_events_are_framed(site: Site) -> None:
    """Server-Sent Events carry retry, data, event and id as the standard says."""
    answer = site.get("/events")
    assert answer.header("content-type").startswith("text/event-stream")
    assert answer.header("cache-control") == "no-cache"
    assert (
        answer.text
        == 'retry: 500\n\ndata: plain\n\ndata: {"n":1}\n\nid: 7\nevent: named\ndata: two\ndata: lines\n\n'
    )


def test_client_that_leaves_a_stream_ends_it(site: Site) -> None:
    """Forty clients that leave an endless stream leave nothing behind and no error in the log."""
    for _ in range(40):
        with socket.create_connection(("127.0.0.1", site.port), timeout=5) as link:
            link.sendall(b"GET /forever HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert link.recv(200)
    time.sleep(0.3)
    assert site.get("/hello").status == 200
    assert "Traceback" not in site.log_since_mark()


def test_file_is_sent_with_ranges_and_validators(site: Site) -> None:
    """A download has a name, a validator, and answers ranges."""
    whole = site.get("/download?as=n%C3%A4me.txt")
    assert whole.body == b"0123456789"
    assert "filename*=UTF-8''n%C3%A4me.txt" in whole.header("content-disposition")
    assert whole.header("accept-ranges") == "bytes"
    etag = whole.header("etag")
    part = site.ask("GET", "/download", headers={"Range": "bytes=2-4"})
    assert (part.status, part.body, part.header("content-range")) == (206, b"234", "bytes 2-4/10")
    tail = site.ask("GET", "/download", headers={"Range": "bytes=-3"})
    assert (tail.status, tail.body) == (206, b"789")
    beyond = site.ask("GET", "/download", headers={"Range": "bytes=50-"})
    assert (beyond.status, beyond.header("content-range")) == (416, "bytes */10")
    assert site.ask("GET", "/download", headers={"If-None-Match": etag}).status == 304
    big = site.ask("GET", "/download?file=big.bin", headers={"Range": "bytes=100000-900000"})
    assert big.body == (bytes(range(256)) * 4096)[100000:900001]
    assert (
        hashlib.sha256(site.get("/download?file=big.bin").body).hexdigest()
        == hashlib.sha256(bytes(range(256)) * 4096).hexdigest()
    )


def test_files_outside_the_folder_are_not_sent(site: Site) -> None:
    """Traversal answers 403 or 404 and a folder is not listed."""
    for name in ("../../../wsgi.py", "/etc/passwd", "..%2f..%2fwsgi.py", ".", "a%00b"):
        assert site.get("/download?file=" + name).status in (400, 403, 404), name


def test_static_file_is_conditional_and_versioned(site: Site) -> None:
    """A static file has a type and a validator; only the right version may be kept for ever."""
    answer = site.get("/css/site.css")
    assert answer.header("content-type") == "text/css; charset=utf-8"
    assert answer.header("cache-control") == "public, max-age=0, must-revalidate"
    assert site.ask("GET", "/css/site.css", headers={"If-None-Match": answer.header("etag")}).status == 304
    assert site.get("/static/css/site.css").body == answer.body
    assert site.get("/css/").status == 404
    assert site.get("/css/..%2f..%2fpages/page.html").status in (400, 404)


def test_conditional_page(site: Site) -> None:
    """A page has an ETag and a client that has it gets 304 without a body."""
    first = site.get("/json")
    assert re.fullmatch(r'(W/)?"[^"]+"', first.header("etag"))
    again = site.ask("GET", "/json", headers={"If-None-Match": first.header("etag")})
    assert (again.status, again.body) == (304, b"")
    assert again.header("etag") == first.header("etag")


def test_cookies_are_set_and_read(site: Site) -> None:
    """Cookies round-trip whatever is in them."""
    lines = site.get("/cookies").cookies()
    assert len(lines) == 3
    assert "Max-Age=60" in lines[0]
    assert "Max-Age=0" in lines[2]
    sent = "; ".join(line.partition(";")[0] for line in lines[:2])
    got = json.loads(site.ask("GET", "/cookies", headers={"Cookie": sent}).body)
    assert got == {"one": "a b;c", "two": "ü"}


@pytest.mark.parametrize("way", ["call", "line"])
def test_status_is_set_in_both_ways(site: Site, way: str) -> None:
    """request.status(404) and request.status = "404 Not Found" do the same."""
    answer = site.get(f"/status?way={way}")
    assert (answer.status, answer.text) == (404, "404 Not Found True")


def test_link_can_answer_itself(site: Site) -> None:
    """A link that does not call next decides status and body."""
    answer = site.get("/hello?stop=here")
    assert (answer.status, answer.text) == (503, "stopped by a link")


def test_current_request_is_known_in_async_and_plain_code(site: Site) -> None:
    """current_request is the request being answered."""
    assert site.get("/context").text == "/context"
    assert site.post("/context", b"", "text/plain").text == "/context"


def test_template_with_meta_and_blocks(site: Site) -> None:
    """Meta set in the page reaches the head of the layout; X-Block gives one block."""
    answer = site.get("/template")
    assert "<title>Set &lt;late&gt;</title>" in answer.text
    assert answer.text.count("<title>") == 1
    assert '<meta name="description" content="About it">' in answer.text
    assert "<li>&lt;b&gt;</li>" in answer.text
    part = site.ask("GET", "/template", headers={"X-Block": "list"})
    assert part.text == "<ul><li>a</li><li>&lt;b&gt;</li></ul>"
    assert part.header("x-asok-blocks") == "list"
    both = site.ask("GET", "/template", headers={"X-Block": "#list,main"})
    assert '<template data-block="list">' in both.text
    assert site.ask("GET", "/template", headers={"X-Block": "no<such"}).status == 400


def test_bytes_are_sent_as_they_are(site: Site) -> None:
    """A page that returns bytes sends those bytes."""
    answer = site.get("/raw")
    assert answer.body == bytes(range(256))
    assert answer.header("content-type") == "application/octet-stream"


def test_foreign_host_is_refused(site: Site) -> None:
    """A Host that is not ours answers 400 before any page runs."""
    for host in ("evil.example", "127.0.0.1@evil.example", "a b", "127.0.0.1/x"):
        answer = site.raw(f"GET /hello HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert b" 400 " in answer.split(b"\r\n", 1)[0], host


def test_untrusted_forwarded_headers_change_nothing(site: Site) -> None:
    """X-Forwarded-* of a client that is no proxy of ours is ignored."""
    answer = site.ask(
        "GET",
        "/plain",
        headers={
            "X-Forwarded-For": "9.9.9.9",
            "X-Forwarded-Proto": "https",
            "Forwarded": "for=9.9.9.9;proto=https",
        },
    )
    assert answer.text == "GET http 127.0.0.1"


def test_health_answers(site: Site) -> None:
    """/health is 200 with a status word."""
    answer = site.get("/health")
    assert answer.status == 200
    assert json.loads(answer.body)["status"] == "healthy"
