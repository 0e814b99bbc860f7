"""Signals of the face are the engine's, so a receiver hears of models of both; they can be sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aksara import signals
from aksara.signals import Signal
from asok_engine.records import signals as engine


def test_signals_are_those_of_the_engine() -> None:
    """One list of receivers, whichever face they were connected by."""

    def receive(sender: type, **more: Any) -> None: ...

    for name in ("pre_save", "post_save", "pre_delete", "post_delete"):
        mine, theirs = getattr(signals, name), getattr(engine, name)
        mine.connect(receive, int)
        assert theirs.receivers(int) == mine.receivers(int) == [receive]
        assert mine.disconnect(receive, int)
        assert not theirs.receivers(int)
        assert name in repr(mine)


def test_signal_is_sent_to_plain_and_async_receivers() -> None:
    """In the order in which they were connected, those of this sender alone; what one raises goes on."""
    published, heard = Signal("published"), []

    @published(int)
    def plain(sender: type, **more: Any) -> None:
        heard.append(("plain", sender, more))

    @published()
    async def later(sender: type, number: int) -> None:
        await asyncio.sleep(0)
        heard.append(("later", sender, number))

    @published(str)
    def refuse(sender: type, **more: Any) -> None:
        raise ValueError("no")

    asyncio.run(published.send(int, number=1))
    assert heard == [("plain", int, {"number": 1}), ("later", int, 1)]
    with pytest.raises(ValueError, match="no"):
        asyncio.run(published.send(str, number=2))
