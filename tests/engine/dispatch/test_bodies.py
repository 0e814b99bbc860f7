"""Bodies are limited while they are read, on a loop and in a thread alike."""

from __future__ import annotations

import asyncio
import errno
import tempfile
from collections.abc import Iterable
from typing import Any

import pytest

from asok_engine.dispatch import bodies
from asok_engine.dispatch.bodies import BodyReader
from asok_engine.dispatch.threads import Threads
from asok_engine.errors import BodyTooLarge, InputError, MalformedBody, StorageFull, UnsupportedBody
from asok_engine.wire.multipart import FormLimits
from asok_engine.wire.request import Request
from tests.engine.dispatch.exchanges import make_request

LIMIT = 100
FORM = "multipart/form-data; boundary=cut"


def posted(pieces: Iterable[bytes], headers: dict[str, str] | None = None) -> Request:
    """Make a request with a body in pieces."""
    return make_request("/", "POST", headers or {}, body=pieces)


def read(request: Request, form: str, reader: BodyReader | None = None) -> Request:
    """Read the body as a server with a loop or without would."""
    reader = reader or BodyReader(LIMIT)
    if form == "plain":
        reader.read(request)
    else:
        asyncio.run(reader.read_async(request))
    return request


both = pytest.mark.parametrize("form", ["plain", "loop"])


@both
@pytest.mark.parametrize("pieces", [[b"x" * 100], [b"x"] * 100, [b"x" * 60, b"x" * 40], [b""], []])
@pytest.mark.parametrize("announced", [True, False])
def test_body_up_to_the_limit_is_read(form: str, pieces: list[bytes], announced: bool) -> None:
    """The last byte that is allowed is allowed, in one piece or many, with a length or chunked."""
    whole = b"".join(pieces)
    # An in-memory server ends at the first empty piece, as real ones do.
    headers = {"Content-Length": str(len(whole))} if announced else {"Transfer-Encoding": "chunked"}
    assert read(posted([piece for piece in pieces if piece], headers), form).body == whole


@both
@pytest.mark.parametrize("pieces", [[b"x" * 101], [b"x"] * 101, [b"x" * 60, b"x" * 41]])
def test_one_byte_more_is_refused_without_an_announced_length(form: str, pieces: list[bytes]) -> None:
    """A chunked body is counted while it comes."""
    with pytest.raises(BodyTooLarge, match="100 bytes"):
        read(posted(pieces, {"Transfer-Encoding": "chunked"}), form)


@both
def test_endless_body_is_refused_at_the_piece_that_crosses(form: str) -> None:
    """Nothing is read that will not be used."""
    taken = 0

    def endless() -> Iterable[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 10

    with pytest.raises(BodyTooLarge):
        read(posted(endless()), form)
    assert taken == 11


@both
def test_announced_length_over_the_limit_is_refused_unread(form: str) -> None:
    """Thirty megabytes cost nothing when the header fields say so."""

    def untouched() -> Iterable[bytes]:
        raise AssertionError("the body was read")
        yield b""

    with pytest.raises(BodyTooLarge):
        read(posted(untouched(), {"Content-Length": "101"}), form)


@both
@pytest.mark.parametrize(
    "length", ["-1", "+1", "1_0", "1.0", "0x10", "²", "1 2", "1,1", "", "9" * 20, "9" * 5000]
)
def test_length_that_is_no_number_is_refused(form: str, length: str) -> None:
    """Digits of other scripts, signs, blanks and 5000 digits are no Content-Length."""
    with pytest.raises(InputError) as caught:
        read(posted([b"x"], {"Content-Length": length}), form)
    assert caught.value.status == 400


@both
def test_short_body_is_never_taken_for_a_whole_one(form: str) -> None:
    """A handler that transfers money must not see the first half of the order."""
    with pytest.raises(MalformedBody, match="after 7 of the 10 bytes"):
        read(posted([b"1234567"], {"Content-Length": "10"}), form)


@both
@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "GZIP", "gzip, gzip", "unknown"])
def test_compressed_body_is_refused(form: str, coding: str) -> None:
    """A kilobyte that would become a gigabyte is not unpacked."""
    with pytest.raises(UnsupportedBody):
        read(posted([b"x"], {"Content-Encoding": coding}), form)


@both
def test_identity_is_no_compression(form: str) -> None:
    """A client may say that the body is as it is."""
    assert read(posted([b"plain"], {"Content-Encoding": " Identity "}), form).body == b"plain"


def part(name: str, content: bytes, filename: str = "") -> bytes:
    """Write one part of a form."""
    tail = f'; filename="{filename}"' if filename else ""
    return (
        f'--cut\r\nContent-Disposition: form-data; name="{name}"{tail}\r\n\r\n'.encode() + content + b"\r\n"
    )


@both
def test_form_is_parsed_as_it_arrives(form: str) -> None:
    """Fields and files are there wherever the pieces were cut."""
    whole = part("name", "Zoë".encode()) + part("photo", b"\x00\x01", "me.png") + b"--cut--\r\n"
    request = posted([whole[n : n + 7] for n in range(0, len(whole), 7)], {"Content-Type": FORM})
    read(request, form, BodyReader(1000))
    assert request.form["name"] == "Zoë"
    photo = request.files["photo"]
    assert (photo.filename, photo.size, photo.content) == ("me.png", 2, b"\x00\x01")


class Spools:
    """Counts the files that a reader opens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[Any] = []
        original = bodies._spool

        def spool() -> Any:
            self.opened.append(original())
            return self.opened[-1]

        monkeypatch.setattr(bodies, "_spool", spool)


@both
@pytest.mark.parametrize("fault", ["cut", "too large", "header", "broken connection"])
def test_files_of_a_refused_form_are_closed(form: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong on the way, no temporary file is left open."""
    spools = Spools(monkeypatch)
    first = part("a", b"x" * 300, "a.bin")

    def pieces() -> Iterable[bytes]:
        yield first
        if fault == "too large":
            yield part("b", b"x" * 5000, "b.bin")
        elif fault == "header":
            yield b"--cut\r\nno colon in this line\r\n\r\n"
        elif fault == "broken connection":
            raise ConnectionResetError("the client is gone")

    with pytest.raises((InputError, ConnectionResetError)):
        read(posted(pieces(), {"Content-Type": FORM}), form, BodyReader(2000))
    assert spools.opened
    assert all(file.closed for file in spools.opened)


def test_large_upload_is_given_back_with_its_last_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file on disk is closed when nobody holds it any more, and not before."""
    monkeypatch.setattr(bodies, "SPOOL_BYTES", 10)
    whole = part("a", b"x" * 50, "a.bin") + b"--cut--\r\n"
    request = read(posted([whole], {"Content-Type": FORM}), "plain", BodyReader(1000))
    kept = request.files["a"].file
    assert isinstance(kept, tempfile.SpooledTemporaryFile)
    on_disk = kept._file
    del request
    assert kept.read() == b"x" * 50
    del kept
    assert on_disk.closed


@both
@pytest.mark.parametrize(
    ("count", "as_file", "limits"),
    [
        (4, False, FormLimits(max_fields=3)),
        (4, True, FormLimits(max_files=3)),
        (2, False, FormLimits(max_text_bytes=15)),
    ],
)
def test_form_limits_hold(form: str, count: int, as_file: bool, limits: FormLimits) -> None:
    """Many small parts are as much as one large one."""
    whole = b"".join(part(f"n{n}", b"x" * 10, "f" if as_file else "") for n in range(count)) + b"--cut--\r\n"
    with pytest.raises(BodyTooLarge):
        read(posted([whole], {"Content-Type": FORM}), form, BodyReader(10_000, limits))


@both
@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=", FORM[:-3] + "x" * 99]
)
def test_form_without_a_usable_boundary_is_refused(form: str, content_type: str) -> None:
    """What cannot be cut is not a form."""
    with pytest.raises(MalformedBody):
        read(posted([b"--cut--"], {"Content-Type": content_type}), form)


# --- handlers that stream -----------------------------------------------------------------


def streamed(request: Request, form: str) -> bytes:
    """Read a streamed body to its end as a handler of either kind would."""
    reader = BodyReader(LIMIT)
    if form == "plain":
        reader.stream(request)
        return b"".join(request.chunks())

    async def to_end() -> bytes:
        if form == "loop":
            reader.stream_async(request)
        elif form == "unbridged":
            reader.stream_unbridged(request)
        else:
            reader.stream_bridged(request)
            threads = Threads(1)
            try:
                return await threads.run(b"".join, request.chunks())
            finally:
                threads.close()
        return b"".join([piece async for piece in request.chunks()])

    return asyncio.run(to_end())


every = pytest.mark.parametrize("form", ["plain", "loop", "unbridged", "bridged"])


@every
def test_streamed_body_comes_in_pieces(form: str) -> None:
    """A handler that asks for pieces gets all of them, on every kind of server."""
    assert streamed(posted([b"one", b"two", b"three"]), form) == b"onetwothree"


@every
def test_streamed_body_is_limited(form: str) -> None:
    """Streaming is no way around the limit."""
    with pytest.raises(BodyTooLarge):
        streamed(posted([b"x" * 60, b"x" * 60]), form)


@every
def test_streamed_body_that_ends_early_is_refused(form: str) -> None:
    """The handler learns that the upload is not whole."""
    with pytest.raises(MalformedBody):
        streamed(posted([b"x" * 5], {"Content-Length": "9"}), form)


@every
def test_streamed_body_is_checked_before_the_handler_runs(form: str) -> None:
    """A length over the limit is refused at once."""
    with pytest.raises(BodyTooLarge):
        streamed(posted([], {"Content-Length": "101"}), form)


@both
def test_disk_that_is_full_while_a_form_arrives_is_said_so(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """507, what was opened is closed, and the next form is read (reliability 109)."""
    opened: list[Any] = []

    def full() -> Any:
        opened.append(open("/dev/full", "wb", buffering=0))
        return opened[-1]

    head = b'--cut\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n'
    body = [head + b"content\r\n--cut--\r\n"]
    reader = BodyReader(1000)
    monkeypatch.setattr(bodies, "_spool", full)
    with pytest.raises(StorageFull) as caught:
        read(posted(body, {"Content-Type": FORM}), form, reader)
    assert caught.value.status == 507
    assert opened[0].closed
    monkeypatch.undo()
    assert read(posted(body, {"Content-Type": FORM}), form, reader).file("f") is not None


@both
def test_other_fault_of_the_disk_stays_what_it_is(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a full disk is called one."""

    def broken() -> Any:
        raise OSError(errno.EIO, "broken")

    head = b'--cut\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n'
    monkeypatch.setattr(bodies, "_spool", broken)
    with pytest.raises(OSError, match="broken"):
        read(posted([head + b"content\r\n--cut--\r\n"], {"Content-Type": FORM}), form, BodyReader(1000))
