"""Signing in and out as a visitor sees it, on both protocols and from plain and async pages."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from asok import TestClient
from asok_engine.database.databases import databases
from tests.asok.auth.desk import GOOD, USER, make_desk, person, sign_in
from tests.asok.effects.sites import make_app

Protocol = Literal["asgi", "wsgi"]
PROTOCOLS = pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
WAYS = pytest.mark.parametrize("how", ["plain", "async"])
STORES = pytest.mark.parametrize("store", ["memory", "file", "redis"])

#: What browsers read as another site, or as a script (CWE-601).
OFFSITE = [
    "//evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https://evil.example",
    "\t//evil.example",
    "%09//evil.example".replace("%09", "\t"),
    "javascript:alert(1)",
    "https://localhost@evil.example",
    "//evil\u3002example",
    " //evil.example",
    "/\n/evil.example",
]


def _settings(request: pytest.FixtureRequest, store: str) -> dict[str, object]:
    redis = {"REDIS_URL": request.getfixturevalue("redis_url")} if store == "redis" else {}
    return {"SESSION_BACKEND": store, **redis}


@PROTOCOLS
@WAYS
@STORES
def test_somebody_signs_in_and_out(
    tmp_path: Path, protocol: Protocol, how: str, store: str, request: pytest.FixtureRequest
) -> None:
    """`request.user` is who signed in, until they sign out (ASVS V7.2, V7.4)."""
    app = make_desk(tmp_path, _settings(request, store))
    person(app)
    with TestClient(app, protocol) as client:
        assert client.get(f"/{how}/show").json["user"] is None
        assert sign_in(client, how=how).json["signed"] == "ada@example.com"
        for page in ("plain", "async"):
            assert client.get(f"/{page}/show").json["user"] == "ada@example.com"
        assert client.get("/shown").text.strip() == "Hello Ada"
        stolen = dict(client.cookies.items())
        assert client.post(f"/{how}/out").json == {"user": None}
        assert client.get(f"/{how}/show").json["user"] is None
        client.cookies.clear()
        assert client.get(f"/{how}/show", cookies=stolen).json["user"] is None
        assert client.get("/shown").text.strip() == "Hello stranger"


@WAYS
def test_wrong_unknown_inactive_and_passwordless_are_one_answer(tmp_path: Path, how: str) -> None:
    """Nobody learns from the answer which of them it was (ASVS V6.3.8)."""
    app = make_desk(tmp_path)
    person(app)
    person(app, "off@example.com", is_active=False)
    person(app, "bare@example.com", password=None)
    for email, password in [
        ("ada@example.com", "wrong"),
        ("nobody@example.com", GOOD),
        ("off@example.com", GOOD),
        ("bare@example.com", GOOD),
        ("bare@example.com", ""),
        ("", GOOD),
        ("no address", GOOD),
        ("ada@example.com", ""),
    ]:
        answer = sign_in(TestClient(app), email, password, how)
        assert (answer.status_code, answer.json) == (200, {"signed": None}), email


@PROTOCOLS
def test_an_id_that_was_planted_is_dead_after_sign_in(tmp_path: Path, protocol: Protocol) -> None:
    """The id changes at sign-in and at sign-out, and the one before opens nothing (reliability 80, CWE-384)."""
    app = make_desk(tmp_path)
    person(app)
    client = TestClient(app, protocol)
    planted = client.get("/plain/put?value=tea").json["sid"]
    cookies = dict(client.cookies.items())
    sign_in(client)
    signed = client.get("/async/show").json
    assert signed["sid"] not in (planted, None)
    assert signed["cart"] == "tea"
    client.cookies.clear()
    assert client.get("/async/show", cookies=cookies).json == {
        "user": None,
        "signed": False,
        "cart": None,
        "sid": None,
    }


def test_what_one_person_left_in_the_session_is_not_for_the_next(tmp_path: Path) -> None:
    """Signing in over another person's session begins an empty one."""
    app = make_desk(tmp_path)
    person(app)
    person(app, "bob@example.com")
    client = TestClient(app)
    sign_in(client)
    assert client.get("/async/put?value=tea").json["cart"] == "tea"
    sign_in(client, "bob@example.com")
    seen = client.get("/async/show").json
    assert (seen["user"], seen["cart"]) == ("bob@example.com", None)


@PROTOCOLS
@WAYS
@STORES
def test_another_password_ends_the_other_sessions(
    tmp_path: Path, protocol: Protocol, how: str, store: str, request: pytest.FixtureRequest
) -> None:
    """The session that changed it goes on under another id, all others are over (reliability 82, V7.4.3)."""
    app = make_desk(tmp_path, _settings(request, store))
    person(app)
    with TestClient(app, protocol) as client:
        sign_in(client)
        there = dict(client.cookies.items())
        client.cookies.clear()
        sign_in(client)
        before = client.get("/async/show").json["sid"]
        changed = client.post(f"/{how}/password", data={"password": "a better one of mine"})
        assert changed.status_code == 200
        after = client.get(f"/{how}/show").json
        assert after["user"] == "ada@example.com"
        assert after["sid"] != before
        client.cookies.clear()
        assert client.get(f"/{how}/show", cookies=there).json["sid"] is None
        assert sign_in(client, password=GOOD).json["signed"] is None
        assert sign_in(client, password="a better one of mine").json["signed"] == "ada@example.com"


@WAYS
def test_a_password_changed_elsewhere_ends_every_session(tmp_path: Path, how: str) -> None:
    """A shell, an admin or a script that changes the password needs to know of no session."""
    app = make_desk(tmp_path)
    user = person(app)
    client = TestClient(app)
    sign_in(client)
    user.update(password="set by somebody in a shell")
    assert client.get(f"/{how}/show").json["user"] is None


@WAYS
def test_a_person_who_is_switched_off_or_deleted_is_signed_out(tmp_path: Path, how: str) -> None:
    """The next request of theirs is anonymous (ASVS V7.4.2)."""
    app = make_desk(tmp_path)
    user = person(app)
    client = TestClient(app)
    sign_in(client)
    user.update(_trust=True, is_active=False)
    assert client.get(f"/{how}/show").json["user"] is None
    user.update(_trust=True, is_active=True)
    assert client.get(f"/{how}/show").json["user"] == "ada@example.com"
    user.delete()
    assert client.get(f"/{how}/show").json["user"] is None


@WAYS
def test_a_weak_password_is_refused(tmp_path: Path, how: str) -> None:
    """Too short, easy, or made of the address: 422, and nothing changes (ASVS V6.2)."""
    app = make_desk(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    for weak in ("short", "password1", "aaaaaaaaaaaa", "ada@example.com"):
        assert client.post(f"/{how}/password", data={"password": weak}).status_code == 422, weak
    assert client.get(f"/{how}/show").json["user"] == "ada@example.com"


def test_remember_keeps_the_cookie_beyond_the_browser(tmp_path: Path) -> None:
    """Without `remember` it ends with the browser."""
    app = make_desk(tmp_path)
    person(app)
    assert "max-age" not in sign_in(TestClient(app)).headers["set-cookie"].lower()
    assert "max-age=2592000" in sign_in(TestClient(app), remember="on").headers["set-cookie"].lower()


@WAYS
def test_doors_open_for_those_who_may(tmp_path: Path, how: str) -> None:
    """401, 403, or on to the sign-in page with the way back, and in for who has the role."""
    app = make_desk(tmp_path)
    person(app)
    person(app, "agent@example.com", roles=["agent"])
    client = TestClient(app)
    assert client.get(f"/{how}/private").status_code == 401
    away = client.get(f"/{how}/guarded?a=1&b=%2F")
    assert away.status_code == 302
    assert away.headers["location"] == f"/login?from=desk&next=/{how}/guarded%3Fa%3D1%26b%3D%252F"
    assert client.get(f"/{how}/agents").headers["location"] == "/"
    assert client.get(f"/{how}/agents-only").status_code == 401
    sign_in(client)
    assert client.get(f"/{how}/private").status_code == 200
    assert client.get(f"/{how}/guarded").status_code == 200
    assert client.get(f"/{how}/agents").headers["location"] == "/"
    assert client.get(f"/{how}/agents-only").status_code == 403
    sign_in(client, "agent@example.com")
    assert client.get(f"/{how}/agents").json["user"] == "agent@example.com"
    assert client.get(f"/{how}/agents-only").status_code == 200


@pytest.mark.parametrize("target", OFFSITE)
def test_the_way_back_leads_to_this_site_only(tmp_path: Path, target: str) -> None:
    """`next=` of anywhere else is the default instead (reliability 94, CWE-601)."""
    app = make_desk(tmp_path)
    person(app)
    assert sign_in(TestClient(app), next=target).json["next"] == "/home"


def test_the_way_back_is_kept_when_it_is_ours(tmp_path: Path) -> None:
    """A path of this site is where the visitor wanted to go."""
    app = make_desk(tmp_path)
    person(app)
    assert sign_in(TestClient(app), next="/tickets/7?page=2#last").json["next"] == "/tickets/7?page=2#last"


def test_code_without_the_request_signs_in_too(tmp_path: Path) -> None:
    """`authenticate`, `login`, `logout` and `current_user` of asok act on the current request."""
    app = make_desk(tmp_path)
    person(app)
    client = TestClient(app)
    assert client.get("/short").json == {"is": False, "name": None}
    assert client.post("/short", data={"email": "ada@example.com", "password": GOOD}).json == {"is": True}
    assert client.get("/short").json == {"is": True, "name": "Ada"}
    assert client.post("/short", data={"out": "1"}).json == {"is": False}


@pytest.mark.setting("asok.AUTH_MODEL")
@pytest.mark.parametrize("model", ["User", "Member"])
def test_the_setting_says_who_signs_in(tmp_path: Path, model: str) -> None:
    """A person of another model is unknown."""
    app = make_desk(tmp_path, {"AUTH_MODEL": model})
    person(app, "user@example.com")
    person(app, "member@example.com", "Member")
    client = TestClient(app)
    sign_in(client, f"{model.lower()}@example.com")
    assert client.get("/async/show").json["user"] == f"{model.lower()}@example.com"
    other = {"User": "member", "Member": "user"}[model]
    assert sign_in(TestClient(app), f"{other}@example.com").json["signed"] is None


def test_an_application_without_people_says_what_is_missing(tmp_path: Path) -> None:
    """Nobody is signed in there, and signing in names the model and the setting."""
    page = "def get(request):\n    return {'user': request.user}\n"
    tries = "def get(request):\n    return request.authenticate(email='a', password='b')\n"
    app = make_app(tmp_path, {"AUTH_MODEL": "Person"}, pages={"page.py": page, "try/page.py": tries})
    client = TestClient(app)
    assert client.get("/").json == {"user": None}
    assert "Person" in str(client.get("/try").error)


def test_a_page_that_asks_nobody_stays_for_everybody(tmp_path: Path) -> None:
    """Reading ahead who it is makes no answer private; asking does (reliability 89)."""
    page = "async def get(request):\n    return 'news'\n"
    app = make_desk(tmp_path, pages={"news/page.py": page})
    person(app)
    client = TestClient(app)
    sign_in(client)
    assert "private" not in client.get("/news").headers.get("cache-control", "")
    assert "private" in client.get("/async/show").headers["cache-control"]


@WAYS
@PROTOCOLS
def test_a_database_that_is_away_signs_nobody_out(tmp_path: Path, how: str, protocol: Protocol) -> None:
    """Whoever asks who it is gets 503; the session is there afterwards."""
    page = "async def get(request):\n    return 'news'\n"
    app = make_desk(tmp_path, pages={"news/page.py": page})
    person(app)
    client = TestClient(app, protocol)
    sign_in(client)
    file, aside = tmp_path / "desk.sqlite3", tmp_path / "aside.sqlite3"
    databases["default"].close()
    file.rename(aside)
    file.mkdir()
    assert client.get(f"/{how}/show").status_code == 503
    assert client.get("/news").text == "news"
    databases["default"].close()
    file.rmdir()
    aside.rename(file)
    assert client.get(f"/{how}/show").json["user"] == "ada@example.com"


TICKETS = """
from asok import Field, Model
from asok.auth import Allow, Forbid, Policy


class TicketPolicy(Policy):
    def rules(self, principal, action):
        yield Forbid("closed", Ticket.is_closed == True if action == "edit" else False)
        yield Allow("own", Ticket.owner_id == principal.id if principal.id else False)
        yield Allow("agents", principal.can(f"tickets.{action}"))


class Ticket(Model):
    __policy__ = TicketPolicy
    owner_id = Field.Integer()
    is_closed = Field.Boolean(default=False)
"""
TICKET_PAGE = """
from models.ticket import Ticket

CSRF = False


def get(request):
    return {"ids": [t.id for t in Ticket.visible_to(request.principal).order_by("id").all()]}


def post(request):
    ticket = Ticket.find_or_fail(request.form["id"])
    why = request.explain("edit", ticket)
    if "ask" in request.form:
        return {"may": request.may("edit", ticket), "allowed": why.is_allowed, "rule": why.rule}
    request.authorise("edit", ticket)
    return {"done": True}
"""


@WAYS
def test_pages_ask_the_policy_of_a_model(tmp_path: Path, how: str) -> None:
    """Lists have the visible rows; a record is edited, refused with 403, or hidden with 404."""
    page = TICKET_PAGE
    if how == "async":
        page = page.replace("def ", "async def ").replace("find_or_fail(", "find_or_fail_async(")
        for name in ("explain", "may", "authorise", "all"):
            page = page.replace(f".{name}(", f".{name}_async(")
        for call in ("Ticket.find", "request.explain", "request.may", "request.authorise"):
            page = page.replace(call, f"await {call}")
        page = page.replace("in Ticket.visible", "in await Ticket.visible")
    files, pages = {"src/models/ticket.py": TICKETS}, {"tickets/page.py": page}
    app = make_desk(tmp_path, pages=pages, files={"src/models/user.py": USER, **files})
    ticket = app.models["Ticket"]
    ada, agent = person(app), person(app, "agent@example.com", roles=["agent"])
    own, closed, other = (
        ticket.create(owner_id=owner.id, is_closed=is_closed).id  # type: ignore[attr-defined]
        for owner, is_closed in ((ada, False), (ada, True), (agent, False))
    )
    client = TestClient(app)
    assert client.get("/tickets").json == {"ids": []}
    assert client.post("/tickets", data={"id": str(own)}).status_code == 404
    sign_in(client)
    assert client.get("/tickets").json == {"ids": [own, closed]}
    assert client.post("/tickets", data={"id": str(own)}).json == {"done": True}
    assert client.post("/tickets", data={"id": str(closed)}).status_code == 403
    assert client.post("/tickets", data={"id": str(other)}).status_code == 404
    asked = client.post("/tickets", data={"id": str(closed), "ask": "1"}).json
    assert asked == {"may": False, "allowed": False, "rule": "closed"}
    sign_in(client, "agent@example.com")
    assert client.get("/tickets").json == {"ids": [own, closed, other]}
    asked = client.post("/tickets", data={"id": str(own), "ask": "1"}).json
    assert asked == {"may": True, "allowed": True, "rule": "agents"}
