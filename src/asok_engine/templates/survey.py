"""Where the parts of a template stand in the page: for each block, include and HTML tag.

A child template is read with the places that its parent gives to its blocks, so
that the text of a block inside `<script>` or `<pre>` is known to be there, although
the child's file does not say so.
It writes nothing; `rewrite` uses what is found here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from msgspec import Struct, field

from asok_engine.templates.errors import TemplateError, suggestion
from asok_engine.templates.html import UNKNOWN, Place, Scanner, Tag
from asok_engine.templates.outline import CAPTURES, Outline
from asok_engine.templates.tokens import Kind

__all__ = ["Insertion", "Survey", "survey", "unshown_blocks"]

HEAD = "{{ __head }}"
BODY = "{{ __body }}"
TITLE = "{{ __title }}"
DESCRIPTION = "{{ __description }}"
FORM_FIELD = "{{ csrf_input()|__html }}"
HEAD_META = "{% if __token is defined %}{{ csrf_meta()|__html }}{% endif %}"
NONCE = '{% if nonce is defined %} nonce="{{ nonce }}"{% endif %}'

IS_DESCRIPTION = re.compile(r"""\bname\s*=\s*(["']?)description\1(?:[\s/]|$)""", re.IGNORECASE)
HAS_NONCE = re.compile(r"\bnonce\b", re.IGNORECASE)
HAS_SRC = re.compile(r"\bsrc\s*=", re.IGNORECASE)
POSTS = re.compile(r"""\bmethod\s*=\s*["']?\s*post\b""", re.IGNORECASE)
ACTION = re.compile(r"""\baction\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
#: An action that names another site, or that only the render knows.
ELSEWHERE = re.compile(r"\s*(?:\0|[a-z][a-z0-9+.-]*:|[/\\]{2})", re.IGNORECASE)
TOKEN_WORD = re.compile(r"\bcsrf_(?:input|token|meta)\b")
FORM_END = re.compile(r"</form\b", re.IGNORECASE)
#: Attributes by which a script sends something that changes.
SENDS = re.compile(r"\b(?:data-|data-asok-|asok-)(?:method|fetch-post(?:-async)?)\s*=", re.IGNORECASE)
IS_DATA = re.compile(r"""\btype\s*=\s*["']?[^"'\s>]*json""", re.IGNORECASE)


class Insertion(Struct, frozen=True):
    """Template code to put at an offset of the source."""

    offset: int
    code: str


class Survey(Struct):
    """What a reading of the page found.

    `places` maps the places of block and include tags among the tokens to where they stand.
    `breaks` are the offsets at which a streamed page may be sent so far.
    """

    places: dict[int, Place] = field(default_factory=dict)
    page_hooks: list[Insertion] = field(default_factory=list)
    nonces: list[Insertion] = field(default_factory=list)
    collapsible: list[tuple[int, int]] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    #: What forms and scripts need to send something back, and where the page's head can have it.
    form_tokens: list[Insertion] = field(default_factory=list)
    #: Whether this template has a form that posts, or speaks of a form's token.
    needs_token: bool = False
    #: Prints that stand among the attributes of a tag.
    in_tags: set[int] = field(default_factory=set)
    #: Where each block of this template and its parents stands, for the children of it.
    block_places: dict[str, Place] = field(default_factory=dict)


def survey(outline: Outline, inherited: Mapping[str, Place] | None) -> Survey:
    """Read the literal text of a template.

    `inherited` are the `block_places` of the parent; None when there is no parent, or
    when it is chosen only at render time.
    """
    found = Survey(block_places=dict(inherited or {}))
    scanner = Scanner(Place() if outline.is_root else UNKNOWN)
    passed: list[tuple[Tag, int]] = []
    outside: list[Place] = []
    opens = {close: index for index, close in outline.close_of.items()}
    block_names = {block.open: block.name for block in outline.blocks.values()}
    source = outline.origin.source
    for index, token in enumerate(outline.tokens):
        before = len(scanner.tags), len(scanner.collapsible)
        if token.kind is Kind.TEXT:
            scanner.feed(source[token.start : token.end], token.start)
            passed += [(tag, index) for tag in scanner.tags[before[0] :]]
        elif token.kind is Kind.RAW:
            scanner.feed(token.body, token.start)
            del scanner.collapsible[before[1] :]
        else:
            scanner.hole()
            if scanner.place.state == "tag":
                found.in_tags.add(index)
        if token.kind is not Kind.TAG:
            continue
        if index in outline.close_of and token.name in CAPTURES:
            outside.append(scanner.place)
            scanner.place = Place()
        elif index in opens and outline.tokens[opens[index]].name in CAPTURES:
            scanner.place = outside.pop()
        elif index in block_names:
            name = block_names[index]
            if not outline.is_root and outline.depth[index] == 0:
                scanner.place = (inherited or {}).get(name, UNKNOWN)
            found.places[index] = scanner.place
            found.block_places[name] = scanner.place
        elif token.name == "endblock" and not outline.is_root and outline.depth[index] == 0:
            scanner.place = UNKNOWN
        elif token.name == "include":
            found.places[index] = UNKNOWN if outline.captured[index] else scanner.place
        elif token.name == "flush" and outline.is_root and outline.depth[index] == 0:
            found.breaks.append(token.start)
    found.collapsible = scanner.collapsible
    _insertions(outline, found, passed)
    _tokens(outline, found, passed)
    return found


def unshown_blocks(outline: Outline, inherited: Collection[str]) -> list[TemplateError]:
    """Say which blocks of a template no page shows; `inherited` are those that have a place."""
    return [
        TemplateError(
            f"block {block.name!r} is in none of the templates that this one extends, so no page shows it.",
            template=outline.origin.name,
            path=outline.origin.path,
            line=outline.tokens[block.open].line,
            fix=suggestion(block.name, sorted(inherited))
            or f"Their blocks are: {', '.join(sorted(inherited)) or 'none'}.",
        )
        for block in outline.blocks.values()
        if block.depth == 0 and block.name not in inherited
    ]


def _insertions(outline: Outline, found: Survey, passed: list[tuple[Tag, int]]) -> None:
    """Turn the tags that were passed into template code at their offsets."""
    head_is_closed = False
    title: Tag | None = None
    for tag, index in passed:
        if tag.name in ("script", "style") and not tag.closing:
            if not (HAS_NONCE.search(tag.attributes) or HAS_SRC.search(tag.attributes) or _is_data(tag)):
                found.nonces.append(Insertion(tag.attributes_end, NONCE))
            continue
        if outline.captured[index] or tag.foreign:
            continue
        match tag.name, tag.closing:
            case "head", True:
                head_is_closed = True
                found.page_hooks.append(Insertion(tag.start, HEAD))
                if outline.is_root and outline.depth[index] == 0:
                    found.breaks.append(tag.end)
            case "body", False:
                if not head_is_closed:
                    found.page_hooks.append(Insertion(tag.start, HEAD))
                found.page_hooks.append(Insertion(tag.attributes_end, BODY))
            case "title", False:
                title = tag
            case "title", True if title is not None:
                found.page_hooks += [Insertion(title.end, TITLE), Insertion(tag.start, TITLE)]
                title = None
            case "meta", False if IS_DESCRIPTION.search(tag.attributes):
                found.page_hooks += [Insertion(tag.start, DESCRIPTION), Insertion(tag.end, DESCRIPTION)]
            case _:
                pass
    found.breaks.sort()


def _tokens(outline: Outline, found: Survey, passed: list[tuple[Tag, int]]) -> None:
    """Find forms that post within this site, and what else needs a token."""
    source = outline.origin.source
    for tag, index in passed:
        if tag.closing or tag.foreign:
            if tag.name == "head" and "csrf-token" not in source:
                found.form_tokens.append(Insertion(tag.start, HEAD_META))
        elif tag.name == "form" and POSTS.search(tag.attributes) and _stays(tag.attributes):
            _not_cached(outline, index, tag.start)
            end = FORM_END.search(source, tag.end)
            if not TOKEN_WORD.search(source, tag.end, end.start() if end else len(source)):
                found.form_tokens.append(Insertion(tag.end, FORM_FIELD))
            found.needs_token = True
        elif SENDS.search(tag.attributes):
            found.needs_token = True
    for index, token in enumerate(outline.tokens):
        if token.kind in (Kind.PRINT, Kind.TAG) and TOKEN_WORD.search(token.body):
            _not_cached(outline, index, token.start)
            found.needs_token = True


def _stays(attributes: str) -> bool:
    action = ACTION.search(attributes)
    return action is None or not ELSEWHERE.match(
        next(part for part in (*action.groups(), "") if part is not None)
    )


def _not_cached(outline: Outline, index: int, offset: int) -> None:
    for opened, closed in outline.close_of.items():
        if outline.tokens[opened].name == "cache" and opened < index < closed:
            outline.origin.error(
                "a form token stands inside {% cache %}; it belongs to one visitor, and all would get it.",
                outline.origin.source.count("\n", 0, offset) + 1,
                "Move the form out of the cached part.",
            )


def _is_data(tag: Tag) -> bool:
    return tag.name == "script" and IS_DATA.search(tag.attributes) is not None
