"""Finds the pages of `src/pages`: which file answers which address.

A folder is a segment of the path; its entry file (`page.py`, `page.html`,
`page.asok`, or the name in the setting INDEX) answers the folder's address, any
other module or template its own. This reads the file tree and opens no file;
what a module offers is `endpoints`' question. Rules: docs/reference/routes.md.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from asok.pages.reports import PageNote, PageProblem
from asok_engine.dispatch.routes import parse_pattern
from asok_engine.errors import SetupError

__all__ = ["EXTENSIONS", "FoundPages", "PageFile", "find_pages"]

#: Endings of files that are pages; the first one of a name is the page.
EXTENSIONS = (".py", ".pyc", ".html", ".asok")
TEMPLATES = (".html", ".asok")


class PageFile(Struct, frozen=True):
    """One page, before its module is imported."""

    #: The address, with parameters: "/users/[id:int]"; for an error page its folder.
    pattern: str
    #: The file that makes it a page.
    path: Path
    #: Where it is, from the project's root, for messages.
    source: str
    #: Under which name its module is imported; "" for a page that is only a template.
    module_name: str
    #: The template of the same name next to it, and its name for the template environment.
    template: Path | None
    template_name: str
    #: Companion style sheet and script of the same name.
    style: Path | None
    script: Path | None
    #: Whether it is a folder's entry rather than a file with an address of its own.
    is_entry: bool


class FoundPages(Struct, frozen=True):
    """All that stands below one folder of pages, in a stable order."""

    folder: Path
    #: The project, which messages are relative to.
    root: Path
    package: str
    pages: tuple[PageFile, ...]
    #: The pages for error answers, by status.
    error_pages: Mapping[int, PageFile]
    problems: tuple[PageProblem, ...]
    notes: tuple[PageNote, ...]


def find_pages(folder: Path, *, root: Path, index: str = "page", package: str = "pages") -> FoundPages:
    """Find the pages below a folder; a folder that does not exist has none.

    `index` is the entry file's name without ending; "index" is tried after it.
    `root` is the project, which messages are relative to. `package` is the
    folder's name for imports. Never raises for what stands in the folder: what
    is wrong there comes back as problems.
    """
    finder = _Finder(Path(os.path.abspath(folder)), Path(os.path.abspath(root)), index, package)
    if finder.folder.is_dir():
        finder.visit(_Place(finder.folder, (), (package,), frozenset({finder.real})))
    return FoundPages(
        finder.folder,
        finder.root,
        package,
        tuple(finder.claims.values()),
        finder.error_pages,
        tuple(finder.problems),
        tuple(finder.notes),
    )


class _Place(Struct, frozen=True):
    folder: Path
    segments: tuple[str, ...]
    modules: tuple[str, ...]
    # The real folders from here to the top: a link to one of them would go round for ever.
    above: frozenset[str]
    status: int = 0


class _Listing(Struct):
    """The entries of one folder: pages by name and ending, everything by name, folders in order."""

    pages: dict[str, dict[str, Path]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    folders: list[tuple[str, Path, str]] = field(default_factory=list)


class _Finder:
    def __init__(self, folder: Path, root: Path, index: str, package: str) -> None:
        self.folder = folder
        self.real = os.path.realpath(folder)
        self.root = root
        self.package = package
        self.entries = tuple(dict.fromkeys((index, "index")))
        self.claims: dict[str, PageFile] = {}
        self.error_pages: dict[int, PageFile] = {}
        self.problems: list[PageProblem] = []
        self.notes: list[PageNote] = []

    def visit(self, place: _Place) -> None:
        listing = self._list(place)
        entries = [name for name in self.entries if name in listing.pages]
        for hidden in entries[1:]:
            for path in listing.pages[hidden].values():
                self._note(path, f"answers no address: {entries[0]!r} is this folder's entry")
        if entries:
            self._add(place, listing, entries[0], is_entry=True)
        if place.status:
            return
        for stem in listing.pages:
            if stem not in self.entries:
                self._add(place, listing, stem, is_entry=False)
        for name, path, real in listing.folders:
            status = 0 if place.segments else _error_status(name)
            self.visit(
                _Place(
                    path,
                    (*place.segments, name),
                    (*place.modules, _module_part(name)),
                    place.above | {real},
                    status,
                )
            )

    def _list(self, place: _Place) -> _Listing:
        listing = _Listing()
        try:
            entries = sorted(os.scandir(place.folder), key=lambda entry: entry.name)
        except OSError as error:
            self._problem(
                place.folder, f"cannot be read: {error.strerror}", "Give it to the application's user."
            )
            return listing
        for entry in entries:
            if entry.name.startswith(("_", ".")):
                continue
            path = place.folder / entry.name
            real = os.path.realpath(path) if entry.is_symlink() else ""
            if real and not self._is_inside(path, real, place):
                continue
            if entry.is_dir():
                listing.folders.append((entry.name, path, real or os.path.realpath(path)))
                continue
            listing.names.add(entry.name)
            stem, ending = _split(entry.name)
            if ending:
                listing.pages.setdefault(stem, {})[ending] = path
        return listing

    def _is_inside(self, path: Path, real: str, place: _Place) -> bool:
        if real != self.real and not real.startswith(self.real + os.sep):
            self._problem(path, f"is a link out of {self._name(self.folder)}", "Put the file itself there.")
        elif not os.path.exists(real):
            self._problem(path, "is a link to nothing", "Remove it.")
        elif real in place.above:
            self._problem(path, "is a link to a folder that it stands in", "Remove it.")
        else:
            return True
        return False

    def _add(self, place: _Place, listing: _Listing, stem: str, *, is_entry: bool) -> None:
        by_ending = listing.pages[stem]
        path = next(by_ending[ending] for ending in EXTENSIONS if ending in by_ending)
        template = next((by_ending[ending] for ending in TEMPLATES if ending in by_ending), None)
        segments = place.segments if is_entry else (*place.segments, stem)
        page = PageFile(
            pattern="/" + "/".join(unicodedata.normalize("NFC", segment) for segment in segments),
            path=path,
            source=self._name(path),
            module_name="" if path == template else ".".join((*place.modules, _module_part(stem))),
            template=template,
            template_name=template.relative_to(self.folder).as_posix() if template else "",
            style=place.folder / f"{stem}.css" if f"{stem}.css" in listing.names else None,
            script=place.folder / f"{stem}.js" if f"{stem}.js" in listing.names else None,
            is_entry=is_entry,
        )
        status = place.status or (0 if place.segments or is_entry else _error_status(stem))
        if not status:
            self._claim(page)
        elif status in self.error_pages:
            self._note(path, f"is not used: {self.error_pages[status].source} is the page for {status}")
        else:
            self.error_pages[status] = page

    def _claim(self, page: PageFile) -> None:
        try:
            shape = parse_pattern(page.pattern).shape
        except SetupError as error:
            self.problems.append(PageProblem(page.path, 1, f"{page.source}: {error.message}", error.fix))
            return
        first = self.claims.setdefault(shape, page)
        if first is page:
            return
        # A file comes before a folder of the same address; a folder's siblings are visited first.
        if first.pattern == page.pattern or (page.is_entry and not first.is_entry):
            self._note(page.path, f"answers no address: {first.source} answers {first.pattern}")
        else:
            self._problem(
                page.path,
                f"answers the same addresses as {first.source}, under another parameter name",
                "Keep one of them.",
            )

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def _note(self, path: Path, what: str) -> None:
        self.notes.append(PageNote(path, f"{self._name(path)} {what}."))

    def _problem(self, path: Path, what: str, fix: str) -> None:
        self.problems.append(PageProblem(path, 1, f"{self._name(path)} {what}.", fix))


def _split(name: str) -> tuple[str, str]:
    """Split "robots.txt.py" into "robots.txt" and ".py"; a file that is no page has no ending."""
    return next(
        ((name[: -len(end)], end) for end in EXTENSIONS if name.endswith(end) and name != end), (name, "")
    )


def _error_status(name: str) -> int:
    return int(name) if len(name) == 3 and name.isascii() and name.isdigit() and name[0] in "45" else 0


def _module_part(name: str) -> str:
    # A dot would be taken for a border between packages.
    return name.replace("%", "%25").replace(".", "%2E")
