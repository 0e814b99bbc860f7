"""Keeping one's place in the text of an HTML document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.templates.html import UNKNOWN, Place, Scanner


def scan(*pieces: str) -> Scanner:
    """Feed pieces with a hole after each but the last."""
    scanner = Scanner()
    offset = 0
    for index, piece in enumerate(pieces):
        scanner.feed(piece, offset)
        offset += len(piece) + 1
        if index + 1 < len(pieces):
            scanner.hole()
    return scanner


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("<p>a", "data"), ("<p", "tag"), ("<p title='", "tag"), ("<p title='>", "tag"), ("<p title='>'>", "data"),
        ("<!-- a > ", "comment"), ("<!-- a -->", "data"), ("<script>", "raw"), ("<script></p><p>", "raw"), ("<script>a</script>", "data"),
        ("<textarea></TEXTAREA\n>", "data"), ("<title><b>", "raw"), ("<!doctype html>", "data"), ("<?xml ?>", "data"), ("a < b", "data"), ("<svg><title>", "data"),
        ("<script></scripty>", "raw"), ("a <", "data"), ("</p", "tag"),
    ],
)  # fmt: skip
def test_state_is_told(text: str, state: str) -> None:
    """Every kind of place is recognised."""
    assert scan(text).place.state == state


def test_tags_are_reported_with_offsets_across_holes() -> None:
    """A tag knows where it begins, where an attribute fits, and where it ends, whatever stands between."""
    scanner = scan('ab<body class="', '"  data-x>c<br/></body>')
    source = 'ab<body class="#"  data-x>c<br/></body>'
    body, br, end = scanner.tags
    assert (source[body.start : body.end], source[body.attributes_end]) == ('<body class="#"  data-x>', ">")
    assert body.attributes == ' class="\0"  data-x'
    assert (br.name, source[br.attributes_end :]) == ("br", "/>c"[:0] + "/></body>")
    assert (end.name, end.closing) == ("body", True)


def test_places_that_keep_space_are_counted() -> None:
    """Text in `<pre>` is not collapsible, however deep, and an end tag too many does no harm."""
    assert not scan("<pre><b>").place.is_collapsible
    assert not scan("<pre><pre></pre>").place.is_collapsible
    assert scan("<pre></pre></pre>").place.is_collapsible
    assert scan("<p>a <b>").collapsible == [(3, 5)]


def test_unknown_place_reads_nothing() -> None:
    """Where the surroundings are not known, no tag and no text is reported."""
    scanner = Scanner(UNKNOWN)
    scanner.feed("<p>  </p>", 0)
    assert (scanner.tags, scanner.collapsible, scanner.place) == ([], [], UNKNOWN)
    assert not UNKNOWN.is_flow


@given(st.lists(st.text(alphabet="<>/!-'\"= apre\nscript", max_size=20), max_size=6))
def test_any_text_is_read_to_its_end(pieces: list[str]) -> None:
    """No text stops the scanner, and what it reports lies inside the text, in order."""
    scanner = scan(*pieces)
    length = sum(map(len, pieces)) + len(pieces)
    assert all(0 <= start < end <= length for start, end in scanner.collapsible)
    assert scanner.collapsible == sorted(scanner.collapsible)
    assert all(tag.start < tag.attributes_end < tag.end <= length for tag in scanner.tags)
    assert isinstance(scanner.place, Place)
