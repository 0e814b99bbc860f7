"""Follows where the literal text of a template stands in an HTML document.

A template is read once, at compile time, from top to bottom; prints and tags are
holes in the text. The scanner tells at every point whether it is between elements,
inside a tag, in a comment, or in an element whose content is not HTML, and reports
the tags it passes. So nothing ever has to look at a finished page.
It knows no template syntax, and it is lenient: where it cannot be sure it says that
the text must not be touched.
Source: WHATWG HTML, 13.2.5 (tokenization), without the parts that templates cannot need.
"""

from __future__ import annotations

import re

from msgspec import Struct, structs

__all__ = ["UNKNOWN", "Place", "Scanner", "Tag"]

#: Elements whose content is text up to their own end tag (13.1.2).
RAW_TEXT = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
#: Elements inside which white space is part of what a reader sees.
PRESERVED = frozenset({"pre", "listing"})

MARKUP = re.compile(r"<(?:!--|/?[A-Za-z]|[!?])")
NAME = re.compile(r"[A-Za-z][^\s/>]*")
TAG_POINT = re.compile(r"""["'>]""")


class Place(Struct, frozen=True):
    """Where a point of the text stands.

    `state` is "data" (between tags), "tag", "comment", "raw" (content of `raw`) or
    "unknown". `preserved` counts open elements that keep white space, `foreign` open svg
    and math elements.
    """

    state: str = "data"
    raw: str = ""
    quote: str = ""
    tag: str = ""
    closing: bool = False
    preserved: int = 0
    foreign: int = 0

    @property
    def is_flow(self) -> bool:
        """Whether elements, comments and white space may be put here."""
        return self.state == "data"

    @property
    def is_collapsible(self) -> bool:
        """Whether runs of white space mean the same as one."""
        return self.state == "data" and not self.preserved


#: The place of text whose surroundings are decided only when the page is rendered.
UNKNOWN = Place(state="unknown")


class Tag(Struct, frozen=True):
    """A start or end tag: offsets of its `<`, of where another attribute fits, and after its `>`.

    `attributes` is the literal text of its attributes, with a NUL for each hole;
    `foreign` tells of a tag inside svg or math.
    """

    name: str
    closing: bool
    start: int
    attributes_end: int
    end: int
    attributes: str
    foreign: bool


class Scanner:
    """Reads text piece by piece and keeps its place."""

    def __init__(self, place: Place | None = None) -> None:
        self.place = place or Place()
        self.tags: list[Tag] = []
        #: Stretches of text, as offsets, in which runs of white space may be collapsed.
        self.collapsible: list[tuple[int, int]] = []
        self._start = 0
        self._attributes: list[str] = []

    def hole(self) -> None:
        """Pass a print or a tag of the template: its output stands here."""
        if self.place.state == "tag":
            self._attributes.append("\0")

    def feed(self, text: str, offset: int) -> None:
        """Read `text`, whose first character is at `offset` of the source."""
        at = 0
        while at < len(text):
            match self.place.state:
                case "data":
                    at = self._data(text, at, offset)
                case "tag":
                    at = self._tag(text, at, offset)
                case "comment":
                    end = text.find("-->", at)
                    at = len(text) if end < 0 else end + 3
                    if end >= 0:
                        self.place = structs.replace(self.place, state="data")
                case "raw":
                    at = self._raw(text, at, offset)
                case _:
                    return

    def _data(self, text: str, at: int, offset: int) -> int:
        found = MARKUP.search(text, at)
        end = found.start() if found else len(text)
        if end > at and self.place.is_collapsible:
            self.collapsible.append((offset + at, offset + end))
        if found is None:
            return end
        opener = found.group()
        if opener == "<!--":
            self.place = structs.replace(self.place, state="comment")
            return found.end()
        self._start = offset + found.start()
        self._attributes = []
        if opener in ("<!", "<?"):
            self.place = structs.replace(self.place, state="tag", tag="!", closing=False, quote="")
            return found.end()
        name = NAME.match(text, found.end() - 1)
        if name is None:  # pragma: no cover - MARKUP has just seen a letter there
            return found.end()
        self.place = structs.replace(
            self.place, state="tag", tag=name.group().lower(), closing=opener.startswith("</"), quote=""
        )
        return name.end()

    def _tag(self, text: str, at: int, offset: int) -> int:
        if self.place.quote:
            end = text.find(self.place.quote, at)
            if end < 0:
                self._attributes.append(text[at:])
                return len(text)
            self._attributes.append(text[at : end + 1])
            self.place = structs.replace(self.place, quote="")
            return end + 1
        found = TAG_POINT.search(text, at)
        if found is None:
            self._attributes.append(text[at:])
            return len(text)
        self._attributes.append(text[at : found.start()])
        if found.group() != ">":
            self._attributes.append(found.group())
            self.place = structs.replace(self.place, quote=found.group())
            return found.end()
        closed_by_itself = text[at : found.start()].endswith("/")
        self._leave_tag(offset + found.start() - closed_by_itself, offset + found.end(), closed_by_itself)
        return found.end()

    def _leave_tag(self, attributes_end: int, end: int, closed_by_itself: bool) -> None:
        place = self.place
        name, closing = place.tag, place.closing
        attributes = "".join(self._attributes)
        self.tags.append(Tag(name, closing, self._start, attributes_end, end, attributes, place.foreign > 0))
        step = -1 if closing else 1
        state, raw, preserved, foreign = "data", "", place.preserved, place.foreign
        if name in PRESERVED:
            preserved = max(0, preserved + step)
        elif name in ("svg", "math"):
            foreign = max(0, foreign + (0 if closed_by_itself else step))
        elif name in RAW_TEXT and not closing and not foreign:
            state, raw = "raw", name
        self.place = Place(state, raw, "", "", False, preserved, foreign)

    def _raw(self, text: str, at: int, offset: int) -> int:
        found = re.compile(rf"</{self.place.raw}(?=[\s/>]|$)", re.IGNORECASE).search(text, at)
        if found is None:
            return len(text)
        self._start = offset + found.start()
        self._attributes = []
        self.place = structs.replace(
            self.place, state="tag", tag=self.place.raw, closing=True, raw="", quote=""
        )
        return found.end()
