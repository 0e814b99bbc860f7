"""What a server needs of an application: when to start and stop it, and what answers requests.

A face makes one; the adapters in `servers` drive it. The kernel exists from the
start on, because settings are live until then.
"""

from __future__ import annotations

from collections.abc import Callable

from asok_engine.dispatch.kernel import Kernel
from asok_engine.dispatch.lifecycle import Lifecycle
from asok_engine.dispatch.sockets import SocketDoor, Takeover
from asok_engine.dispatch.streams import Streams
from asok_engine.dispatch.threads import BackgroundLoop
from asok_engine.errors import UsageError
from asok_engine.wire.request import Request

__all__ = ["Site"]


class Site:
    """One application as the servers see it.

    `compose` makes the kernel and the bound request class; it runs once per
    process, at the first request or at the server's start-up. `owner` is the
    face's application, which hooks name as the sender.
    """

    def __init__(
        self,
        compose: Callable[[], tuple[Kernel, type[Request]]],
        loop: BackgroundLoop,
        owner: object = None,
    ) -> None:
        self._compose = compose
        self._kernel: Kernel | None = None
        self.request_class: type[Request] = Request
        self.streams = Streams()
        #: What serves WebSockets; None in an application that has none.
        self.socket_door: SocketDoor | None = None
        #: What takes a WebSocket connection over from a server that lets go of it; None where nothing does.
        self.socket_takeover: Takeover | None = None
        #: Called when a WSGI server has started the application, which then has no sockets on its own port.
        self.when_wsgi: list[Callable[[], object]] = []
        self.lifecycle = Lifecycle(self._composed, loop, owner)

    def _composed(self) -> None:
        self._kernel, self.request_class = self._compose()
        self.streams.reopen()

    @property
    def kernel(self) -> Kernel:
        """The composed application; raises UsageError before the start."""
        if self._kernel is None:
            raise UsageError("The application has not started.", fix="Send it a request or call startup().")
        return self._kernel
