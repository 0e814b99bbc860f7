"""The broadcast through a file: between processes, over time, and when the file is in the way."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from asok_engine.backends.broadcast.contract import Gap
from asok_engine.backends.broadcast.sqlite import KEPT_SECONDS, SqliteBroadcast
from asok_engine.errors import SetupError

PUBLISHER = """
import asyncio, sys
from pathlib import Path
from asok_engine.backends.broadcast.sqlite import SqliteBroadcast
async def main():
    broadcast = SqliteBroadcast(Path(sys.argv[1]))
    await broadcast.open(lambda message: None, lambda gap: None)
    await asyncio.gather(*(broadcast.publish(f"{sys.argv[2]}{n}".encode()) for n in range(300)))
    await broadcast.close()
asyncio.run(main())
"""


async def test_processes_hear_each_other(tmp_path: Path) -> None:
    """Three processes that write at once are heard completely, each in its order."""
    heard: list[str] = []
    complete = asyncio.Event()

    def deliver(message: bytes) -> None:
        heard.append(message.decode())
        if len(heard) == 900:
            complete.set()

    broadcast = SqliteBroadcast(tmp_path / "bus.sqlite3")
    await broadcast.open(deliver, lambda gap: None)
    publishers = [
        subprocess.Popen([sys.executable, "-c", PUBLISHER, str(tmp_path / "bus.sqlite3"), name])
        for name in "abc"
    ]
    await asyncio.wait_for(complete.wait(), 20)
    assert [await asyncio.to_thread(publisher.wait, 10) for publisher in publishers] == [0, 0, 0]
    for name in "abc":
        assert [text for text in heard if text.startswith(name)] == [f"{name}{n}" for n in range(300)]
    await broadcast.close()


async def test_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """Messages are private; so is the file."""
    path = tmp_path / "folder/bus.sqlite3"
    broadcast = SqliteBroadcast(path)
    await broadcast.open(lambda message: None, lambda gap: None)
    await broadcast.publish(b"private")
    for one in (path, Path(f"{path}-wal")):
        assert stat.S_IMODE(one.stat().st_mode) == 0o600
    await broadcast.close()


async def test_rows_live_for_a_minute_and_a_sleeper_is_told(tmp_path: Path) -> None:
    """What is older is cleared, and a process that has slept over it learns how many it has missed."""
    path = tmp_path / "bus.sqlite3"
    now = time.time()
    gaps: asyncio.Queue[Gap] = asyncio.Queue()
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    broadcast = SqliteBroadcast(path, clock=lambda: now)
    await broadcast.open(heard.put_nowait, gaps.put_nowait)
    await broadcast.publish(b"early")
    assert await heard.get() == b"early"
    # Another process writes three and clears them, all between two looks of ours.
    with sqlite3.connect(path) as other:
        other.executemany(
            "INSERT INTO messages (sent, body) VALUES (?, ?)", [(now, b"x")] * 3 + [(now, b"late")]
        )
        other.execute("DELETE FROM messages WHERE body = ?", (b"x",))
    other.close()
    assert await heard.get() == b"late"
    assert (await gaps.get()).missed == 3
    now += KEPT_SECONDS + 1
    await broadcast.publish(b"now")
    assert await heard.get() == b"now"
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT body FROM messages").fetchall() == [(b"now",)]
    other.close()
    await broadcast.close()


async def test_file_that_cannot_be_made_is_a_setup_error(tmp_path: Path) -> None:
    """The error names the file and what to do."""
    (tmp_path / "file").write_text("in the way")
    broadcast = SqliteBroadcast(tmp_path / "file/bus.sqlite3")
    with pytest.raises(SetupError, match=r"bus\.sqlite3 cannot be used.*WS_ADAPTER"):
        await broadcast.open(lambda message: None, lambda gap: None)
