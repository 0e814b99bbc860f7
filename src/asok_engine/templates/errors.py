"""What can go wrong with a template, with the place where it did.

TemplateError
├── TemplateNotFound        no file of that name in the places that were searched
├── TemplateSyntaxError     the source cannot be read: a tag, a filter, a bracket
├── UndefinedVariable       a name that the context does not have was used
├── PrivateAttribute        a name with a leading underscore was asked of an object
└── UnknownBlock            a block was asked for that the template does not have

Every error carries the template's name, its file, the line in the user's own
source and the lines around it. An exception of the user's code that was called
from a template is the `__cause__` and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar

from asok_engine.errors import FrameworkError

__all__ = [
    "PrivateAttribute",
    "TemplateError",
    "TemplateNotFound",
    "TemplateSyntaxError",
    "UndefinedVariable",
    "UnknownBlock",
    "suggestion",
]

#: How many lines of source are shown on each side of the line at fault.
AROUND = 4


class TemplateError(FrameworkError):
    """A template cannot be rendered.

    `template` is the name that was asked for, `path` its file when it has one,
    `line` counts from 1 and is None when no line can be named, `source` is the
    whole text of the template.
    """

    code: ClassVar[str] = "template"

    def __init__(
        self,
        message: str = "",
        *,
        template: str = "",
        path: Path | None = None,
        line: int | None = None,
        source: str = "",
        fix: str = "",
    ) -> None:
        self.template = template
        self.path = path
        self.line = line
        self.source = source
        place = _place(template, path)
        where = f"{place}, line {line}: " if place and line else f"{place}: " if place else ""
        super().__init__(f"{where}{message}" if message else "", fix=fix)

    @property
    def template_name(self) -> str:
        """The name of the template, as `template`."""
        return self.template

    @property
    def line_no(self) -> int | None:
        """The line, as `line`."""
        return self.line

    @property
    def source_lines(self) -> list[tuple[int, str, bool]]:
        """The lines around the fault: number, text, and whether it is the line at fault."""
        if self.line is None or not self.source:
            return []
        lines = [line.rstrip("\r") for line in self.source.split("\n")]
        first = max(1, self.line - AROUND)
        last = min(len(lines), self.line + AROUND)
        return [(number, lines[number - 1], number == self.line) for number in range(first, last + 1)]


class TemplateNotFound(TemplateError):
    """There is no template of this name."""

    code: ClassVar[str] = "template-not-found"


class TemplateSyntaxError(TemplateError):
    """The source of a template cannot be read."""

    code: ClassVar[str] = "template-syntax"


class UndefinedVariable(TemplateError):
    """A template uses a name that was not given to it."""

    code: ClassVar[str] = "template-undefined"


class PrivateAttribute(TemplateError):
    """A template asked an object for a name with a leading underscore."""

    code: ClassVar[str] = "template-private"


class UnknownBlock(TemplateError, KeyError, ValueError):
    """A template has no block of this name; `block` is the name, `known` are those that exist."""

    code: ClassVar[str] = "template-block"

    def __init__(
        self, block: str, known: Sequence[str], *, template: str = "", path: Path | None = None
    ) -> None:
        self.block = block
        self.known = tuple(known)
        have = ", ".join(known) if known else "none"
        super().__init__(
            f"there is no block {block!r}; the blocks of this template are: {have}.",
            template=template,
            path=path,
            fix=suggestion(block, known),
        )
        # Why: as a KeyError its first argument is the key, and its text is still the whole sentence.
        self.args = (block,)

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".rstrip()


def _place(template: str, path: Path | None) -> str:
    """Name a file from the working directory on, which is the project's: many files are a page.html."""
    if path is not None:
        with suppress(ValueError, OSError):
            return path.relative_to(Path.cwd()).as_posix()
    return template


def suggestion(word: str, known: Sequence[str], form: str = "{}") -> str:
    """Write "Did you mean ...?" for the nearest known words, or nothing when none is near."""
    near = get_close_matches(word, known, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(form.format(name) for name in near)}?" if near else ""
