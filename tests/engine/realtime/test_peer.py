"""The protocol of the stand-alone server, as clients that are right, wrong and hostile see it."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from asok_engine.realtime.connection import Connection
from asok_engine.realtime.limits import Limits
from tests.engine.realtime.served import Served, closed, serving

TEXT, BINARY, CONTINUED, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


def echo(server: Any) -> None:
    async def handler(conn: Connection, message: Any) -> None:
        conn.send(message)

    server.routes.on_message("/", handler)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(echo, tmp_path, limits=Limits(max_message_bytes=1000)) as running:
        yield running


def shake(**changed: str | None) -> bytes:
    fields: dict[str, str | None] = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    fields |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join(["GET / HTTP/1.1", *lines, "", ""]).encode()


def frame(opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    mask = os.urandom(4)
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    flag = 0x80 if masked else 0
    if len(payload) < 126:
        head = bytes((first, flag | len(payload)))
    elif len(payload) < 65536:
        head = bytes((first, flag | 126)) + struct.pack("!H", len(payload))
    else:
        head = bytes((first, flag | 127)) + struct.pack("!Q", len(payload))
    if not masked:
        return head + payload
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


class Raw:
    """A client made of bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, served: Served) -> Raw:
        return cls(*await asyncio.open_connection("127.0.0.1", served.port))

    async def head(self) -> str:
        return (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)).decode()

    async def next(self) -> tuple[int, bytes]:
        first, second = await asyncio.wait_for(self.reader.readexactly(2), 5)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await self.reader.readexactly(2))
        return first & 0x0F, await self.reader.readexactly(length)

    async def close_code(self) -> int:
        opcode, payload = await self.next()
        assert opcode == CLOSE, (opcode, payload)
        return int.from_bytes(payload[:2], "big")

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), 5)

    def leave(self) -> None:
        self.writer.transport.abort()


async def opened(served: Served, **changed: str | None) -> Raw:
    raw = await Raw.open(served)
    raw.writer.write(shake(**changed))
    assert (await raw.head()).startswith("HTTP/1.1 101")
    return raw


# --- the handshake ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Upgrade": None}, 426),
        ({"Connection": "keep-alive"}, 426),
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Version": "12"}, 400),
        ({"Sec_WebSocket_Version": None}, 400),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Cookie": "who=1"}, 403),
    ],
)
async def test_handshake_that_is_not_right_is_refused(
    served: Served, changed: dict[str, str | None], status: int
) -> None:
    """What is missing or wrong gets its status, and the connection ends."""
    raw = await Raw.open(served)
    raw.writer.write(shake(**changed))
    assert (await raw.head()).startswith(f"HTTP/1.1 {status} ")
    await raw.rest()
    raw.leave()


async def test_message_that_comes_with_the_handshake_is_not_lost(served: Served) -> None:
    """A client may send at once, and in pieces of any size."""
    raw = await Raw.open(served)
    everything = shake() + frame(TEXT, b"early") + frame(TEXT, b"second")
    raw.writer.write(everything[:150])
    await raw.writer.drain()
    await asyncio.sleep(0.01)
    raw.writer.write(everything[150:])
    await raw.head()
    assert [await raw.next(), await raw.next()] == [(TEXT, b"early"), (TEXT, b"second")]
    raw.leave()


async def test_handshake_without_end_is_cut_off(tmp_path: Path) -> None:
    """Headers of 100 KB get 431; a client that says nothing is gone after its time."""
    async with serving(echo, tmp_path, limits=Limits(handshake_seconds=0.2)) as served:
        raw = await Raw.open(served)
        raw.writer.write(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000)
        assert (await raw.head()).startswith("HTTP/1.1 431 ")
        raw.leave()
        silent = await Raw.open(served)
        silent.writer.write(b"GET / HTTP/1.1\r\n")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await silent.reader.readexactly(1)
        silent.leave()


async def test_what_is_no_http_costs_nothing(served: Served) -> None:
    """Bytes of another protocol end the connection, without a traceback in the log."""
    raw = await Raw.open(served)
    raw.writer.write(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
    await raw.rest()
    raw.leave()


async def test_subprotocol_of_ours_is_chosen(tmp_path: Path) -> None:
    """The client learns which of its offers the server speaks."""

    def register(server: Any) -> None:
        async def handler(conn: Connection, message: Any) -> None:
            conn.send(str(conn.subprotocol))

        server.routes.on_message("/", handler, ["chat.v2", "chat.v1"])

    async with serving(register, tmp_path) as served:
        async with served.connect(subprotocols=["other", "chat.v1"]) as client:
            assert client.subprotocol == "chat.v1"
            await client.send("x")
            assert await client.recv() == "chat.v1"
        async with served.connect() as client:
            assert client.subprotocol is None


# --- messages -----------------------------------------------------------------------------------


async def test_fragments_are_one_message(served: Served) -> None:
    """Text cut within a character, bytes, and a ping between the pieces."""
    raw = await opened(served)
    text = "aé€😀".encode()
    for at in range(len(text)):
        raw.writer.write(frame(TEXT if at == 0 else CONTINUED, text[at : at + 1], fin=at == len(text) - 1))
        if at == 2:
            raw.writer.write(frame(PING, b"are you there"))
    assert await raw.next() == (PONG, b"are you there")
    assert await raw.next() == (TEXT, text)
    raw.writer.write(
        frame(BINARY, b"ab", fin=False) + frame(CONTINUED, b"", fin=False) + frame(CONTINUED, b"c")
    )
    assert await raw.next() == (BINARY, b"abc")
    raw.leave()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"\xff"), 1007),
        (frame(TEXT, b"a\xc3", fin=False) + frame(CONTINUED, b"\x28"), 1007),
        (frame(TEXT, b"a", masked=False), 1002),
        (frame(TEXT, b"a", rsv=2), 1002),
        (frame(TEXT, b"a", rsv=4), 1002),
        (frame(3, b"a"), 1002),
        (frame(CONTINUED, b"a"), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, b"x", fin=False), 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(CLOSE, struct.pack("!H", 1005)), 1002),
        (frame(CLOSE, struct.pack("!H", 1000) + b"\xff"), 1007),
        (frame(BINARY, b"x" * 1001), 1009),
        (frame(BINARY, b"x" * 600, fin=False) + frame(CONTINUED, b"x" * 600), 1009),
        (b"\x82\xff" + struct.pack("!Q", 1 << 62), 1009),
    ],
    # Named: the masks are random, and every worker has to know a test by the same name.
    ids=[
        "text-not-utf8",
        "fragments-not-utf8",
        "not-masked",
        "second-reserved-bit",
        "first-reserved-bit",
        "unknown-opcode",
        "continues-nothing",
        "long-ping",
        "fragmented-ping",
        "half-a-code",
        "reserved-code",
        "reason-not-utf8",
        "too-large",
        "fragments-too-large",
        "length-too-large",
    ],
)
async def test_wrong_frame_ends_the_connection_with_its_code(served: Served, sent: bytes, code: int) -> None:
    """1002 for what is no protocol, 1007 for what is no text, 1009 for what is too large, unread."""
    raw = await opened(served)
    raw.writer.write(sent)
    assert await raw.close_code() == code
    await raw.rest()
    raw.leave()


async def test_bomb_is_not_unpacked(served: Served) -> None:
    """A packed message of a thousand times its size is closed with 1009 before it is in memory."""
    raw = await opened(served, Sec_WebSocket_Extensions="permessage-deflate")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(b"\0" * 50_000_000) + packer.flush(zlib.Z_SYNC_FLUSH)
    raw.writer.write(frame(BINARY, bomb[:900], rsv=4))
    assert await raw.close_code() == 1009
    raw.leave()


async def test_packed_messages_go_both_ways(tmp_path: Path) -> None:
    """Text of any length survives packing, also for a client with a smaller window."""
    async with serving(echo, tmp_path) as served:
        for offer in (
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits; server_max_window_bits=9",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ):
            raw = await opened(served, Sec_WebSocket_Extensions=offer)
            raw.leave()
        async with served.connect() as client:
            assert client.protocol.extensions
            for length in (10, 600, 70_000):
                message = "".join(chr(97 + at * at % 26) for at in range(length))
                await client.send(message)
                assert await client.recv() == message


async def test_thousands_of_tiny_fragments_cost_no_more_than_their_bytes(tmp_path: Path) -> None:
    """A message in one-byte pieces is put together as it comes."""
    async with serving(echo, tmp_path) as served:
        raw = await opened(served)
        raw.writer.write(frame(TEXT, b"a", fin=False))
        raw.writer.write(b"".join(frame(CONTINUED, b"a", fin=False) for _ in range(5000)))
        raw.writer.write(frame(CONTINUED, b""))
        assert await raw.next() == (TEXT, b"a" * 5001)
        raw.leave()


# --- the end --------------------------------------------------------------------------------------


async def test_close_code_of_the_client_is_echoed(served: Served) -> None:
    """4001 comes back as 4001, an empty close frame as an empty one."""
    raw = await opened(served)
    raw.writer.write(frame(CLOSE, struct.pack("!H", 4001) + b"enough"))
    assert await raw.next() == (CLOSE, struct.pack("!H", 4001) + b"enough")
    assert await raw.rest() == b""
    raw.leave()
    raw = await opened(served)
    raw.writer.write(frame(CLOSE, b""))
    assert await raw.next() == (CLOSE, b"")
    assert await raw.rest() == b""
    raw.leave()


async def test_last_message_before_a_close_is_handled(tmp_path: Path) -> None:
    """A client that says something and leaves in the same breath was heard."""
    heard = asyncio.Event()
    loop = asyncio.get_running_loop()

    def register(server: Any) -> None:
        async def handler(conn: Connection, message: Any) -> None:
            loop.call_soon_threadsafe(heard.set)

        server.routes.on_message("/", handler)

    async with serving(register, tmp_path) as served:
        raw = await opened(served)
        raw.writer.write(frame(TEXT, b"last words") + frame(CLOSE, b""))
        await asyncio.wait_for(heard.wait(), 5)
        raw.leave()


async def test_client_that_does_not_answer_a_close_is_cut_off(tmp_path: Path) -> None:
    """The closing handshake has a time, too."""

    def register(server: Any) -> None:
        async def handler(conn: Connection, message: Any) -> None:
            conn.close(4000, "over")

        server.routes.on_message("/", handler)

    async with serving(register, tmp_path, limits=Limits(close_seconds=0.2)) as served:
        raw = await opened(served)
        raw.writer.write(frame(TEXT, b"x"))
        assert await raw.close_code() == 4000
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(raw.reader.readexactly(1), 5)
        raw.leave()


async def test_silent_client_is_asked_and_a_dead_one_is_cut_off(tmp_path: Path) -> None:
    """A ping goes out; who answers stays, however little it says, and who does not is gone."""
    limits = Limits(ping_seconds=0.2, pong_seconds=0.3)
    async with serving(echo, tmp_path, limits=limits) as served:
        async with served.connect(ping_interval=None) as alive:
            dead = await opened(served)
            assert await dead.next() == (PING, b"")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                while True:
                    await asyncio.wait_for(dead.reader.readexactly(1), 8)
            dead.leave()
            await alive.send("still here")
            assert await alive.recv() == "still here"


async def test_idle_client_is_closed_only_where_that_is_wanted(tmp_path: Path) -> None:
    """Pings are no conversation: with an idle limit the connection ends with 1000."""
    async with serving(echo, tmp_path, limits=Limits(idle_seconds=0.3)) as served:
        assert (await closed(await served.connect()))[0] == 1000


async def test_flood_of_messages_is_closed_with_1008(tmp_path: Path) -> None:
    """The rate is limited for each client."""
    async with serving(echo, tmp_path, limits=Limits(messages_per_second=5, burst_messages=10)) as served:
        client = await served.connect()
        for _ in range(30):
            await client.send("x")
        assert (await closed(client))[0] == 1008


async def test_reader_that_has_stopped_is_closed_with_1013_and_the_others_get_everything(
    tmp_path: Path,
) -> None:
    """What waits for it is bounded, and nobody else notices."""
    limits = Limits(max_queue_bytes=200_000, close_seconds=0.5)
    left: list[int | None] = []

    def register(server: Any) -> None:
        server.routes.on_connect("/", lambda conn: None)
        server.routes.on_disconnect("/", lambda conn: left.append(conn.close_code))

    async with serving(register, tmp_path, limits=limits) as served:
        stuck = await opened(served)
        stuck.writer.transport.pause_reading()  # type: ignore[attr-defined]
        async with served.connect(max_queue=None, compression=None) as fine:
            for number in range(600):
                served.server.broadcast("/", f"{number} " + os.urandom(5000).hex())
                message = await asyncio.wait_for(fine.recv(), 5)
                assert str(message).startswith(f"{number} ")
            async with asyncio.timeout(10):
                while not left:
                    await asyncio.sleep(0.01)
            assert left == [1013]
        stuck.leave()


async def test_place_is_given_back_for_every_connection(served: Served) -> None:
    """Whatever becomes of handshakes and connections, the count returns to nothing."""
    for sent in (b"", shake(), shake(Origin="https://evil.example"), shake()[:-2]):
        raw = await Raw.open(served)
        raw.writer.write(sent)
        await asyncio.sleep(0.02)
        raw.leave()
    async with asyncio.timeout(5):
        while served.server._admission.count:
            await asyncio.sleep(0.01)
    assert served.server.hub.connections() == []
