"""`preview` serves in this process, without reload."""

from __future__ import annotations

import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.processes import Running

pytestmark = pytest.mark.servers

APP = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        open("stopped", "w").close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"previewed"})
"""


def test_preview_serves_and_stops_with_hooks(tmp_path: Path, free_port: int) -> None:
    """A second preview takes the next port; Ctrl-C ends with shutdown hooks and no traceback."""
    (tmp_path / "wsgi.py").write_text(APP)
    with Running("asok.cli", "preview", "-p", str(free_port), cwd=tmp_path) as first:
        assert first.get_until("previewed")[0] == 200
        with Running("asok.cli", "preview", "-p", str(free_port), cwd=tmp_path) as second:
            second.wait_for(f"Port {free_port} is in use; taking ")
            assert second.get_until("previewed")[0] == 200
        assert first.interrupt() == 0
        assert (tmp_path / "stopped").exists()
        assert first.output.endswith("Stopped.\n")
        assert "Traceback" not in first.output


def test_plain_client_stays_signed_in_to_a_preview(tmp_path: Path, free_port: int) -> None:
    """One that sends no Secure cookie over http is known again at its next request."""
    page = tmp_path / "src/pages/page.py"
    page.parent.mkdir(parents=True)
    page.write_text(
        "def get(request):\n"
        "    request.session['seen'] = request.session.get('seen', 0) + 1\n"
        "    return str(request.session['seen'])\n"
    )
    (tmp_path / "wsgi.py").write_text("from asok import Asok\napp = Asok()\n")
    client = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with Running("asok.cli", "preview", "-p", str(free_port), cwd=tmp_path) as preview:
        assert preview.get_until("1")[0] == 200
        assert [client.open(f"http://127.0.0.1:{free_port}/").read() for _ in range(2)] == [b"1", b"2"]
        assert "SESSION_SECURE is off in this preview" in preview.output
        preview.interrupt()
