"""A small Markdown, for text that people wrote: the result is always safe HTML.

Blocks: headings with `#`, paragraphs, lists with `-`, `*`, `+` or `1.` (nested by two
or more spaces), quotes with `>`, code between fences of three backticks, rules of
three dashes. In a line: `code`, **strong**, *emphasis*, [text](url "title"),
![text](url), <https://...>, a backslash before a sign, two spaces for a line break.
HTML in the text is shown as text. Links go to http, https, mailto, tel or a place on
the same site; any other scheme leaves the text without a link.
Every pass is linear in the length of the text, whatever it contains.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from asok_engine.templates.markup import Markup

__all__ = ["is_safe_url", "markdown"]

HEADING = re.compile(r"(#{1,6})[ \t]+(.*)")
RULE = re.compile(r"(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}")
ITEM = re.compile(r"([ ]*)([-*+]|\d{1,9}[.)])[ ]+(.*)")
LANGUAGE = re.compile(r"[A-Za-z0-9_+-]{1,40}")
SIGN = re.compile(r"[\\`*_\[!<\n]")
ESCAPABLE = frozenset("\\`*_{}[]()#+-.!<>|~\"'&")
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
ADDRESS = re.compile(r"<((?:https?://|mailto:)[^\s<>]{1,2000})>")
TARGET = r"<([^<>\n]{0,2000})>|((?:[^\s()<>]|\([^\s()<>]{0,200}\)){0,2000})"
LINK = re.compile(rf"\(\s{{0,8}}(?:{TARGET})(?:\s{{1,8}}\"([^\"]{{0,500}})\")?\s{{0,8}}\)")
SAFE_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
#: How deep quotes, lists and emphasis may stand in each other; what is deeper is plain text.
DEEPEST = 8


def markdown(value: object) -> Markup:
    """Turn Markdown into safe HTML."""
    if value is None:
        return Markup("")
    # Why: control characters have no meaning in the text and some are removed by browsers, after our checks.
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", str(value).expandtabs(4))
    return Markup("\n".join(_blocks(re.split(r"\r\n|\r|\n", text), 0)))


def is_safe_url(url: str) -> bool:
    """Tell whether a link to `url` can run nothing: http, https, mailto, tel or a relative place."""
    plain = re.sub(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028\u2029\ufeff]", "", url)
    scheme = SCHEME.match(plain)
    if scheme is not None:
        return scheme.group(1).lower() in SAFE_SCHEMES
    # Why: a colon before any / ? or # could still be read as a scheme by someone.
    first = re.split(r"[/?#]", plain, maxsplit=1)[0]
    return ":" not in first and "&" not in first


def _blocks(lines: list[str], depth: int) -> list[str]:
    out: list[str] = []
    paragraph: list[str] = []

    def close() -> None:
        if paragraph:
            out.append(f"<p>{_inline(chr(10).join(paragraph).strip(), depth)}</p>")
            paragraph.clear()

    at = 0
    while at < len(lines):
        line = lines[at]
        stripped = line.strip()
        if not stripped:
            close()
            at += 1
        elif stripped.startswith(("```", "~~~")) and "`" not in stripped.lstrip("`"):
            close()
            at, html = _code(lines, at, stripped)
            out.append(html)
        elif (heading := HEADING.fullmatch(stripped)) is not None:
            close()
            size = len(heading.group(1))
            out.append(f"<h{size}>{_inline(heading.group(2).rstrip('# ').strip(), depth)}</h{size}>")
            at += 1
        elif RULE.fullmatch(stripped):
            close()
            out.append("<hr>")
            at += 1
        elif stripped.startswith(">") and depth < DEEPEST:
            close()
            at, html = _quote(lines, at, depth)
            out.append(html)
        elif ITEM.fullmatch(line) is not None and depth < DEEPEST:
            close()
            at, html = _list(lines, at, depth)
            out.append(html)
        else:
            paragraph.append(line.lstrip())
            at += 1
    close()
    return out


def _code(lines: list[str], at: int, opening: str) -> tuple[int, str]:
    mark = opening[: _run(opening, 0, opening[0], len(opening))]
    language = LANGUAGE.match(opening[len(mark) :].strip())
    end = at + 1
    while end < len(lines) and lines[end].strip() != mark:
        end += 1
    name = f' class="language-{language.group()}"' if language else ""
    body = "\n".join(lines[at + 1 : end])
    return end + 1, f"<pre><code{name}>{escape(body)}</code></pre>"


def _quote(lines: list[str], at: int, depth: int) -> tuple[int, str]:
    inner: list[str] = []
    while at < len(lines) and lines[at].lstrip().startswith(">"):
        inner.append(lines[at].lstrip()[1:].removeprefix(" "))
        at += 1
    return at, "<blockquote>" + "\n".join(_blocks(inner, depth + 1)) + "</blockquote>"


def _list(lines: list[str], at: int, depth: int) -> tuple[int, str]:
    first = ITEM.fullmatch(lines[at])
    if first is None:  # pragma: no cover - the caller has matched this line
        return at + 1, ""
    indent, ordered = len(first.group(1)), first.group(2)[0].isdigit()
    items: list[list[str]] = []
    while at < len(lines):
        line = lines[at]
        item = ITEM.fullmatch(line)
        width = len(line) - len(line.lstrip())
        if item is not None and len(item.group(1)) < indent + 2:
            if len(item.group(1)) < indent or item.group(2)[0].isdigit() != ordered:
                break
            items.append([item.group(3)])
        elif line.strip() and width > indent:
            items[-1].append(line[min(width, indent + 2) :])
        elif not line.strip() and at + 1 < len(lines) and lines[at + 1].startswith(" " * (indent + 2)):
            items[-1].append("")
        else:
            break
        at += 1
    start = int(first.group(2)[:-1]) if ordered else 1
    tag = "ol" if ordered else "ul"
    number = f' start="{start}"' if start != 1 else ""
    body = "".join(f"<li>{_item(item, depth)}</li>" for item in items)
    return at, f"<{tag}{number}>{body}</{tag}>"


def _item(lines: list[str], depth: int) -> str:
    blocks = _blocks(lines, depth + 1)
    if blocks and blocks[0].startswith("<p>") and "" not in lines:
        blocks[0] = blocks[0].removeprefix("<p>").removesuffix("</p>")
    return "\n".join(blocks)


class _Line:
    """A stretch of text, with what is already known about where its signs are."""

    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.depth = depth
        #: For each mark: from where it was looked for last, and where it was found.
        self._known: dict[str, tuple[int, int]] = {}
        self._target: tuple[int, re.Match[str] | None] = (-1, None)

    def find(self, mark: str, at: int) -> int:
        """Find `mark` from `at` on, -1 when there is none; no stretch is searched twice."""
        start, found = self._known.get(mark, (len(self.text) + 1, 0))
        if start <= at and (found < 0 or at <= found):
            return found
        found = self.text.find(mark, at)
        self._known[mark] = (at, found)
        return found

    def find_single(self, mark: str, at: int) -> int:
        """Find `mark` where it stands alone, as `find` does."""
        key = f"single {mark}"
        start, found = self._known.get(key, (len(self.text) + 1, 0))
        if start <= at and (found < 0 or at <= found):
            return found
        found = self.text.find(mark, at)
        while found >= 0 and self.text.startswith(mark, found + 1):
            found = self.text.find(mark, found + _run(self.text, found, mark, len(self.text)))
        self._known[key] = (at, found)
        return found

    def target(self, at: int) -> re.Match[str] | None:
        """Read the target of a link at `at`."""
        if self._target[0] != at:
            self._target = (at, LINK.match(self.text, at))
        return self._target[1]


def _inline(text: str, depth: int) -> str:
    line = _Line(text, depth)
    out: list[str] = []
    at = 0
    while (sign := SIGN.search(text, at)) is not None:
        out.append(escape(text[at : sign.start()]))
        here = sign.start()
        read = _SIGNS[sign.group()](line, here) if depth < DEEPEST else None
        if read is None:
            out.append(escape(text[here]))
            at = here + 1
        else:
            html, at = read
            out.append(html)
    out.append(escape(text[at:]))
    return "".join(out)


def _backslash(line: _Line, at: int) -> tuple[str, int] | None:
    following = line.text[at + 1 : at + 2]
    if following == "\n":
        return "<br>\n", at + 2
    return (escape(following), at + 2) if following in ESCAPABLE and following else None


def _line_break(line: _Line, at: int) -> tuple[str, int] | None:
    return ("<br>\n", at + 1) if line.text.endswith("  ", 0, at) else None


def _tick(line: _Line, at: int) -> tuple[str, int] | None:
    size = _run(line.text, at, "`", 16)
    end = line.find("`" * size, at + size)
    if end < 0:
        return escape("`" * size), at + size
    return f"<code>{escape(line.text[at + size : end].strip())}</code>", end + size


def _emphasis(line: _Line, at: int) -> tuple[str, int] | None:
    mark = line.text[at]
    size = _run(line.text, at, mark, 3)
    start = at + size
    if line.text[start : start + 1].isspace() or start >= len(line.text):
        return mark * size, start
    if mark == "_" and at and line.text[at - 1].isalnum():
        return mark * size, start
    end = line.find_single(mark, start + 1) if size == 1 else line.find(mark * size, start + 1)
    if end < 0:
        return mark * size, start
    inner = _inline(line.text[start:end], line.depth + 1)
    tags = {1: ("em",), 2: ("strong",), 3: ("strong", "em")}[size]
    return "".join(f"<{t}>" for t in tags) + inner + "".join(f"</{t}>" for t in reversed(tags)), end + size


def _link(line: _Line, at: int, image: bool = False) -> tuple[str, int] | None:
    end = line.find("]", at + 1)
    if end < 0:
        return None
    target = line.target(end + 1)
    if target is None:
        return None
    url = target.group(1) if target.group(1) is not None else target.group(2)
    label = line.text[at + 1 : end]
    title = f' title="{escape(target.group(3))}"' if target.group(3) else ""
    if image:
        if not is_safe_url(url):
            return escape(label), target.end()
        return f'<img src="{escape(url)}" alt="{escape(label)}"{title}>', target.end()
    inner = _inline(label, line.depth + 1)
    if not is_safe_url(url):
        return inner, target.end()
    return f'<a href="{escape(url)}"{title}>{inner}</a>', target.end()


def _image(line: _Line, at: int) -> tuple[str, int] | None:
    return _link(line, at + 1, image=True) if line.text.startswith("[", at + 1) else None


def _address(line: _Line, at: int) -> tuple[str, int] | None:
    found = ADDRESS.match(line.text, at)
    if found is None:
        return None
    url = escape(found.group(1))
    return f'<a href="{url}">{url.removeprefix("mailto:")}</a>', found.end()


def _run(text: str, at: int, mark: str, most: int) -> int:
    size = 1
    while size < most and text.startswith(mark, at + size):
        size += 1
    return size


_SIGNS: dict[str, Callable[[_Line, int], tuple[str, int] | None]] = {
    "\\": _backslash,
    "\n": _line_break,
    "`": _tick,
    "*": _emphasis,
    "_": _emphasis,
    "[": _link,
    "!": _image,
    "<": _address,
}
