"""Showing again that it is them: a page that asks for it, and the page where it is done."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import pytest

from asok import Asok, TestClient
from asok_engine.security.totp import STEP_SECONDS, Totp
from tests.asok.auth.desk import GOOD, make_desk, person, sign_in
from tests.asok.auth.test_codes import PAGES as CODES
from tests.asok.auth.test_codes import Clock

Protocol = Literal["asgi", "wsgi"]
PROTOCOLS = pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
WAYS = pytest.mark.parametrize("how", ["plain", "async"])

GUARDED = """
CSRF = False


def get(request):
    request.auth.require_sudo(**({"seconds": float(request.query["seconds"])} if "seconds" in request.query else {}))
    return {"in": request.user.email, "confirmed": request.auth.is_confirmed()}


post = get
"""
CONFIRM = """
CSRF = False


def get(request):
    return {"confirmed": request.auth.is_confirmed()}


def post(request):
    form = request.form
    right = request.auth.confirm(form.get("password", ""), code=form.get("code", ""))
    return {"right": right, "next": request.next_url("/")}
"""


def _async(page: str) -> str:
    return (
        page.replace("def ", "async def ")
        .replace("auth.confirm(", "auth.confirm_async(")
        .replace("right = ", "right = await ")
    )


PAGES = {
    "plain-danger/page.py": GUARDED,
    "async-danger/page.py": _async(GUARDED),
    "plain-confirm/page.py": CONFIRM,
    "async-confirm/page.py": _async(CONFIRM),
    "magic/page.py": "CSRF = False\n\ndef post(request):\n"
    "    request.login(request.auth.magic.verify_token(request.form['token']))\n    return 'in'\n",
    **CODES,
}


def make(root: Path) -> tuple[Asok, TestClient, Clock]:
    """Make the desk with a page that asks for a confirmation, and somebody who is signed in since long ago."""
    app = make_desk(root, {"RATE_LIMIT": False}, pages=PAGES)
    person(app)
    clock = app.services.people.clock = Clock()
    client = TestClient(app)
    sign_in(client)
    clock.now += 901
    return app, client, clock


@PROTOCOLS
@WAYS
def test_a_deed_that_matters_asks_again_and_leads_back(tmp_path: Path, protocol: Protocol, how: str) -> None:
    """A session that is older than a quarter of an hour confirms first; the way back is in `next` (V7.5.3)."""
    app = make_desk(tmp_path, pages=PAGES)
    person(app)
    clock = app.services.people.clock = Clock()
    with TestClient(app, protocol) as client:
        assert client.get(f"/{how}-danger").headers["location"] == f"/login?next=/{how}-danger"
        sign_in(client)
        assert client.get(f"/{how}-danger").json == {"in": "ada@example.com", "confirmed": True}
        clock.now += 901
        asked = client.get(f"/{how}-danger?row=3")
        where = f"/confirm?next=/{how}-danger%3Frow%3D3"
        assert (asked.status_code, asked.headers["location"]) == (302, where)
        assert client.post(f"/{how}-danger").headers["location"] == f"/confirm?next=/{how}-danger"
        assert client.get(f"/{how}-confirm").json == {"confirmed": False}
        wrong = client.post(f"/{how}-confirm", data={"password": "wrong"})
        assert wrong.json == {"right": False, "next": "/"}
        assert client.get(f"/{how}-danger").status_code == 302
        right = client.post(f"/{how}-confirm", data={"password": GOOD, "next": "/danger?row=3"})
        assert right.json == {"right": True, "next": "/danger?row=3"}
        assert client.get(f"/{how}-danger").json == {"in": "ada@example.com", "confirmed": True}
        clock.now += 901
        assert client.get(f"/{how}-danger").status_code == 302


def test_a_page_says_for_how_long_a_confirmation_is_good(tmp_path: Path) -> None:
    """`seconds` may be shorter or longer than a quarter of an hour."""
    _, client, clock = make(tmp_path)
    client.post("/plain-confirm", data={"password": GOOD})
    clock.now += 61
    assert client.get("/plain-danger?seconds=60").status_code == 302
    assert client.get("/plain-danger?seconds=120").status_code == 200
    clock.now += 5000
    assert client.get("/plain-danger?seconds=6000").status_code == 200


def test_a_clock_that_was_put_back_confirms_nothing(tmp_path: Path) -> None:
    """A moment that lies ahead is none in which somebody has shown anything."""
    _, client, clock = make(tmp_path)
    client.post("/plain-confirm", data={"password": GOOD})
    clock.now -= 3600
    assert client.get("/plain-danger").status_code == 302


def test_the_id_changes_with_a_confirmation(tmp_path: Path) -> None:
    """What it was before opens nothing, and no confirmation goes over to another person or visitor."""
    app, client, _ = make(tmp_path)
    before = client.get("/plain/show").json["sid"]
    cookies = dict(client.cookies.items())
    client.post("/plain-confirm", data={"password": GOOD})
    assert client.get("/plain/show").json["sid"] != before
    assert TestClient(app).get("/plain/show", cookies=cookies).json["user"] is None
    client.post("/plain/out")
    assert client.get("/plain-confirm").json == {"confirmed": False}
    assert client.post("/plain-confirm", data={"password": GOOD}).status_code == 401


@WAYS
def test_wrong_passwords_are_counted_like_those_of_a_sign_in(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sits at somebody else's desk has five tries, and the log tells of them."""
    _, client, _ = make(tmp_path)
    with caplog.at_level(logging.WARNING, "asok.security"):
        tries = [client.post(f"/{how}-confirm", data={"password": "wrong"}).status_code for _ in range(6)]
    assert tries == [200] * 5 + [429]
    assert "users:1 could not confirm that it is them" in caplog.text
    assert client.post(f"/{how}-confirm", data={"password": GOOD}).status_code == 429


@WAYS
def test_no_password_and_an_absurd_one_are_wrong(tmp_path: Path, how: str) -> None:
    """Nothing confirms nothing, and a kilobyte is not even hashed."""
    _, client, _ = make(tmp_path)
    assert client.post(f"/{how}-confirm", data={"password": ""}).json["right"] is False
    assert client.post(f"/{how}-confirm", data={"password": "x" * 2000}).status_code == 400
    assert client.get(f"/{how}-confirm").json == {"confirmed": False}


@WAYS
def test_a_code_confirms_as_well_and_once(tmp_path: Path, how: str) -> None:
    """For somebody without a password it is the way; the code is used up by it."""
    _, client, clock = make(tmp_path)
    client.post("/plain-confirm", data={"password": GOOD})
    totp = Totp(client.get("/plain-codes/begin").json["secret"])
    client.post("/plain-codes/confirm", data={"code": totp.code(clock.now)})
    clock.now += 901 // STEP_SECONDS * STEP_SECONDS + STEP_SECONDS
    assert client.get(f"/{how}-confirm").json == {"confirmed": False}
    assert client.post(f"/{how}-confirm", data={"code": "000000"}).json["right"] is False
    code = totp.code(clock.now)
    assert client.post(f"/{how}-confirm", data={"code": code}).json["right"] is True
    assert client.get(f"/{how}-confirm").json == {"confirmed": True}
    assert client.post(f"/{how}-confirm", data={"code": code}).json["right"] is False
    assert client.post(f"/{how}-confirm", data={"code": code, "password": GOOD}).status_code == 500


def test_an_empty_password_is_not_that_of_somebody_who_has_none(tmp_path: Path) -> None:
    """Who signs in by a link confirms by signing in again, or by a code; never with nothing."""
    app, client, _ = make(tmp_path)
    app.models["User"].find(email="ada@example.com").update(password=None)  # type: ignore[attr-defined]
    fresh = app.models["User"].find(email="ada@example.com")  # type: ignore[attr-defined]
    app.services.links.clock = app.services.people.clock
    token = app.services.links.make("magic", fresh)
    client.post("/magic", data={"token": token})
    assert client.get("/plain-confirm").json == {"confirmed": True}
    app.services.people.clock.now += 901
    for password in ("", "None", GOOD):
        assert client.post("/plain-confirm", data={"password": password}).json["right"] is False
