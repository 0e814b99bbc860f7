"""A real SMTP server for tests: what it gets is in `letters`; with or without TLS, with or without sign-in."""

from __future__ import annotations

import asyncio
import datetime
import email
import ipaddress
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.servers import free_port

__all__ = ["Mailbox", "make_certificate", "run_mailbox"]


class Mailbox:
    """What has arrived, and who signed in."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.letters: list[Message] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a letter."""
        self.letters.append(email.message_from_bytes(envelope.content))
        return "250 taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        """Note who signs in; one password is right."""
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right")


class _Controller(Controller):
    """The server, which knows who is connected."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.met: list[SMTP] = []

    def factory(self) -> SMTP:
        """Make what speaks with one client."""
        self.met.append(made := SMTP(self.handler, **self.SMTP_kwargs))
        return made

    async def see_them_off(self) -> None:
        """Wait until every client has left; one that stays is cut."""
        latest = time.monotonic() + 5
        while any(each.transport is not None for each in self.met):
            if time.monotonic() > latest:
                for each in self.met:
                    if isinstance(each.transport, asyncio.WriteTransport):
                        each.transport.abort()
            await asyncio.sleep(0.01)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a key and a certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    key_file, certificate = folder / "mail.key", folder / "mail.pem"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return certificate, key_file


@contextmanager
def run_mailbox(
    certificate: tuple[Path, Path] | None = None, *, signs_in: bool = False, implicit: bool = False
) -> Iterator[Mailbox]:
    """Run the server; a certificate makes it offer STARTTLS, or speak TLS from the start."""
    mailbox = Mailbox(free_port())
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    controller = _Controller(
        mailbox,
        hostname="127.0.0.1",
        port=mailbox.port,
        ssl_context=context if implicit else None,
        tls_context=None if implicit else context,
        authenticator=mailbox.authenticate if signs_in else None,
        auth_require_tls=signs_in,
        auth_required=signs_in,
    )
    controller.start()
    try:
        yield mailbox
    finally:
        # Why first: a client that has just been thanked may not have said goodbye, and the stop leaves its socket open.
        asyncio.run_coroutine_threadsafe(controller.see_them_off(), controller.loop).result(10)
        controller.stop()
