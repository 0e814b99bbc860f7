"""What handlers reach through the application exists once it has started."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.asok.effects.sites import make_app


def test_services_are_made_at_the_start(tmp_path: Path) -> None:
    """Before it there is nothing to reach; afterwards counters, cache, files and environment are there."""
    app = make_app(tmp_path, {"LOCALE": "de", "LOG_LEVEL": "ERROR", "WORD": "own"})
    with pytest.raises(AttributeError):
        _ = app.services
    app.startup()
    services = app.services
    assert services.locale == "de"
    assert services.counters.hit("k", 1, 60, 0.0).allowed
    services.cache.set("k", [1])
    assert services.cache.get("k") == [1]
    assert services.static_files.url("css/none.css") == "/css/none.css"
    assert services.environment("APP_URL") == "http://localhost"
    app.shutdown()
