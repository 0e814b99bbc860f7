"""Rules about uploaded files. What a file is, its content says; its name and claimed type must agree.

A file is known here by a small contract only. Looking at the content, and at an
image in full, is the work of the file itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from asok_engine.errors import InputError, UsageError
from asok_engine.validation.rulebook import Compute, Rule, Subject
from asok_engine.validation.values import parse_bytes

__all__ = ["FILES", "InspectedFile"]


@runtime_checkable
class InspectedFile(Protocol):
    """An uploaded file that knows what it is."""

    filename: str
    size: int

    @property
    def extension(self) -> str:
        """The end of its name, in lower case and without the dot."""

    @property
    def media_type(self) -> str:
        """What its content is, `image/png`; "" when the content tells nothing."""

    def check_content(self) -> None:
        """Raise InputError when the content is not what the name says."""

    def check_image(self) -> None:
        """Raise InputError when it is no whole image of a bearable size."""


def _files(subject: Subject) -> list[InspectedFile] | None:
    values: list[Any] = (
        list(subject.value)
        if isinstance(subject.value, Sequence) and not isinstance(subject.value, str)
        else [subject.value]
    )
    return values if all(isinstance(value, InspectedFile) for value in values) else None


def _ext(subject: Subject) -> bool:
    allowed = {str(part).strip().lower().lstrip(".") for part in subject.arguments}
    subject.parameters["arg"] = ", ".join(sorted(allowed))
    files = _files(subject)
    if files is None or any(file.extension not in allowed for file in files):
        return False
    return _holds(subject, [file.check_content for file in files], "content")


def _size(subject: Subject) -> bool:
    limit = parse_bytes(subject.one("size"))
    if limit is None:
        raise UsageError(
            f"The rule size:{subject.argument} of {subject.name!r} is no size.",
            fix="Write size:2M or size:500K.",
        )
    files = _files(subject)
    return files is not None and all(file.size <= limit for file in files)


def _image(subject: Subject) -> bool | Compute:
    files = _files(subject)
    if files is None or not all(file.media_type.startswith("image/") for file in files):
        return False
    checks = [check for file in files for check in (file.check_content, file.check_image)]
    return Compute(lambda: _holds(subject, checks, "image_content"))


def _mimes(subject: Subject) -> bool:
    allowed = {str(part).strip().lower() for part in subject.arguments}
    files = _files(subject)
    return files is not None and all(file.media_type in allowed for file in files)


def _holds(subject: Subject, checks: list[Any], key: str) -> bool:
    for check in checks:
        try:
            check()
        except InputError as error:
            subject.message_key = key
            subject.parameters["reason"] = error.message
            return False
    return True


FILES = {
    "ext": Rule(_ext, {"ext": "Choose a file of the kind {arg}.", "content": "{reason}"}),
    "size": Rule(_size, {"size": "Choose a file of at most {arg}."}),
    "image": Rule(_image, {"image": "Choose an image.", "image_content": "{reason}"}),
    "mimes": Rule(_mimes, {"mimes": "Choose a file of the kind {arg}."}),
}
