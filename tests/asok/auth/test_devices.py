"""Where somebody is signed in: each session with its device, and the way to end it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from asok import TestClient
from asok.auth.devices import device_of
from tests.asok.auth.desk import make_desk, person, sign_in

PAGE = """
CSRF = False


def shown(sessions):
    return {"all": [[each.device, each.address, each.is_current, each.is_remembered] for each in sessions],
            "handles": [each.handle for each in sessions],
            "in order": all(each.since <= each.seen_at for each in sessions)}


def get(request):
    return shown(request.auth.sessions.all())


def post(request):
    if "handle" in request.form:
        return {"ended": request.auth.sessions.end(request.form["handle"])}
    return {"ended": request.auth.sessions.end_others()}
"""
ASYNC = PAGE.replace("def get", "async def get").replace("def post", "async def post")
for _name in ("all", "end", "end_others"):
    ASYNC = ASYNC.replace(f"request.auth.sessions.{_name}(", f"await request.auth.sessions.{_name}_async(")
PAGES = {"plain-sessions.py": PAGE, "async-sessions.py": ASYNC}

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
@pytest.mark.parametrize("how", ["plain", "async"])
def test_sessions_are_listed_and_ended(tmp_path: Path, protocol: Literal["asgi", "wsgi"], how: str) -> None:
    """The list tells device and address of each, which one asks, and ends one or all others (ASVS V7.5.2)."""
    app = make_desk(tmp_path, pages=PAGES)
    person(app)
    person(app, "eve@example.com")
    here = TestClient(app, protocol, headers={"User-Agent": FIREFOX}, client=("192.0.2.7", 1))
    there = TestClient(app, protocol, headers={"User-Agent": SAFARI}, client=("192.0.2.8", 1))
    eve = TestClient(app, protocol)
    sign_in(there, remember="yes")
    sign_in(here)
    sign_in(eve, "eve@example.com")
    page = f"/{how}-sessions"
    answer = here.get(page).json
    assert sorted(answer["all"]) == [
        ["Firefox on Linux", "192.0.2.7", True, False],
        ["Safari on iPhone", "192.0.2.8", False, True],
    ]
    assert answer["in order"]
    assert len(eve.get(page).json["all"]) == 1
    # The handle of somebody else's session opens and ends nothing.
    assert eve.post(page, data={"handle": answer["handles"][0]}).json == {"ended": False}
    other = there.get(page).json
    mine = next(
        handle for handle, each in zip(other["handles"], other["all"], strict=True) if each[2] is True
    )
    assert here.post(page, data={"handle": mine}).json == {"ended": True}
    assert there.get("/async/show").json["user"] is None
    sign_in(there)
    assert here.post(page).json == {"ended": 1}
    assert there.get("/async/show").json["user"] is None
    assert here.get("/async/show").json["user"] == "ada@example.com"
    assert eve.get("/async/show").json["user"] == "eve@example.com"


@pytest.mark.parametrize("how", ["plain", "async"])
def test_nobody_has_no_sessions(tmp_path: Path, how: str) -> None:
    """A page that forgot to ask who it is fails loudly and shows nothing."""
    client = TestClient(make_desk(tmp_path, pages=PAGES))
    with client:
        answer = client.get(f"/{how}-sessions")
    assert answer.status_code == 500
    assert "nobody is signed in" in str(answer.error)


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/140.0 Safari/537.36", "Chrome on macOS"),
        ("curl/8.14.1", "curl"),
        ("", "Unknown device"),
        ("<script>" * 20, "<script>" * 5),
    ],
)
def test_user_agent_becomes_words(user_agent: str, device: str) -> None:
    """What is known is named; what is not is cut short, and stays text."""
    assert device_of(user_agent) == device
