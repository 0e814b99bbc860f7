"""An application without people: nobody is signed in, and nobody can be.

It stands where `auth.people` stands in an application whose models have AUTH_MODEL,
which imports models and databases. Sessions are kept as there.
"""

from __future__ import annotations

from typing import Any

from asok_engine.dispatch.middleware.sessions import Sessions
from asok_engine.errors import SetupError
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["Nobody"]


class Nobody:
    """The kernel's keeper of sessions that are nobody's; every deed for a person raises SetupError.

    `model_name` is the model that would make the difference.
    """

    def __init__(self, sessions: Sessions, model_name: str) -> None:
        self._sessions = sessions
        self._model_name = model_name

    @property
    def waits(self) -> bool:
        """Whether reading a session may wait."""
        return self._sessions.waits

    async def read_ahead(self, request: Request) -> None:
        """Read the session for code on an event loop."""
        await self._sessions.read_ahead(request)

    def read_before(self, request: Request) -> None:
        """Do what `read_ahead` does in a thread, for a handler that runs on the background loop."""
        self._sessions.read_before(request)

    def settle(self, request: Request, response: Response) -> None:
        """Write what has changed in the session of a request."""
        self._sessions.settle(request, response)

    async def settle_async(self, request: Request, response: Response) -> None:
        """Do what `settle` does without blocking the event loop."""
        await self._sessions.settle_async(request, response)

    def of(self, request: Request) -> None:
        """Give the person of a request: none."""

    def logout(self, request: Request) -> None:
        """End the session of a request; everything in it is forgotten."""
        self._sessions.of(request).end()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise SetupError(
            f"There is no model {self._model_name!r} for people to sign in with.",
            fix=f"Write class {self._model_name}(Account) in src/models, or name another in AUTH_MODEL.",
        )
