"""Sends messages over SMTP, with TLS whose certificate is checked, and never waits for ever.

On port 465 TLS comes first, on others STARTTLS; a server that does not offer it, or
somebody in between who took the offer away, gets nothing. A password goes over TLS only.
Sources: RFC 5321, RFC 3207, RFC 8314, CVE-2026-7666.
"""

from __future__ import annotations

import smtplib
import ssl

from asok_engine.backends.mail.contract import MailUnavailable, Message
from asok_engine.errors import SetupError

__all__ = ["SmtpMailer"]

IMPLICIT_TLS_PORT = 465
TIMEOUT_SECONDS = 10.0


class SmtpMailer:
    """Send through one server; a connection per message.

    `context` says which certificates count, by default those of the system.

    Raises:
        SetupError: there is a password and no TLS to protect it.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        username: str = "",
        password: str = "",
        tls: bool = True,
        timeout_seconds: float = TIMEOUT_SECONDS,
        context: ssl.SSLContext | None = None,
    ) -> None:
        if username and not tls:
            raise SetupError(
                "Mail has a user name and no TLS, so the password would be sent for everybody to read.",
                fix="Switch TLS on, or take user name and password away.",
            )
        self._host, self._port, self._tls = host, port, tls
        self._username, self._password = username, password
        self._timeout_seconds = timeout_seconds
        self._context = context

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            MailUnavailable: the server does not answer in time, has no valid certificate, or refuses.
        """
        try:
            with self._connected() as server:
                if self._username:
                    server.login(self._username, self._password)
                server.send_message(message.to_email())
        except (OSError, smtplib.SMTPException) as error:
            raise MailUnavailable(
                f"Mail could not be sent by {self._host}:{self._port}: {error}",
                fix="Check that the mail server runs, and its address, port, TLS and password.",
            ) from error

    def _connected(self) -> smtplib.SMTP:
        if not self._tls:
            return smtplib.SMTP(self._host, self._port, timeout=self._timeout_seconds)
        context = self._context or ssl.create_default_context()
        if self._port == IMPLICIT_TLS_PORT:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_seconds, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=self._timeout_seconds)
        try:
            # Raises where it is not offered: there is no going on without.
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server

    def __repr__(self) -> str:
        return f"<SmtpMailer {self._host}:{self._port}{' with TLS' if self._tls else ''}>"
