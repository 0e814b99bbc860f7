"""Plain and async links and pages in any mixture under many clients: no hang, no lost request."""

from __future__ import annotations

import http.client
import os
import threading
import time
from pathlib import Path

import pytest

from tests import servers

pytestmark = [pytest.mark.servers, pytest.mark.slow]

SECONDS = float(os.environ.get("MIXTURE_SECONDS", "5"))
CLIENTS = 64

PLAIN_LINK = "def handle(request, next):\n    return next(request)\n"
ASYNC_LINK = "async def handle(request, next):\n    return await next(request)\n"
ASYNC_PAGE = "import asyncio\nasync def get(request):\n    await asyncio.sleep(0.01)\n    return 'ok'\n"
PLAIN_PAGE = "import time\ndef get(request):\n    time.sleep(0.01)\n    return 'ok'\n"
WSGI = """
from asok import Asok
app = Asok()
app.config["SECRET_KEY"] = "mixture-and-nothing-else-0123456789abc"
app.config["APP_URL"] = "http://127.0.0.1"
app.config["RATE_LIMIT"] = False
app.config["LOG_LEVEL"] = "WARNING"
app.config["ASYNC_THREADS"] = 4
"""


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn", "granian-rsgi"])
@pytest.mark.parametrize("links", ["plain", "async", "both"])
def test_no_request_hangs_or_is_lost(kind: str, links: str, tmp_path: Path) -> None:
    """64 clients ask async pages behind plain links and the reverse; every request is answered."""
    (tmp_path / "src/pages/a").mkdir(parents=True)
    (tmp_path / "src/pages/p").mkdir()
    (tmp_path / "src/middlewares").mkdir()
    (tmp_path / "wsgi.py").write_text(WSGI)
    (tmp_path / "src/pages/a/page.py").write_text(ASYNC_PAGE)
    (tmp_path / "src/pages/p/page.py").write_text(PLAIN_PAGE)
    order = {
        "plain": [PLAIN_LINK] * 2,
        "async": [ASYNC_LINK] * 2,
        "both": [PLAIN_LINK, ASYNC_LINK, PLAIN_LINK],
    }
    for number, source in enumerate(order[links]):
        (tmp_path / f"src/middlewares/0{number}_link.py").write_text(source)
    with servers.run_server(kind, tmp_path, ready_path="/a") as server:
        asked = [0] * CLIENTS
        answered = [0] * CLIENTS
        until = time.monotonic() + SECONDS

        def client(number: int) -> None:
            link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            while time.monotonic() < until:
                asked[number] += 1
                link.request("GET", "/a" if asked[number] % 2 else "/p")
                answer = link.getresponse()
                if answer.status == 200 and answer.read() == b"ok":
                    answered[number] += 1
            link.close()

        threads = [threading.Thread(target=client, args=(number,), daemon=True) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS + 15)
        assert not any(thread.is_alive() for thread in threads), "a client hangs"
        assert sum(asked) == sum(answered)
        assert min(answered) > 0, "a client was never served"
        assert server.get("/p")[0] == 200
