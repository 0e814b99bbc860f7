"""A path is decoded once, refused when it is no text, and split from its mount at a slash."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import InputError
from asok_engine.servers.paths import below, decoded, decoded_path, encoded


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"/a/b", "/a/b"),
        (b"/caf%C3%A9", "/café"),
        (b"/caf\xc3\xa9", "/café"),
        (b"/a%2Fb", "/a/b"),
        (b"/%252e", "/%2e"),
        (b"/50%", "/50%"),
        (b"/%zz", "/%zz"),
        (b"/a+b", "/a+b"),
        (b"/a%20b", "/a b"),
    ],
)
def test_path_is_decoded_once(raw: bytes, path: str) -> None:
    """Percent signs are resolved once, plus signs are themselves."""
    assert decoded_path(raw) == path


@pytest.mark.parametrize(
    "raw", [b"/%ff", b"/%c0%ae", b"/%ed%a0%80", b"/%f5%80%80%80", b"/\xff", b"/%EF%BF%BD", "/\ufffd".encode()]
)
def test_path_that_is_no_text_is_refused(raw: bytes) -> None:
    """Overlong forms, surrogates and lone bytes are 400; so is what a server put in their place."""
    with pytest.raises(InputError, match="not UTF-8") as caught:
        decoded_path(raw)
    assert caught.value.status == 400


@pytest.mark.parametrize("code", [*range(32), 127])
def test_control_characters_are_refused(code: int) -> None:
    """Nothing that ends a line or a string reaches a route, a log or a header."""
    with pytest.raises(InputError, match="control character"):
        decoded_path(b"/a%" + f"{code:02x}".encode() + b"b")
    with pytest.raises(InputError, match="control character"):
        decoded(b"/a" + bytes([code]) + b"b")


@pytest.mark.parametrize(
    ("path", "root", "rest"),
    [
        ("/app/x", "/app", "/x"),
        ("/app", "/app", "/"),
        ("/app/", "/app", "/"),
        ("/apple", "/app", "/apple"),
        ("/x", "/app", "/x"),
        ("/x", "", "/x"),
        ("/app/app/x", "/app", "/app/x"),
    ],
)
def test_mount_is_taken_off_at_a_slash(path: str, root: str, rest: str) -> None:
    """For text and for bytes."""
    assert below(path, root) == rest
    assert below(path.encode(), root.encode()) == rest.encode()


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_encoded_path_comes_back(text: str) -> None:
    """What is encoded anew is decoded to the same, or is refused in both forms."""
    path = "/" + text
    if any(ord(char) < 32 or char in "\x7f\ufffd" or "\ud800" <= char <= "\udfff" for char in text):
        return
    assert decoded_path(encoded(path)) == path
    assert decoded_path(quote(path).encode()) == path


@settings(max_examples=80, deadline=None)
@given(st.binary())
def test_any_bytes_are_text_or_refused(raw: bytes) -> None:
    """No path makes anything but text or InputError."""
    try:
        path = decoded_path(b"/" + raw)
    except InputError:
        return
    assert path.encode().decode() == path
    assert all(ord(char) >= 32 and char != "\x7f" for char in path)
