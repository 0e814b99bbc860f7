"""Small pictures and hostile ones, made when a test needs them."""

from __future__ import annotations

import io
import struct
import zlib

__all__ = ["bomb_png", "gif", "jpeg", "noise", "png", "webp"]


def _made(format: str, size: tuple[int, int], frames: int = 1) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    images = [Image.new("RGB", size, (n * 7 % 256, n // 256 * 50, n % 256)) for n in range(frames)]
    more = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    images[0].save(buffer, format, **more)
    return buffer.getvalue()


def png(width: int = 8, height: int = 8) -> bytes:
    """A plain PNG."""
    return _made("PNG", (width, height))


def jpeg(width: int = 64, height: int = 64) -> bytes:
    """A plain JPEG."""
    return _made("JPEG", (width, height))


def gif(frames: int = 1) -> bytes:
    """A GIF of some frames."""
    return _made("GIF", (4, 4), frames)


def noise(format: str) -> bytes:
    """A picture whose bytes are nearly all pixels, so that most cuts are in the middle of them."""
    from PIL import Image

    buffer = io.BytesIO()
    pixels = bytes(n * n * 31 % 251 for n in range(64 * 64 * 3))
    Image.frombytes("RGB", (64, 64), pixels).save(buffer, format)
    return buffer.getvalue()


def webp(frames: int = 1) -> bytes:
    """A WebP of some frames."""
    return _made("WEBP", (4, 4), frames)


def bomb_png(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of few bytes that says it has very many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 1000))
        + chunk(b"IEND", b"")
    )
