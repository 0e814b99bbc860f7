"""Multipart forms: parsed in any pieces, bounded on every side."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import BodyTooLarge, InputError, MalformedBody
from asok_engine.wire.multipart import FormLimits, FormReader, clean_filename
from asok_engine.wire.uploads import UploadedFile
from asok_engine.wire.values import Values
from tests.engine.wire.growth import grows_linearly

KIND = "multipart/form-data; boundary=XX"
END = b"--XX--\r\n"
PIECE = 64 * 1024


def field(name: str, value: bytes) -> bytes:
    """Write one text field."""
    return b'--XX\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)


def upload(name: str, filename: str, content: bytes, kind: str = "text/plain") -> bytes:
    """Write one file."""
    return (
        (
            f'--XX\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        ).encode()
        + content
        + b"\r\n"
    )


def pieces(body: bytes, size: int = PIECE) -> Iterator[bytes]:
    """Cut a body into pieces."""
    return (body[start : start + size] for start in range(0, len(body), size))


def read(
    body: bytes, kind: str = KIND, *, size: int = PIECE, **limits: int
) -> tuple[Values, dict[str, list[UploadedFile]]]:
    """Read a whole body."""
    reader = FormReader(kind, limits=FormLimits(**limits), open_file=io.BytesIO)
    for piece in pieces(body, size):
        reader.feed(piece)
    return reader.finish()


class Spool:
    """Opens files and remembers them."""

    def __init__(self) -> None:
        self.opened: list[BinaryIO] = []

    def __call__(self) -> BinaryIO:
        self.opened.append(io.BytesIO())
        return self.opened[-1]


def test_fields_and_files_are_read() -> None:
    """Repeated and blank fields are kept, files have name, type, size and content."""
    body = (
        field("tag", b"a")
        + field("tag", "Zoë".encode())
        + field("blank", b"")
        + upload("doc", "a.txt", b"hello\r\n--X")
        + upload("doc", "b.bin", b"\x00\xff", "application/x-thing")
        + END
    )
    fields, files = read(body)
    assert fields.getlist("tag") == ["a", "Zoë"]
    assert fields["blank"] == ""
    first, second = files["doc"]
    assert (first.filename, first.content_type, first.size) == ("a.txt", "text/plain", 10)
    assert first.read() == b"hello\r\n--X"
    assert (second.content_type, second.content) == ("application/x-thing", b"\x00\xff")


def test_form_without_parts_is_empty() -> None:
    """The closing boundary alone is a form."""
    assert read(END) == (Values(), {})


def test_quoted_boundary_is_read() -> None:
    """A boundary may stand in quotes and hold what RFC 2046 allows."""
    body = b'--a b:?\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--a b:?--\r\n'
    assert read(body, 'Multipart/Form-Data; charset=utf-8; boundary="a b:?"')[0] == {"x": "1"}


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=" + "x" * 71,
        "multipart/form-data; boundary=é",
        'multipart/form-data; boundary="a\nb"',
        'multipart/form-data; boundary="a b "',
        "multipart/mixed; boundary=XX",
        "text/plain; boundary=XX",
        "multipart/form-data;" * 10_000,
    ],
)
def test_bad_boundary_is_400(kind: str) -> None:
    """Case 14: without a usable boundary there is no form."""
    with pytest.raises(MalformedBody, match="boundary"):
        FormReader(kind, limits=FormLimits(), open_file=io.BytesIO)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"rubbish",
        b"--XX",
        field("a", b"1"),
        field("a", b"1") + b"--XX",
        field("a", b"1") + b"--XX-",
        upload("f", "a", b"1")[:-2],
        b'--XX\r\nContent-Disposition: form-data; name="a"\r\n',
    ],
)
def test_form_without_its_end_is_400(body: bytes) -> None:
    """Case 13: what was cut off is not taken for complete."""
    with pytest.raises(MalformedBody):
        read(body)


@pytest.mark.parametrize(
    "part",
    [
        b"no colon\r\n\r\nx",
        b'Content-Disposition: attachment; name="a"\r\n\r\nx',
        b"Content-Type: text/plain\r\n\r\nx",
        b'Content-Disposition: form-data; name="\xff\xfe"\r\n\r\nx',
        b'Content-Disposition: form-data; name="a"\nX: y\r\n\r\nx',
        b' folded: first\r\nContent-Disposition: form-data; name="a"\r\n\r\nx',
        b'Content-Disposition: form-data; name="a"\r\nContent-Length: -1\r\n\r\nx',
        b'Content-Disposition: form-data; name="a"\r\nContent-Length: 99\r\n\r\nx',
    ],
)
def test_bad_part_is_400_and_quotes_nothing(part: bytes) -> None:
    """Case 18 and its like: a sentence, without pieces of the body in it."""
    with pytest.raises(MalformedBody) as caught:
        read(b"--XX\r\n" + part + b"\r\n" + END)
    assert "xff" not in caught.value.message
    assert "Error(" not in caught.value.message


def test_broken_form_stays_broken() -> None:
    """After an error nothing that was read before it is given out."""
    reader = FormReader(KIND, limits=FormLimits(), open_file=io.BytesIO)
    with pytest.raises(MalformedBody):
        reader.feed(field("a", b"1") + b"--XX\r\nno colon\r\n\r\nx\r\n")
    reader.feed(field("b", b"2") + END)
    with pytest.raises(MalformedBody):
        reader.finish()


def test_thousand_fields_pass_and_one_more_does_not() -> None:
    """Case 1: 20 000 fields are refused at the 1001st."""
    thousand = b"".join(field(f"f{number}", b"1") for number in range(1000))
    assert len(read(thousand + END)[0]) == 1000
    with pytest.raises(BodyTooLarge, match="1000 fields"):
        read(thousand + field("more", b"1") * 19_000 + END)


def test_hundred_files_pass_and_one_more_does_not() -> None:
    """Case 2: 2 000 files are refused at the 101st, and no more were opened."""
    assert len(read(upload("f", "a", b"1") * 100 + END)[1]["f"]) == 100
    spool = Spool()
    reader = FormReader(KIND, limits=FormLimits(), open_file=spool)
    with pytest.raises(BodyTooLarge, match="100 files"):
        reader.feed(upload("f", "a", b"1") * 2000)
    assert len(spool.opened) == 100
    reader.close()
    assert all(file.closed for file in spool.opened)


@pytest.mark.parametrize(
    "head",
    [
        b"X-Long: " + b"x" * 1_000_000,
        b"X-Long: " + b"x" * 8192,
        b"X-Many: 1\r\n" * 10_000,
        b"x" * 1_000_000,
        b'Content-Disposition: form-data; name="a"; filename="' + b"x" * 100_000 + b'"',
    ],
)
def test_large_head_of_a_part_is_400(head: bytes) -> None:
    """Cases 3, 4 and 17: 8 KB a line and 32 lines are enough."""
    with pytest.raises(MalformedBody, match="head"):
        read(b"--XX\r\n" + head + b"\r\n" + field("a", b"1") + END, size=4096)


def test_text_is_limited_while_it_comes() -> None:
    """Case 7: a text field of 50 MB is refused when it crosses the limit, not when it ends."""
    reader = FormReader(KIND, limits=FormLimits(max_text_bytes=100_000), open_file=io.BytesIO)
    reader.feed(field("a", b"x")[:-2])
    with pytest.raises(BodyTooLarge, match="100000 bytes"):
        for number in range(100):
            reader.feed(b"x" * 10_000)
    assert number == 9


def test_text_limit_is_for_all_fields_and_their_names() -> None:
    """Many fields cannot hold together what one may not, and names count as text."""
    with pytest.raises(BodyTooLarge):
        read(field("a", b"x" * 600) + field("b", b"x" * 600) + END, max_text_bytes=1000)
    with pytest.raises(BodyTooLarge):
        read(field("n" * 1100, b"") + END, max_text_bytes=1000)
    assert read(field("a", b"x" * 499) + field("b", b"x" * 499) + END, max_text_bytes=1000)


def test_files_do_not_count_as_text() -> None:
    """What goes to a file is limited with the whole body, not here."""
    assert read(upload("f", "a", b"x" * 5000) + END, max_text_bytes=1000)[1]["f"][0].size == 5000


@pytest.mark.parametrize("coding", ["base64", "quoted-printable", "gzip", " Base64 "])
def test_encoded_part_is_refused(coding: str) -> None:
    """Case 12: forms are sent without Content-Transfer-Encoding (RFC 7578 4.7)."""
    head = f'--XX\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: {coding}\r\n\r\n'
    with pytest.raises(MalformedBody, match="Content-Transfer-Encoding"):
        read(head.encode() + b"IA==\r\n" + END)


@pytest.mark.parametrize("coding", ["7bit", "8bit", "binary", "Binary"])
def test_coding_that_changes_nothing_is_accepted(coding: str) -> None:
    """Older clients name the identity."""
    head = f'--XX\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: {coding}\r\n\r\n'
    assert read(head.encode() + b"IA==\r\n" + END)[0] == {"a": "IA=="}


def test_file_field_left_empty_is_no_file() -> None:
    """A browser sends an empty name and nothing; nothing is opened for it."""
    spool = Spool()
    reader = FormReader(KIND, limits=FormLimits(), open_file=spool)
    reader.feed(upload("photo", "", b"", "application/octet-stream") + field("a", b"1") + END)
    assert reader.finish() == ({"a": "1"}, {})
    assert spool.opened == []


def test_empty_file_with_a_name_is_a_file() -> None:
    """An empty file that was chosen was sent."""
    (file,) = read(upload("f", "empty.txt", b"") + END)[1]["f"]
    assert (file.filename, file.size, file.content) == ("empty.txt", 0, b"")


def test_content_without_a_name_is_a_file() -> None:
    """Content is not lost because its name is empty."""
    (file,) = read(upload("f", "", b"abc") + END)[1]["f"]
    assert (file.filename, file.content) == ("file", b"abc")


@pytest.mark.parametrize(
    ("claimed", "kind"),
    [
        ("image/PNG; x=1", "image/png"),
        ("", "application/octet-stream"),
        ("text/html\x00", "application/octet-stream"),
        ("<script>", "application/octet-stream"),
        ("a/" + "b" * 300, "application/octet-stream"),
    ],
)
def test_claimed_type_is_a_type_or_none(claimed: str, kind: str) -> None:
    """What is no media type is a download."""
    assert read(upload("f", "a", b"1", claimed) + END)[1]["f"][0].content_type == kind


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/abs/path.txt", "path.txt"),
        ("C:\\temp\\a b.txt", "a b.txt"),
        ("a/../", "file"),
        ("..", "file"),
        (". .", "file"),
        ("", "file"),
        (".htaccess", "htaccess"),
        ("a\x00.php\x00.png", "a.php.png"),
        ("a\r\nX: y.txt", "aX: y.txt"),
        ("gpj\u202eexe.txt", "gpjexe.txt"),
        ("Zoë 日.txt", "Zoë 日.txt"),
        ("x" * 100_000 + ".png", "x" * 251 + ".png"),
        ("." * 100_000, "file"),
        ("a" * 254 + "." + "b" * 254 + "/", "file"),
    ],
)
def test_file_name_is_cleaned(name: str, clean: str) -> None:
    """Cases 15 to 17: no folders, controls or direction marks, at most 255 characters, never empty."""
    assert clean_filename(name) == clean


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("ab./\\ \x00\n\u202e日"), max_size=600))
def test_clean_name_is_never_a_path(name: str) -> None:
    """Whatever is sent, the name is one that a folder could hold."""
    clean = clean_filename(name)
    assert 1 <= len(clean) <= 255
    assert not set(clean) & set("/\\\x00\n\u202e")
    assert clean[0] not in ". "


def test_cleaning_grows_linearly() -> None:
    """Case 17: a long name costs what it weighs."""
    assert grows_linearly(clean_filename, lambda size: "a" * size, 500)
    assert grows_linearly(clean_filename, lambda size: " ." * size, 4_000)


HOSTILE = {
    "preamble of line breaks": lambda size: b"\r\n" * size + field("a", b"1") + END,
    "epilogue": lambda size: field("a", b"1") + END + b"\r\n" * size,
    "carriage returns": lambda size: upload("f", "a", b"\r" * size) + END,
    "return, then much": lambda size: upload("f", "a", b"\r" + b"x" * size) + END,
    "beginnings of boundaries": lambda size: upload("f", "a", b"\r\n--X" * size) + END,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_body_grows_linearly(make: object) -> None:
    """Cases 5, 6, 8 and 9."""
    assert callable(make)
    assert read(make(100), size=1000)
    assert grows_linearly(lambda body: read(body, size=1000), make, 20_000)


@pytest.mark.parametrize("unit", [b'; a="\\"', b'="', b"; ", b"a=b;", b'\\"', b"; filename*=x'"])
@pytest.mark.parametrize("head", [b'Content-Disposition: form-data; name="a"', b"Content-Type: text/plain"])
def test_hostile_head_grows_linearly(head: bytes, unit: bytes) -> None:
    """Cases 10 and 11: parameters without an end cost what they weigh."""

    def parse(tail: bytes) -> None:
        body = b"--XX\r\n" + head + tail + b"\r\n"
        if head.startswith(b"Content-Type"):
            body += b'Content-Disposition: form-data; name="a"\r\n'
        try:
            read(body + b"\r\n1\r\n" + END, max_header_bytes=10**6)
        except InputError:
            pass

    assert grows_linearly(parse, lambda size: unit * size, 300)


def test_close_frees_what_is_open() -> None:
    """After an error in the middle of a file nothing stays open."""
    spool = Spool()
    reader = FormReader(KIND, limits=FormLimits(), open_file=spool)
    reader.feed(upload("f", "a", b"1") + upload("f", "b", b"2")[:-2] + b"more")
    assert len(spool.opened) == 2
    reader.close()
    reader.close()
    assert all(file.closed for file in spool.opened)


WORDS = st.text(st.sampled_from("abc_é"), min_size=1, max_size=6)
CONTENT = st.binary(max_size=60).map(lambda content: content.replace(b"XX", b"xx")) | st.text(
    st.sampled_from("\r\n-X x"), max_size=30
).map(lambda text: text.replace("XX", "x").encode())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(WORDS, CONTENT), max_size=4),
    st.lists(st.tuples(WORDS, CONTENT), max_size=3),
    st.data(),
)
def test_any_cut_gives_the_same_form(
    fields: list[tuple[str, bytes]], uploads: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    """What was written is read, however the network cuts it."""
    body = b"".join(field(name, content) for name, content in fields)
    body += b"".join(upload(name, name, content) for name, content in uploads) + END
    size = data.draw(st.integers(1, len(body)))
    got, files = read(body, size=size)
    assert list(got.items_multi()) == list(
        Values([(name, content.decode("utf-8", "replace")) for name, content in fields]).items_multi()
    )
    for name in {name for name, _ in uploads}:
        assert [file.content for file in files[name]] == [
            sent for given_name, sent in uploads if given_name == name
        ]


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"--XX",
                b"--",
                b"\r\n",
                b"\n",
                b"Content-Disposition:",
                b" form-data;",
                b' name="a"',
                b'"',
                b"x",
                b"\xff",
            ]
            + [b"Content-Length: 1", b" filename=", b"Content-Type: a; charset=z", b"XX--"]
        )
        | st.binary(max_size=4),
        max_size=20,
    )
)
def test_nothing_but_an_input_error_is_raised(parts: list[bytes]) -> None:
    """Whatever is sent is a form, 400 or 413."""
    try:
        read(b"".join([b"--XX\r\n", *parts, b"\r\n", END]), size=7)
    except InputError as error:
        assert error.status in (400, 413)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=40) | st.text(max_size=80).map(lambda tail: "multipart/form-data; boundary=" + tail))
def test_no_content_type_makes_it_raise_otherwise(kind: str) -> None:
    """Whatever is sent as a content type is a boundary or a 400."""
    try:
        FormReader(kind, limits=FormLimits(), open_file=io.BytesIO)
    except MalformedBody as error:
        assert error.status == 400
