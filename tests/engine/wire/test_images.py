"""Images are whole and of a bearable size, or refused before they cost anything."""

from __future__ import annotations

import io
import time

import pytest

from asok_engine.errors import UploadRefused
from asok_engine.wire import images
from asok_engine.wire.images import check_image
from tests.engine.wire import pictures

pytest.importorskip("PIL", reason="Pillow is not installed: pip install asok[images]")


@pytest.mark.parametrize("content", [pictures.png(), pictures.jpeg(), pictures.gif(3), pictures.webp(3)])
def test_whole_image_is_accepted_and_left_where_it_stood(content: bytes) -> None:
    """Checking does not move the file."""
    file = io.BytesIO(content)
    file.seek(3)
    check_image(file)
    assert file.tell() == 3


def test_bomb_of_pixels_is_refused_before_it_is_decoded() -> None:
    """A few KB that want 300 MB cost a millisecond (reliability 106)."""
    content = pictures.bomb_png()
    assert len(content) < 5000
    started = time.thread_time()
    with pytest.raises(UploadRefused, match="pixels"):
        check_image(io.BytesIO(content))
    assert time.thread_time() - started < 0.5


def test_image_just_over_the_limit_names_its_size() -> None:
    """The message tells what was sent and what is accepted."""
    with pytest.raises(UploadRefused, match="8 x 8 pixels; at most 63"):
        check_image(io.BytesIO(pictures.png()), most_pixels=63)
    check_image(io.BytesIO(pictures.png()), most_pixels=64)


@pytest.mark.parametrize("make", [pictures.gif, pictures.webp])
def test_animation_has_a_limit_of_frames(make: object) -> None:
    """Ten thousand frames are a bomb as well (reliability 106)."""
    check_image(io.BytesIO(make(20)), most_frames=20)  # type: ignore[operator]
    with pytest.raises(UploadRefused, match="more than the 19 frames"):
        check_image(io.BytesIO(make(20)), most_frames=19)  # type: ignore[operator]


@pytest.mark.parametrize(
    "content",
    [
        *(pictures.png(200, 200), pictures.jpeg(), pictures.gif(), pictures.webp()),
        *(pictures.noise(format) for format in ("PNG", "JPEG", "GIF", "WEBP", "BMP")),
    ],
)
def test_image_that_is_cut_off_is_refused(content: bytes) -> None:
    """Half of an image is no image, at any place of the cut (reliability 106)."""
    for share in (0.3, 0.6, 0.9):
        with pytest.raises(UploadRefused):
            check_image(io.BytesIO(content[: int(len(content) * share)]))


def test_what_is_no_image_is_refused() -> None:
    """Only the formats of the web are opened, so no other decoder is reached."""
    for content in (b"", b"text", b"\x89PNG\r\n\x1a\n", b"8BPS" + b"\x00" * 50):
        with pytest.raises(UploadRefused):
            check_image(io.BytesIO(content))


def test_nothing_is_decoded_without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not needed to receive files; the kind is known all the same."""
    assert images.can_decode()
    monkeypatch.setattr(images, "can_decode", lambda: False)
    check_image(io.BytesIO(b"not looked at"))
