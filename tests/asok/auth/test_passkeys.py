"""Passkeys as a visitor meets them: made, used once per challenge, counted, listed, renamed, gone."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asok import TestClient
from tests.asok.auth.desk import make_desk, person, sign_in
from tests.authenticator import SoftDevice

WAYS = pytest.mark.parametrize("how", ["plain", "async"])

MODELS = {
    "src/models/passkey.py": "from asok import auth\n\n\nclass Passkey(auth.Passkey):\n    pass\n",
}
PLAIN = """
CSRF = False


def get(request):
    keys = request.auth.passkeys.list()
    return {"keys": [[key.id, key.name, key.last_used_at is not None] for key in keys]}


def post(request):
    return request.auth.passkeys.handle()


def put(request):
    return {"name": request.auth.passkeys.rename(request.json["id"], request.json["name"]).name}


def delete(request):
    request.auth.passkeys.delete(request.json["id"])
    return {}
"""
ASYNC = PLAIN.replace("def ", "async def ").replace("    keys = ", "    keys = await ")
ASYNC = ASYNC.replace("return request.auth", "return await request.auth").replace(
    '{"name": request', '{"name": (await request'
)
ASYNC = ASYNC.replace('"]).name}', '"])).name}').replace(
    "    request.auth.passkeys.delete(", "    await request.auth.passkeys.delete_async("
)
for _name in ("list", "handle", "rename"):
    ASYNC = ASYNC.replace(f".{_name}(", f".{_name}_async(")
PAGES = {
    "plain-keys/page.py": PLAIN,
    "async-keys/page.py": ASYNC,
    "as/page.py": "from models.user import User\n\nCSRF = False\n\n\ndef post(request):\n"
    "    request.auth.impersonate(User.find(email=request.form['email']))\n    return {}\n",
    "verify/page.py": "CSRF = False\n\n\ndef post(request):\n"
    "    user = request.auth.passkeys.verify(request.json['answer'])\n"
    "    return {'is': user.email, 'signed': request.is_authenticated}\n",
}


def make(root: Path, **settings: Any) -> Any:
    """Make the desk with passkeys."""
    return make_desk(root, {"RATE_LIMIT": False, **settings}, pages=PAGES, files=MODELS)


def ask(client: TestClient, step: str, how: str = "async", **more: Any) -> Any:
    """Send what the script sends."""
    return client.post(f"/{how}-keys", json={"step": step, **more}, headers={"Accept": "application/json"})


def add(
    client: TestClient, how: str = "async", device: SoftDevice | None = None, name: str = "Laptop"
) -> SoftDevice:
    """Give the person who is signed in a passkey."""
    tool = device or SoftDevice()
    answer = tool.make(ask(client, "registration-options", how).json)
    assert ask(client, "register", how, answer=answer, name=name).json == {"next": ""}
    return tool


def enter(client: TestClient, tool: SoftDevice, how: str = "async", **changes: Any) -> Any:
    """Sign in with a passkey."""
    return ask(client, "sign-in", how, answer=tool.sign(ask(client, "sign-in-options", how).json, **changes))


@WAYS
def test_passkey_signs_in_and_is_remembered_as_used(tmp_path: Path, how: str) -> None:
    """A visitor whom nobody knows is the person of the key, under another session id."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client, how)
    client.post("/async/out")
    before = client.get("/async/put?value=tea").json["sid"]
    asked = ask(client, "sign-in-options", how).json
    answer = ask(client, "sign-in", how, answer=tool.sign(asked), next="/home?a=1")
    assert answer.json == {"next": "/home?a=1"}
    shown = client.get("/async/show").json
    assert shown["user"] == "ada@example.com"
    assert shown["sid"] != before
    assert client.get(f"/{how}-keys").json == {"keys": [[1, "Laptop", True]]}


def test_options_for_visitors_are_the_same_for_everybody(tmp_path: Path) -> None:
    """Nothing tells which accounts exist, or who has a passkey (ASVS V6.3.8)."""
    app = make(tmp_path)
    asked = []
    for _ in range(2):
        options = ask(TestClient(app), "sign-in-options").json
        assert len(options.pop("challenge")) == 43
        asked.append(options)
        user = person(app, f"{len(asked)}@example.com")
        assert user.pk == len(asked)
    assert asked[0] == asked[1]
    assert asked[0]["allowCredentials"] == []


@WAYS
def test_next_leads_nowhere_else(tmp_path: Path, how: str) -> None:
    """The script goes where the answer says, and the answer knows this site only."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client, how)
    for wanted in ("//evil.example", "javascript:alert(1)", "https://evil.example", 7):
        options = ask(client, "sign-in-options", how).json
        answer = ask(client, "sign-in", how, answer=tool.sign(options), next=wanted)
        assert answer.json == {"next": ""}


@WAYS
def test_challenge_is_good_once(tmp_path: Path, how: str) -> None:
    """The same answer again signs nobody in."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client, how, SoftDevice(counts=False))
    client.post("/async/out")
    answer = tool.sign(ask(client, "sign-in-options", how).json)
    assert ask(client, "sign-in", how, answer=answer).status_code == 200
    refused = ask(client, "sign-in", how, answer=answer)
    assert (refused.status_code, refused.json["detail"]) == (
        400,
        "This took too long, or was sent twice. Try again.",
    )


@WAYS
def test_of_twenty_at_once_one_gets_in(tmp_path: Path, how: str) -> None:
    """Requests that have read the session before any has written it do not share a challenge."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client, how, SoftDevice(counts=False))
    client.post("/async/out")
    answer = tool.sign(ask(client, "sign-in-options", how).json)
    cookies = dict(client.cookies.items())

    def send(_: int) -> int:
        other = TestClient(app)
        sent = other.post(f"/{how}-keys", json={"step": "sign-in", "answer": answer}, cookies=cookies)
        return sent.status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(send, range(20)))
    assert statuses.count(200) == 1
    assert set(statuses) == {200, 400}


def test_challenge_is_for_one_visitor_one_purpose_and_five_minutes(tmp_path: Path) -> None:
    """Another session, another deed, or too late: refused."""
    app = make(tmp_path)
    person(app)
    client, other = TestClient(app), TestClient(app)
    sign_in(client)
    tool = add(client)
    foreign = tool.sign(ask(other, "sign-in-options").json)
    assert ask(client, "sign-in", answer=foreign).status_code == 400
    crossed = SoftDevice().make(
        {"challenge": ask(client, "sign-in-options").json["challenge"], "user": {"id": tool.user_handle}}
    )
    assert ask(client, "register", answer=crossed).status_code == 400
    options = ask(client, "sign-in-options").json
    now = app.services.passkeys.clock()
    app.services.passkeys.clock = lambda: now + 301
    late = ask(client, "sign-in", answer=tool.sign(options))
    assert (late.status_code, "took too long" in late.json["detail"]) == (400, True)


def test_several_tabs_may_ask(tmp_path: Path) -> None:
    """A second page does not spoil what the first one waits for, up to four."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client)
    first, *others = [ask(client, "sign-in-options").json for _ in range(4)]
    assert ask(client, "sign-in", answer=tool.sign(first)).status_code == 200
    fifth = [ask(client, "sign-in-options").json for _ in range(2)]
    assert ask(client, "sign-in", answer=tool.sign(others[0])).status_code == 400
    assert ask(client, "sign-in", answer=tool.sign(fifth[0])).status_code == 200


@WAYS
@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "http://localhost.evil.example"},
        {"host": "evil.example"},
        {"flags": 0x01},
        {"user_handle": "x" * 43},
        {"id": "AAAA"},
        {"cross_origin": True},
    ],
)
def test_wrong_answers_are_one_answer(tmp_path: Path, how: str, changes: dict[str, Any]) -> None:
    """Whatever is wrong, also the key itself: 400 with the same words, and nobody is signed in."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client, how)
    client.post("/async/out")
    answer = enter(client, tool, how, **changes)
    assert (answer.status_code, answer.json["detail"]) == (
        400,
        "This passkey was not accepted. Try again.",
    )
    assert client.get("/async/show").json["user"] is None


@WAYS
def test_counter_that_goes_back_is_refused_and_logged(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A copied key is told to whoever reads the log, and never to the visitor."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client, how)
    client.post("/async/out")
    with caplog.at_level(logging.ERROR, "asok.security"):
        assert enter(client, tool, how, count=1).json["detail"] == "This passkey was not accepted. Try again."
    assert "The counter of passkey 1 of users:1 went back" in caplog.text
    assert enter(client, tool, how).status_code == 200


@pytest.mark.parametrize("gone", ["inactive", "deleted", "key"])
def test_who_may_not_sign_in_does_not(tmp_path: Path, gone: str) -> None:
    """A switched-off person, one who is no more, and a key that was taken away."""
    app = make(tmp_path)
    user = person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client)
    if gone == "key":
        assert client.delete("/plain-keys", json={"id": 1}).status_code == 200
        assert client.get("/plain-keys").json == {"keys": []}
    client.post("/async/out")
    if gone == "inactive":
        user.is_active = False
        user.save()
    if gone == "deleted":
        user.delete()
    assert enter(client, tool).status_code == 400
    assert client.get("/async/show").json["user"] is None


def test_making_one_needs_somebody(tmp_path: Path) -> None:
    """A visitor has no passkeys to make, list or rename."""
    client = TestClient(make(tmp_path))
    assert ask(client, "registration-options").status_code == 401
    answer = SoftDevice().make({"challenge": "c" * 43, "user": {"id": "u" * 43}})
    assert ask(client, "register", answer=answer).status_code == 401
    assert client.get("/async-keys").status_code == 401


def test_key_that_somebody_has_is_not_registered_again(tmp_path: Path) -> None:
    """One key, one person: whoever brings another's id does not become it, and takes nothing away."""
    app = make(tmp_path)
    person(app)
    person(app, "bob@example.com")
    client, other = TestClient(app), TestClient(app)
    sign_in(client)
    tool = add(client)
    sign_in(other, "bob@example.com")
    thief = SoftDevice()
    thief.id = tool.id
    refused = ask(other, "register", answer=thief.make(ask(other, "registration-options").json))
    assert (refused.status_code, refused.json["detail"]) == (400, "This passkey is registered already.")
    client.post("/async/out")
    assert enter(client, tool).status_code == 200
    assert client.get("/async/show").json["user"] == "ada@example.com"


def test_all_keys_of_a_person_know_them_by_one_name(tmp_path: Path) -> None:
    """The name is random, says nothing about the person, and the browser is told which keys there are."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    first = add(client)
    options = ask(client, "registration-options").json
    assert options["user"]["id"] == first.user_handle
    assert len(first.user_handle) == 43
    assert [key["id"] for key in options["excludeCredentials"]] == [first.id]
    second = add(client, name="  ")
    assert client.get("/async-keys").json["keys"] == [[1, "Laptop", False], [2, "Passkey", False]]
    assert second.user_handle == first.user_handle


@WAYS
def test_passkeys_are_renamed_and_removed_by_their_owner_only(tmp_path: Path, how: str) -> None:
    """Another person's are not there."""
    app = make(tmp_path)
    person(app)
    person(app, "bob@example.com")
    client, other = TestClient(app), TestClient(app)
    sign_in(client)
    add(client, how)
    sign_in(other, "bob@example.com")
    for key in (1, 99, "x"):
        assert other.put(f"/{how}-keys", json={"id": key, "name": "Mine"}).status_code == 404
        assert other.delete(f"/{how}-keys", json={"id": key}).status_code == 404
    assert client.put(f"/{how}-keys", json={"id": 1, "name": " Phone "}).json == {"name": "Phone"}
    assert client.put(f"/{how}-keys", json={"id": 1, "name": " "}).status_code == 422
    assert client.delete(f"/{how}-keys", json={"id": 1}).status_code == 200
    assert client.get(f"/{how}-keys").json == {"keys": []}


def test_verify_signs_nobody_in(tmp_path: Path) -> None:
    """It gives the person, for a page that wants to ask for more."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client)
    client.post("/async/out")
    answer = tool.sign(ask(client, "sign-in-options").json)
    assert client.post("/verify", json={"answer": answer}).json == {"is": "ada@example.com", "signed": False}


def test_too_many_wrong_answers_are_429_and_right_ones_are_not_counted(tmp_path: Path) -> None:
    """Nobody goes through keys for ever, and an office behind one address signs in all morning."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client)
    for _ in range(65):
        assert enter(client, tool).status_code == 200
    for _ in range(60):
        assert enter(client, tool, id="AAAA").status_code == 400
    refused = enter(client, tool)
    assert (refused.status_code, "retry-after" in refused.headers) == (429, True)


@pytest.mark.parametrize(
    "body",
    [[], "text", {}, {"step": "other"}, {"step": ["sign-in"]}, {"step": "sign-in"}, {"step": "register"}],
)
def test_what_the_script_does_not_send_is_400(tmp_path: Path, body: Any) -> None:
    """Other shapes are the client's fault, signed in or not."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    for how in ("plain", "async"):
        assert client.post(f"/{how}-keys", json=body).status_code == 400


def test_too_many_passkeys_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person has thirty at most."""
    monkeypatch.setattr("asok.auth.passkeys.MOST_PASSKEYS", 1)
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    add(client)
    assert ask(client, "registration-options").status_code == 422


@pytest.mark.parametrize(
    ("settings", "host", "origin"),
    [
        ({"APP_URL": "https://Example.com:443/"}, "example.com", "https://example.com"),
        ({"APP_URL": "https://example.com:8443"}, "example.com", "https://example.com:8443"),
        ({"APP_URL": "http://example.com:80"}, "example.com", "http://example.com"),
    ],
)
def test_host_and_origin_come_from_app_url(
    tmp_path: Path, settings: dict[str, str], host: str, origin: str
) -> None:
    """Whatever host a visitor names; a port that the scheme has anyway is not part of an origin."""
    app = make(tmp_path, ALLOWED_HOSTS=["*"], **settings)
    person(app)
    client = TestClient(app)
    sign_in(client)
    headers = {"Host": "evil.example"}
    options = client.post("/async-keys", json={"step": "sign-in-options"}, headers=headers).json
    assert options["rpId"] == host
    tool = add(client, device=SoftDevice(host, origin))
    assert enter(client, tool).status_code == 200


def test_localhost_in_debug_is_taken_with_its_port(tmp_path: Path) -> None:
    """A laptop needs no APP_URL; any other host does."""
    app = make_desk(tmp_path, {"DEBUG": True, "APP_URL": None}, pages=PAGES, files=MODELS)
    client = TestClient(app)
    body = {"step": "sign-in-options"}
    local = client.post("/async-keys", json=body, headers={"Host": "localhost:8000"})
    assert local.json["rpId"] == "localhost"
    other = client.post("/async-keys", json=body, headers={"Host": "127.0.0.1:8000"})
    assert other.status_code == 500
    assert "APP_URL does not say which" in other.text


@WAYS
def test_making_and_removing_one_needs_somebody_who_has_shown_that_it_is_them(
    tmp_path: Path, how: str
) -> None:
    """A session that was left open gives nobody a key of their own; signing in with a passkey shows it."""
    app = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client, how)
    now = app.services.people.clock()
    app.services.people.clock = lambda: now + 1000
    assert ask(client, "registration-options", how).status_code == 403
    answer = SoftDevice().make({"challenge": "c" * 43, "user": {"id": "u" * 43}})
    assert ask(client, "register", how, answer=answer).status_code == 403
    assert client.delete(f"/{how}-keys", json={"id": 1}).status_code == 403
    assert enter(client, tool, how).status_code == 200
    assert client.delete(f"/{how}-keys", json={"id": 1}).status_code == 200


def test_passkey_is_both_factors(tmp_path: Path) -> None:
    """Somebody who is asked for a code after the password is not asked for one after a passkey."""
    app = make(tmp_path)
    user = person(app)
    client = TestClient(app)
    sign_in(client)
    tool = add(client)
    client.post("/async/out")
    user.totp_secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    user.save()
    assert sign_in(client).status_code == 302
    assert client.get("/async/show").json["user"] is None
    assert enter(client, tool).status_code == 200
    assert client.get("/async/show").json["user"] == "ada@example.com"


def test_who_acts_for_somebody_gives_them_no_passkey(tmp_path: Path) -> None:
    """A way in would outlast the help."""
    app = make(tmp_path)
    person(app, "boss@example.com", is_admin=True)
    person(app)
    client = TestClient(app)
    sign_in(client, "boss@example.com")
    add(client)
    assert client.post("/as", data={"email": "ada@example.com"}).status_code == 200
    assert client.get("/async/show").json["user"] == "ada@example.com"
    assert ask(client, "registration-options").status_code == 403
    assert client.get("/async-keys").status_code == 403
    assert client.delete("/async-keys", json={"id": 1}).status_code == 403
