"""Tokens of programs as the web meets them: both protocols, plain and async pages, three databases."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from asok import Asok, TestClient
from asok_engine.database.running import run
from asok_engine.security.bearer import make_bearer
from tests.asok.auth.desk import GOOD, make_desk, person, sign_in
from tests.asok.auth.test_bearertoken import TOKEN
from tests.asok.auth.test_codes import Clock

Protocol = Literal["asgi", "wsgi"]
PROTOCOLS = pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
WAYS = pytest.mark.parametrize("how", ["plain", "async"])

PAGE = """
def get(request):
    if request.params["name"] == "open":
        return {"open": True}
    if request.params["name"] == "cached":
        request.header("Cache-Control", "public, max-age=60")
    if request.params["name"] == "form":
        return request.html("form.html")
    user = request.user
    return {
        "user": user and user.email,
        "can": user and [right for right in RIGHTS if user.can(right)],
        "roles": user and [role for role in ("agent", "manager", "bare") if request.has_role(role)],
        "principal": [request.principal.kind, [right for right in RIGHTS if request.principal.can(right)]],
        "cart": request.session.get("cart"),
    }


def post(request):
    tokens, name, form = request.auth.token, request.params["name"], request.form
    if name == "create":
        scopes = form["scopes"].split() if "scopes" in form else None
        more = {"expires_in": float(form["seconds"])} if "seconds" in form else {}
        return {"token": tokens.create(name=form.get("name", ""), scopes=scopes, **more)}
    if name == "list":
        return [[each.name, each.scopes, bool(each.last_used_at), each.id] for each in tokens.list()]
    if name == "revoke":
        return {"revoked": tokens.revoke(form["id"])}
    if name == "revoke-all":
        return {"revoked": tokens.revoke_all()}
    if name == "verify":
        return {"user": tokens.verify(form["token"]).email}
    if name == "login":
        request.login(request.authenticate(email=form["email"], password=form["password"]))
    if name == "cart":
        request.session["cart"] = "tea"
    if name == "password":
        request.change_password("another good one")
    if name == "agents":
        request.require_role("agent")
    return {"user": request.user and request.user.email}


RIGHTS = ("tickets.view", "tickets.edit", "tickets.delete", "people.view", "reports.export")
"""
ASYNC = PAGE.replace("def ", "async def ")
for _name in ("create", "list", "revoke", "revoke_all", "verify"):
    ASYNC = ASYNC.replace(f"tokens.{_name}(", f"(await tokens.{_name}_async(")
ASYNC = (
    ASYNC.replace("scopes=scopes, **more)}", "scopes=scopes, **more))}")
    .replace("tokens.list_async()]", "tokens.list_async())]")
    .replace('(form["id"])}', '(form["id"]))}')
    .replace("revoke_all_async()}", "revoke_all_async())}")
    .replace('(form["token"]).email', '(form["token"])).email')
    .replace("request.authenticate(", "await request.authenticate_async(")
    .replace("request.change_password(", "await request.change_password_async(")
)
PAGES = {
    "plain-api/[name].py": PAGE,
    "async-api/[name].py": ASYNC,
    "plain-api/form.html": "<form method='post'></form>",
    "async-api/form.html": "<form method='post'></form>",
}
AGENT: dict[str, Any] = {"roles": ["agent", "bare"], "permissions": ["reports.export"]}


def make(root: Path, settings: Mapping[str, Any] | None = None, **more: Any) -> tuple[Asok, Clock]:
    """Make the desk with pages of an API, and a model for tokens."""
    files = {"src/models/access_token.py": TOKEN, **more.pop("files", {})}
    app = make_desk(root, {"RATE_LIMIT": False, **(settings or {})}, pages=PAGES, files=files, **more)
    clock = app.services.people.clock = Clock()
    return app, clock


def make_token(app: Asok, how: str = "plain", **form: Any) -> str:
    """Let somebody who is signed in make a token."""
    client = TestClient(app)
    sign_in(client)
    token = client.post(f"/{how}-api/create", data=form, headers=_form_token(client)).json["token"]
    assert isinstance(token, str)
    return token


def _form_token(client: TestClient) -> dict[str, str]:
    found = client.get("/plain-api/form").form()
    return {"X-CSRF-Token": str(found["csrf_token"])}


def bearer(token: str, **more: str) -> dict[str, str]:
    """Give the header that carries a token."""
    return {"Authorization": f"Bearer {token}", **more}


@PROTOCOLS
@WAYS
def test_a_token_opens_what_its_person_may_open(
    tmp_path: Path, protocol: Protocol, how: str, database_url: str
) -> None:
    """Without a cookie, without a form token, on every database; and the answer is for nobody else."""
    app, _ = make(tmp_path, {"DATABASE_URL": database_url})
    person(app, **AGENT)
    token = make_token(app, how, name="laptop")
    with TestClient(app, protocol) as client:
        answer = client.get(f"/{how}-api/me", headers=bearer(token))
        assert answer.json == {
            "user": "ada@example.com",
            "can": ["tickets.view", "tickets.edit", "reports.export"],
            "roles": ["agent", "bare"],
            "principal": ["person", ["tickets.view", "tickets.edit", "reports.export"]],
            "cart": None,
        }
        posted = client.post(f"/{how}-api/cart", headers=bearer(token))
        assert (posted.status_code, posted.json) == (200, {"user": "ada@example.com"})
        for each in (answer, posted, client.get(f"/{how}-api/form", headers=bearer(token))):
            assert "set-cookie" not in each.headers
        cached = client.get(f"/{how}-api/cached", headers=bearer(token))
        assert "private" in cached.headers["cache-control"]
        assert "public" not in cached.headers["cache-control"]
        assert "Authorization" in cached.headers["vary"]
        assert client.post(f"/{how}-api/verify", data={"token": token}, headers=bearer(token)).json == {
            "user": "ada@example.com"
        }


@PROTOCOLS
@WAYS
@pytest.mark.parametrize(
    "wrong", ["unknown", "slip", "empty", "expired", "revoked", "inactive", "gone", "basic"]
)
def test_a_token_that_is_not_good_is_refused_and_never_anonymous(
    tmp_path: Path, protocol: Protocol, how: str, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    """401 with the reason of RFC 6750 3.1, as problem details; cookies that came along do not help."""
    app, clock = make(tmp_path)
    user: Any = person(app)
    token = make_token(app, seconds="100")
    with TestClient(app, protocol) as client:
        sign_in(client)
        if wrong == "expired":
            clock.now += 101
        elif wrong == "revoked":
            client.post("/plain-api/revoke-all", headers=_form_token(client))
        elif wrong == "inactive":
            user.update(_trust=True, is_active=False)
        elif wrong == "gone":
            user.delete()
        sent = {"unknown": make_bearer(), "slip": token[:-1] + "é", "empty": ""}.get(wrong, token)
        headers = {"Authorization": f"Bearer {sent}".encode().decode("latin-1")}
        if wrong == "basic":
            # Another scheme is none of ours: the cookies say who it is.
            answer = client.get(f"/{how}-api/me", headers={"Authorization": f"Basic {token}"})
            assert answer.json["user"] == "ada@example.com"
            return
        with caplog.at_level(logging.WARNING, "asok.security"):
            answer = client.get(f"/{how}-api/me", headers={"Accept": "*/*", **headers})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["detail"] == "This token is not valid, or not any more."
        assert "set-cookie" not in answer.headers
        assert "was refused, from" in caplog.text
        assert token not in caplog.text
        page = client.get(f"/{how}-api/me", headers={"Accept": "text/html", **headers})
        assert (page.status_code, page.headers["content-type"]) == (401, "text/html; charset=utf-8")
        # A page that asks for nobody is the same for everybody.
        assert client.get(f"/{how}-api/open", headers=headers).json == {"open": True}


@PROTOCOLS
@WAYS
def test_a_token_never_mixes_with_a_session(tmp_path: Path, protocol: Protocol, how: str) -> None:
    """Its person is the person, the session of the cookies is neither read nor written nor ended."""
    app, _ = make(tmp_path)
    person(app)
    token = make_token(app)
    person(app, "bob@example.com")
    with TestClient(app, protocol) as client:
        sign_in(client, "bob@example.com")
        client.get("/plain/put?value=milk")
        seen = client.get(f"/{how}-api/me", headers=bearer(token)).json
        assert (seen["user"], seen["cart"]) == ("ada@example.com", None)
        answer = client.post(f"/{how}-api/cart", headers=bearer(token))
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
        client.post("/plain/out", headers=bearer(token))
        shown = client.get(f"/{how}/show").json
        assert (shown["user"], shown["cart"]) == ("bob@example.com", "milk")


@WAYS
def test_a_token_is_good_for_nothing_else(tmp_path: Path, how: str) -> None:
    """It signs nobody in, makes and ends no token, changes no password, and is no link and no session (D6)."""
    app, _ = make(tmp_path)
    person(app)
    token = make_token(app)
    client = TestClient(app)
    for name, data in {
        "create": {},
        "list": {},
        "revoke": {"id": "1"},
        "revoke-all": {},
        "password": {},
        "login": {"email": "ada@example.com", "password": GOOD},
    }.items():
        answer = client.post(f"/{how}-api/{name}", data=data, headers=bearer(token))
        assert answer.status_code == 403, name
        assert "set-cookie" not in answer.headers
    for kind in ("magic", "reset", "verification"):
        with pytest.raises(Exception, match="not valid"):
            list(_steps(app.services.links.take(kind, token)))
    assert client.get("/plain/show", cookies={"asok_session": token}).json["user"] is None
    link = app.services.links.make("magic", app.models["User"].find(email="ada@example.com"))  # type: ignore[attr-defined]
    assert client.get(f"/{how}-api/me", headers=bearer(link)).status_code == 401
    assert client.get(f"/{how}-api/me", headers=bearer(token)).status_code == 200


READ = """
CSRF = False


def post(request):
    person = request.auth.token.verify(request.form["token"])
    if "create" in request.form:
        return {"token": request.auth.token.create(person)}
    request.login(person)
    return {"user": request.user.email}
"""


def test_who_was_read_from_a_token_with_scopes_gets_nothing_without_them(tmp_path: Path) -> None:
    """Neither a session nor another token, also where a page has taken the token from a form (D6)."""
    app = make_desk(tmp_path, pages={"read.py": READ}, files={"src/models/access_token.py": TOKEN})
    user = person(app, roles=["agent"])
    people = app.services.people
    token = run(people.bearers.create(user, "", ["tickets.view"], 900.0, people.clock()))
    client = TestClient(app)
    for data in ({}, {"create": "1"}):
        answer = client.post("/read", data={"token": token, **data})
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert client.get("/plain/show").json["user"] is None


def test_a_field_called_scopes_keeps_nobody_out(tmp_path: Path) -> None:
    """Only the limit of a token does; a model that is no Account may call its own fields as it likes."""
    bare = (
        "from asok import Field\nfrom asok.orm import Model\n\n\nclass User(Model):\n"
        "    email = Field.Email(unique=True)\n    password = Field.Password()\n    scopes = Field.JSON(default=list)\n"
    )
    app = make_desk(tmp_path, files={"src/models/user.py": bare})
    app.models["User"].create(email="ada@example.com", password=GOOD, scopes=["a"])  # type: ignore[attr-defined]
    client = TestClient(app)
    sign_in(client)
    assert client.get("/plain/show").json["user"] == "ada@example.com"


def _steps(plan: Any) -> Any:
    yield from plan


@WAYS
@pytest.mark.parametrize(
    ("scopes", "can", "roles"),
    [
        ("tickets.view", ["tickets.view"], []),
        ("tickets.edit", ["tickets.view", "tickets.edit"], ["agent"]),
        ("tickets.*", ["tickets.view", "tickets.edit"], ["agent"]),
        ("people.view people.delete", [], []),
        ("", [], []),
        ("*", ["tickets.view", "tickets.edit", "reports.export"], ["agent", "bare"]),
    ],
)
def test_scopes_take_rights_away_and_never_give(
    tmp_path: Path, how: str, scopes: str, can: list[str], roles: list[str]
) -> None:
    """`can`, roles and the principal of a policy are limited alike, after the row was read again too."""
    app, _ = make(tmp_path)
    person(app, **AGENT)
    token = make_token(app, how, scopes=scopes)
    client = TestClient(app)
    seen = client.get(f"/{how}-api/me", headers=bearer(token)).json
    assert (seen["can"], seen["roles"], seen["principal"][1]) == (can, roles, can)
    answer = client.post(f"/{how}-api/agents", headers=bearer(token))
    assert answer.status_code == (200 if "agent" in roles else 403)
    people = app.services.people
    user = run(people.bearers.take(token, people.clock(), "here"))
    assert user.refresh().can("tickets.edit") is ("tickets.edit" in can)
    assert user.scopes == frozenset(scopes.split())


def test_an_admins_scoped_token_is_no_admin(tmp_path: Path) -> None:
    """All rights, limited to what the token says."""
    app, _ = make(tmp_path)
    person(app, is_admin=True)
    seen = TestClient(app).get("/plain-api/me", headers=bearer(make_token(app, scopes="people.view"))).json
    assert seen["can"] == seen["principal"][1] == ["people.view"]


@pytest.mark.parametrize(
    "scope", ["tickets", "tickets.", ".view", "*.view", "tickets.v*", " tickets.view", "**", ""]
)
def test_a_scope_that_is_no_right_is_refused(tmp_path: Path, scope: str) -> None:
    """A slip must not become a token that may nothing, or anything."""
    page = (
        "from asok_engine.errors import UsageError\n\nCSRF = False\n\ndef post(request):\n    try:\n"
        f"        request.auth.token.create(scopes=[{scope!r}])\n"
        "    except UsageError as error:\n        return error.message\n    return 'made'\n"
    )
    app = make_desk(tmp_path, pages={"slip.py": page}, files={"src/models/access_token.py": TOKEN})
    person(app)
    client = TestClient(app)
    sign_in(client)
    assert client.post("/slip").text.startswith(f"A token was asked for with the scope {scope!r}")


@WAYS
def test_tokens_are_listed_and_revoked_by_their_owner(tmp_path: Path, how: str, database_url: str) -> None:
    """The newest first, without their text; nobody ends those of somebody else, and what is revoked is dead at once."""
    app, clock = make(tmp_path, {"DATABASE_URL": database_url})
    person(app)
    first = make_token(app, how, name="laptop", scopes="tickets.view")
    second = make_token(app, how, name="robot")
    client, api = TestClient(app), TestClient(app)
    assert api.get(f"/{how}-api/me", headers=bearer(first)).status_code == 200
    sign_in(client)
    form = _form_token(client)
    listed = client.post(f"/{how}-api/list", headers=form).json
    assert [each[:3] for each in listed] == [["robot", None, False], ["laptop", ["tickets.view"], True]]
    person(app, "bob@example.com")
    other = TestClient(app)
    sign_in(other, "bob@example.com")
    bobs = _form_token(other)
    for key in (listed[1][3], 999, "x"):
        assert other.post(f"/{how}-api/revoke", data={"id": key}, headers=bobs).json == {"revoked": False}
    assert other.post(f"/{how}-api/revoke-all", headers=bobs).json["revoked"] == 0
    assert api.get(f"/{how}-api/me", headers=bearer(first)).status_code == 200
    for expected in (True, False):
        answer = client.post(f"/{how}-api/revoke", data={"id": listed[1][3]}, headers=form)
        assert answer.json == {"revoked": expected}
    assert api.get(f"/{how}-api/me", headers=bearer(first)).status_code == 401
    assert api.get(f"/{how}-api/me", headers=bearer(second)).status_code == 200
    assert client.post(f"/{how}-api/revoke-all", headers=form).json["revoked"] == 1
    assert api.get(f"/{how}-api/me", headers=bearer(second)).status_code == 401
    assert client.post(f"/{how}-api/list", headers=form).json == []


def test_the_last_use_is_kept_to_the_minute(tmp_path: Path) -> None:
    """Not every call writes; a later one does."""
    app, clock = make(tmp_path)
    person(app)
    token = make_token(app)
    client, model = TestClient(app), app.models["AccessToken"]
    used = []
    for seconds in (0, 59, 2):
        clock.now += seconds
        client.get("/async-api/me", headers=bearer(token))
        used.append(model.first().last_used_at.timestamp())  # type: ignore[attr-defined]
    assert used[1] - used[0] == 0
    assert used[2] - used[0] == pytest.approx(61, abs=0.01)


def test_a_token_ends_by_itself_unless_it_was_meant_to_stay(tmp_path: Path) -> None:
    """After ninety days, or when its maker said; 0 is for ever."""
    app, clock = make(tmp_path)
    person(app)
    tokens = {
        days: make_token(app, **more)
        for days, more in {90: {}, 1: {"seconds": "86400"}, 0: {"seconds": "0"}}.items()
    }
    client = TestClient(app)
    for days, alive in ((0.9, {90, 1, 0}), (1.1, {90, 0}), (88.5, {0})):
        clock.now += days * 86_400
        assert {
            each
            for each, token in tokens.items()
            if client.get("/plain-api/me", headers=bearer(token)).status_code == 200
        } == alive


def test_the_database_holds_no_token(tmp_path: Path) -> None:
    """Whoever reads it can call nothing with what is there, and the log has none either."""
    app, _ = make(tmp_path, {"LOG_FILE": str(tmp_path / "log.txt")})
    person(app)
    token = make_token(app)
    TestClient(app).get("/plain-api/me", headers=bearer(token))
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"ada@example.com" in kept
    assert token.encode() not in kept
    assert re.search(rb"asok_[0-9A-Za-z]{49}", kept) is None


def test_a_password_alone_makes_no_token_for_who_has_a_second_step(tmp_path: Path) -> None:
    """A page that signs programs in cannot skip it; whoever is signed in with both can."""
    page = (
        "CSRF = False\n\ndef post(request):\n    form = request.form\n"
        "    user = request.authenticate(email=form['email'], password=form['password'])\n"
        "    return {'token': request.auth.token.create(user)}\n"
    )
    app = make_desk(
        tmp_path, pages={**PAGES, "api-login.py": page}, files={"src/models/access_token.py": TOKEN}
    )
    user: Any = person(app)
    data = {"email": "ada@example.com", "password": GOOD}
    assert TestClient(app).post("/api-login", data=data).json["token"].startswith("asok_")
    user.update(_trust=True, totp_secret="JBSWY3DPEHPK3PXP")
    assert TestClient(app).post("/api-login", data=data).status_code == 403


def test_the_form_of_the_reference_works(tmp_path: Path) -> None:
    """`create(request, user_id, expires_in)` and `verify(token)`, as they are written elsewhere."""
    page = (
        "CSRF = False\n\ndef post(request):\n"
        "    token = request.auth.token.create(request, int(request.form['id']), 60)\n"
        "    return {'user': request.auth.token.verify(token).email}\n"
    )
    app = make_desk(tmp_path, pages={"made.py": page}, files={"src/models/access_token.py": TOKEN})
    user: Any = person(app)
    client = TestClient(app)
    assert client.post("/made", data={"id": str(user.id)}).json == {"user": "ada@example.com"}
    assert client.post("/made", data={"id": "99"}).status_code == 401


def test_an_application_without_the_model_takes_no_token_and_says_what_to_write(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A stranger who sends one gets 401; the page that would make one names the lines that are missing."""
    app = make_desk(tmp_path, pages=PAGES)
    person(app)
    client = TestClient(app)
    assert client.get("/async-api/me", headers=bearer(make_bearer())).status_code == 401
    sign_in(client)
    assert client.post("/plain-api/create", headers=_form_token(client)).status_code == 500
    assert "class BearerToken(auth.BearerToken): pass" in caplog.text


@WAYS
def test_the_app_s_own_page_for_401_may_ask_who_it_is(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its layout shows nobody, and nothing breaks."""
    pages = {
        **PAGES,
        "401/page.html": "<p>{% if request.user %}in{% else %}Nobody is signed in{% endif %}</p>",
    }
    app = make_desk(tmp_path, pages=pages, files={"src/models/access_token.py": TOKEN})
    answer = TestClient(app).get(f"/{how}-api/me", headers=bearer(make_bearer(), Accept="text/html"))
    assert (answer.status_code, "Nobody is signed in" in answer.text) == (401, True)
    assert "failed" not in caplog.text
