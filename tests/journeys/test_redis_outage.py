"""Redis dies under load and comes back: loud while it is away, nobody in or out by it, nothing forgotten."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests import servers
from tests.journeys.test_people import FILES, GOOD, send
from tests.journeys.test_visitors import FORM, Visitor

pytestmark = pytest.mark.servers

#: What the application of people has besides: every request is counted, and so is what a visitor does.
CHANGES = {
    "wsgi.py": FILES["wsgi.py"]
    .replace("'RATE_LIMIT'] = False", "'RATE_LIMIT_PER_MINUTE'] = 1_000_000")
    .replace("'SESSION_BACKEND'] = 'file'", "'SESSION_BACKEND'] = 'redis'")
    .replace("'WARNING'", "'ERROR'"),
    "src/pages/count/page.py": "async def get(request):\n"
    "    if request.user is None:\n        return 'signed out'\n"
    "    request.session['count'] = request.session.get('count', 0) + 1\n"
    "    return f\"{request.user.name} {request.session['count']}\"\n",
}
#: When it was asked and answered, in seconds since the epoch; status, and what was said.
Seen = list[tuple[tuple[float, float], int, str]]


@pytest.fixture
def redis_that_keeps() -> Iterator[servers.RedisProcess]:
    """A Redis that writes every command to disk, as one for sessions should."""
    missing = servers.missing_part("redis-server")
    if missing:
        pytest.skip(missing)
    process = servers.RedisProcess(keeps=True)
    yield process
    process.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The application of people, with its table."""
    folder = tmp_path / "people"
    for name, text in {**FILES, **CHANGES}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "wsgi.py").write_text(FILES["wsgi.py"])
    for words in ("make migration", "migrate"):
        command = [sys.executable, "-m", "asok.cli", *words.split()]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    (folder / "wsgi.py").write_text(CHANGES["wsgi.py"])
    shutil.rmtree(folder / ".asok", ignore_errors=True)
    return folder


class Crowd:
    """Visitors who keep asking until they are told to stop, each in a thread."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def keep(self, deed: Callable[[], tuple[int, str]], pause: float = 0.0) -> Seen:
        """Do something again and again; gives the list that the answers go to."""
        seen: Seen = []

        def run() -> None:
            while not self._stop.wait(pause):
                began = time.time()
                status, text = deed()
                seen.append(((began, time.time()), status, text))

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()
        return seen

    def leave(self) -> None:
        """Let everybody stop."""
        self._stop.set()
        for thread in self._threads:
            thread.join(30)


def statuses_within(seen: Seen, begin: float, end: float) -> set[int]:
    """Give the statuses of what was asked and answered between two moments."""
    return {status for (asked, answered), status, _ in seen if begin < asked and answered < end}


def wait_for(is_so: Callable[[], bool], seconds: float = 15) -> None:
    """Return as soon as something is so."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn"])
def test_redis_that_dies_opens_nothing_and_forgets_nobody(
    kind: str, project: Path, redis_that_keeps: servers.RedisProcess
) -> None:
    """503 and a red health check while it is away; then sessions, counts and throttles are as they were (case 137)."""
    redis = redis_that_keeps
    environment = {"REDIS_URL": redis.url}
    with servers.run_server(kind, project, workers=2, environment=environment) as server:
        people = [Visitor(server.port) for _ in range(4)]
        assert send(people[0], "/signup", email="ada@example.com", password=GOOD, name="Ada") == (302, "/")
        for visitor in people[1:]:
            assert send(visitor, "/signin", email="ada@example.com", password=GOOD) == (302, "/")
        stranger = Visitor(server.port)
        token = stranger.token("/signin")

        def attack() -> tuple[int, str]:
            body = urlencode({"csrf_token": token, "email": "ada@example.com", "password": "wrong"})
            status, location, _ = stranger.ask("POST", "/signin", body, **{"Content-Type": FORM})
            return status, location

        def count(visitor: Visitor) -> Callable[[], tuple[int, str]]:
            return lambda: visitor.ask("GET", "/count")[::2]

        crowd = Crowd()
        try:
            counted = [crowd.keep(count(visitor)) for visitor in people]
            health = crowd.keep(lambda: (server.get("/health")[0], ""), 0.2)
            wait_for(lambda: all(any(status == 200 for _, status, _ in seen) for seen in counted))
            attacked = crowd.keep(attack, 0.05)
            wait_for(lambda: any(status == 429 for _, status, _ in attacked))
            redis.stop()
            died = time.time()
            time.sleep(2.5)
            assert send_right(server.port, token, stranger) == 503
            rises = time.time()
            redis.start()
            wait_for(lambda: all(seen[-1][1] == 200 for seen in [*counted, health]))
            wait_for(lambda: attacked[-1][1] == 429)
        finally:
            crowd.leave()

        for seen in counted:
            assert {status for _, status, _ in seen} == {200, 503}
            # While it was away nobody got a page, and before and after nobody lost what they had.
            assert statuses_within(seen, died, rises) == {503}
            counts = [text.split() for _, status, text in seen if status == 200]
            assert {name for name, _ in counts} == {"Ada"}
            numbers = [int(number) for _, number in counts]
            assert numbers == sorted(set(numbers))
        assert statuses_within(health, died + 1.5, rises) == {503}
        # Five wrong passwords were looked at before it died, and none since: no throttle was off, none begun anew.
        assert {status for _, status, _ in attacked} == {403, 429, 503}
        assert [status for _, status, _ in attacked].count(403) == 5
        assert statuses_within(attacked, died, rises) == {503}


def send_right(port: int, token: str, owner: Visitor) -> int:
    """Sign in with the right password, from a form that was opened before; give the status."""
    visitor = Visitor(port)
    visitor.cookies = dict(owner.cookies)
    body = urlencode({"csrf_token": token, "email": "ada@example.com", "password": GOOD})
    return visitor.ask("POST", "/signin", body, **{"Content-Type": FORM})[0]
