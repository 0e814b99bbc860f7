"""`atomic` is the engine's transaction under the name that models use."""

from __future__ import annotations

import asyncio

import pytest

from aksara.transactions import atomic, on_commit, transaction
from tests.aksara.library import Note


@pytest.mark.usefixtures("library")
def test_block_that_raises_leaves_nothing() -> None:
    """Nor does it call what waited for its end; without a block that is called at once."""
    done: list[str] = []

    async def deed() -> None:
        with pytest.raises(ValueError, match="stop"):
            async with atomic():
                await Note.objects.create(text="gone")
                on_commit(lambda: done.append("never"))
                raise ValueError("stop")
        assert await Note.objects.count() == 0
        on_commit(lambda: done.append("now"))

    asyncio.run(deed())
    assert done == ["now"]
    assert atomic is transaction
