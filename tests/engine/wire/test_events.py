"""Server-sent events: framed so that a browser reads exactly what was sent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import UsageError
from asok_engine.wire.events import Event, format_event


def received(stream: bytes) -> list[dict[str, str]]:
    """Read a stream as a browser does (WHATWG HTML 9.2.6)."""
    events, fields = [], dict[str, list[str]]()
    for line in re.split("\r\n|\n|\r", stream.decode()):
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        elif fields:
            events.append({name: "\n".join(values) for name, values in fields.items()})
            fields = {}
    assert not fields
    return events


def test_event_is_framed() -> None:
    """Every field stands on its line, an empty line ends it."""
    framed = format_event("two\nlines", event="news", id="7", retry=3000, comment="hi")
    assert framed == b": hi\nretry: 3000\nid: 7\nevent: news\ndata: two\ndata: lines\n\n"
    assert Event("two\nlines", "news", "7", 3000, "hi").encode() == framed


def test_data_that_is_no_text_is_json() -> None:
    """Dicts, lists and numbers travel as JSON in one line."""
    assert format_event({"a": [1, None]}) == b'data: {"a":[1,null]}\n\n'
    assert format_event(0) == b"data: 0\n\n"


def test_empty_text_is_an_event() -> None:
    """An empty message is a message."""
    assert format_event("") == b"data: \n\n"


def test_comment_alone_is_no_event() -> None:
    """A comment keeps a connection awake and reaches nobody."""
    assert format_event(None, comment="beat") == b": beat\n\n"


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\x00b", "a\r\ndata: forged"])
def test_line_break_in_a_name_or_id_is_refused(text: str) -> None:
    """Case 98: a name or id cannot begin a field of its own."""
    with pytest.raises(UsageError, match="line break"):
        format_event("x", event=text)
    with pytest.raises(UsageError, match="line break"):
        format_event("x", id=text)


def test_comment_cannot_forge_a_field() -> None:
    """Each line of a comment is a comment."""
    assert received(format_event("x", comment="a\ndata: forged\rid: 9")) == [
        {"": "a\ndata: forged\nid: 9", "data": "x"}
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=4))
def test_text_arrives_as_it_was_sent(texts: list[str]) -> None:
    """One event for each text; only the kind of a line break is lost."""
    stream = b"".join(format_event(text) for text in texts)
    assert [event["data"] for event in received(stream)] == [re.sub("\r\n|\r", "\n", text) for text in texts]
