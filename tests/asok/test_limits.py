"""Limits on handlers: per client, per handler, by decorator, middleware or call."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok import RateLimit
from asok_engine.errors import SetupError
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app

PAGES = {
    "page.py": "from asok import rate_limit\n\n@rate_limit('2/m')\ndef get(request):\n    return 'plain'\n",
    "async/page.py": "from asok import rate_limit\n\n@rate_limit(2, 60)\nasync def get(request):\n    return 'async'\n",
    "called/page.py": "def get(request):\n    request.rate_limit('1/h')\n    return 'called'\n",
}


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
@pytest.mark.parametrize(("path", "allowed"), [("/", 2), ("/async", 2), ("/called", 1)])
def test_call_over_the_limit_is_429_with_a_time(
    tmp_path: Path, protocol: str, path: str, allowed: int
) -> None:
    """The limit counts each handler by itself and says when to come back."""
    app = make_app(tmp_path, {"RATE_LIMIT": False, "LOG_LEVEL": "CRITICAL"}, pages=PAGES)
    with TestClient(app, protocol=protocol) as client:
        assert [client.get(path).status_code for _ in range(allowed)] == [200] * allowed
        refused = client.get(path)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        other = "/async" if path == "/" else "/"
        assert client.get(other).status_code == 200


def test_middleware_limits_everything_by_the_key_it_is_given(tmp_path: Path) -> None:
    """`app.use(RateLimit(...))` counts by `key_func`."""
    app = make_app(tmp_path, {"RATE_LIMIT": False, "LOG_LEVEL": "CRITICAL"})
    app.use(RateLimit("1/m", key_func=lambda request: request.headers.get("x-who") or ""))
    with TestClient(app) as client:
        assert client.get("/", headers={"X-Who": "ada"}).status_code == 200
        assert client.get("/", headers={"X-Who": "ada"}).status_code == 429
        assert client.get("/", headers={"X-Who": "bob"}).status_code == 200


def test_rate_that_cannot_be_read_is_refused_at_once() -> None:
    """A bad rate never means some other rate."""
    with pytest.raises(SetupError):
        RateLimit("5/fortnight")
