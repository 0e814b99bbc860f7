"""Negotiation: what the client likes most of what there is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.wire.negotiation import accepted_encodings, accepted_language, best
from tests.engine.wire.growth import grows_linearly

HTML, JSON = "text/html", "application/json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("header", "offers", "answer"),
    [
        (None, (HTML, JSON), HTML),
        ("", (HTML, JSON), HTML),
        (" , ;", (HTML, JSON), HTML),
        ("*/*", (HTML, JSON), HTML),
        ("*/*", (JSON, HTML), JSON),
        (BROWSER, (JSON, HTML), HTML),
        ("application/json", (HTML, JSON), JSON),
        ("APPLICATION/JSON", (HTML, JSON), JSON),
        ("application/json, text/plain, */*", (HTML, JSON), JSON),
        ("text/*;q=0.5, application/json;q=0.4", (JSON, HTML), HTML),
        ("text/html;q=0.3, application/json;q=0.7", (HTML, JSON), JSON),
        ("text/html;level=1;q=0.2, application/json;q=0.1", (JSON, HTML), HTML),
        ("*/*, text/html;q=0", (HTML, JSON), JSON),
        ("text/*, text/html;q=0", (HTML,), None),
        ("image/png", (HTML, JSON), None),
        ("*/*;q=0", (HTML, JSON), None),
        ("*", (HTML, JSON), None),
        ("application/json;q=2", (HTML, JSON), None),
        ("application/json;q=٠.٥", (JSON,), None),
        ("application/json;q=nan", (JSON,), None),
        ("application/json;q=1e1", (JSON,), None),
        ("application/json ; Q=0.001", (JSON,), JSON),
        (None, (), None),
    ],
)
def test_best_media_type_is_chosen(header: str | None, offers: tuple[str, ...], answer: str | None) -> None:
    """RFC 9110 12.5.1: weight, then exactness, then the order of the offers; a bad weight is zero."""
    assert best(header, offers) == answer


@pytest.mark.parametrize(
    ("header", "answer"),
    [
        (None, []),
        ("", []),
        ("gzip, deflate, br, zstd", ["zstd", "br", "gzip"]),
        ("gzip;q=1.0, br;q=0.5", ["gzip", "br"]),
        ("gzip;q=0, br", ["br"]),
        ("*", ["zstd", "br", "gzip"]),
        ("*;q=0", []),
        ("*, br;q=0", ["zstd", "gzip"]),
        ("identity", []),
        ("identity;q=1, gzip;q=0.5", []),
        ("identity;q=0.5, gzip", ["gzip"]),
        ("identity;q=0, gzip;q=0.1", ["gzip"]),
        ("GZIP", ["gzip"]),
        ("gzip;q=bad", []),
    ],
)
def test_encodings_are_in_order_of_preference(header: str | None, answer: list[str]) -> None:
    """RFC 9110 12.5.3: zero excludes, `*` stands for the rest, a preferred identity means none."""
    assert accepted_encodings(header, ("zstd", "br", "gzip")) == answer


@pytest.mark.parametrize(
    ("header", "answer"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("FR-ca", "fr"),
        ("de-AT, fr;q=0.9", "de_DE"),
        ("fr;q=0.1, de-DE;q=0.9", "de_DE"),
        ("es, it;q=0.8", "en"),
        ("es, fr;q=0.2", "fr"),
        ("fr;q=0, de", "de_DE"),
        ("fr;q=0", "en"),
        ("*", "en"),
        ("es;q=1, *;q=0.5, fr;q=0.4", "en"),
        ("zh-Hant-TW", "zh-Hant"),
        ("zh-Hans-CN-x-private", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("de-" + "x-" * 4000, "de_DE"),
    ],
)
def test_language_is_found_by_its_tag(header: str | None, answer: str) -> None:
    """RFC 4647 3.4: a tag is shortened until it is there, then its kin counts, else the default."""
    assert accepted_language(header, ("en", "fr", "de_DE", "zh-Hans", "zh-Hant"), "en") == answer


@pytest.mark.parametrize("unit", ["a,", "a;q=1,", ";", "en-", "x-x-x-x,", ";q=0.1", "*/*,", "=;,"])
def test_long_field_is_bounded(unit: str) -> None:
    """Cases 41 and 42: seven kilobytes of anything cost what they weigh."""
    assert grows_linearly(lambda header: best(header, (HTML, JSON)), lambda size: unit * size, 300)
    assert grows_linearly(
        lambda header: accepted_encodings(header, ("br", "gzip")), lambda size: unit * size, 300
    )
    assert grows_linearly(
        lambda header: accepted_language(header, ("en", "de"), "en"), lambda size: unit * size, 300
    )


def test_entries_after_the_fiftieth_are_not_read() -> None:
    """Nobody speaks that many languages."""
    assert accepted_language("xx," * 49 + "fr", ("fr",), "en") == "fr"
    assert accepted_language("xx," * 50 + "fr", ("fr",), "en") == "en"


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text("abq=;,*/-01. ", max_size=60)))
def test_nothing_makes_it_raise(header: str) -> None:
    """Whatever is sent, the answer is one of the offers or none."""
    assert best(header, (HTML, JSON)) in (HTML, JSON, None)
    assert set(accepted_encodings(header, ("br", "gzip"))) <= {"br", "gzip"}
    assert accepted_language(header, ("en", "de"), "en") in ("en", "de")
