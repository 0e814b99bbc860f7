"""What a page adds to its own head and body tag, put where the template has them.

The face passes functions in the context, each of them optional:

- `page_title()`        text of `<title>`, or None to keep the template's
- `page_description()`  text of `<meta name="description">`, or None
- `head_extra()`        HTML to stand before `</head>`
- `body_attributes()`   HTML of attributes for `<body>`, beginning with a space

The first three are asked after the page was rendered, so that the last word of a
template counts even when its head was there first: while it renders, a mark stands
in their place. A template without `</head>` gets what is to be in the head at its
start, or at its end when it is a whole document.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from asok_engine.templates.markup import Markup

__all__ = ["HOOKS", "PageHead"]

HOOKS = frozenset({"page_title", "page_description", "head_extra", "body_attributes"})

# Why: nobody can know these marks, so no value that a visitor sends can contain one.
_SECRET = secrets.token_hex(12)
_HEAD, _TITLE, _TITLE_END, _DESCRIPTION, _DESCRIPTION_END = (
    Markup(f"\x02{_SECRET}{number}\x03") for number in range(5)
)
_NOTHING = Markup("")


def _silent() -> None:
    return None


class PageHead:
    """The head of one page while it renders; templates reach it as `__page`."""

    __slots__ = ("_body", "_description", "_extra", "_has_head", "_own_description", "_own_title", "_title")

    def __init__(self, context: Mapping[str, Any]) -> None:
        self._title: Callable[[], str | None] = context.get("page_title") or _silent
        self._description: Callable[[], str | None] = context.get("page_description") or _silent
        self._extra: Callable[[], str | None] = context.get("head_extra") or _silent
        self._body: Callable[[], str | None] = context.get("body_attributes") or _silent
        self._has_head = False
        self._own_title = _Own(_TITLE, _TITLE_END)
        self._own_description = _Own(_DESCRIPTION, _DESCRIPTION_END)

    @property
    def head(self) -> Markup:
        """Mark the end of the head, once."""
        if self._has_head:
            return _NOTHING
        self._has_head = True
        self._own_title.is_over = self._own_description.is_over = True
        return _HEAD

    @property
    def body(self) -> Markup:
        """Give the attributes of the body."""
        return Markup(self._body() or "")

    @property
    def title_start(self) -> Markup:
        """Mark where the template's own title begins; only the first title of a head is one."""
        return self._own_title.begin()

    @property
    def title_end(self) -> Markup:
        """Mark where the template's own title ends."""
        return self._own_title.end()

    @property
    def description_start(self) -> Markup:
        """Mark where the template's own description begins."""
        return self._own_description.begin()

    @property
    def description_end(self) -> Markup:
        """Mark where the template's own description ends."""
        return self._own_description.end()

    def finish(self, page: str, *, is_last: bool = True) -> str:
        """Put everything in the place of its mark, in a page or in the next part of a streamed one.

        `is_last` tells that nothing follows, so that what has found no place must go somewhere.
        """
        title, description = self._title(), self._description()
        extra: list[str] = []
        if title is not None:
            title = escape(str(title), quote=False)
            if not self._own_title.was_seen:
                extra.append(f"<title>{title}</title>")
        if description is not None:
            description = f'<meta name="description" content="{escape(str(description))}">'
            if not self._own_description.was_seen:
                extra.append(description)
        page = self._own_title.replace(page, title)
        page = self._own_description.replace(page, description)
        before, mark, after = page.partition(_HEAD)
        if mark:
            return before + "\n".join([*extra, self._extra() or ""]) + after
        if self._has_head or not is_last:
            return page
        text = "\n".join([*extra, self._extra() or ""])
        start = page[:200].lstrip().lower()
        return page + text if start.startswith(("<!doctype", "<html")) else text + page


class _Own:
    """An element that the template has itself, between two marks."""

    __slots__ = ("_marks", "is_open", "is_over", "was_seen")

    def __init__(self, start: Markup, end: Markup) -> None:
        self._marks = start, end
        self.is_open = self.is_over = self.was_seen = False

    def begin(self) -> Markup:
        if self.was_seen or self.is_over:
            return _NOTHING
        self.is_open = self.was_seen = True
        return self._marks[0]

    def end(self) -> Markup:
        if not self.is_open:
            return _NOTHING
        self.is_open = False
        return self._marks[1]

    def replace(self, page: str, text: str | None) -> str:
        """Put `text` between the marks and take the marks away; None keeps what is there."""
        before, mark, rest = page.partition(self._marks[0])
        if not mark:
            return page
        own, _, after = rest.partition(self._marks[1])
        return before + (own if text is None else text) + after
