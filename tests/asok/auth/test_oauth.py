"""Signing in with a provider as a visitor does it: away, back, linked, and nobody let in by an address."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from asok import TestClient
from asok.auth import github, google
from asok.auth.oauth import Callback, IdentityTaken
from asok_engine.database.running import run
from asok_engine.errors import SetupError
from tests import servers
from tests.asok.auth.desk import make_desk, person, sign_in
from tests.asok.auth.test_notices import Told
from tests.oidc_provider import CLIENT, SECRET, SUBJECT, ProviderProcess, run_provider

WAYS = pytest.mark.parametrize("how", ["plain", "async"])
MODELS = {
    "src/models/identity.py": "from asok import auth\n\n\nclass Identity(auth.Identity):\n    pass\n",
}
GO = """
CSRF = False


def post(request):
    request.auth.oauth.start("test", path="/HOW-back", next=request.query.get("next", "/"))


def get(request):
    request.auth.oauth.start("test", path="/HOW-back")


def delete(request):
    request.auth.oauth.unlink(request.json["id"])
    return {}
"""
BACK = """
from models.user import User


def get(request):
    answer = request.auth.oauth.finish("test")
    user = answer.person
    if user is None and request.user:
        user = request.user
        request.auth.oauth.link(answer, user)
    elif user is None and answer.email:
        user = User.create(email=answer.email, name=answer.name)
        request.auth.oauth.link(answer, user)
    if user is None:
        return {"unproven": answer.profile.unproven_email}
    request.login(user)
    listed = request.auth.oauth.list()
    return {"user": user.email, "next": answer.next, "can": [[each.id, each.provider, each.label] for each in listed]}
"""
REFERENCE = """
CSRF = False


def post(request):
    return {"url": request.auth.oauth.get_auth_url("test", "desk client", "http://localhost/own", "s" * 43)}


def get(request):
    query = request.query
    profile = request.auth.oauth.callback(
        "test", client_id="desk client", client_secret="its: secret", code=query["code"],
        redirect_uri=query.get("uri", "http://localhost/own"), state=query["state"],
        expected_state=query.get("expected", "s" * 43),
    )
    return {"subject": profile.subject}
"""


def both(text: str) -> dict[str, str]:
    """Give a page plain and async."""
    made = text.replace("\ndef ", "\nasync def ")
    for name in ("start", "finish", "link", "list", "unlink", "get_auth_url", "callback"):
        made = made.replace(f"request.auth.oauth.{name}(", f"await request.auth.oauth.{name}_async(")
    made = made.replace("User.create(", "await User.create_async(")
    return {"plain": text.replace("HOW", "plain"), "async": made.replace("HOW", "async")}


PAGES = {
    f"{how}-{name}/page.py": made
    for name, text in (("go", GO), ("back", BACK), ("own", REFERENCE))
    for how, made in both(text).items()
}


@pytest.fixture(scope="module")
def process() -> Iterator[ProviderProcess]:
    """A provider."""
    with run_provider(servers.free_port()) as running:
        yield running


@pytest.fixture
def provider(process: ProviderProcess) -> Iterator[ProviderProcess]:
    """The provider, well-behaved until a test says otherwise."""
    process.be("right")
    yield process
    process.be("right")


def make(root: Path, provider: ProviderProcess, debug: bool = True, **settings: Any) -> Any:
    """Make the desk with one provider, on this machine."""
    given = {"DEBUG": debug, "APP_URL": "http://localhost", "RATE_LIMIT": False, **settings}

    def prepare(app: Any) -> None:
        app.add_provider(google(CLIENT, SECRET, name="test", issuer=provider.url))

    return make_desk(root, given, pages=PAGES, files=MODELS, prepare=prepare)


def leave(client: TestClient, how: str = "async", query: str = "") -> str:
    """Begin; give where the browser is sent."""
    answer = client.post(f"/{how}-go{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', answer.text)
    assert found is not None
    return unescape(found[1])


def come_back(client: TestClient, back: str) -> Any:
    """Follow the provider's redirect to the application."""
    parts = urlsplit(back)
    return client.get(f"{parts.path}?{parts.query}", headers={"Accept": "application/json"})


@WAYS
def test_stranger_comes_back_as_somebody(tmp_path: Path, provider: ProviderProcess, how: str) -> None:
    """Away, back, an account with the proven address, signed in; the next time it is the same person."""
    app = make(tmp_path, provider)
    client = TestClient(app)
    address = leave(client, how, "?next=/tickets%3Fa%3D1")
    assert parse_qs(urlsplit(address).query)["redirect_uri"] == [f"http://localhost/{how}-back"]
    answer = come_back(client, provider.visit(address))
    assert answer.json == {
        "user": "ada@example.com",
        "next": "/tickets?a=1",
        "can": [[1, "test", "ada@example.com"]],
    }
    assert client.get("/async/show").json["user"] == "ada@example.com"
    other = TestClient(app)
    assert come_back(other, provider.visit(leave(other, how))).json["user"] == "ada@example.com"
    assert app.models["User"].count() == 1
    assert app.models["Identity"].find(1).last_used_at is not None


@WAYS
def test_same_address_lets_nobody_in(tmp_path: Path, provider: ProviderProcess, how: str) -> None:
    """Somebody with Ada's address at a provider is not Ada here, proven or not (RFC 9700, ASVS V10.5)."""
    app = make(tmp_path, provider)
    person(app)
    for mode in ("right", "unproven"):
        provider.be(mode)
        client = TestClient(app)
        answer = come_back(client, provider.visit(leave(client, how)))
        assert (answer.status_code, answer.json.get("unproven")) in [(409, None), (200, "ada@example.com")]
        assert client.get("/async/show").json["user"] is None
    assert app.models["Identity"].count() == 0


@WAYS
def test_person_links_what_they_came_back_as(tmp_path: Path, provider: ProviderProcess, how: str) -> None:
    """Whoever is signed in may add a provider, take it away again, and nobody else may."""
    app = make(tmp_path, provider)
    person(app, "me@example.com")
    person(app, "bob@example.com")
    client, other, told = TestClient(app), TestClient(app), Told(app)
    sign_in(client, "me@example.com")
    assert come_back(client, provider.visit(leave(client, how))).json["user"] == "me@example.com"
    fresh = TestClient(app)
    assert come_back(fresh, provider.visit(leave(fresh, how))).json["user"] == "me@example.com"
    sign_in(other, "bob@example.com")
    assert other.delete(f"/{how}-go", json={"id": 1}).status_code == 404
    assert client.delete(f"/{how}-go", json={"id": 1}).status_code == 200
    said = [(each.to, "Test" in each.text, each.subject) for each in told.messages]
    assert said == [
        ("me@example.com", True, "An account was connected"),
        ("me@example.com", True, "An account was disconnected"),
    ]
    assert app.models["Identity"].count() == 0
    assert TestClient(app).delete(f"/{how}-go", json={"id": 1}).status_code == 401


def test_identity_of_somebody_else_is_not_taken_over(tmp_path: Path, provider: ProviderProcess) -> None:
    """One identity, one person; linking it twice to the same one changes nothing."""
    app = make(tmp_path, provider)
    users = [person(app, f"{name}@example.com") for name in ("one", "two")]
    links: list[Any] = []
    app.services.oauth.link, original = (
        lambda *given: links.append(given) or original(*given),
        (app.services.oauth.link),
    )
    client = TestClient(app)
    sign_in(client, "one@example.com")
    come_back(client, provider.visit(leave(client)))
    assert run(original(*links[0][:2], users[0])).user_id == users[0].pk
    with pytest.raises(IdentityTaken):
        run(original(*links[0][:2], users[1]))
    assert app.models["Identity"].count() == 1


@pytest.mark.parametrize("gone", ["inactive", "deleted"])
def test_who_may_not_sign_in_does_not(tmp_path: Path, provider: ProviderProcess, gone: str) -> None:
    """A switched-off person stays out, and nothing is left of one who is gone."""
    app = make(tmp_path, provider)
    client = TestClient(app)
    come_back(client, provider.visit(leave(client)))
    user = app.models["User"].find(1)
    if gone == "inactive":
        user.is_active = False
        user.save()
    else:
        user.delete()
        assert app.models["Identity"].count() == 0
        provider.be("unproven")
    fresh = TestClient(app)
    answer = come_back(fresh, provider.visit(leave(fresh)))
    assert answer.status_code == (400 if gone == "inactive" else 200)
    assert fresh.get("/async/show").json["user"] is None


@WAYS
def test_answer_for_another_browser_signs_nobody_in(
    tmp_path: Path, provider: ProviderProcess, how: str
) -> None:
    """A link with somebody else's code is worth nothing (login CSRF), and so is one that was used or is late."""
    app = make(tmp_path, provider)
    client, victim = TestClient(app), TestClient(app)
    back = provider.visit(leave(client, how))
    refused = come_back(victim, back)
    assert (refused.status_code, refused.json["detail"]) == (
        400,
        "This sign-in was not begun here, or is over. Begin it again.",
    )
    provider.be("unproven")
    assert come_back(client, back).status_code == 200
    asked = provider.counts()["/token"]
    assert come_back(client, back).status_code == 400
    assert provider.counts()["/token"] == asked
    late = provider.visit(leave(client, how))
    now = app.services.oauth.clock()
    app.services.oauth.clock = lambda: now + 601
    assert come_back(client, late).status_code == 400


def test_what_one_person_began_is_not_finished_as_another(tmp_path: Path, provider: ProviderProcess) -> None:
    """A sign-in of before somebody signed in links nothing to them."""
    app = make(tmp_path, provider)
    person(app, "me@example.com")
    client = TestClient(app)
    back = provider.visit(leave(client))
    sign_in(client, "me@example.com")
    assert come_back(client, back).status_code == 400
    assert app.models["Identity"].count() == 0


@WAYS
@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
    ],
)
def test_next_leads_nowhere_else(tmp_path: Path, provider: ProviderProcess, how: str, wanted: str) -> None:
    """Open redirects are refused (reliability 94)."""
    client = TestClient(make(tmp_path, provider))
    back = provider.visit(leave(client, how, f"?next={quote(wanted)}"))
    assert come_back(client, back).json["next"] == "/"


@WAYS
@pytest.mark.parametrize(
    ("mode", "status"),
    [("denied", 400), ("mix-up", 400), ("hs", 502), ("wrong nonce", 502), ("broken at /token", 502)],
)
def test_providers_errors_are_clear_and_tell_nothing(
    tmp_path: Path,
    provider: ProviderProcess,
    how: str,
    mode: str,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A page for people, a line for the log, no secret in either, nobody signed in."""
    app = make(tmp_path, provider)
    client = TestClient(app)
    provider.be(mode)
    with caplog.at_level(logging.INFO):
        answer = come_back(client, provider.visit(leave(client, how)))
    assert answer.status_code == status
    assert "script" not in answer.text
    assert "hunter2" not in answer.text
    if status == 502:
        assert "Another service that is needed for this did not answer as it has to." in answer.text
        assert "The provider test was asked for" in caplog.text
        assert provider.url not in answer.text
    assert SECRET not in caplog.text + answer.text
    assert client.get("/async/show").json["user"] is None


def test_provider_of_this_machine_is_for_development(tmp_path: Path, provider: ProviderProcess) -> None:
    """In production no address of this machine is asked, whoever names it."""
    client = TestClient(make(tmp_path, provider, debug=False))
    answer = client.post("/async-go")
    assert answer.status_code == 502


def test_several_tabs_may_be_away(tmp_path: Path, provider: ProviderProcess) -> None:
    """Up to four; the oldest is forgotten."""
    client = TestClient(make(tmp_path, provider))
    first, *others = [provider.visit(leave(client)) for _ in range(5)]
    assert come_back(client, first).status_code == 400
    assert come_back(client, others[0]).status_code == 200


@WAYS
def test_names_of_before_are_bound_too(tmp_path: Path, provider: ProviderProcess, how: str) -> None:
    """`get_auth_url` and `callback` check state, nonce and PKCE as `start` and `finish` do."""
    client = TestClient(make(tmp_path, provider))
    back = provider.visit(client.post(f"/{how}-own").json["url"])
    query = urlsplit(back).query
    assert client.get(f"/{how}-own?{query}&expected=other").status_code == 400
    assert client.get(f"/{how}-own?{query}&expected=").status_code == 400
    assert TestClient(client.app).get(f"/{how}-own?{query}").status_code == 400
    assert client.get(f"/{how}-own?{query}").json == {"subject": SUBJECT}
    assert client.get(f"/{how}-own?{query}").status_code == 400
    again = urlsplit(provider.visit(client.post(f"/{how}-own").json["url"])).query
    assert client.get(f"/{how}-own?{again}&uri=other").status_code == 500


@WAYS
def test_link_is_redirected_and_a_form_gets_a_page(
    tmp_path: Path, provider: ProviderProcess, how: str
) -> None:
    """`form-action 'self'` of a strict policy holds for the redirects of a form too (CSP 3 6.4.1)."""
    client = TestClient(make(tmp_path, provider))
    answer = client.get(f"/{how}-go")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{provider.url}/authorize?")
    assert leave(client, how).startswith(f"{provider.url}/authorize?")


def test_unknown_provider_is_not_found(tmp_path: Path, provider: ProviderProcess) -> None:
    """A name of the address leads to a provider or to nothing."""
    app = make(tmp_path, provider)
    with pytest.raises(Exception, match="no such provider"):
        app.services.oauth.client("other")
    assert app.services.oauth.names == ["test"]


def test_provider_that_lacks_its_secret_stops_the_start(tmp_path: Path) -> None:
    """It is found before anybody signs in; the environment is where it is looked for."""
    for number, (env, works) in enumerate(
        [({}, False), ({"GITHUB_CLIENT_ID": "a", "GITHUB_CLIENT_SECRET": "b"}, True)]
    ):
        root = tmp_path / str(number)
        root.mkdir()
        line = "".join(f"{name}={value}\n" for name, value in env.items())

        def prepare(app: Any, line: str = line) -> None:
            app.add_provider(github())
            file = app.root_dir / ".env"
            file.write_text(file.read_text() + line)

        if works:
            assert make_desk(root, files=MODELS, prepare=prepare).services.oauth.names == ["github"]
        else:
            with pytest.raises(SetupError, match="GITHUB_CLIENT_ID"):
                make_desk(root, files=MODELS, prepare=prepare)


def test_two_providers_of_one_name_stop_the_start(tmp_path: Path) -> None:
    """Nobody guesses which is meant."""
    with pytest.raises(SetupError, match="Two providers have the name 'google'"):
        make_desk(
            tmp_path, prepare=lambda app: app.add_provider(google("a", "b")).add_provider(google("a", "b"))
        )


@WAYS
def test_adding_and_taking_away_need_somebody_who_has_shown_that_it_is_them(
    tmp_path: Path, provider: ProviderProcess, how: str
) -> None:
    """A session that was left open lets nobody add a way in."""
    app = make(tmp_path, provider)
    person(app, "me@example.com")
    client = TestClient(app)
    sign_in(client, "me@example.com")
    now = app.services.people.clock()
    app.services.people.clock = lambda: now + 1000
    assert come_back(client, provider.visit(leave(client, how))).status_code == 403
    assert app.models["Identity"].count() == 0
    assert client.delete(f"/{how}-go", json={"id": 1}).status_code == 403


def test_second_factor_is_asked_for_after_a_provider(tmp_path: Path, provider: ProviderProcess) -> None:
    """A provider stands for the password, not for the code."""
    app = make(tmp_path, provider)
    client = TestClient(app)
    come_back(client, provider.visit(leave(client)))
    user = app.models["User"].find(1)
    user.totp_secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    user.save()
    fresh = TestClient(app)
    answer = come_back(fresh, provider.visit(leave(fresh)))
    assert (answer.status_code, answer.headers["location"]) == (302, "/login/code")
    assert fresh.get("/async/show").json["user"] is None


def test_what_callback_is_given_hides_its_secrets() -> None:
    """Whoever logs it writes no secret of the client and no code."""
    given = Callback("id", "hunter2", "the code", "https://a.example/back", "s", "s")
    assert repr(given) == "<Callback to https://a.example/back>"
