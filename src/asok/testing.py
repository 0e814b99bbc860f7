"""What tests of an application import: `from asok.testing import TestClient`.

The client is the engine's and is the same for both faces; here it has the name
that stands in the documentation of this one.
"""

from __future__ import annotations

from asok_engine.testing.client import TestClient
from asok_engine.testing.response import StreamedResponse, TestResponse
from asok_engine.testing.sockets import SocketRefused, TestSocket

__all__ = ["SocketRefused", "StreamedResponse", "TestClient", "TestResponse", "TestSocket"]
