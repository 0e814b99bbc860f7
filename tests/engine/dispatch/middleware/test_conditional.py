"""What a client has already is not sent again, and what it asks for in parts comes in parts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asok_engine.dispatch.middleware.compression import Compression, is_compressible
from asok_engine.dispatch.middleware.conditional import Conditional
from asok_engine.security.nonce import make_nonce
from asok_engine.wire.response import FileBody, Response, bare
from tests.engine.dispatch.exchanges import make_request, page

BODY = b"0123456789" * 100
DAY = 1_700_000_000
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
LATER = "Tue, 14 Nov 2023 22:13:21 GMT"
EARLIER = "Tue, 14 Nov 2023 22:13:19 GMT"


def read_pieces(body: FileBody) -> Iterator[bytes]:
    """Read a slice as a server does, in small pieces."""
    content = Path(body.path).read_bytes()[body.offset :][: len(body)]
    for start in range(0, len(content), 7):
        yield content[start : start + 7]


MIDDLEWARE = Conditional(varies_by_coding=is_compressible, file_pieces=read_pieces)


def finished(
    response: Response, method: str = "GET", middleware: Conditional = MIDDLEWARE, **headers: str
) -> Response:
    """Give a response as it leaves the middleware; header names are written with underscores."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    middleware.finish(make_request(method=method, headers=fields), response)
    return response


def text(content: bytes = BODY) -> Response:
    """A page of plain text."""
    return page(content, content_type=b"text/plain")


@pytest.fixture
def file(tmp_path: Path) -> FileBody:
    """A file of a thousand bytes, last changed on DAY."""
    path = tmp_path / "data.bin"
    path.write_bytes(BODY)
    os.utime(path, (DAY, DAY))
    return FileBody(path, len(BODY), path.stat().st_mtime)


def sent(response: Response) -> bytes:
    """Give the whole body as it would be sent."""
    if isinstance(response.body, bytes):
        return response.body
    if isinstance(response.body, FileBody):
        return b"".join(read_pieces(response.body))
    return b"".join(response.body)  # type: ignore[arg-type]


# --- tags ------------------------------------------------------------------------------


def test_page_gets_a_strong_tag_of_its_content() -> None:
    """Equal bodies have equal tags, other bodies have others."""
    first, same, other = finished(text()), finished(text()), finished(text(b"else"))
    assert re.fullmatch(r'"[0-9A-Za-z+/]{12,}"', first.headers["ETag"])
    assert first.headers["ETag"] == same.headers["ETag"] != other.headers["ETag"]
    assert first.body == BODY


def test_tag_of_the_handler_is_kept() -> None:
    """A handler that knows a version of its own says it."""
    response = text()
    response.headers["ETag"] = 'W/"v7"'
    assert finished(response).headers["ETag"] == 'W/"v7"'
    assert finished(response, If_None_Match='"v7"').status_code == 304


def personal() -> Response:
    response = text()
    response.set_cookie("visitor", "42")
    return response


def secret() -> Response:
    response = text()
    response.headers["Cache-Control"] = "No-Store"
    return response


@pytest.mark.parametrize(
    ("response", "method"),
    [
        (personal(), "GET"),
        (secret(), "GET"),
        (text(b""), "GET"),
        (page(status=404), "GET"),
        (page(status=201), "GET"),
        (text(), "POST"),
        (bare(iter([b"a"]), b"text/plain"), "GET"),
    ],
)
def test_what_is_not_shared_or_not_whole_gets_no_tag(response: Response, method: str) -> None:
    """Cookies, secrets, errors, writes and streams are not for keeping."""
    assert "ETag" not in finished(response, method).headers


def test_response_with_a_cookie_is_kept_by_no_shared_cache() -> None:
    """A cookie for one visitor reaches no other, on pages and on redirects."""
    assert finished(personal()).headers["Cache-Control"] == "private, no-cache"
    moved = Response(b"", 301, {"Location": "/x"})
    moved.set_cookie("visitor", "42")
    assert finished(moved).headers["Cache-Control"] == "private, no-cache"
    chosen = personal()
    chosen.headers["Cache-Control"] = "public, max-age=5"
    assert finished(chosen).headers["Cache-Control"] == "public, max-age=5"


def test_page_with_a_nonce_is_always_sent_whole() -> None:
    """A 304 would give an old body the policy with a new nonce (case 100)."""
    request = make_request(headers={"If-None-Match": "*", "Range": "bytes=0-1"})
    request.nonce_value = make_nonce()
    response = text()
    response.headers["ETag"] = '"mine"'
    MIDDLEWARE.finish(request, response)
    assert (response.status_code, response.body) == (200, BODY)


def test_without_tags_dates_and_ranges_stay(file: FileBody) -> None:
    """ETAG false makes no tag and takes nothing else away."""
    plain = Conditional(etags=False)
    assert "ETag" not in finished(text(), middleware=plain).headers
    response = finished(bare(file, b"text/plain"), middleware=plain)
    assert "ETag" not in response.headers
    assert response.headers["Last-Modified"] == DATE
    assert finished(text(), middleware=plain, Range="bytes=0-4").status_code == 206
    assert finished(bare(file, b"text/plain"), middleware=plain, If_Modified_Since=DATE).status_code == 304


# --- not modified -----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*", '"a,b", W/"c" , {} ,'])
def test_known_tag_is_answered_without_a_body(form: str, method: str) -> None:
    """Whoever has it is told so, in few bytes and with the fields that a cache needs."""
    etag = finished(text()).headers["ETag"]
    response = text()
    response.headers["Cache-Control"] = "max-age=60"
    response.headers["Content-Language"] = "en"
    response = finished(response, method, If_None_Match=form.format(etag))
    assert (response.status_code, response.body) == (304, b"")
    headers = response.headers
    assert headers["ETag"].removeprefix("W/") == etag
    assert headers["Cache-Control"] == "max-age=60"
    assert headers["Vary"] == "Accept-Encoding"
    assert "Content-Type" not in headers
    assert "Content-Language" not in headers


@pytest.mark.parametrize(
    "field", ['"other"', "", "nonsense", '"', "W/", '"' + "x" * 60_000 + '"', ",".join(['"x"'] * 15_000)]
)
def test_unknown_or_hostile_tag_gets_the_page(field: str) -> None:
    """Sixty kilobytes of tags are read in no time and answered like one (case 40)."""
    response = finished(text(), If_None_Match=field)
    assert (response.status_code, response.body) == (200, BODY)


def test_compressed_page_is_recognised_again() -> None:
    """The tag of the compressed bytes, sent back, gives 304 with that same tag."""
    squeeze = Compression()
    first = finished(text())
    squeeze.finish(make_request(headers={"Accept-Encoding": "gzip"}), first)
    assert first.headers["Content-Encoding"] == "gzip"
    weak = first.headers["ETag"]
    again = finished(text(), If_None_Match=weak)
    squeeze.finish(make_request(headers={"Accept-Encoding": "gzip"}), again)
    assert again.status_code == 304
    assert again.headers["ETag"] == weak
    assert again.headers["Vary"] == first.headers["Vary"]


@pytest.mark.parametrize(
    ("since", "status"),
    [
        (DATE, 304),
        (LATER, 304),
        ("Tuesday, 14-Nov-23 22:13:20 GMT", 304),
        (EARLIER, 200),
        ("yesterday", 200),
        ("", 200),
        ("Tue, 14 Nov 99999999999999 22:13:20 GMT", 200),
        ("Tue, 99 Nov 2023 99:99:99 GMT", 200),
        ("Tue, 31 Feb 2023 22:13:20 GMT", 200),
        ("x" * 60_000, 200),
    ],
)
def test_file_that_has_not_changed_since_is_not_sent(file: FileBody, since: str, status: int) -> None:
    """A date that is none, or from nowhere, counts as absent (case 39)."""
    assert finished(bare(file, b"text/plain"), If_Modified_Since=since).status_code == status


def test_tag_counts_more_than_date(file: FileBody) -> None:
    """If-Modified-Since is not read beside If-None-Match (RFC 9110 13.1.3)."""
    response = finished(bare(file, b"text/plain"), If_None_Match='"other"', If_Modified_Since=LATER)
    assert response.status_code == 200


def test_date_of_the_handler_counts() -> None:
    """A page that knows its date is answered by it."""
    response = text()
    response.headers["Last-Modified"] = DATE
    assert finished(response, If_Modified_Since=DATE).status_code == 304


def test_unsent_stream_is_closed() -> None:
    """A stream that is not wanted any more gives back what it holds."""
    closed = []

    class Rows:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"row"])

        def close(self) -> None:
            closed.append(True)

    response = bare(Rows(), b"text/csv")
    response.headers["ETag"] = '"rows"'
    assert finished(response, If_None_Match='"rows"').status_code == 304
    assert closed == [True]


# --- preconditions ------------------------------------------------------------------------


def test_failed_precondition_is_told() -> None:
    """If-Match and If-Unmodified-Since stop a read of something that has changed."""
    response = finished(text(), If_Match='"other"')
    assert response.status_code == 412
    assert b"has changed" in sent(response)
    assert "ETag" not in response.headers
    dated = text()
    dated.headers["Last-Modified"] = DATE
    assert finished(dated, If_Unmodified_Since=EARLIER).status_code == 412
    dated = text()
    dated.headers["Last-Modified"] = DATE
    assert finished(dated, If_Unmodified_Since=DATE).status_code == 200


def test_precondition_that_holds_goes_on() -> None:
    """The right tag, or any, gives the page; a weak one never matches strongly."""
    etag = finished(text()).headers["ETag"]
    assert finished(text(), If_Match=f'"x", {etag}').status_code == 200
    assert finished(text(), If_Match="*").status_code == 200
    assert finished(text(), If_Match=f"W/{etag}").status_code == 412


def test_write_is_not_undone_by_a_condition() -> None:
    """After a POST has been carried out nobody is told that it was not."""
    response = finished(text(), "POST", If_Match='"other"', If_None_Match="*", Range="bytes=0-1")
    assert (response.status_code, response.body) == (200, BODY)


# --- ranges --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bytes", "file"])
@pytest.mark.parametrize(
    ("field", "expected", "shown"),
    [
        ("bytes=0-4", BODY[:5], "bytes 0-4/1000"),
        ("bytes=995-", BODY[995:], "bytes 995-999/1000"),
        ("bytes=-7", BODY[-7:], "bytes 993-999/1000"),
        ("bytes=990-5000", BODY[990:], "bytes 990-999/1000"),
        ("bytes=-5000", BODY, "bytes 0-999/1000"),
        ("Bytes = 0-0", BODY[:1], "bytes 0-0/1000"),
    ],
)
def test_one_part_is_sent_alone(kind: str, field: str, expected: bytes, shown: str, file: FileBody) -> None:
    """From memory and from disk alike."""
    response = finished(bare(file if kind == "file" else BODY, b"text/plain"), Range=field)
    assert response.status_code == 206
    assert sent(response) == expected
    assert response.headers["Content-Range"] == shown
    assert response.headers["Content-Type"] == "text/plain"
    assert "ETag" in response.headers


@pytest.mark.parametrize("kind", ["bytes", "file"])
def test_several_parts_are_sent_as_multipart(kind: str, file: FileBody) -> None:
    """Each part says what it is; the announced length is that of the body."""
    response = finished(bare(file if kind == "file" else BODY, b"text/plain"), Range="bytes=0-4, 100-101,-3")
    body = sent(response)
    assert response.status_code == 206
    kind_sent, _, boundary = response.headers["Content-Type"].partition("; boundary=")
    assert kind_sent == "multipart/byteranges"
    parts = body.split(b"--" + boundary.encode())[1:-1]
    assert [part.partition(b"\r\n\r\n")[2] for part in parts] == [b"01234\r\n", b"01\r\n", b"789\r\n"]
    assert b"Content-Range: bytes 100-101/1000" in parts[1]
    assert b"Content-Type: text/plain" in parts[1]
    assert body.endswith(b"--" + boundary.encode() + b"--\r\n")
    if kind == "file":
        assert int(response.headers["Content-Length"]) == len(body)
    assert "Content-Range" not in response.headers


def test_several_parts_of_a_file_without_a_reader_give_the_whole(file: FileBody) -> None:
    """Nothing is promised that cannot be read."""
    response = finished(bare(file, b"text/plain"), middleware=Conditional(), Range="bytes=0-4,100-101")
    assert (response.status_code, response.body) == (200, file)


@pytest.mark.parametrize(
    "field",
    [
        "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 4000, 2)),
        "bytes=" + ",".join(["0-"] * 300),
        "bytes=0-10,5-15",
        "bytes=" + "9" * 5000 + "-",
        "bytes=0-" + "9" * 5000,
        "bytes=\xb2-\xb3",
        "bytes=5-2",
        "bytes=--5",
        "bytes=a-b",
        "bytes=",
        "bytes",
        "lines=0-4",
        "bytes=1 0-20",
        "",
    ],
)
def test_field_that_is_not_worth_it_gets_the_whole(field: str) -> None:
    """Floods, overlaps and nonsense are answered as if nothing had been asked (cases 34 to 38)."""
    response = finished(text(), Range=field)
    assert (response.status_code, response.body) == (200, BODY)


@pytest.mark.parametrize("field", ["bytes=1000-", "bytes=5000-6000", "bytes=-0", "bytes=1000-2000,3000-"])
def test_part_that_is_not_there_is_told(field: str) -> None:
    """416 says how long the body is (RFC 9110 15.5.17)."""
    response = finished(text(), Range=field)
    assert response.status_code == 416
    assert response.headers["Content-Range"] == "bytes */1000"
    assert "ETag" not in response.headers
    assert len(sent(response)) < 100


def test_reply_to_ranges_is_bounded() -> None:
    """No field makes the answer much larger than the body."""
    for field in ("bytes=0-,0-,0-", "bytes=" + ",".join(f"{n}-{n}" for n in range(8)), "bytes=0-998,999-999"):
        assert len(sent(finished(text(), Range=field))) < len(BODY) + 8 * 200


@pytest.mark.parametrize(
    ("if_range", "status"),
    [
        ("{etag}", 206),
        (DATE, 206),
        ("W/{etag}", 200),
        ('"other"', 200),
        (LATER, 200),
        (EARLIER, 200),
        ("x", 200),
    ],
)
def test_part_of_something_else_is_not_sent(file: FileBody, if_range: str, status: int) -> None:
    """If-Range: the same version, or the whole."""
    etag = finished(bare(file, b"text/plain")).headers["ETag"]
    response = finished(bare(file, b"text/plain"), Range="bytes=0-4", If_Range=if_range.format(etag=etag))
    assert response.status_code == status


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_ranges_are_for_get(method: str) -> None:
    """Range means nothing with another method (RFC 9110 14.2)."""
    assert finished(text(), method, Range="bytes=0-4").status_code == 200


def test_streams_have_no_parts() -> None:
    """What has no length cannot be cut; a handler that says "none" is left alone too."""
    response = bare(iter([b"abc"]), b"text/plain")
    assert finished(response, Range="bytes=0-1").status_code == 200
    refusing = text()
    refusing.headers["Accept-Ranges"] = "none"
    assert finished(refusing, Range="bytes=0-1").status_code == 200


def test_part_is_not_compressed() -> None:
    """Bytes 0 to 599 of the text are those of the text."""
    response = finished(text(), Range="bytes=0-599")
    Compression(min_size_bytes=10).finish(make_request(headers={"Accept-Encoding": "gzip"}), response)
    assert response.body == BODY[:600]
    assert "Content-Encoding" not in response.headers


# --- files --------------------------------------------------------------------------------


def test_file_gets_tag_date_and_the_offer_of_ranges(file: FileBody) -> None:
    """Size and time make the tag; another size or time makes another."""
    headers = finished(bare(file, b"text/plain")).headers
    assert headers["Last-Modified"] == DATE
    assert headers["Accept-Ranges"] == "bytes"
    tags = {headers["ETag"]}
    for other in (
        FileBody(file.path, file.size + 1, file.modified_at),
        FileBody(file.path, file.size, file.modified_at + 0.001),
        FileBody(file.path, file.size, file.modified_at, 10, 20),
    ):
        tags.add(finished(bare(other, b"text/plain")).headers["ETag"])
    assert len(tags) == 4
    assert finished(bare(file, b"text/plain"), If_None_Match=headers["ETag"]).status_code == 304


def test_file_that_may_not_be_stored_has_nothing_to_compare(file: FileBody) -> None:
    """In debug a stylesheet is read anew each time."""
    response: Any = bare(file, b"text/css")
    response.headers["Cache-Control"] = "no-store"
    headers = finished(response).headers
    assert "ETag" not in headers
    assert "Last-Modified" not in headers


def test_slice_of_a_file_is_cut_within_itself(tmp_path: Path) -> None:
    """A range counts from the beginning of what the handler sends."""
    path = tmp_path / "data.bin"
    path.write_bytes(BODY)
    part = FileBody(path, len(BODY), DAY, 503, 20)
    response = finished(bare(part, b"text/plain"), Range="bytes=2-4")
    assert sent(response) == BODY[505:508]
    assert response.headers["Content-Range"] == "bytes 2-4/20"
