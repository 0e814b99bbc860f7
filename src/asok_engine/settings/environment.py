"""The process environment and the project's `.env` file, read as one mapping.

The only module that reads os.environ. A variable of the process beats the same
one of the file. Reading the file changes nothing in the process; `${NAME}` in it is
replaced as python-dotenv does. The one moment when its values can be seen in
os.environ is `visible()`, which a settings module is imported in.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from asok_engine.settings.problem import Problem, SettingsError

__all__ = ["Environment", "Found"]


class Found(NamedTuple):
    """The text of a variable and where it was found, such as `environment DEBUG` or `.env DEBUG`."""

    text: str
    where: str


class Environment(Mapping[str, str]):
    """Variables by name: those of the process, then those of `file` (read once, when first needed).

    `process` replaces os.environ, for tests. A missing file is an empty one; one
    that cannot be read raises SettingsError.
    """

    def __init__(self, file: Path | None = None, process: Mapping[str, str] | None = None) -> None:
        self.file = file
        self._process: Mapping[str, str] = os.environ if process is None else process
        self._file_values: dict[str, str] | None = None

    @property
    def file_values(self) -> Mapping[str, str]:
        """What the file says, without what the process says."""
        if self._file_values is None:
            self._file_values = _read(self.file) if self.file is not None and self.file.is_file() else {}
        return self._file_values

    @property
    def process_values(self) -> Mapping[str, str]:
        """What the process says, without the file."""
        return self._process

    def __getitem__(self, name: str) -> str:
        value = self._process.get(name)
        return self.file_values[name] if value is None else value

    def __iter__(self) -> Iterator[str]:
        yield from self._process
        for name in self.file_values:
            if name not in self._process:
                yield name

    def __len__(self) -> int:
        return len(self._process.keys() | self.file_values.keys())

    def __repr__(self) -> str:
        return f"<Environment with {self.file or 'no .env file'}>"

    def find(self, names: Sequence[str]) -> Found | None:
        """Find the first of `names` that is set: all of them in the process, then all of them in the file."""
        for name in names:
            text = self._process.get(name)
            if text is not None:
                return Found(text, f"environment {name}")
        if self.file is not None:
            for name in names:
                text = self.file_values.get(name)
                if text is not None:
                    return Found(text, f".env {name}")
        return None

    @contextmanager
    def visible(self) -> Iterator[None]:
        """Let os.environ hold the values of the file during a block, where the process has none."""
        added = {name: text for name, text in self.file_values.items() if name not in os.environ}
        os.environ.update(added)
        try:
            yield
        finally:
            for name, text in added.items():
                if os.environ.get(name) == text:
                    del os.environ[name]

    def unreadable_lines(self) -> list[Problem]:
        """Report the lines of the file that are not `NAME=value`."""
        if self.file is None or not self.file.is_file():
            return []
        from dotenv.parser import parse_stream

        # What is no text at all is told where the values are read.
        with self.file.open(encoding="utf-8-sig", errors="replace") as stream:
            return [
                Problem(
                    ".env",
                    f"Line {binding.original.line} of {self.file.name} cannot be read; expected NAME=value.",
                    "Correct it; a value with spaces or # goes in quotes.",
                    "warning",
                )
                for binding in parse_stream(stream)
                if binding.error
            ]

    def is_world_readable(self) -> bool:
        """Tell whether every user of the machine can read the file."""
        if self.file is None or not self.file.is_file() or os.name != "posix":
            return False
        return bool(stat.S_IMODE(self.file.stat().st_mode) & stat.S_IROTH)


def _read(file: Path) -> dict[str, str]:
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    try:
        with file.open(encoding="utf-8-sig") as stream:
            # Without the lines that cannot be read, which the library would log and `unreadable_lines` tells.
            readable = [binding.original.string for binding in parse_stream(stream) if not binding.error]
        values = dotenv_values(stream=io.StringIO("".join(readable)))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            [
                Problem(
                    ".env",
                    f"{file} cannot be read: {error}.",
                    "Make it a UTF-8 file that this user may read.",
                )
            ]
        ) from error
    return {name: text for name, text in values.items() if text is not None}
