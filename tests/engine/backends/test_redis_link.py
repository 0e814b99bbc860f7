"""The way to Redis when Redis is absent, silent, full, read-only or not Redis."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from asok_engine.backends.redis_link import PAUSE_SECONDS, CommandRefused, RedisLink, Script
from asok_engine.errors import BackendUnavailable, SetupError


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], str]]:
    """Start a listener that answers every read with the same bytes; nothing at all for b""."""
    listeners: list[socket.socket] = []
    clients: list[socket.socket] = []

    def serve(listener: socket.socket, answer: bytes) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            clients.append(client)
            threading.Thread(target=talk, args=(client, answer), daemon=True).start()

    def talk(client: socket.socket, answer: bytes) -> None:
        try:
            while heard := client.recv(65536):
                # The greeting of the library is several commands in one read.
                for _ in range(max(heard.count(b"CLIENT"), 1)):
                    client.sendall(b"+OK\r\n" if b"CLIENT" in heard else answer)
        except OSError:
            pass

    def start(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, answer), daemon=True).start()
        return f"redis://:word-of-pass@127.0.0.1:{listener.getsockname()[1]}/0"

    yield start
    for each in listeners:
        each.shutdown(socket.SHUT_RDWR)
        each.close()
    for each in clients:
        each.close()


def passwordless(url: str) -> str:
    return url.replace(":word-of-pass@", "")


@pytest.mark.parametrize(
    "answer",
    [
        b"-READONLY You can't write against a read only replica.\r\n",
        b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-MISCONF Redis is configured to save RDB snapshots\r\n",
        b"-NOPERM this user has no permissions\r\n",
        b"-MASTERDOWN Link with MASTER is down\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
async def test_a_redis_that_cannot_serve_is_unavailable(
    answering: Callable[[bytes], str], answer: bytes
) -> None:
    """Read-only, full, loading, forbidden or not Redis at all: status 503 on both sides (case 137)."""
    link = RedisLink(passwordless(answering(answer)), command_timeout_seconds=0.3)
    with pytest.raises(BackendUnavailable) as failure:
        link.run("SET", "k", "v")
    assert failure.value.status == 503
    assert "SET" in str(failure.value)
    link._down_until = 0.0
    with pytest.raises(BackendUnavailable):
        await link.run_async("SET", "k", "v")
    await link.close_async()


def test_a_value_of_another_kind_is_told_apart(answering: Callable[[bytes], str]) -> None:
    """WRONGTYPE says that the key is at fault, not Redis."""
    link = RedisLink(passwordless(answering(b"-WRONGTYPE Operation against a key\r\n")))
    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        link.run("GET", "k")
    link.close()


async def test_a_silent_redis_costs_the_time_limit_and_no_more(answering: Callable[[bytes], str]) -> None:
    """A server that accepts and never answers holds a call for its time limit only."""
    link = RedisLink(passwordless(answering(b"")), command_timeout_seconds=0.1, connect_timeout_seconds=0.1)
    began = time.monotonic()
    with pytest.raises(BackendUnavailable):
        link.run("GET", "k")
    link._down_until = 0.0
    with pytest.raises(BackendUnavailable):
        await link.run_async("GET", "k")
    assert time.monotonic() - began < 1.5
    await link.close_async()


def test_after_a_failure_calls_fail_at_once_for_a_moment(answering: Callable[[bytes], str]) -> None:
    """The second caller does not wait for a server that has just been silent."""
    link = RedisLink(passwordless(answering(b"")), command_timeout_seconds=0.1, connect_timeout_seconds=0.1)
    with pytest.raises(BackendUnavailable):
        link.run("GET", "k")
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(BackendUnavailable):
            link.run("GET", "k")
    assert time.monotonic() - began < 0.4
    assert PAUSE_SECONDS <= 0.5
    link.close()


async def test_a_connection_that_breaks_is_replaced_within_the_call() -> None:
    """A server that drops the first connection at the first command is asked once more."""
    listener = socket.create_server(("127.0.0.1", 0))
    commands: list[bytes] = []

    def serve() -> None:
        for _ in range(4):
            client, _ = listener.accept()
            with client:
                while heard := client.recv(65536):
                    if b"CLIENT" in heard:
                        client.sendall(b"+OK\r\n" * heard.count(b"CLIENT"))
                        continue
                    commands.append(heard)
                    if len(commands) % 2:
                        break
                    client.sendall(b"+PONG\r\n")

    threading.Thread(target=serve, daemon=True).start()
    link = RedisLink(f"redis://127.0.0.1:{listener.getsockname()[1]}/0", max_connections=1)
    assert link.run("ECHO", "x") == b"PONG"
    link.close()
    assert await link.run_async("ECHO", "x") == b"PONG"
    assert len(commands) == 4
    await link.close_async()
    listener.close()


def test_connection_that_is_cut_at_once_is_unavailable_on_uvloop_too() -> None:
    """There a write to a cut connection is a bare RuntimeError, which would end a subscription for good."""
    uvloop = pytest.importorskip("uvloop")
    listener = socket.create_server(("127.0.0.1", 0))

    def cut() -> None:
        while True:
            try:
                client, _ = listener.accept()
                client.recv(1)
            except OSError:
                return
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()

    async def ask() -> None:
        link = RedisLink(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        for _ in range(20):
            link._down_until = 0.0
            with pytest.raises(BackendUnavailable) as failure:
                await link.run_async("GET", "k")
            assert "0x" not in str(failure.value)
            with pytest.raises(BackendUnavailable):
                await link.listen("news", lambda: None, lambda _message: None)
        await link.close_async()

    threading.Thread(target=cut, daemon=True).start()
    uvloop.run(ask())
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_no_message_holds_the_password(answering: Callable[[bytes], str]) -> None:
    """Neither the name of the link nor an error shows what stands before the @."""
    link = RedisLink(answering(b"-WRONGPASS invalid username-password pair\r\n"))
    assert "word-of-pass" not in link.name
    with pytest.raises(BackendUnavailable) as failure:
        link.run("GET", "k")
    assert "word-of-pass" not in str(failure.value)
    link.close()


@pytest.mark.parametrize(
    "url", ["", "localhost:6379", "http://localhost", "redis://h:port/0", "redis://[::1/0"]
)
def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    """The address is checked before the first request needs it."""
    with pytest.raises(SetupError, match="redis://"):
        RedisLink(url)


def test_a_missing_library_names_the_command() -> None:
    """Without the package the start stops with the install command; importing the module needs no package."""
    program = (
        "import sys; sys.modules['redis'] = None\n"
        "from asok_engine.backends.redis_link import RedisLink\n"
        "import asok_engine.backends.cache.redis, asok_engine.backends.counters.redis\n"
        "try:\n    RedisLink('redis://:pw-hidden@localhost/0')\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout.startswith("SetupError")
    assert 'pip install "asok[redis]"' in done.stdout
    assert "pw-hidden" not in done.stdout


def test_importing_the_backends_does_not_import_the_library() -> None:
    """An application without Redis does not pay for it."""
    program = (
        "import asok_engine.backends.redis_link, asok_engine.backends.cache.redis, sys\n"
        "print('redis' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "False", done.stderr


def test_a_script_is_known_by_the_digest_that_redis_uses() -> None:
    """SHA-1 of the text, in hexadecimal."""
    assert Script("return 1").digest == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
