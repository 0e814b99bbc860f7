"""Whether an image is whole and of a bearable size, decoded by Pillow where that is installed.

The size is read from the head before anything is decoded, so a bomb of few bytes
and many pixels costs nothing. Frames are decoded until a budget of pixels is
used up. Without Pillow nothing is decoded and only the kind is known.
"""

from __future__ import annotations

import importlib.util
import struct
from functools import cache
from typing import Any, BinaryIO

from asok_engine.errors import UploadRefused

__all__ = ["MOST_FRAMES", "MOST_PIXELS", "can_decode", "check_image"]

#: The largest image that is decoded: fifty megapixels, and how many frames an animation may have.
MOST_PIXELS = 50_000_000
MOST_FRAMES = 500
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "ICO")


@cache
def can_decode() -> bool:
    """Tell whether Pillow is installed."""
    return importlib.util.find_spec("PIL") is not None


def check_image(file: BinaryIO, *, most_pixels: int = MOST_PIXELS, most_frames: int = MOST_FRAMES) -> None:
    """Decode an image from its start; the file is left where it stood.

    Raises UploadRefused for an image that is too large, has too many frames, is cut
    off or broken.
    """
    if not can_decode():
        return
    from PIL import Image, UnidentifiedImageError

    stands = file.tell()
    file.seek(0)
    try:
        with Image.open(file, formats=_FORMATS) as image:
            _bounded(image, most_pixels, most_frames)
            _decode(image, most_pixels)
            is_png = image.format == "PNG"
        if is_png:
            # Why again: decoding stops at the last pixel, this reads to the end with every checksum.
            file.seek(0)
            with Image.open(file, formats=("PNG",)) as image:
                image.verify()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UploadRefused(f"The image has more than the {most_pixels} pixels that are accepted.") from None
    except UploadRefused:
        raise
    except UnidentifiedImageError:
        raise UploadRefused("This is not an image that can be read.") from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError, OverflowError, TypeError):
        raise UploadRefused("The image is cut off or broken.") from None
    finally:
        file.seek(stands)


def _bounded(image: Any, most_pixels: int, most_frames: int) -> None:
    width, height = image.size
    if width * height > most_pixels:
        raise UploadRefused(f"The image has {width} x {height} pixels; at most {most_pixels} are accepted.")
    if image.format == "GIF":
        # Why not n_frames: it walks to the end of the file, however far that is.
        try:
            image.seek(0)
            for number in range(1, most_frames + 1):
                image.seek(number)
        except EOFError:
            image.seek(0)
            return
        frames = most_frames + 1
    else:
        frames = getattr(image, "n_frames", 1)
    if frames > most_frames:
        raise UploadRefused(f"The image has more than the {most_frames} frames that are accepted.")


def _decode(image: Any, budget: int) -> None:
    pixels = max(1, image.size[0] * image.size[1])
    for number in range(max(1, min(getattr(image, "n_frames", 1), budget // pixels))):
        image.seek(number)
        image.load()
