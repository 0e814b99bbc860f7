"""Mail over SMTP, against a real server."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path

import pytest

from asok_engine.backends.mail.contract import MailUnavailable, Message
from asok_engine.backends.mail.smtp import SmtpMailer
from asok_engine.errors import SetupError
from tests.mailbox import make_certificate, run_mailbox

HELLO = Message("me@example.com", "ada@example.com", "Hello", "Hi\n")


def test_mail_goes_over_tls_with_a_certificate_that_counts(tmp_path: Path) -> None:
    """STARTTLS, then the password, then the letter."""
    pair = make_certificate(tmp_path)
    context = ssl.create_default_context(cafile=str(pair[0]))
    with run_mailbox(pair, signs_in=True) as mailbox:
        mailer = SmtpMailer("127.0.0.1", mailbox.port, username="me", password="right", context=context)
        mailer.send(HELLO)
        assert [letter["To"] for letter in mailbox.letters] == ["ada@example.com"]
        assert mailbox.logins == [(b"me", b"right")]
        assert "right" not in repr(mailer)
        wrong = SmtpMailer("127.0.0.1", mailbox.port, username="me", password="wrong", context=context)
        with pytest.raises(MailUnavailable, match="could not be sent"):
            wrong.send(HELLO)


def test_tls_from_the_start_on_its_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 465 speaks TLS before anything else; the test has another one take its place."""
    pair = make_certificate(tmp_path)
    context = ssl.create_default_context(cafile=str(pair[0]))
    with run_mailbox(pair, implicit=True) as mailbox:
        monkeypatch.setattr("asok_engine.backends.mail.smtp.IMPLICIT_TLS_PORT", mailbox.port)
        SmtpMailer("127.0.0.1", mailbox.port, context=context).send(HELLO)
        assert len(mailbox.letters) == 1


def test_a_certificate_of_anybody_gets_nothing(tmp_path: Path) -> None:
    """Neither the password nor the letter (D9)."""
    with run_mailbox(make_certificate(tmp_path), signs_in=True) as mailbox:
        with pytest.raises(MailUnavailable, match="certificate verify failed"):
            SmtpMailer("127.0.0.1", mailbox.port, username="me", password="right").send(HELLO)
        assert (mailbox.letters, mailbox.logins) == ([], [])


def test_a_server_without_tls_gets_nothing() -> None:
    """Also when somebody in between has taken the offer away (reliability 99, CVE-2026-7666)."""
    with run_mailbox() as mailbox:
        with pytest.raises(MailUnavailable, match="STARTTLS"):
            SmtpMailer("127.0.0.1", mailbox.port).send(HELLO)
        assert mailbox.letters == []
        SmtpMailer("127.0.0.1", mailbox.port, tls=False).send(HELLO)
        assert len(mailbox.letters) == 1


def test_a_password_never_goes_in_the_clear() -> None:
    """A setting that would send it stops the start."""
    with pytest.raises(SetupError, match="for everybody to read"):
        SmtpMailer("127.0.0.1", 25, username="me", password="right", tls=False)


def test_a_server_that_says_nothing_is_given_up() -> None:
    """Within the time that was given, and one that is not there at once (D9)."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(MailUnavailable, match="timed out"):
            SmtpMailer("127.0.0.1", silent.getsockname()[1], timeout_seconds=0.3).send(HELLO)
        assert time.monotonic() - began < 3
        port = silent.getsockname()[1]
    with pytest.raises(MailUnavailable, match="refused"):
        SmtpMailer("127.0.0.1", port, timeout_seconds=0.3).send(HELLO)
