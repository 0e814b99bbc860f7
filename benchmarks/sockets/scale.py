"""Many WebSocket clients on one machine: whether everything arrives, and what it costs.

    python benchmarks/sockets/scale.py broadcast        4 processes, 2 000 clients, the file and then Redis
    python benchmarks/sockets/scale.py idle             10 000 idle connections on one process
    python benchmarks/sockets/scale.py stalled          500 readers, 5 of which have stopped reading

`--clients` and `--processes` change the size. Needs as many open files as clients, twice;
`broadcast` needs redis-server on the PATH. Each prints what it found and ends with 1 when
something did not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

HERE = Path(__file__).parent
OPTIONS = {"compression": None, "ping_interval": None, "max_queue": None}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(port: int, *, processes: int, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the handlers of `scaled.py`: alone for one process, on uvicorn for several."""
    command = [sys.executable, "scaled.py"]
    if processes > 1:
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "scaled:app",
            "--port",
            str(port),
            "--workers",
            str(processes),
        ]
        command += ["--no-access-log", "--log-level", "warning", "--backlog", "4096"]
    process = subprocess.Popen(
        command, cwd=HERE, env={**os.environ, "PORT": str(port), **variables}, start_new_session=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


async def joined(url: str, count: int, at_once: int = 50) -> list[ClientConnection]:
    """Connect so many clients, some at a time."""
    clients: list[ClientConnection] = []
    deadline = time.monotonic() + 30
    while not clients:
        try:
            clients.append(await connect(url, **OPTIONS))  # type: ignore[arg-type]
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
    while len(clients) < count:
        wanted = min(at_once, count - len(clients))
        clients += await asyncio.gather(*(connect(url, open_timeout=60, **OPTIONS) for _ in range(wanted)))  # type: ignore[arg-type]
    return clients


# --- every broadcast reaches every client once, in order -------------------------------------------


async def broadcast(clients_count: int, processes: int) -> bool:
    """Several senders on several processes; a Redis that is restarted in the middle."""
    fine = True
    for adapter in ("sqlite", "redis"):
        with contextlib.ExitStack() as stack:
            variables = {"WS_ADAPTER": adapter, "ROOT": stack.enter_context(tempfile.TemporaryDirectory())}
            redis = None
            if adapter == "redis":
                if shutil.which("redis-server") is None:
                    print("redis-server is not on the PATH")
                    return False
                redis = Redis()
                stack.callback(redis.stop)
                variables["REDIS_URL"] = redis.url
            port = free_port()
            stack.enter_context(served(port, processes=processes, **variables))
            url = f"ws://127.0.0.1:{port}/room"
            began = time.monotonic()
            clients = await joined(url, clients_count)
            connected = time.monotonic() - began
            # Until every process listens to the others.
            await asyncio.sleep(2)
            senders, each = 8, 25
            expected = senders * each
            began = time.monotonic()
            readers = [asyncio.ensure_future(read(client, expected)) for client in clients]
            for number in range(each):
                for sender in range(senders):
                    await clients[sender * len(clients) // senders].send(f"{sender} {number}")
                await asyncio.sleep(0.05)
            results = await asyncio.gather(*readers)
            took = time.monotonic() - began
            wrong = [result for result in results if not in_order(result, senders, each)]
            print(
                f"{adapter}: {clients_count} clients, {processes} processes, connected in {connected:.0f} s; "
                f"{expected} broadcasts, {expected * clients_count} messages in {took:.1f} s; "
                f"{len(wrong)} clients with something missing, twice or out of order"
            )
            fine = fine and not wrong
            if redis is not None:
                fine = await restarted(redis, clients) and fine
            await asyncio.gather(*(client.close() for client in clients))
    return fine


async def restarted(redis: Redis, clients: list[ClientConnection]) -> bool:
    """Restart Redis; messages go round all processes again, and each has reported a gap to its handlers."""
    # So many that they hang on every process, whichever that is.
    listeners = clients[1 :: max(len(clients) // 32, 1)]
    redis.stop()
    await asyncio.sleep(1)
    redis.start()
    began = time.monotonic()
    told, back = set[ClientConnection](), set[ClientConnection]()

    async def listen(client: ClientConnection) -> None:
        while client not in back:
            message = str(await client.recv())
            if message.startswith("gap"):
                told.add(client)
            elif message == "again" and client in told:
                back.add(client)

    async def ask() -> None:
        while True:
            await clients[0].send("again")
            await asyncio.sleep(0.25)

    asking = asyncio.create_task(ask())
    try:
        async with asyncio.timeout(20):
            await asyncio.gather(*map(listen, listeners))
    except TimeoutError:
        print(f"redis restarted: of {len(listeners)} clients {len(told)} heard of a gap, {len(back)} of more")
        return False
    finally:
        asking.cancel()
    took = time.monotonic() - began
    print(f"redis restarted: all of {len(listeners)} clients told of a gap and back after {took:.1f} s")
    return True


async def read(client: ClientConnection, count: int) -> list[str]:
    """Read so many messages, and what comes within half a second after."""
    heard: list[str] = []
    try:
        async with asyncio.timeout(120):
            while len(heard) < count:
                heard.append(str(await client.recv()))
        async with asyncio.timeout(0.5):
            while True:
                heard.append(str(await client.recv()))
    except TimeoutError:
        return heard


def in_order(heard: list[str], senders: int, each: int) -> bool:
    """Tell whether every sender's messages are there once, in order."""
    by_sender: dict[str, list[int]] = {}
    for message in heard:
        sender, _, number = message.partition(" ")
        by_sender.setdefault(sender, []).append(int(number))
    return by_sender == {str(sender): list(range(each)) for sender in range(senders)}


class Redis:
    """A Redis of this run's own."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self._port), "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


# --- idle connections ----------------------------------------------------------------------------------


async def idle(clients_count: int) -> bool:
    """Memory of one process for each idle connection, and whether it still answers."""
    port = free_port()
    with served(port, processes=1) as process:
        first = await joined(f"ws://127.0.0.1:{port}/", 1)
        await first[0].send("x")
        await first[0].recv()
        before = resident(process.pid)
        sockets = await quiet(port, clients_count)
        await asyncio.sleep(2)
        each = (resident(process.pid) - before) / clients_count
        began = time.monotonic()
        await first[0].send("x")
        await first[0].recv()
        took = time.monotonic() - began
        print(f"{clients_count} idle connections: {each:.1f} kB each; an echo took {took * 1000:.1f} ms")
        for one in sockets:
            one.close()
        await first[0].close()
    return each < 40


async def quiet(port: int, count: int) -> list[socket.socket]:
    """Open connections that do nothing, without a client library's memory."""
    loop = asyncio.get_running_loop()
    shake = (
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36\r\n\r\n"
    )

    async def one() -> socket.socket:
        link = socket.socket()
        link.setblocking(False)
        await loop.sock_connect(link, ("127.0.0.1", port))
        await loop.sock_sendall(link, shake)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += await loop.sock_recv(link, 4096)
        assert b" 101 " in answer[:20], answer
        return link

    sockets: list[socket.socket] = []
    while len(sockets) < count:
        sockets += await asyncio.gather(*(one() for _ in range(min(100, count - len(sockets)))))
    return sockets


def resident(pid: int) -> float:
    """Give the kilobytes of a process."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return float(found[1])


# --- readers that have stopped -----------------------------------------------------------------------------


async def stalled(clients_count: int, stalled_count: int = 5) -> bool:
    """Some clients do not read; the others get everything, and memory stays bounded."""
    port = free_port()
    with served(port, processes=1) as process:
        url = f"ws://127.0.0.1:{port}/room"
        good = await joined(url, clients_count - stalled_count)
        stopped = [socket.create_connection(("127.0.0.1", port)) for _ in range(stalled_count)]
        for link in stopped:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.sendall(
                b"GET /room HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
        await asyncio.sleep(1)
        before = resident(process.pid)
        slowest, count, text = 0.0, 400, "x" * 20_000
        for number in range(count):
            began = time.monotonic()
            await good[0].send(f"{number} {text}")
            heard = await asyncio.gather(*(client.recv() for client in good))
            slowest = max(slowest, time.monotonic() - began)
            if any(not str(one).startswith(f"{number} ") for one in heard):
                print(f"message {number} did not reach everybody")
                return False
        grown = (resident(process.pid) - before) / 1000
        print(
            f"{len(good)} readers got {count} messages of 20 kB beside {stalled_count} that do not read; "
            f"the slowest round took {slowest * 1000:.0f} ms; the process grew by {grown:.1f} MB"
        )
        for link in stopped:
            link.close()
        await asyncio.gather(*(client.close() for client in good))
    return grown < 60


def main() -> int:
    """Read the command line and run one of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["broadcast", "idle", "stalled"])
    parser.add_argument("--clients", type=int, default=0)
    parser.add_argument("--processes", type=int, default=4)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    match options.what:
        case "broadcast":
            work = broadcast(options.clients or 2000, options.processes)
        case "idle":
            work = idle(options.clients or 10_000)
        case _:
            work = stalled(options.clients or 500)
    return 0 if asyncio.run(work) else 1


if __name__ == "__main__":
    sys.exit(main())
