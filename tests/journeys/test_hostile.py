"""Hostile requests 1 to 79 of the reliability list, sent over sockets to real servers.

For each: an answer that is no 5xx, within a second, no traceback in it, and the
next ordinary request is answered. After all of them the server's memory has not
grown by more than 30 MB. The cases keep the numbers of that list.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.journeys.asking import Site

pytestmark = pytest.mark.servers

CRLF = b"\r\n"
BOUNDARY = b"hostile"
FORM = b"multipart/form-data; boundary=" + BOUNDARY


@dataclass(frozen=True)
class Case:
    """One hostile request: what is sent and which statuses are right; 0 stands for a closed connection."""

    number: int
    name: str
    request: Callable[[], bytes]
    statuses: tuple[int, ...]
    seconds: float = 1.0


def ask(
    line: bytes,
    *fields: bytes,
    body: bytes = b"",
    host: bytes | None = b"Host: 127.0.0.1",
    length: int | None = None,
) -> bytes:
    head = [line + b" HTTP/1.1"]
    if host is not None:
        head.append(host)
    head.extend(fields)
    if body or length is not None:
        head.append(b"Content-Length: %d" % (len(body) if length is None else length))
    head.append(b"Connection: close")
    return CRLF.join(head) + CRLF + CRLF + body


def form(body: bytes, content_type: bytes = FORM) -> bytes:
    return ask(b"POST /upload", b"Content-Type: " + content_type, body=body)


def part(head: bytes, content: bytes = b"x") -> bytes:
    return b"--" + BOUNDARY + CRLF + head + CRLF + CRLF + content + CRLF


def whole(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--" + CRLF


def field(name: bytes, content: bytes = b"x") -> bytes:
    return part(b'Content-Disposition: form-data; name="' + name + b'"', content)


def upload(filename: bytes, content: bytes = b"x") -> bytes:
    return part(b'Content-Disposition: form-data; name="f"; filename="' + filename + b'"', content)


def js(body: bytes, kind: bytes = b"application/json") -> bytes:
    return ask(b"POST /json", b"Content-Type: " + kind, body=body)


def get(*fields: bytes, path: bytes = b"/download") -> bytes:
    return ask(b"GET " + path, *fields)


def gzipped() -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
        for _ in range(1000):
            file.write(b"\0" * 1_000_000)
    return packed.getvalue()


BAD = (400, 413)
REFUSED = (400, 404)

CASES = [
    Case(1, "mp-20k-fields", lambda: form(whole(*[field(b"f%d" % i) for i in range(20_000)])), BAD),
    Case(2, "mp-2k-files", lambda: form(whole(*[upload(b"a%d" % i) for i in range(2_000)])), (413,)),
    Case(
        3,
        "mp-1MB-header-line",
        lambda: form(whole(part(b'Content-Disposition: form-data; name="a"\r\nX: ' + b"y" * 1_000_000))),
        (400, 413),
    ),
    Case(
        4,
        "mp-10k-part-headers",
        lambda: form(whole(part(b'Content-Disposition: form-data; name="a"' + b"\r\nX: y" * 10_000))),
        (400, 413),
    ),
    Case(5, "mp-preamble-crlf", lambda: form(CRLF * 900_000 + whole(field(b"a"))), (200, *BAD)),
    Case(6, "mp-epilogue", lambda: form(whole(field(b"a")) + CRLF * 900_000), (200, *BAD)),
    Case(
        7,
        "mp-50MB-text-field",
        lambda: ask(b"POST /upload", b"Content-Type: " + FORM, body=b"", length=50_000_000),
        (413,),
    ),
    Case(8, "mp-cr-then-body", lambda: form(whole(field(b"a", b"\r" + b"x" * 1_800_000))), (200, *BAD)),
    Case(
        9,
        "mp-boundary-prefix-flood",
        lambda: form(whole(field(b"a", b"\r\n--hostil" * 150_000))),
        (200, *BAD),
    ),
    Case(
        10,
        "mp-ctype-redos",
        lambda: form(whole(field(b"a")), b"multipart/form-data; " + b'a="' * 1000 + b"boundary=hostile"),
        (200, *BAD, 415),
        0.5,
    ),
    Case(
        11,
        "mp-disposition-redos",
        lambda: form(whole(part(b"Content-Disposition: form-data; " + b'x="\\' * 900 + b'name="a"'))),
        (200, *BAD),
        0.5,
    ),
    Case(
        12,
        "mp-base64-whitespace",
        lambda: form(
            whole(
                part(
                    b'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64',
                    b" \t\r" * 300_000,
                )
            )
        ),
        (200, 415, *BAD),
    ),
    Case(13, "mp-no-terminator", lambda: form(field(b"a")), (400,)),
    Case(14, "mp-no-boundary", lambda: form(whole(field(b"a")), b"multipart/form-data"), (400,)),
    Case(15, "mp-filename-traversal", lambda: form(whole(upload(b"../../../etc/passwd"))), (200, 400)),
    Case(16, "mp-filename-nul", lambda: form(whole(upload(b"a\0b.txt"))), (200, 400)),
    Case(17, "mp-filename-100KB", lambda: form(whole(upload(b"a" * 100_000))), (200, *BAD)),
    Case(18, "mp-name-bad-utf8", lambda: form(whole(field(b"\xff\xfe"))), (200, 400)),
    Case(
        19,
        "ue-100k-fields",
        lambda: ask(
            b"POST /form",
            b"Content-Type: application/x-www-form-urlencoded",
            body=b"&".join([b"a=1"] * 100_000),
        ),
        BAD,
    ),
    Case(
        20,
        "ue-bad-percent-utf8",
        lambda: ask(
            b"POST /form", b"Content-Type: application/x-www-form-urlencoded", body=b"name=%ff%zz%&%=%"
        ),
        (200, 400),
    ),
    Case(21, "js-nest-100k", lambda: js(b"[" * 100_000), (400,)),
    Case(22, "js-nest-closed-50k", lambda: js(b"[" * 50_000 + b"]" * 50_000), (400,)),
    Case(23, "js-int-10k-digits", lambda: js(b"9" * 10_000), (400,)),
    Case(24, "js-nan", lambda: js(b'{"a": NaN}'), (400,)),
    Case(25, "js-1e999", lambda: js(b'{"a": 1e999}'), (400,)),
    Case(26, "js-bad-utf8", lambda: js(b'{"a": "\xff"}'), (400,)),
    Case(27, "js-lone-surrogate", lambda: js(b'{"a": "\\ud800"}'), (201, 400)),
    Case(28, "js-nul-string", lambda: js(b'{"a": "x\\u0000y"}'), (201, 400)),
    Case(29, "js-empty", lambda: ask(b"POST /json", b"Content-Type: application/json", length=0), (400,)),
    Case(30, "js-wrong-ctype", lambda: js(b'{"a": 1}', b"text/plain"), (415,)),
    Case(
        31,
        "js-30MB",
        lambda: ask(b"POST /json", b"Content-Type: application/json", length=30_000_000),
        (413,),
    ),
    Case(
        32,
        "gzip-bomb-1GB",
        lambda: ask(
            b"POST /json", b"Content-Type: application/json", b"Content-Encoding: gzip", body=gzipped()
        ),
        (413, 415),
        4.0,
    ),
    Case(
        34,
        "range-4000",
        lambda: get(b"Range: bytes=" + b",".join(b"%d-%d" % (i % 10, i % 10) for i in range(1_400))),
        (200, 206, 400, 416),
        0.5,
    ),
    Case(35, "range-digits", lambda: get(b"Range: bytes=" + b"9" * 5_000 + b"-"), (200, 400, 416), 0.5),
    Case(
        36, "range-overlaps", lambda: get(b"Range: bytes=" + b",".join([b"0-"] * 300)), (200, 206, 416), 0.5
    ),
    Case(37, "range-minus-0", lambda: get(b"Range: bytes=-0"), (200, 416), 0.5),
    Case(38, "range-non-ascii-digit", lambda: get("Range: bytes=٣-٥".encode()), (200, 400, 416), 0.5),
    Case(
        39, "ims-overflow", lambda: get(b"If-Modified-Since: Fri, 99 Dec 99999999 99:99:99 GMT"), (200,), 0.5
    ),
    Case(40, "inm-large", lambda: get(b"If-None-Match: " + b'"a",' * 1_500), (200, 400), 0.5),
    Case(
        41,
        "accept-language-7KB",
        lambda: get(b"Accept-Language: " + b"a-b-c;q=0.1," * 580, path=b"/"),
        (200,),
        0.5,
    ),
    Case(42, "accept-7KB", lambda: get(b"Accept: " + b"a/b;q=0.1," * 700, path=b"/nowhere"), (404,), 0.5),
    Case(43, "cookie-quotes-7KB", lambda: get(b"Cookie: a=" + b'"' * 7_000, path=b"/cookies"), (200,), 0.5),
    Case(
        44,
        "cookie-800",
        lambda: get(b"Cookie: " + b"; ".join(b"c%d=1" % i for i in range(800)), path=b"/cookies"),
        (200, 400),
        0.5,
    ),
    Case(45, "cookie-bad", lambda: get(b"Cookie: =;;; a; \xff=\xfe; b=\\", path=b"/cookies"), (200,), 0.5),
    Case(
        46,
        "headers-2000",
        lambda: get(*[b"X-%d: y" % i for i in range(2_000)], path=b"/hello"),
        (400, 413, 431, 0, 200),
        0.5,
    ),
    Case(
        47, "auth-garbage", lambda: get(b"Authorization: \xff\xfe Basic ===", path=b"/hello"), (200, 401), 0.5
    ),
    Case(
        48,
        "auth-bearer-60KB",
        lambda: get(b"Authorization: Bearer " + b"a" * 60_000, path=b"/hello"),
        (200, 400, 401, 413, 431, 0),
        0.5,
    ),
    Case(49, "host-evil", lambda: ask(b"GET /hello", host=b"Host: evil.example"), (400,)),
    Case(50, "host-spaces", lambda: ask(b"GET /hello", host=b"Host: 127.0.0.1 evil"), (400,)),
    Case(51, "host-path", lambda: ask(b"GET /hello", host=b"Host: 127.0.0.1/evil"), (400,)),
    Case(52, "host-userinfo", lambda: ask(b"GET /hello", host=b"Host: 127.0.0.1@evil.example"), (400,)),
    Case(53, "host-missing", lambda: ask(b"GET /hello", host=None), (400,)),
    Case(54, "host-duplicate", lambda: ask(b"GET /hello", b"Host: evil.example"), (400,)),
    Case(55, "path-nul", lambda: get(path=b"/names/a%00b"), REFUSED),
    Case(56, "path-crlf", lambda: get(path=b"/names/a%0d%0aSet-Cookie:%20x=1"), REFUSED),
    Case(57, "path-encoded-slash", lambda: get(path=b"/names/..%2f..%2fetc"), REFUSED),
    Case(58, "path-overlong-utf8", lambda: get(path=b"/names/%c0%af"), REFUSED),
    Case(59, "path-backslashes", lambda: get(path=b"/css/..%5c..%5cwsgi.py"), REFUSED),
    Case(60, "path-double-slash", lambda: get(path=b"//evil.example/"), REFUSED),
    Case(61, "path-ff", lambda: get(path=b"/%ff"), REFUSED),
    Case(62, "path-semicolon", lambda: get(path=b"/hello;x=1"), REFUSED),
    Case(63, "path-7KB", lambda: get(path=b"/" + b"a" * 7_000), (404, 414)),
    Case(
        64,
        "path-900-params",
        lambda: get(path=b"/hello?" + b"&".join(b"p%d=1" % i for i in range(900))),
        (200, 400, 414),
    ),
    Case(65, "path-proto", lambda: get(path=b"/__proto__?__proto__[a]=1"), REFUSED),
    Case(66, "path-dots", lambda: get(path=b"/../../../../etc/passwd"), REFUSED),
    Case(67, "path-slashes-back", lambda: get(path=b"/\\evil.example/"), REFUSED),
    Case(68, "path-trailing-offsite", lambda: get(path=b"//evil.example//"), REFUSED),
    Case(69, "int-5000-digits", lambda: get(path=b"/items/" + b"9" * 5_000), (404, 414)),
    Case(70, "int-arabic-digits", lambda: get(path=b"/items/%D9%A3%D9%A5"), (404,)),
    Case(71, "static-traversal", lambda: get(path=b"/css/../../../wsgi.py"), REFUSED),
    Case(72, "static-nul", lambda: get(path=b"/css/site.css%00.txt"), REFUSED),
    Case(73, "static-directory", lambda: get(path=b"/css/"), REFUSED),
    Case(74, "method-trace", lambda: ask(b"TRACE /hello"), (405, 501)),
    Case(75, "method-foo", lambda: ask(b"FOO /hello"), (400, 405, 501)),
    Case(
        76,
        "method-override",
        lambda: ask(b"POST /hello", b"X-HTTP-Method-Override: GET", body=b"_method=GET"),
        (405,),
    ),
    Case(77, "head-no-body", lambda: ask(b"HEAD /hello"), (200,)),
    Case(
        78,
        "xfp-underscore",
        lambda: ask(b"GET /plain", b"X_Forwarded_Proto: https", b"X_Forwarded_For: 9.9.9.9"),
        (200, 400),
    ),
    Case(
        79,
        "xfh-untrusted",
        lambda: ask(b"GET /plain", b"X-Forwarded-Host: evil.example", b"Forwarded: host=evil.example"),
        (200,),
    ),
]


def status_of(reply: bytes) -> int:
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ?", reply)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("case", CASES, ids=[f"{case.number}-{case.name}" for case in CASES])
def test_hostile_request_is_answered_rightly(hostile_site: Site, case: Case) -> None:
    """A hostile request costs little and gets a clear answer; the next visitor notices nothing."""
    request = case.request()
    began = time.monotonic()
    reply = hostile_site.raw(request, timeout=case.seconds + 4)
    took = time.monotonic() - began
    assert status_of(reply) in case.statuses, reply[:300]
    assert took < case.seconds, f"took {took:.2f} s"
    assert b"Traceback" not in reply
    assert b'File "' not in reply
    head, _, body = reply.partition(b"\r\n\r\n")
    assert b"evil" not in head.lower(), "nothing of the attacker's may reach the header fields"
    assert b"\r\nset-cookie: x=1" not in head.lower()
    if case.name == "head-no-body":
        assert body == b""
    if case.number in (78, 79) and status_of(reply) == 200:
        assert body == b"GET http 127.0.0.1"
    assert hostile_site.get("/").status == 200


def test_short_body_is_never_taken_for_whole(hostile_site: Site) -> None:
    """Case 33: a body shorter than announced does not reach the page as a complete one."""
    request = ask(b"POST /echo", b"Content-Type: text/plain", body=b"short", length=50)
    with socket.create_connection(("127.0.0.1", hostile_site.port), timeout=5) as link:
        link.sendall(request)
        link.shutdown(socket.SHUT_WR)
        reply = b""
        try:
            while piece := link.recv(65536):
                reply += piece
        except OSError:
            pass
    assert status_of(reply) in (0, 400, 408)
    assert b'"length"' not in reply


def test_memory_and_log_stay_small(hostile_site: Site, hostile_memory: Callable[[], float]) -> None:
    """After all cases the server has grown by less than 30 MB and logged no defect of ours."""
    for case in CASES:
        hostile_site.raw(case.request(), timeout=8)
    assert hostile_memory() < 30, "MB of growth"
    assert "Traceback" not in hostile_site.log()


def test_json_answers_are_strict(hostile_site: Site) -> None:
    """No answer holds NaN or Infinity, which are not JSON (case 25)."""
    answer = hostile_site.post("/json", b'{"a": 1.5e308}', "application/json")
    assert json.loads(answer.body, parse_constant=lambda word: pytest.fail(word)) == {"got": {"a": 1.5e308}}
