"""Rules about files, on something that fulfils the contract."""

from __future__ import annotations

import pytest

from asok_engine.errors import InputError, UsageError
from tests.engine.validation.judging import codes, message


class File:
    """A file whose content is judged as told."""

    def __init__(self, filename: str, size: int = 10, media_type: str = "image/png", fault: str = "") -> None:
        self.filename, self.size, self.media_type, self._fault = filename, size, media_type, fault

    @property
    def extension(self) -> str:
        return self.filename.rpartition(".")[2].lower()

    def check_content(self) -> None:
        if self._fault == "content":
            raise InputError("The content does not match.")

    def check_image(self) -> None:
        if self._fault == "image":
            raise InputError("The image is cut off.")


def test_extension_and_content_must_fit() -> None:
    """A name alone says nothing."""
    assert codes("ext:png,.JPG", File("a.PNG")) == []
    assert codes("ext:png", File("a.exe")) == ["ext"]
    assert message("ext:png", File("a.png", fault="content")) == "The content does not match."
    assert message("ext:png,jpg", File("a.exe")) == "Choose a file of the kind jpg, png."


def test_size_is_limited() -> None:
    """Each of several files."""
    assert codes("size:1K", File("a.png", 1024)) == []
    assert codes("size:1K", [File("a.png", 1), File("b.png", 1025)]) == ["size"]
    with pytest.raises(UsageError, match="size:big"):
        codes("size:big", File("a.png"))


def test_image_is_one_to_its_last_byte() -> None:
    """A type that begins with `image/`, content that fits, and an image that can be decoded."""
    assert codes("image", File("a.png")) == []
    assert codes("image", File("a.pdf", media_type="application/pdf")) == ["image"]
    assert message("image", File("a.png", fault="image")) == "The image is cut off."


def test_type_is_that_of_the_content() -> None:
    """`mimes` reads what was found, not what was claimed."""
    assert codes("mimes:image/png", File("a.txt")) == []
    assert codes("mimes:text/plain", File("a.txt")) == ["mimes"]


@pytest.mark.parametrize("rule", ["ext:png", "size:1K", "image", "mimes:image/png"])
def test_text_is_no_file(rule: str) -> None:
    """Text under the name of a file field is refused."""
    assert codes(rule, "a.png") == [rule.partition(":")[0]]


def test_number_of_files_is_measured_by_min_and_max() -> None:
    """Files count; their size has a rule of its own."""
    assert codes("max:1", [File("a.png"), File("b.png")]) == ["max"]
    assert codes("max:1", File("a.png", 1000)) == []
