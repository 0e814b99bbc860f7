"""Acting for somebody else: who may, what it opens, what every page shows, and how it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from asok import Asok, TestClient
from asok.auth.followers import PeopleNow
from asok_engine.database.running import run
from asok_engine.realtime.session_identity import SessionIdentities
from tests.asok.auth.desk import GOOD, make_desk, person, sign_in
from tests.asok.auth.test_bearer import bearer
from tests.asok.auth.test_bearertoken import TOKEN
from tests.asok.auth.test_codes import PAGES as CODES
from tests.asok.auth.test_codes import Clock
from tests.engine.realtime.served import made_request

Protocol = Literal["asgi", "wsgi"]
PROTOCOLS = pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
WAYS = pytest.mark.parametrize("how", ["plain", "async"])

PAGE = """
from models.user import User

CSRF = False


def get(request):
    user, actor = request.user, request.auth.impersonator
    return {
        "user": user and user.email,
        "actor": actor and actor.email,
        "can": [right for right in ("tickets.edit", "people.view", "other.do") if user and user.can(right)],
        "principal": request.principal.id,
        "confirmed": request.auth.is_confirmed(),
    }


def post(request):
    name, form, auth = request.params["name"], request.form, request.auth
    if name == "act":
        auth.impersonate(User.find(email=form["email"]))
    elif name == "stop":
        auth.stop_impersonating()
    elif name == "token":
        auth.token.create()
    elif name == "tokens":
        auth.token.list()
    elif name == "password":
        request.change_password("another good one")
    elif name == "sessions":
        auth.sessions.end_others()
    elif name == "address":
        auth.address.send("new@example.com")
    elif name == "sudo":
        auth.require_sudo()
    elif name == "confirm":
        auth.confirm("correct horse battery")
    return {"user": request.user and request.user.email}
"""
ASYNC = PAGE.replace("def ", "async def ")
for _call, _twin in {
    "User.find(": "await User.find_async(",
    "auth.token.create(": "await auth.token.create_async(",
    "auth.token.list(": "await auth.token.list_async(",
    "request.change_password(": "await request.change_password_async(",
    "auth.sessions.end_others(": "await auth.sessions.end_others_async(",
    "auth.address.send(": "await auth.address.send_async(",
    "auth.confirm(": "await auth.confirm_async(",
}.items():
    ASYNC = ASYNC.replace(_call, _twin)
BODY = '<!doctype html><html lang="en"><head><title>t</title></head><body class="a>b"><main>Hello</main></body></html>'
PAGES = {
    "plain-acting/[name].py": PAGE,
    "async-acting/[name].py": ASYNC,
    "nobody/page.html": BODY,
    "short-page/page.html": "<p>Hello</p>",
    "made/page.py": "def get(request):\n    return request.render_string(" + repr(BODY) + ")\n",
    "piece/page.py": "def get(request):\n    return request.stream('page.html')\n",
    "piece/page.html": BODY,
    "part/page.html": "<body>{% block list %}<ul></ul>{% endblock %}</body>",
    **CODES,
}
ADMIN: dict[str, Any] = {"is_admin": True}
BANNER = "You act for ada@example.com."


def make(root: Path, settings: Mapping[str, Any] | None = None, **admin: Any) -> tuple[Asok, Clock]:
    """Make the desk with an admin, called boss, and ada, who is an agent."""
    files = {"src/models/access_token.py": TOKEN}
    app = make_desk(root, {"RATE_LIMIT": False, **(settings or {})}, pages=PAGES, files=files)
    clock = app.services.people.clock = Clock()
    person(app, roles=["agent"])
    person(app, "boss@example.com", **(admin or ADMIN))
    return app, clock


def act(client: TestClient, how: str = "plain", email: str = "ada@example.com") -> Any:
    """Sign the boss in, and act for somebody."""
    sign_in(client, "boss@example.com")
    return client.post(f"/{how}-acting/act", data={"email": email})


@PROTOCOLS
@WAYS
def test_who_acts_is_the_other_person_until_they_stop(
    tmp_path: Path, protocol: Protocol, how: str, database_url: str
) -> None:
    """They see what she sees and may what she may; on every database, in plain and async pages."""
    app, _ = make(tmp_path, {"DATABASE_URL": database_url})
    with TestClient(app, protocol) as client:
        assert act(client, how).json == {"user": "ada@example.com"}
        for page in ("plain", "async"):
            seen = client.get(f"/{page}-acting/show").json
            assert seen.pop("principal") == app.models["User"].find(email="ada@example.com").id  # type: ignore[attr-defined]
            assert seen == {
                "user": "ada@example.com",
                "actor": "boss@example.com",
                "can": ["tickets.edit"],
                "confirmed": False,
            }
        assert client.post(f"/{how}-acting/stop").json == {"user": "boss@example.com"}
        seen = client.get(f"/{how}-acting/show").json
        assert (seen["user"], seen["actor"], seen["confirmed"]) == ("boss@example.com", None, False)
        assert client.post(f"/{how}-acting/stop").json == {"user": "boss@example.com"}


@WAYS
@pytest.mark.parametrize(
    ("owner", "target", "may"),
    [
        ({"is_admin": True}, {"roles": ["manager"]}, True),
        ({"is_admin": True}, {"is_admin": True}, True),
        ({"permissions": ["people.impersonate", "tickets.edit"]}, {}, True),
        ({"permissions": ["people.impersonate"], "roles": ["agent"]}, {"roles": ["agent"]}, True),
        ({"permissions": ["people.*", "tickets.*"]}, {"permissions": ["tickets.delete"]}, True),
        ({"roles": ["manager"]}, {}, False),
        ({"permissions": ["people.impersonate"]}, {"permissions": ["tickets.view"]}, False),
        ({"permissions": ["people.impersonate", "tickets.edit"]}, {"permissions": ["tickets.*"]}, False),
        ({"permissions": ["people.*", "tickets.*"]}, {"is_admin": True}, False),
        # A role is more than the rights that the model gives it: a page may ask for it by name.
        ({"permissions": ["people.impersonate", "tickets.edit"]}, {"roles": ["agent"]}, False),
        ({"is_admin": True}, {"is_active": False}, False),
    ],
)
def test_nobody_gains_rights(
    tmp_path: Path, how: str, owner: dict[str, Any], target: dict[str, Any], may: bool
) -> None:
    """Only with the right to, and only for those who have no right and no role beyond one's own (CWE-269)."""
    app, _ = make(tmp_path, **owner)
    person(app, "target@example.com", **target)
    client = TestClient(app)
    answer = act(client, how, "target@example.com")
    assert answer.status_code == (200 if may else 403)
    seen = client.get(f"/{how}-acting/show").json["user"]
    assert seen == ("target@example.com" if may else "boss@example.com")


def test_it_needs_a_confirmation_and_an_own_session(tmp_path: Path) -> None:
    """An open session on a desk is not enough, nor is a token, nor another impersonation, nor oneself as target."""
    app, clock = make(tmp_path)
    person(app, "bob@example.com")
    client = TestClient(app)
    assert client.post("/plain-acting/act", data={"email": "ada@example.com"}).status_code == 401
    sign_in(client, "boss@example.com")
    assert client.post("/plain-acting/act", data={"email": "boss@example.com"}).status_code == 403
    assert client.post("/plain-acting/act", data={"email": "nobody@example.com"}).status_code == 500
    clock.now += 901
    assert client.post("/plain-acting/act", data={"email": "ada@example.com"}).status_code == 403
    assert act(client).status_code == 200
    assert client.post("/plain-acting/act", data={"email": "bob@example.com"}).status_code == 403
    people, user = app.services.people, app.models["User"]
    boss: Any = user.find(email="boss@example.com")  # type: ignore[attr-defined]
    token = run(people.bearers.create(boss, "bot", None, 60, clock.now))
    answer = TestClient(app).post(
        "/plain-acting/act", data={"email": "ada@example.com"}, headers=bearer(token)
    )
    assert answer.status_code == 403


@WAYS
def test_what_only_the_owner_may_is_refused_meanwhile(tmp_path: Path, how: str) -> None:
    """Password, second step, tokens, address, sessions, and every page that asks for a confirmation."""
    app, _ = make(tmp_path)
    client = TestClient(app)
    act(client)
    for name in ("password", "token", "tokens", "sessions", "address", "sudo", "confirm"):
        assert client.post(f"/{how}-acting/{name}").status_code == 403, name
    assert client.get(f"/{how}-codes/begin").status_code == 403
    for name in ("fresh", "off"):
        assert client.post(f"/{how}-codes/{name}").status_code == 403, name
    assert client.post(f"/{how}-codes/confirm", data={"code": "1"}).status_code == 403
    ada: Any = app.models["User"].find(email="ada@example.com")  # type: ignore[attr-defined]
    assert ada.password.matches(GOOD)


@PROTOCOLS
@pytest.mark.parametrize("path", ["/shown", "/nobody", "/short-page", "/made", "/piece"])
def test_every_page_shows_the_banner_meanwhile(tmp_path: Path, protocol: Protocol, path: str) -> None:
    """One that asks for nobody, one that is streamed and one from text too; before and after none does."""
    app, _ = make(tmp_path)
    with TestClient(app, protocol) as client:
        sign_in(client, "boss@example.com")
        plain = client.get(path)
        assert "asok-impersonation" not in plain.text
        act(client)
        page = client.get(path)
        assert BANNER in page.text
        assert page.text.count("<aside") == 1
        if "<body" in plain.text:
            assert '<body class="a>b"><aside' in page.text
        assert "private" in page.headers["cache-control"]
        nonce = page.text.partition('nonce="')[2].partition('"')[0]
        assert f"'nonce-{nonce}'" in page.headers["content-security-policy"]
        assert "style=" not in page.text
        stopped = client.submit(page.form("asok-stop"))
        assert (stopped.status_code, stopped.headers["location"]) == (302, "/")
        assert "asok-impersonation" not in client.get(path).text
        assert client.get("/plain-acting/show").json["user"] == "boss@example.com"
        assert "asok_acting" not in client.cookies


def test_the_button_needs_the_token_and_parts_have_no_banner(tmp_path: Path) -> None:
    """No other site presses it, and an answer to a script stays what the script expects."""
    app, _ = make(tmp_path)
    client = TestClient(app)
    act(client)
    assert client.post("/__stop-impersonating").status_code == 403
    assert client.get("/plain-acting/show").json["user"] == "ada@example.com"
    assert client.get("/part", headers={"X-Block": "list"}).text == "<ul></ul>"
    assert "asok-impersonation" in client.get("/part").text


def test_a_cookie_alone_shows_no_banner_and_opens_nothing(tmp_path: Path) -> None:
    """It only tells a page to look: without an impersonation the page is for everybody, as before."""
    app, _ = make(tmp_path)
    client = TestClient(app)
    for cookies in ({"asok_acting": "1"}, {"asok_acting": "boss@example.com"}):
        answer = client.get("/nobody", cookies=cookies)
        assert "asok-impersonation" not in answer.text
        assert "set-cookie" not in answer.headers
    assert (
        "vary" not in client.get("/nobody").headers or "Cookie" not in client.get("/nobody").headers["vary"]
    )


@WAYS
def test_after_an_hour_the_session_is_nobodys(tmp_path: Path, how: str) -> None:
    """What was meant for her does not become theirs by waiting; the button and another sign-in lead on."""
    app, clock = make(tmp_path)
    client = TestClient(app)
    act(client)
    clock.now += 3599
    assert client.get(f"/{how}-acting/show").json["user"] == "ada@example.com"
    clock.now += 2
    seen = client.get(f"/{how}-acting/show").json
    assert (seen["user"], seen["actor"], seen["can"]) == (None, "boss@example.com", [])
    assert client.post(f"/{how}-acting/token").status_code == 401
    page = client.get("/nobody")
    assert "You act for somebody else no longer." in page.text
    client.submit(page.form("asok-stop"))
    assert client.get(f"/{how}-acting/show").json["user"] == "boss@example.com"
    act(client)
    clock.now += 3601
    sign_in(client)
    seen = client.get(f"/{how}-acting/show").json
    assert (seen["user"], seen["actor"]) == ("ada@example.com", None)
    assert "asok-impersonation" not in client.get("/nobody").text


@pytest.mark.parametrize(
    "change", ["owner-password", "owner-off", "owner-right", "target-off", "target-gains", "gone"]
)
def test_a_change_of_either_account_ends_it(tmp_path: Path, change: str) -> None:
    """Whoever lost the right, or acts for somebody who has gained one, is nobody from the next request on."""
    app, _ = make(tmp_path, permissions=["people.impersonate"], roles=["agent"])
    client = TestClient(app)
    act(client)
    user: Any = app.models["User"]
    boss, ada = user.find(email="boss@example.com"), user.find(email="ada@example.com")
    if change == "owner-password":
        boss.update(password="another good one")
    elif change == "owner-off":
        boss.update(_trust=True, is_active=False)
    elif change == "owner-right":
        boss.update(_trust=True, permissions=[])
    elif change == "target-off":
        ada.update(_trust=True, is_active=False)
    elif change == "target-gains":
        ada.update(_trust=True, is_admin=True)
    else:
        ada.delete()
    for how in ("plain", "async"):
        assert client.get(f"/{how}-acting/show").json["user"] is None


def test_ids_change_and_signing_out_ends_all(tmp_path: Path) -> None:
    """The id of before opens nothing when it begins and when it ends; the session is one of the owner's."""
    app, _ = make(tmp_path)
    client = TestClient(app)
    sign_in(client, "boss@example.com")
    ids = [client.get("/plain/show").json["sid"]]
    before = dict(client.cookies.items())
    client.post("/plain-acting/act", data={"email": "ada@example.com"})
    ids.append(client.get("/plain/show").json["sid"])
    assert TestClient(app).get("/plain/show", cookies=before).json["user"] is None
    people, user = app.services.people, app.models["User"]
    for email, count in (("boss@example.com", 1), ("ada@example.com", 0)):
        owner: Any = user.find(email=email)  # type: ignore[attr-defined]
        assert len(app.services.sessions.of_user(people.user_key(owner))) == count
    client.post("/plain-acting/stop")
    ids.append(client.get("/plain/show").json["sid"])
    assert len(set(ids)) == 3
    act(client)
    client.post("/async/out")
    seen = client.get("/plain-acting/show").json
    assert (seen["user"], seen["actor"]) == (None, None)
    assert "asok_acting" not in client.cookies


@pytest.mark.parametrize("acting", ["1", [1], [1, "now"], {"key": 1}, [[1], 1.0], True])
def test_what_cannot_be_read_makes_nobody_the_owner(tmp_path: Path, acting: object) -> None:
    """A session that says something else there is nobody's."""
    app, _ = make(tmp_path)
    path = tmp_path / "src/pages/forge.py"
    path.write_text(f"def get(request):\n    request.session.own['acting'] = {acting!r}\n    return 'ok'\n")
    app = Asok(tmp_path)
    app.config.update(
        {
            "SECRET_KEY": "k" * 40,
            "APP_URL": "http://localhost",
            "DATABASE_URL": f"sqlite:///{tmp_path}/desk.sqlite3",
        }
    )
    app.config["SESSION_SECURE"] = False
    client = TestClient(app)
    sign_in(client, "boss@example.com")
    assert client.get("/forge").text == "ok"
    for how in ("plain", "async"):
        assert client.get(f"/{how}-acting/show").json["user"] is None


def test_the_log_says_who_acts_for_whom(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Beginning, end, and a try that was refused, each with both."""
    app, _ = make(tmp_path, permissions=["people.impersonate"])
    with caplog.at_level(logging.WARNING, "asok.security"):
        client = TestClient(app, client=("203.0.113.5", 9))
        act(client)
        person(app, "bob@example.com")
        act(client, email="bob@example.com")
        client.post("/plain-acting/stop")
    lines = [record.getMessage() for record in caplog.records if record.name == "asok.security"]
    assert lines == [
        "users:2 may not act for users:1, from 203.0.113.5.",
        "users:2 acts for users:3, from 203.0.113.5.",
        "users:2 acts for nobody else any more.",
    ]


@pytest.mark.parametrize("how", ["plain", "async"])
def test_the_line_of_each_request_names_both(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """From the one that begins it to the one that ends it, and none before or after."""
    app, _ = make(tmp_path)
    client = TestClient(app)
    caplog.set_level(logging.INFO, "asok.access")
    act(client, how)
    client.get("/nobody")
    client.get(f"/{how}-acting/show")
    client.post(f"/{how}-acting/stop")
    client.get(f"/{how}-acting/show")
    lines = [record.getMessage() for record in caplog.records if record.name == "asok.access"]
    assert [" by=users:2 for=users:1" in line for line in lines] == [False, True, True, True, True, False]


def test_a_model_without_rights_says_what_it_lacks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is no Account, and the sentence names the class to inherit."""
    bare = (
        "from asok import Field\nfrom asok.orm import Model\n\n\nclass User(Model):\n"
        "    email = Field.Email(unique=True)\n    password = Field.Password()\n"
    )
    page = {"act.py": "CSRF = False\n\ndef post(request):\n    request.auth.impersonate(request.user)\n"}
    app = make_desk(tmp_path, pages=page, files={"src/models/user.py": bare})
    app.models["User"].create(email="ada@example.com", password=GOOD)  # type: ignore[attr-defined]
    client = TestClient(app)
    sign_in(client)
    assert client.post("/act").status_code == 500
    assert "Write: class User(Account)" in caplog.text


async def test_a_socket_that_was_opened_meanwhile_ends_with_it(tmp_path: Path) -> None:
    """`conn.user` is the other person, for the hour and not longer."""
    app, clock = make(tmp_path, {"WS_ADAPTER": "memory"})
    client = TestClient(app, "wsgi")
    await asyncio.to_thread(act, client)
    people = app.services.people
    identities = SessionIdentities(app.services.sessions, people.of, people.bearers, PeopleNow(people))
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    identity = await identities.identify(made_request("/", cookie=cookie))
    assert identity.user.email == "ada@example.com"
    clock.now += 3599
    assert [each.person for each in await identities.people_now([identity])] == [identity.user]
    clock.now += 2
    assert [each.person for each in await identities.people_now([identity])] == [None]
