"""Settings of sessions, and what a session promises, watched from outside on each store and both protocols."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest

from asok_engine.errors import BackendUnavailable, UsageError
from asok_engine.settings.problem import SettingsError
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import BOTH, KEY, make_app
from tests.servers import RedisProcess

Protocol = Literal["asgi", "wsgi"]
PROTOCOLS = pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
COOKIE = "__Host-asok_session"

#: Each action as a plain and as an async page; what a page does is named by its last part.
ACTIONS = """
def act(request, name):
    session = request.session
    if name == "put":
        session[request.query.get("key", "color")] = request.query.get("value", "red")
    elif name == "nested":
        session.setdefault("cart", {"rows": []})["rows"].append(len(session["cart"]["rows"]))
    elif name == "rotate":
        request.session_regenerate()
    elif name == "enter":
        session["who"] = "ada"
        session.rotate("user:ada", remember="long" in request.query)
    elif name == "leave":
        session.end()
    elif name == "big":
        session["big"] = "x" * 2_000_000
    elif name == "defect":
        session["color"] = "lost"
        raise RuntimeError("a defect")
    elif name == "aside":
        session["color"] = "kept"
        request.redirect("/async/show")
    elif name == "object":
        session["thing"] = object()
    elif name == "flash":
        request.flash("success", "Saved.").flash("Careful", "warning").flash("Plain")
    elif name == "messages":
        return {"got": request.get_flashed_messages(), "again": request.get_flashed_messages(False, "error")}
    elif name == "mine":
        sessions = request.app.services.sessions
        return {"handles": [each.handle for each in sessions.of_user("user:ada")], "own": session.handle}
    elif name == "end_others":
        return {"ended": request.app.services.sessions.end_all("user:ada", but=session.handle)}
    return {"session": dict(session), "modified": session.modified, "sid": session.is_live and session.sid}
"""
PAGES = {
    "async/[name].py": ACTIONS
    + "\nasync def get(request):\n    return act(request, request.params['name'])\n",
    "plain/[name].py": ACTIONS + "\ndef get(request):\n    return act(request, request.params['name'])\n",
    # Every one of the requests has the session before the first of them ends.
    "held/page.py": "import asyncio\n\narrived = []\n\n"
    "async def get(request):\n"
    "    session = request.session\n"
    "    arrived.append(request.query['key'])\n"
    "    while len(arrived) < 50:\n"
    "        await asyncio.sleep(0.01)\n"
    "    session[request.query['key']] = 1\n"
    "    if request.query['rotate'] == 'true':\n"
    "        session.rotate()\n"
    "    return 'done'\n",
    "free/page.py": "async def get(request):\n    return 'nobody is asked'\n",
    "looks/page.html": "{% for c, m in get_flashed_messages() %}{{ m }}{% endfor %}looked",
    "503/page.html": "<p>away for a moment {{ get_flashed_messages() }}</p>",
}


@pytest.fixture(params=["memory", "file", "redis"])
def stored(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """The settings of one store."""
    settings = {"SESSION_BACKEND": request.param, "RATE_LIMIT": False}
    if request.param == "redis":
        settings["REDIS_URL"] = request.getfixturevalue("redis_url")
    return settings


@pytest.fixture(params=["asgi-async", "asgi-plain", "wsgi-async", "wsgi-plain"])
def ask(
    request: pytest.FixtureRequest, tmp_path: Path, stored: Mapping[str, Any]
) -> Iterator[Callable[..., Any]]:
    """Ask the pages of one kind over one protocol; gives the client's answer, with `client` beside."""
    protocol, kind = request.param.split("-")
    with TestClient(make_app(tmp_path, stored, pages=PAGES), protocol) as client:

        def call(name: str, **params: Any) -> Any:
            return client.get(f"/{kind}/{name}", params=params)

        call.client = client  # type: ignore[attr-defined]

        def seen_with(cookie: str) -> Any:
            """Show the session of whoever brings this cookie and no other."""
            other = TestClient(client.app, protocol)
            return other.get(f"/{kind}/show", cookies={COOKIE: cookie}).json["session"]

        call.seen_with = seen_with  # type: ignore[attr-defined]
        yield call


# --- what a session is --------------------------------------------------------------------


def test_what_is_put_in_is_there_the_next_time(ask: Any) -> None:
    """A value survives, also one that was changed deep inside (B14)."""
    assert ask("show").json["session"] == {}
    ask("put", value="blue")
    ask("nested")
    assert ask("nested").json["modified"] is True
    shown = ask("show").json
    assert shown["session"] == {"color": "blue", "cart": {"rows": [0, 1]}}
    assert shown["modified"] is False
    stranger = TestClient(ask.client.app, ask.client.protocol)
    assert stranger.get("/async/show").json["session"] == {}
    stranger.get("/plain/put")
    assert stranger.cookies[COOKIE] != ask.client.cookies[COOKIE]
    assert ask("show").json["session"] == shown["session"]


def test_nobody_gets_a_cookie_without_a_reason(ask: Any) -> None:
    """Looking at an empty session sets nothing, and the page stays good for shared caches (case 89)."""
    for answer in (ask("show"), ask.client.get("/looks"), ask.client.get("/free")):
        assert "Set-Cookie" not in answer.headers
        assert "private" not in answer.headers.get("Cache-Control", "")
    assert ask("show").headers["Vary"] == "Cookie"
    assert "Vary" not in ask.client.get("/free").headers


def test_cookie_is_strict_and_the_page_private(ask: Any) -> None:
    """HttpOnly, Secure, SameSite, this host only, until the browser closes (ASVS V3.3.1 to 4)."""
    answer = ask("put")
    cookie = answer.cookie(COOKIE)
    assert (cookie.http_only, cookie.secure, cookie.same_site, cookie.path) == (True, True, "Lax", "/")
    assert cookie.expires_at is None
    assert answer.headers["Cache-Control"] == "private, no-cache"
    later = ask("show")
    assert "Set-Cookie" not in later.headers
    assert "private" in later.headers["Cache-Control"]
    assert later.headers["Vary"] == "Cookie"


def test_planted_id_is_never_used(ask: Any) -> None:
    """A session that begins gets an id of its own, whatever the visitor brought (case 80, CWE-384)."""
    ask("put")
    signed = ask.client.cookies[COOKIE]
    ask("leave")
    stranger = TestClient(ask.client.app, ask.client.protocol)
    answer = stranger.get("/async/put", cookies={COOKIE: signed})
    assert answer.cookies[COOKIE].partition(".")[0] != signed.partition(".")[0]
    assert ask.seen_with(signed) == {}
    assert ask.seen_with(f"{'a' * 43}.{'b' * 32}") == {}


def test_id_changes_with_rights_and_the_one_before_is_dead(ask: Any) -> None:
    """At sign-in, at sign-out and when a page asks; what was in it comes along (cases 80, 81; ASVS V7.2.4)."""
    ask("put")
    for step in ("enter", "rotate"):
        before = ask.client.cookies[COOKIE]
        ask(step)
        after = ask.client.cookies[COOKIE]
        assert after != before
        assert ask.seen_with(before) == {}
        assert ask.seen_with(after)["color"] == "red"
    left = ask("leave")
    assert left.cookie(COOKIE).value == ""
    assert COOKIE not in ask.client.cookies
    assert ask.seen_with(after) == {}


def test_defect_writes_nothing_and_a_redirect_does(ask: Any) -> None:
    """A request that breaks leaves the session as it was; one that ends early on purpose has ended well."""
    ask("put", value="red")
    assert ask("defect").status_code == 500
    assert ask("show").json["session"]["color"] == "red"
    assert ask("aside").status_code == 302
    assert ask("show").json["session"]["color"] == "kept"


def test_requests_at_once_lose_nothing(ask: Any) -> None:
    """Fifty requests of one visitor at once, five of which change the id: one session has it all (case 83)."""
    ask("put")
    before = ask.client.cookies[COOKIE]

    def one(number: int) -> str:
        client = TestClient(ask.client.app, ask.client.protocol)
        params = {"key": f"k{number}", "rotate": number % 10 == 0}
        answer = client.get("/held", params=params, cookies={COOKIE: before})
        assert answer.text == "done"
        return answer.cookies.get(COOKIE, before)

    with ThreadPoolExecutor(50) as pool:
        cookies = set(pool.map(one, range(50)))
    assert len(cookies) == 6
    alive = [session for cookie in cookies if (session := ask.seen_with(cookie))]
    assert [set(session) for session in alive] == [{"color", *(f"k{number}" for number in range(50))}]
    assert ask.seen_with(before) == {}


def test_value_that_json_lacks_is_named(ask: Any) -> None:
    """An object, or a megabyte too many, is an error that says where it belongs, not a loss (B14)."""
    answer = ask("object")
    assert answer.status_code == 500
    assert isinstance(answer.error, UsageError)
    assert "'thing'" in str(answer.error)
    answer = ask("big")
    assert isinstance(answer.error, UsageError)
    assert "'big'" in str(answer.error)


def test_messages_wait_for_the_next_page_and_are_shown_once(ask: Any) -> None:
    """Category and text in any order, in the order in which they were left."""
    ask("flash")
    got = ask("messages").json
    assert got["got"] == [["success", "Saved."], ["warning", "Careful"], ["message", "Plain"]]
    assert got["again"] == []
    assert ask("messages").json["got"] == []
    ask("flash")
    assert ask.client.get("/looks").text == "Saved.CarefulPlainlooked"
    assert ask.client.get("/looks").text == "looked"


def test_sessions_of_a_person_are_listed_and_ended(ask: Any) -> None:
    """From one browser the others are ended, and they are dead at once (case 82, ASVS V7.5.2)."""
    other = TestClient(ask.client.app, ask.client.protocol)
    other.get("/async/enter")
    ask("enter")
    mine = ask("mine").json
    assert len(mine["handles"]) == 2
    assert mine["own"] in mine["handles"]
    assert ask("end_others").json == {"ended": 1}
    assert other.get("/plain/show").json["session"] == {}
    assert ask("show").json["session"]["who"] == "ada"


# --- settings -----------------------------------------------------------------------------


@BOTH
@pytest.mark.setting("asok.SESSION_BACKEND", "asok.SESSION_PATH")
def test_backend_says_where_sessions_are(tmp_path: Path, redis_url: str, by: str) -> None:
    """Memory ends with the application; files and Redis outlive it, files in the folder that was named."""
    outlives = {}
    for backend in ("memory", "file", "redis"):
        settings = {"SESSION_BACKEND": backend, "SESSION_PATH": str(tmp_path / "abs"), "REDIS_URL": redis_url}
        with TestClient(make_app(tmp_path / "p", settings, by=by, pages=PAGES)) as client:
            client.get("/async/put")
            cookies = dict(client.cookies)
        with TestClient(make_app(tmp_path / "p", settings, by=by, pages=PAGES)) as client:
            client.cookies.update(cookies)
            outlives[backend] = bool(client.get("/async/show").json["session"])
    assert outlives == {"memory": False, "file": True, "redis": True}
    files = [path for path in (tmp_path / "abs").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    sid = cookies[COOKIE].partition(".")[0]
    assert not any(sid in path.read_text() + path.name for path in files)


@pytest.mark.setting("asok.SESSION_PATH")
def test_path_of_files_is_below_the_project(tmp_path: Path) -> None:
    """A relative folder is the project's, and .asok/sessions unless another is named."""
    for number, (given, expected) in enumerate((({}, ".asok/sessions"), ({"SESSION_PATH": "s/x"}, "s/x"))):
        app = make_app(tmp_path / str(number), {"SESSION_BACKEND": "file", **given}, pages=PAGES)
        with TestClient(app) as client:
            client.get("/plain/put")
        assert list((tmp_path / str(number) / expected).iterdir())


def test_redis_without_address_stops_the_start(tmp_path: Path) -> None:
    """The message names the setting that is missing."""
    with pytest.raises(SettingsError, match="REDIS_URL"):
        make_app(tmp_path, {"SESSION_BACKEND": "redis"}).startup()


@BOTH
@pytest.mark.setting("asok.SESSION_TTL")
def test_unused_session_is_forgotten(tmp_path: Path, stored: Mapping[str, Any], by: str) -> None:
    """The seconds count from the last use, on the server, whatever the cookie says (ASVS V7.3.1)."""
    app = make_app(tmp_path, {**stored, "SESSION_TTL": 1}, by=by, pages=PAGES)
    with TestClient(app) as client:
        client.get("/async/put")
        for _ in range(4):
            time.sleep(0.4)
            assert client.get("/async/show").json["session"] == {"color": "red"}
        time.sleep(1.2)
        assert client.get("/async/show").json["session"] == {}


@BOTH
@PROTOCOLS
@pytest.mark.setting("asok.SESSION_MAX_AGE")
def test_remembered_session_lasts_as_long_as_its_cookie(tmp_path: Path, protocol: Protocol, by: str) -> None:
    """Its cookie outlives the browser, and the server keeps it although it is not used."""
    app = make_app(tmp_path, {"SESSION_MAX_AGE": 3, "SESSION_TTL": 1}, by=by, pages=PAGES)
    with TestClient(app, protocol) as client:
        cookie = client.get("/async/enter?long=1").cookie(COOKIE)
        assert cookie is not None
        assert cookie.expires_at == pytest.approx(time.time() + 3, abs=1.5)
        signed = client.cookies[COOKIE]
        time.sleep(1.5)
        assert client.get("/async/show").json["session"] == {"who": "ada"}
        time.sleep(2)
        client.cookies[COOKIE] = signed
        assert client.get("/async/show").json["session"] == {}
        assert client.get("/plain/enter").cookie(COOKIE).expires_at is None  # type: ignore[union-attr]


@BOTH
@pytest.mark.setting("asok.SESSION_SAMESITE")
@pytest.mark.parametrize("value", ["Lax", "Strict", "None"])
def test_same_site_is_what_is_set(tmp_path: Path, by: str, value: str) -> None:
    """The attribute of the cookie."""
    with TestClient(make_app(tmp_path, {"SESSION_SAMESITE": value}, by=by, pages=PAGES)) as client:
        cookie = client.get("/async/put").cookie(COOKIE)
        assert cookie is not None
        assert cookie.same_site == value


@BOTH
@pytest.mark.setting("asok.SESSION_SECURE")
def test_secure_unless_debug_or_said(tmp_path: Path, by: str) -> None:
    """A secure cookie carries the prefix that keeps other hosts from planting one; a plain one cannot."""
    for number, (settings, is_secure) in enumerate(
        (
            ({}, True),
            ({"DEBUG": True}, False),
            ({"DEBUG": True, "SESSION_SECURE": True}, True),
            ({"SESSION_SECURE": False}, False),
        )
    ):
        with TestClient(make_app(tmp_path / str(number), settings, by=by, pages=PAGES)) as client:
            answer = client.get("/async/put")
            name = COOKIE if is_secure else "asok_session"
            cookie = answer.cookie(name)
            assert cookie is not None
            assert cookie.secure is is_secure
            assert client.get("/plain/show").json["session"] == {"color": "red"}


def test_plain_cookie_is_not_taken_for_a_secure_one(tmp_path: Path) -> None:
    """Another host of the domain may plant `asok_session`; only the prefixed one counts."""
    with TestClient(make_app(tmp_path, pages=PAGES)) as client:
        client.get("/async/put")
        client.cookies["asok_session"] = client.cookies[COOKIE]
        del client.cookies[COOKIE]
        assert client.get("/async/show").json["session"] == {}


def test_cookie_that_browsers_will_drop_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A secure cookie over http from another machine: the log names the two settings that may be wrong."""
    app = make_app(tmp_path, {"ALLOWED_HOSTS": ["shop.example"]}, pages=PAGES)
    with TestClient(app, base_url="http://shop.example") as client:
        client.get("/async/put")
        client.get("/async/put")
    said = [record.getMessage() for record in caplog.records if "SESSION_SECURE" in record.getMessage()]
    assert len(said) == 1
    assert "TRUSTED_PROXIES" in said[0]


@BOTH
@PROTOCOLS
@pytest.mark.setting("asok.SECRET_KEY_FALLBACKS", "asok.SECRET_KEY")
def test_sessions_outlive_a_change_of_the_key(
    tmp_path: Path, stored: Mapping[str, Any], protocol: Protocol, by: str
) -> None:
    """With the earlier key as a fallback they live and are signed anew; without, they are dead (case 91)."""
    if stored["SESSION_BACKEND"] == "memory":
        pytest.skip("memory does not outlive the application")
    fresh = "another-key-abcdefghijklmnopqrstuvwxyz-0123"

    def asked(cookies: Mapping[str, str], **settings: Any) -> tuple[Any, dict[str, str]]:
        app = make_app(tmp_path, {**stored, **settings}, by=by, pages=PAGES)
        with TestClient(app, protocol) as client:
            client.cookies.update(cookies)
            shown = client.get("/async/show").json["session"] or client.get("/async/put").json["session"]
            return shown, dict(client.cookies)

    _, first = asked({}, SECRET_KEY=KEY)
    shown, second = asked(first, SECRET_KEY=fresh, SECRET_KEY_FALLBACKS=[KEY])
    assert shown == {"color": "red"}
    assert second[COOKIE] != first[COOKIE]
    assert second[COOKIE].partition(".")[0] == first[COOKIE].partition(".")[0]
    for cookies, alive in ((second, True), (first, False)):
        app = make_app(tmp_path, {**stored, "SECRET_KEY": fresh}, by=by, pages=PAGES)
        with TestClient(app, protocol) as client:
            client.cookies.update(cookies)
            assert bool(client.get("/plain/show").json["session"]) is alive


# --- a store that is away -------------------------------------------------------------------


@PROTOCOLS
def test_store_that_is_down_is_503_and_red_and_never_empty(
    tmp_path: Path, redis_server: RedisProcess, protocol: Protocol
) -> None:
    """Whoever has a session gets 503 until the store is back; who needs none is served (case 137)."""
    settings = {"SESSION_BACKEND": "redis", "REDIS_URL": redis_server.url, "RATE_LIMIT": False}
    with TestClient(make_app(tmp_path, settings, pages=PAGES), protocol) as client:
        client.get("/async/put")
        assert client.get("/health").status_code == 200
        redis_server.stop()
        for path in ("/async/show", "/plain/show", "/async/put", "/looks"):
            answer = client.get(path)
            assert answer.status_code == 503, path
            assert isinstance(answer.error, BackendUnavailable)
        assert client.get("/free").status_code == 200
        stranger = TestClient(client.app, protocol)
        assert stranger.get("/async/show").status_code == 200
        assert stranger.get("/async/put").status_code == 503
        time.sleep(1.1)
        health = client.get("/health")
        assert health.status_code == 503
        redis_server.start()
        deadline = time.monotonic() + 3
        while (answer := client.get("/async/show")).status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.05)
        # This Redis keeps nothing over its end: now, and only now, the session is gone.
        assert answer.json["session"] == {}


def test_folder_that_is_away_is_503_and_red(tmp_path: Path) -> None:
    """A session that cannot be written is no session, and the health check says so."""
    folder = tmp_path / "sessions"
    settings = {"SESSION_BACKEND": "file", "SESSION_PATH": str(folder), "RATE_LIMIT": False}
    with TestClient(make_app(tmp_path / "p", settings, pages=PAGES)) as client:
        client.get("/async/put")
        assert client.get("/health").status_code == 200
        folder.rename(tmp_path / "elsewhere")
        folder.write_text("a file where the folder was")
        assert client.get("/async/put?value=new").status_code in (200, 503)
        assert TestClient(client.app).get("/async/put").status_code == 503
        time.sleep(1.1)
        answer = client.get("/health")
        assert (answer.status_code, json.loads(answer.text)["checks"]["sessions"]) == (503, "failed")


def test_tampered_record_is_a_miss(tmp_path: Path) -> None:
    """What another program wrote there is no session and no error (case 104)."""
    folder = tmp_path / "sessions"
    settings = {"SESSION_BACKEND": "file", "SESSION_PATH": str(folder), "RATE_LIMIT": False}
    with TestClient(make_app(tmp_path / "p", settings, pages=PAGES)) as client:
        client.get("/async/put")
        (record,) = [path for path in folder.rglob("*") if path.is_file() and "color" in path.read_text()]
        for data in (b"", b"\x80\x04\x95(cos\nsystem", b'{"kind":"session"}', b"[" * 100_000, b"null"):
            record.write_bytes(data)
            assert client.get("/async/show").json["session"] == {}
