"""What a message may be."""

from __future__ import annotations

import pytest

from asok_engine.backends.mail.contract import Message
from asok_engine.errors import UsageError


@pytest.mark.parametrize(
    "change",
    [
        {"to": "ada@example.com\nBcc: all@example.com"},
        {"to": "ada@example.com, eve@example.com"},
        {"to": "Ada <ada@example.com>"},
        {"to": "ada"},
        {"to": "@"},
        {"to": "a@b@c"},
        {"sender": "me@example.com\r\nX: y"},
        {"subject": "Hello\r\nBcc: eve@example.com"},
        {"subject": "Hello\x00"},
    ],
)
def test_nothing_becomes_another_header(change: dict[str, str]) -> None:
    """Line breaks and second addresses are refused when the message is made (reliability 99, CWE-93)."""
    good = {"sender": "me@example.com", "to": "ada@example.com", "subject": "Hello", "text": "Hi"}
    Message(**good)
    with pytest.raises(UsageError, match=r"A message has"):
        Message(**{**good, **change})


def test_a_letter_has_what_mail_servers_ask_for() -> None:
    """From, To, Subject, a date, an id of the sender's host, and text of any script."""
    made = Message("me@example.com", "ada@example.com", "Grüße", "Привет\n").to_email()
    assert made["Subject"] == "Grüße"
    assert made["Message-ID"].endswith("@example.com>")
    assert made["Auto-Submitted"] == "auto-generated"
    assert made["Date"].endswith("+0000")
    assert made.get_content() == "Привет\n"
