"""Drawings are cleaned: what draws stays, what runs or loads goes."""

from __future__ import annotations

import time
from xml.etree import ElementTree

import pytest

from asok_engine.errors import UploadRefused
from asok_engine.wire.svg import MOST_SVG_BYTES, clean_svg

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def cleaned(inner: str, attributes: str = "") -> str:
    """Clean a drawing with this inside."""
    text = clean_svg(f"<svg {NS} {attributes}>{inner}</svg>".encode()).decode()
    ElementTree.fromstring(text)
    return text


def test_what_draws_stays() -> None:
    """Shapes, gradients, text, references within the drawing, styles of its own."""
    inner = (
        '<defs><linearGradient id="a"><stop offset="0" stop-color="red"/></linearGradient></defs>'
        '<style>.b { fill: url(#a) }</style><g transform="scale(2)"><path class="b" d="M0 0h1"/></g>'
        '<use xlink:href="#a"/><text x="1">5 &lt; 6 &amp; 7</text><image href="data:image/png;base64,AA=="/>'
    )
    text = cleaned(inner, 'viewBox="0 0 1 1"')
    for kept in (
        'id="a"',
        "url(#a)",
        "scale(2)",
        'd="M0 0h1"',
        'href="#a"',
        "5 &lt; 6 &amp; 7",
        "viewBox",
        "AA==",
    ):
        assert kept in text


@pytest.mark.parametrize(
    "inner",
    [
        "<script>evil()</script>",
        '<script href="https://evil.example/x.js"/>',
        "<foreignObject><iframe src='evil'/></foreignObject>",
        '<a href="javascript:evil()"><text>x</text></a>',
        '<rect onload="evil()" onclick="evil()"/>',
        '<image href="https://evil.example/track.png"/>',
        '<image href="data:image/svg+xml;base64,evil"/>',
        '<use href="evil.svg#a"/>',
        '<rect style="fill:url(https://evil.example)"/>',
        '<rect style="background:u\\72l(evil)"/>',
        "<style>@import 'evil';</style>",
        "<style>a { background: image-set('evil' 1x) }</style>",
        "<style>a { b: url( 'https://evil' ) }</style>",
        "<style>a { b: src('https://evil') }</style>",
        "<style>a { b: image('https://evil') }</style>",
        '<animate attributeName="href" values="javascript:evil()"/>',
        '<set attributeName="onload" to="evil()"/>',
        '<x:script xmlns:x="http://www.w3.org/1999/xhtml">evil()</x:script>',
        '<g xmlns:e="http://evil.example/" e:onload="evil()"/>',
        "<!-- evil -->",
        "<?evil do?>",
        "<metadata>evil</metadata>",
        '<rect fill="javascript:evil()"/>',
    ],
)
def test_what_runs_or_loads_goes(inner: str) -> None:
    """Nothing of it is left, in any writing (reliability 100)."""
    assert "evil" not in cleaned(inner)


def test_what_stands_in_something_left_out_goes_with_it() -> None:
    """And what comes after it stays."""
    text = cleaned("<foreignObject><g><path d='M1'/></g></foreignObject><path d='M2'/>")
    assert "M1" not in text
    assert "M2" in text


def test_style_that_is_cut_into_pieces_is_judged_as_a_whole() -> None:
    """A section in the middle of a word hides nothing."""
    assert "evil" not in cleaned("<style>a{b:ur<![CDATA[l(https://evil)]]>}</style>")


@pytest.mark.parametrize(
    "source",
    [
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        b'<!DOCTYPE svg [<!ENTITY % p SYSTEM "secret.txt"> %p;]><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<svg/>",
        b"<html><svg xmlns='http://www.w3.org/2000/svg'/></html>",
        b"not xml",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g>" * 101 + b"</g>" * 101 + b"</svg>",
        b" " * (MOST_SVG_BYTES + 1),
    ],
)
def test_what_is_no_plain_drawing_is_refused(source: bytes) -> None:
    """Entities above all: they expand, and they read files."""
    with pytest.raises(UploadRefused):
        clean_svg(source)


def test_laughs_are_refused_before_they_are_told() -> None:
    """A billion of them cost nothing."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))
    source = (
        f'<!DOCTYPE svg [<!ENTITY l0 "ha">{entities}]><svg xmlns="http://www.w3.org/2000/svg">&l19;</svg>'
    )
    started = time.thread_time()
    with pytest.raises(UploadRefused, match="entities"):
        clean_svg(source.encode())
    assert time.thread_time() - started < 0.5


def test_cleaning_twice_changes_nothing() -> None:
    """What was cleaned is clean."""
    once = clean_svg(f'<svg {NS}><path d="M0"/><text xml:space="preserve"> a </text></svg>'.encode())
    assert clean_svg(once) == once
