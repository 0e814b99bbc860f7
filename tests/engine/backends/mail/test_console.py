"""Mail that a developer reads in the terminal."""

from __future__ import annotations

import io

import pytest

from asok_engine.backends.mail.console import ConsoleMailer
from asok_engine.backends.mail.contract import Message

HELLO = Message("me@example.com", "ada@example.com", "Hello", "https://example.com/?token=x")


def test_a_message_is_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    """With address, subject and text; to the error output unless another stream is given."""
    stream = io.StringIO()
    ConsoleMailer(stream).send(HELLO)
    ConsoleMailer().send(HELLO)
    assert stream.getvalue() == "\nMail to ada@example.com: Hello\n\nhttps://example.com/?token=x\n\n"
    assert capsys.readouterr().err == stream.getvalue()
