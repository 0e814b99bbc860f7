"""A safe subset of Markdown."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.templates.markdown import _Line, is_safe_url, markdown

ALLOWED = {
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "br",
    "ul",
    "ol",
    "li",
    "blockquote",
    "pre",
    "code",
    "strong",
    "em",
    "a",
    "img",
}
ATTRIBUTES = {"href", "title", "src", "alt", "class", "start"}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# A *b*", "<h1>A <em>b</em></h1>"),
        ("###### six ######", "<h6>six</h6>"),
        ("a\nb\n\nc", "<p>a\nb</p>\n<p>c</p>"),
        ("a  \nb\\\nc", "<p>a  <br>\nb<br>\nc</p>"),
        ("**a** __b__ *c* _d_ ***e***", "<p><strong>a</strong> <strong>b</strong> <em>c</em> <em>d</em> <strong><em>e</em></strong></p>"),
        ("*a **b** c*", "<p><em>a <strong>b</strong> c</em></p>"),
        ("snake_case_name and 2 * 3 * 4", "<p>snake_case_name and 2 * 3 * 4</p>"),
        ("`a <b> *c*` ``x ` y``", "<p><code>a &lt;b&gt; *c*</code> <code>x ` y</code></p>"),
        ("```py\n<x>\n  y\n```", '<pre><code class="language-py">&lt;x&gt;\n  y</code></pre>'),
        ("~~~\na", "<pre><code>a</code></pre>"),
        ("- a\n- b\n  - c\n\n1. x\n2. y", "<ul><li>a</li><li>b\n<ul><li>c</li></ul></li></ul>\n<ol><li>x</li><li>y</li></ol>"),
        ("3) x", '<ol start="3"><li>x</li></ol>'),
        ("> a\n> > b", "<blockquote><p>a</p>\n<blockquote><p>b</p></blockquote></blockquote>"),
        ("---", "<hr>"),
        ('[a *b*](https://x.y/z?a=1&b=2 "T")', '<p><a href="https://x.y/z?a=1&amp;b=2" title="T">a <em>b</em></a></p>'),
        ("[w](https://x.y/A_(b))", '<p><a href="https://x.y/A_(b)">w</a></p>'),
        ("[a](</b c>)", '<p><a href="/b c">a</a></p>'),
        ("![a](/i.png)", '<p><img src="/i.png" alt="a"></p>'),
        ("<https://x.y> <mailto:a@b.c>", '<p><a href="https://x.y">https://x.y</a> <a href="mailto:a@b.c">a@b.c</a></p>'),
        ("\\*a\\* 1 < 2 & 3", "<p>*a* 1 &lt; 2 &amp; 3</p>"),
        ("[a] [b](c", "<p>[a] [b](c</p>"),
        ("", ""),
    ],
)  # fmt: skip
def test_markdown_becomes_html(text: str, html: str) -> None:
    """Every construct of the subset is written as its element."""
    assert markdown(text) == html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "[a](<javascript:alert(1)>)", "[a](JaVaScRiPt:alert)", "[a](java\tscript:alert)",
        "[a](<java\tscript:x>)", "[a](\x01javascript:x)", "[a](data:text/html,<script>)", "[a](vbscript:x)", "![a](javascript:x)", "![a](data:image/svg+xml,x)", "<javascript:x>",
        '[a](https://x "\\" onclick=x)', "[a](https://x\" onclick=\"x)", "```\"><script>\nx\n```", "[a](&#106;avascript:x)", "[a](javascript&colon;x)", "[\"><b>](https://x)", "<https://x\"onclick=x>",
        "![\" onerror=x](/x)", "[a](\u200bjavascript:x)", "[a](ftp://x)", "`<script>`", "# <script>", "- <script>", "> <script>",
    ],
)  # fmt: skip
def test_hostile_markdown_is_inert(text: str) -> None:
    """No text makes an element, an attribute or a link of its own choice."""
    check(markdown(text))


def check(html: str) -> None:
    """Parse HTML as a browser would and refuse everything that is not of the subset."""

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag in ALLOWED, html
            for name, value in attrs:
                assert name in ATTRIBUTES, html
                if name in ("href", "src"):
                    plain = re.sub(r"[\x00-\x20\u200b]", "", value or "").lower()
                    assert (
                        re.match(r"(https?|mailto|tel):", plain) or ":" not in re.split(r"[/?#]", plain)[0]
                    ), html

    Reader().feed(html)


@given(st.text(alphabet="*_`[]()!<>#-+1. \n\\\"'&:/ajvscript", max_size=120))
def test_any_text_gives_safe_html(text: str) -> None:
    """Whatever is written, the result has only elements and addresses of the subset."""
    check(markdown(text))


@pytest.mark.parametrize(
    "piece",
    ["*", "**a", "*a ", "_a", "[", "[a](", "![", "`", "`a``b", "<", "<https://", "\\", "> ", "- ", "  - a\n", "#", "[a](<", "a  \n", "```a", "1. ", "[](", "*a**b***", "[[a]", "~~~\n", "(" , "[a](b \""],
)  # fmt: skip
def test_repeated_signs_take_linear_time(piece: str) -> None:
    """Ten times the text takes at most about ten times as long."""
    small, large = piece * 1000, piece * 10_000

    def cost(text: str) -> float:
        start = time.process_time()
        markdown(text)
        return time.process_time() - start

    assert min(cost(large), cost(large)) < 40 * max(min(cost(small), cost(small)), 0.002)


def test_no_stretch_is_searched_twice() -> None:
    """A sign that many openings wait for is looked for once, found or not."""

    class Counted(str):
        searches = 0

        def find(self, *arguments: Any) -> int:
            Counted.searches += 1
            return str.find(self, *arguments)

    line = _Line(Counted("[" * 500 + "]" + "*" * 2), 0)
    assert {line.find("]", at) for at in range(500)} == {500}
    assert {line.find("`", at) for at in range(500)} == {-1}
    assert {line.find_single("*", at) for at in range(500)} == {-1}
    assert Counted.searches < 6


@pytest.mark.parametrize(
    ("url", "safe"),
    [("/a", True), ("a.html", True), ("#x", True), ("?a=b:c", True), ("https://x", True), ("HTTP://x", True), ("mailto:a@b", True), ("tel:1", True), ("/a:b", True), ("javascript:x", False), ("data:x", False), (" javascript:x", False), ("a:b", False), ("1:2", False)],
)  # fmt: skip
def test_urls_are_judged(url: str, safe: bool) -> None:
    """Only known schemes and relative places are linked."""
    assert is_safe_url(url) is safe


def test_none_is_nothing_and_the_result_is_html() -> None:
    """None becomes nothing; what comes out is not escaped again."""
    assert markdown(None) == ""
    assert hasattr(markdown("a"), "__html__")
