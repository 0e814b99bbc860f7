"""Keeps the style sheet and the script beside a page to that page.

`scope_css` puts `[data-page-id="..."]` before every selector, so that rules reach only
a page whose body carries that id; `:global(...)` takes a selector out of it.
`scope_js` puts a script into a function that receives the page's element. Neither
shortens anything, and neither moves anything to another line.
Pure: text in, text out. Where files are and how they are served is the face's.
Source: CSS Syntax Level 3, chapter 4 (comments, strings, escapes), CSS Nesting.
"""

from __future__ import annotations

import json
import re

__all__ = ["is_module", "scope_css", "scope_js"]

#: At-rules whose blocks hold style rules; the blocks of all others are left alone.
GROUPING = frozenset(
    {"media", "supports", "layer", "container", "scope", "document", "-moz-document", "starting-style"}
)

POINT = re.compile(r"""/\*|["'\\(){}\[\];,]""")
GLOBAL = re.compile(r":global\(")
AT_NAME = re.compile(r"@([\w-]+)")
SPACE = re.compile(r"(?:\s|/\*.*?\*/)*", re.DOTALL)
WHOLE_PAGE = re.compile(r"(body|html|:root)(?![\w-])", re.IGNORECASE)
UNQUOTED_URL = re.compile(r"url\(\s*(?![\s\"'])", re.IGNORECASE)
MODULE_LINE = re.compile(r"^[ \t]*(?:import(?:\s+\w|\s*[*{\"'])|export(?:\s+\w|\s*[*{]))", re.MULTILINE)
NOT_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|`(?:[^`\\]|\\.)*`", re.DOTALL)


def scope_css(source: str, page_id: str) -> str:
    """Limit a style sheet to the page with this id.

    A selector for `body`, `html` or `:root` means that element of this page. Rules inside
    `@media` and its kin are scoped too, `@keyframes`, `@font-face` and others are not.
    """
    return _Sheet(source, page_id).sheet()


def scope_js(source: str, page_id: str) -> str:
    """Limit a script to the page with this id.

    The script finds the element as `page` and as `this`; it is to be loaded with `defer`, or as
    a module when `is_module` says so, in which case it has a scope of its own already.
    """
    element = f"document.querySelector('[data-page-id={_quoted(page_id)}]')".replace("<", "\\x3c")
    if is_module(source):
        return f"const page = {element}; {source}"
    return f"(function (page) {{ (function () {{ {source}\n}}).call(page); }})({element});\n"


def is_module(source: str) -> bool:
    """Tell whether a script has `import` or `export` statements, which only a module may have."""
    return MODULE_LINE.search(NOT_CODE.sub("", source)) is not None


def _quoted(page_id: str) -> str:
    """Write an id as a string that CSS, and JavaScript between single quotes, read alike."""
    return json.dumps(page_id).replace("\\", "\\\\").replace("'", "\\'")


class _Sheet:
    """Walks over a style sheet; every method takes an offset and gives text with the offset after it."""

    def __init__(self, source: str, page_id: str) -> None:
        self._source = source
        escaped = re.sub(r"[\x00-\x1f\"\\\x7f]", lambda found: f"\\{ord(found.group()):x} ", page_id)
        self._mark = f'[data-page-id="{escaped}"]'

    def sheet(self) -> str:
        """Write the whole sheet; a brace too many closes nothing."""
        text, at = self.rules(0)
        while at < len(self._source):
            more, at = self.rules(at + 1)
            text += "}" + more
        return text

    def rules(self, at: int) -> tuple[str, int]:
        """Write a list of rules up to its closing brace or the end."""
        out: list[str] = []
        while at < len(self._source):
            end, stop = self._prelude(at)
            prelude = self._source[at:end]
            if stop != "{":
                # A statement such as @import, the end of the list, or the end of the sheet.
                out.append(prelude + (stop if stop == ";" else ""))
                at = end + (stop == ";")
                if stop == "}" or not stop:
                    break
                continue
            name = AT_NAME.match(prelude, self._skip(prelude))
            if name is None:
                out.append(self._selectors(prelude) + "{")
                body, at = self._nested(end + 1)
            elif name.group(1).lower() in GROUPING:
                out.append(prelude + "{")
                body, at = self.rules(end + 1)
            else:
                out.append(prelude + "{")
                body, at = self._block(end + 1)
            out.append(body)
            if at < len(self._source):
                out.append("}")
                at += 1
        return "".join(out), at

    def _nested(self, at: int) -> tuple[str, int]:
        """Write the body of a style rule: declarations, and rules relative to it."""
        out: list[str] = []
        while at < len(self._source):
            end, stop = self._prelude(at)
            text = self._source[at:end]
            if stop != "{":
                out.append(text + (stop if stop == ";" else ""))
                at = end + (stop == ";")
                if stop == "}" or not stop:
                    break
                continue
            is_value = text[self._skip(text) :].startswith("--")
            out.append((text if is_value else self._without_global(text)) + "{")
            body, at = self._block(end + 1) if is_value else self._nested(end + 1)
            out.append(body)
            if at < len(self._source):
                out.append("}")
                at += 1
        return "".join(out), at

    def _block(self, at: int) -> tuple[str, int]:
        """Copy up to the brace that closes the block that begins at `at`."""
        depth, start = 1, at
        for position, sign in _Points(self._source, at):
            depth += (sign == "{") - (sign == "}")
            if depth == 0:
                return self._source[start:position], position
        return self._source[start:], len(self._source)

    def _prelude(self, at: int) -> tuple[int, str]:
        """Find the brace or semicolon that ends what begins at `at`, outside of brackets."""
        depth = 0
        for position, sign in _Points(self._source, at):
            if sign in "([":
                depth += 1
            elif sign in ")]":
                depth = max(0, depth - 1)
            elif sign != "," and depth == 0:
                return position, sign
        return len(self._source), ""

    def _selectors(self, prelude: str) -> str:
        depth, start = 0, 0
        parts: list[str] = []
        for position, sign in _Points(prelude, 0):
            if sign in "([":
                depth += 1
            elif sign in ")]":
                depth = max(0, depth - 1)
            elif sign == "," and depth == 0:
                parts.append(self._selector(prelude[start:position]))
                start = position + 1
        parts.append(self._selector(prelude[start:]))
        return ",".join(parts)

    def _selector(self, text: str) -> str:
        begin = self._skip(text)
        space, selector = text[:begin], text[begin:]
        if not selector:
            return text
        if GLOBAL.match(selector):
            return space + self._without_global(selector)
        selector = self._without_global(selector)
        whole = WHOLE_PAGE.match(selector)
        if whole is None:
            return f"{space}{self._mark} {selector}"
        mark = self._mark if whole.group(1).lower() == "body" else f":has(> {self._mark})"
        return f"{space}{whole.group(1)}{mark}{selector[whole.end() :]}"

    def _without_global(self, text: str) -> str:
        """Take `:global(` and its bracket away and leave what is between."""
        out: list[str] = []
        at = 0
        while (found := GLOBAL.search(text, at)) is not None:
            depth = 1
            for position, sign in _Points(text, found.end()):
                depth += (sign == "(") - (sign == ")")
                if depth == 0:
                    out += [text[at : found.start()], text[found.end() : position]]
                    at = position + 1
                    break
            else:
                break
        out.append(text[at:])
        return "".join(out)

    @staticmethod
    def _skip(text: str) -> int:
        found = SPACE.match(text)
        return found.end() if found else 0


class _Points:
    """The signs that matter in a style sheet, with their offsets, without comments, strings and escapes."""

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self._at = at

    def __iter__(self) -> _Points:
        return self

    def __next__(self) -> tuple[int, str]:
        text = self._text
        while (found := POINT.search(text, self._at)) is not None:
            sign, start = found.group(), found.start()
            self._at = found.end()
            if sign == "/*":
                end = text.find("*/", self._at)
                self._at = len(text) if end < 0 else end + 2
            elif sign == "\\":
                self._at += 1
            elif sign in "\"'":
                self._at = self._after_string(sign)
            elif sign == "(" and UNQUOTED_URL.match(text, max(0, start - 3)):
                end = text.find(")", self._at)
                self._at = len(text) if end < 0 else end + 1
            else:
                return start, sign
        raise StopIteration

    def _after_string(self, quote: str) -> int:
        at = self._at
        while at < len(self._text):
            sign = self._text[at]
            # Why: a string that is not closed ends with its line (CSS Syntax 4.3.5).
            if sign in (quote, "\n"):
                return at + 1
            at += 2 if sign == "\\" else 1
        return at
