"""Settings of the cache, watched through a cached piece of a page, in memory, files and Redis."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import pytest

from asok import Asok
from asok_engine.settings.problem import SettingsError
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import BOTH, make_app
from tests.servers import RedisProcess

PAGES = {"page.html": '{{ count }} {% cache "piece" 60 %}{{ count }}{% endcache %}'}


def counting(app: Asok, start: int = 1) -> TestClient:
    """Number the renders of an application from `start` on, and give a client of it."""
    numbers = itertools.count(start)

    def count() -> int:
        return next(numbers)

    app.share(count=count)
    return TestClient(app)


def twice(root: Path, settings: Mapping[str, object], by: str) -> list[str]:
    """Ask two applications of one project twice each; the second counts from 11."""
    answers = []
    for start in (1, 11):
        with counting(make_app(root, settings, by=by, pages=PAGES), start) as client:
            answers += [client.get("/").text for _ in range(2)]
    return answers


@BOTH
@pytest.mark.setting("asok.ASOK_CACHE_BACKEND")
def test_memory_keeps_for_one_process(tmp_path: Path, by: str) -> None:
    """It is the default too; the next application begins anew, and no file appears."""
    for settings in ({}, {"ASOK_CACHE_BACKEND": "memory"}):
        assert twice(tmp_path, settings, by) == ["1 1", "2 1", "11 11", "12 11"]
        assert not (tmp_path / ".asok").exists()


@BOTH
@pytest.mark.setting("asok.ASOK_CACHE_BACKEND")
def test_files_outlive_the_application(tmp_path: Path, by: str) -> None:
    """The second application finds what the first has kept, in .asok/cache below the project."""
    assert twice(tmp_path, {"ASOK_CACHE_BACKEND": "file"}, by) == ["1 1", "2 1", "11 1", "12 1"]
    assert len([path for path in (tmp_path / ".asok/cache").rglob("*") if path.is_file()]) == 1


@BOTH
@pytest.mark.setting("asok.ASOK_CACHE_BACKEND", "asok.REDIS_URL")
def test_redis_outlives_the_application_and_its_machine(tmp_path: Path, redis_url: str, by: str) -> None:
    """The project in another folder finds the piece; nothing is written to disk."""
    settings = {"ASOK_CACHE_BACKEND": "redis", "REDIS_URL": redis_url, "RATE_LIMIT": False}
    answers = []
    for folder, start in (("one", 1), ("two", 11)):
        with counting(make_app(tmp_path / folder, settings, by=by, pages=PAGES), start) as client:
            answers += [client.get("/").text for _ in range(2)]
        assert not (tmp_path / folder / ".asok").exists()
    assert answers == ["1 1", "2 1", "11 1", "12 1"]


@BOTH
@pytest.mark.setting("asok.ASOK_CACHE_BACKEND")
def test_redis_without_its_address_stops_the_start(tmp_path: Path, by: str) -> None:
    """A cache in memory would be a silent fallback; the error names both settings."""
    app = make_app(tmp_path, {"ASOK_CACHE_BACKEND": "redis"}, by=by, pages=PAGES)
    with pytest.raises(
        RuntimeError, match="ASOK_CACHE_BACKEND is redis and REDIS_URL is not set.*REDIS_URL=redis://"
    ):
        app.startup()


@pytest.mark.setting("asok.ASOK_CACHE_BACKEND")
def test_unknown_backend_is_named_with_the_known_ones(tmp_path: Path) -> None:
    """A slip does not become memory."""
    with pytest.raises(SettingsError, match="'memcached'.*memory, file, redis"):
        make_app(tmp_path, {"ASOK_CACHE_BACKEND": "memcached"}, by=".env").startup()


@BOTH
@pytest.mark.setting("asok.ASOK_CACHE_PATH")
def test_files_are_kept_where_the_setting_says(tmp_path: Path, by: str) -> None:
    """A relative path is below the project, an absolute one is itself; only the owner can read it."""
    for name, place in (("var/pieces", tmp_path / "one/var/pieces"), (tmp_path / "else", tmp_path / "else")):
        settings = {"ASOK_CACHE_BACKEND": "file", "ASOK_CACHE_PATH": str(name)}
        assert twice(tmp_path / "one", settings, by)[-1] == "12 1"
        assert [path for path in place.rglob("*") if path.is_file()]
        assert place.stat().st_mode & 0o077 == 0
    assert not (tmp_path / "one/.asok").exists()


@pytest.mark.setting("asok.REDIS_URL")
def test_lost_redis_fails_the_page_that_needs_it_and_no_other(
    tmp_path: Path, redis_server: RedisProcess
) -> None:
    """A page with a cached piece is 503 while it is away; a page without one goes on."""
    settings = {"ASOK_CACHE_BACKEND": "redis", "REDIS_URL": redis_server.url, "RATE_LIMIT": False}
    pages = {**PAGES, "plain.html": "plain"}
    with counting(make_app(tmp_path, settings, pages=pages)) as client:
        assert client.get("/").text == "1 1"
        redis_server.stop()
        assert (client.get("/").status_code, client.get("/plain").status_code) == (503, 200)
