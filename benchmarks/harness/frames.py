"""A client that costs next to nothing: frames written beforehand, answers counted and not read.

Run as `python frames.py PORT PATH CONNECTIONS SECONDS SENDERS`; it prints how many
messages came back and in how many seconds. Each sender sends its next message when
its last one has come back.
"""

from __future__ import annotations

import asyncio
import sys
import time

PAYLOAD = b"x" * 100
#: Masked with a key of zeros, so that the payload stays as it is.
FRAME = bytes((0x81, 0x80 | len(PAYLOAD))) + bytes(4) + PAYLOAD
ANSWER_BYTES = 2 + len(PAYLOAD)
CONNECTING = 20.0


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, port: int, path: str) -> None:
        self.is_open = asyncio.get_running_loop().create_future()
        self.sends = False
        self.received = 0
        self._mine = 0
        self._head = b""
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\nSec-WebSocket-Version: 13\r\n"
            f"Origin: http://127.0.0.1:{port}\r\n\r\n"
        ).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self.is_open.done():
            self._head += data
            if b"\r\n\r\n" in self._head:
                assert b" 101 " in self._head[:20], self._head
                self.is_open.set_result(None)
            return
        self.received += len(data)
        if self.sends:
            self._mine += len(data)
            if self._mine >= ANSWER_BYTES:
                self._mine -= ANSWER_BYTES
                self.transport.write(FRAME)


async def main(port: int, path: str, connections: int, seconds: float, senders: int) -> None:
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    for at in range(0, connections, 50):
        batch = [
            (await loop.create_connection(lambda: Client(port, path), "127.0.0.1", port))[1]
            for _ in range(min(50, connections - at))
        ]
        await asyncio.wait_for(asyncio.gather(*(client.is_open for client in batch)), CONNECTING)
        clients += batch
    # Some servers have their own things to do after a handshake.
    await asyncio.sleep(0.3)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    for client in clients[:senders]:
        client.sends = True
        client.transport.write(FRAME)
    await asyncio.sleep(seconds)
    for client in clients:
        client.sends = False
    # What is on its way belongs to what the server has worked for.
    await asyncio.sleep(0.3)
    answered = sum(client.received for client in clients) / ANSWER_BYTES
    print(answered, time.monotonic() - began - 0.3, flush=True)


if __name__ == "__main__":
    port, path, connections, seconds, senders = sys.argv[1:]
    asyncio.run(main(int(port), path, int(connections), float(seconds), int(senders)))
