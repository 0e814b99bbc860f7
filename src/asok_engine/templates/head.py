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

import os
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from asok_engine.templates.markup import Markup

__all__ = ["HOOKS", "MARKS", "NO_MARKS", "PageHead"]

HOOKS = frozenset({"page_title", "page_description", "head_extra", "body_attributes"})

# Why: nobody can know these marks, so no value that a visitor sends can contain one. They begin
# with a sign that pages do not have, because looking for a single sign is by far the fastest.
_SIGN = "\x02"
_PREFIX = _SIGN + os.urandom(12).hex()
_HEAD, _TITLE, _DESCRIPTION = (f"{_PREFIX}{number}" for number in range(3))
_LENGTH = len(_HEAD)

#: What templates print in the places of the hooks: marks in a page that has hooks, else nothing.
#: A title and a description have one mark before and the same after what the template has itself.
MARKS = {"__head": _HEAD, "__title": _TITLE, "__description": _DESCRIPTION}
NO_MARKS = {"__head": "", "__title": "", "__description": "", "__body": ""}


def _silent() -> None:
    return None


class PageHead:
    """The head of one page while it renders, and what comes into it."""

    __slots__ = ("_body", "_description", "_extra", "_has_head", "_open", "_seen", "_title")

    def __init__(self, context: Mapping[str, Any]) -> None:
        self._title: Callable[[], str | None] = context.get("page_title") or _silent
        self._description: Callable[[], str | None] = context.get("page_description") or _silent
        self._extra: Callable[[], str | None] = context.get("head_extra") or _silent
        self._body: Callable[[], str | None] = context.get("body_attributes") or _silent
        self._has_head = False
        self._open = ""
        self._seen: tuple[str, ...] = ()

    def into(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Give the context with which templates print marks."""
        return {**context, **MARKS, "__body": Markup(self._body() or "")}

    def finish(self, page: str, *, is_last: bool = True) -> str:
        """Put everything in the place of its mark, in a page or in the next part of a streamed one.

        Only the first title and description of a head are the page's; other marks are taken away.
        `is_last` tells that nothing follows, so that what has found no place must go somewhere.
        """
        out: list[str] = []
        at = start = 0
        while (found := page.find(_SIGN, at)) >= 0:
            at = found + _LENGTH
            mark = page[found:at]
            if not mark.startswith(_PREFIX):
                at = found + 1
                continue
            out.append(page[start:found])
            start = at
            if mark == _HEAD:
                if not self._has_head:
                    out.append(self._additions())
                    self._has_head = True
            elif mark == self._open:
                self._open = ""
                own = self._title_text() if mark == _TITLE else self._description_element()
                out[-1] = out[-1] if own is None else own
            elif not (self._has_head or self._open or mark in self._seen):
                self._open = mark
                self._seen += (mark,)
        if start:
            out.append(page[start:])
            page = "".join(out)
        if self._has_head or not is_last:
            return page
        opening = page[:200].lstrip().lower()
        additions = self._additions()
        return page + additions if opening.startswith(("<!doctype", "<html")) else additions + page

    def _title_text(self) -> str | None:
        title = self._title()
        return None if title is None else escape(str(title), quote=False)

    def _description_element(self) -> str | None:
        description = self._description()
        return (
            None if description is None else f'<meta name="description" content="{escape(str(description))}">'
        )

    def _additions(self) -> str:
        """Write what comes before `</head>`: elements that the template does not have, and the extra."""
        additions: list[str] = []
        if _TITLE not in self._seen and (title := self._title_text()) is not None:
            additions.append(f"<title>{title}</title>")
        if _DESCRIPTION not in self._seen and (description := self._description_element()) is not None:
            additions.append(description)
        if extra := self._extra():
            additions.append(extra)
        return "\n".join(additions)
