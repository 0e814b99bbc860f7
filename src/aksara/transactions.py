"""`atomic`: what happens inside happens whole or not at all.

    async with atomic(): ...        @atomic
                                    async def transfer(...): ...

Inside of an open one it is a savepoint. `on_commit` waits for the outermost to be kept.
"""

from __future__ import annotations

from asok_engine.database.levels import after_commit as on_commit
from asok_engine.database.transactions import transaction

__all__ = ["atomic", "on_commit", "transaction"]

#: The name by which models speak of it.
atomic = transaction
