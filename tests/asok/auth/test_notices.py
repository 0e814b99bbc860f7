"""People are told of every change of how they sign in: in time, at the right address, without a secret."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from asok import TestClient
from asok.auth import post as post_module
from asok.auth.notices import NOTICES, Notices
from asok.auth.post import Post
from asok_engine.backends.mail.contract import Message
from asok_engine.errors import SetupError
from tests.asok.auth import test_codes, test_links, test_passkeys
from tests.asok.auth.desk import USER, make_desk, person, sign_in
from tests.asok.auth.test_bearertoken import TOKEN
from tests.authenticator import SoftDevice

WAYS = pytest.mark.parametrize("how", ["plain", "async"])
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
MAKE = "CSRF = False\n\n\ndef post(request):\n    return {'token': request.auth.token.create(name='secret name')}\n"
PAGES = {
    **test_codes.PAGES,
    **test_links.PAGES,
    **test_passkeys.PAGES,
    "plain-token.py": MAKE,
    "async-token.py": MAKE.replace("def ", "async def ").replace(
        "request.auth.token.create(", "await request.auth.token.create_async("
    ),
}


class Kept:
    """A mailer that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def send(self, message: Message) -> None:
        self.messages.append(message)


class Told:
    """What the people of an application were told."""

    def __init__(self, app: Any) -> None:
        self._kept = Kept()
        self._post = Post(self._kept, "desk@example.com")
        app.services.links.post = self._post
        app.services.people.notices = Notices(self._post, app_url="https://desk.example", clock=lambda: 1e9)

    @property
    def messages(self) -> list[Message]:
        """Everything so far, which is then forgotten."""
        self._post.close()
        told, self._kept.messages[:] = list(self._kept.messages), []
        return told

    @property
    def one(self) -> Message:
        """The only message since it was last asked for."""
        (message,) = self.messages
        return message


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post_module, "REST_SECONDS", 0.0)


def make(root: Path, settings: dict[str, Any] | None = None, **files: str) -> Any:
    """Make the desk with everything by which people sign in."""
    models = {"src/models/access_token.py": TOKEN, **test_passkeys.MODELS, **files}
    return make_desk(root, {"RATE_LIMIT": False, **(settings or {})}, pages=PAGES, files=models)


def come(app: Any) -> TestClient:
    """Sign somebody in with a browser."""
    client = TestClient(app, headers={"User-Agent": FIREFOX}, client=("203.0.113.5", 9))
    assert sign_in(client).json["signed"] == "ada@example.com"
    return client


@WAYS
def test_a_changed_password_is_told_with_when_and_from_where(tmp_path: Path, how: str) -> None:
    """And with what to do when it was somebody else; a refused one is not told."""
    app = make(tmp_path)
    person(app)
    told, client = Told(app), come(app)
    assert client.post(f"/{how}/password", data={"password": "short"}).status_code == 422
    assert told.messages == []
    assert client.post(f"/{how}/password", data={"password": "a better one of mine"}).status_code == 200
    message = told.one
    assert (message.to, message.subject) == ("ada@example.com", "Your password was changed")
    assert "When: 2001-09-09 01:46 UTC\nFrom: Firefox on Linux, 203.0.113.5\n" in message.text
    assert "https://desk.example/auth/reset" in message.text
    assert "{" not in message.text
    assert "better" not in message.text
    assert "These still open it" not in message.text


@WAYS
def test_a_reset_is_told_with_what_still_opens_the_account(tmp_path: Path, how: str) -> None:
    """A token that a thief has made outlives it; its owner hears that it is there."""
    app = make(tmp_path)
    ada = person(app)
    told, client = Told(app), come(app)
    client.post(f"/{how}-token")
    assert told.one.subject == "An access token was made"
    data = {"token": app.services.links.make("reset", ada), "password": "a better one of mine"}
    assert TestClient(app).post(f"/{how}-links/reset", data=data).status_code == 200
    message = told.one
    assert message.subject == "Your password was reset"
    assert (
        "These still open it: 1 access token. Look them over: https://desk.example/account\n" in message.text
    )
    assert data["token"] not in message.text


@WAYS
def test_the_second_step_is_told_when_it_is_turned_on_and_off(tmp_path: Path, how: str) -> None:
    """New codes for paper too; none of the codes is in a letter."""
    app = make(tmp_path)
    person(app)
    told, client, clock = Told(app), come(app), test_codes.Clock()
    app.services.people.clock = clock
    test_codes.turn_on(app, clock, how, client)
    on = told.one
    codes = client.post(f"/{how}-codes/fresh").json["codes"]
    fresh = told.one
    client.post(f"/{how}-codes/off")
    off = told.one
    assert [each.subject for each in (on, fresh, off)] == [
        "Two-factor authentication is on",
        "New backup codes",
        "Two-factor authentication is off",
    ]
    assert not any(code in fresh.text for code in codes)


@WAYS
def test_passkeys_are_told_when_they_come_and_go(tmp_path: Path, how: str) -> None:
    """What they are called is not: whoever added one has written that."""
    app = make(tmp_path)
    person(app)
    told, client = Told(app), come(app)
    test_passkeys.add(client, how, SoftDevice(), name="http://evil.example")
    added = told.one
    key = client.get(f"/{how}-keys").json["keys"][0][0]
    client.delete(f"/{how}-keys", json={"id": key})
    removed = told.one
    assert [added.subject, removed.subject] == ["A passkey was added", "A passkey was removed"]
    assert "evil" not in added.text


@WAYS
def test_a_token_is_told_without_its_text(tmp_path: Path, how: str) -> None:
    """Neither what opens the account, nor its name."""
    app = make(tmp_path)
    person(app)
    told, client = Told(app), come(app)
    text = client.post(f"/{how}-token").json["token"]
    message = told.one
    assert message.subject == "An access token was made"
    assert text not in message.text
    assert "secret name" not in message.text


@WAYS
def test_a_changed_address_is_told_to_the_one_of_before(tmp_path: Path, how: str) -> None:
    """Who has lost the account reads that one."""
    app = make(tmp_path)
    person(app)
    told, client = Told(app), come(app)
    client.post(f"/{how}-address", data={"email": "countess@example.com"})
    token = told.one.text.partition("?token=")[2].split()[0]
    assert client.post(f"/{how}-address", data={"token": token}).json == {"email": "countess@example.com"}
    message = told.one
    assert (message.to, message.subject) == ("ada@example.com", "Your email was changed")
    assert "countess" not in message.text


def test_what_a_transaction_takes_back_is_not_told(tmp_path: Path) -> None:
    """A letter goes out when the change is there."""
    page = (
        "from models.user import User\n\nCSRF = False\n\n\ndef post(request):\n"
        "    try:\n        with User.transaction():\n            request.auth.token.create()\n            raise KeyError\n"
        "    except KeyError:\n        return 'taken back'\n"
    )
    models = {"src/models/access_token.py": TOKEN}
    app = make_desk(tmp_path, {"RATE_LIMIT": False}, pages={"undo.py": page}, files=models)
    person(app)
    told, client = Told(app), come(app)
    assert client.post("/undo").text == "taken back"
    assert told.messages == []


def test_a_user_agent_writes_no_link_into_a_letter(tmp_path: Path) -> None:
    """It is a stranger's text in a letter that people trust."""
    app = make(tmp_path)
    person(app)
    told, client = (
        Told(app),
        TestClient(app, headers={"User-Agent": "evil.example"}, client=("203.0.113.5", 9)),
    )
    sign_in(client)
    client.post("/plain/password", data={"password": "a better one of mine"})
    assert "From: evil example, 203.0.113.5" in told.one.text


def test_a_model_has_letters_of_its_own(tmp_path: Path) -> None:
    """Another text for one notice, and silence for another; what is no notice is told at the start."""
    own = "    security_notices = {'password-changed': Letter('Passwort', '{when} {client} {site}'), 'token-added': None}\n"
    head = USER.replace("import Account", "import Account, Letter")
    text = head.replace("    role_permissions", own + "    role_permissions", 1)
    app = make(tmp_path, **{"src/models/user.py": text})
    person(app)
    told, client = Told(app), come(app)
    client.post("/plain-token")
    client.post("/plain/password", data={"password": "a better one of mine"})
    message = told.one
    assert message.subject == "Passwort"
    assert message.text == "2001-09-09 01:46 UTC Firefox on Linux, 203.0.113.5 https://desk.example"
    with pytest.raises(SetupError, match="security_notices has 'pasword-changed'"):
        Notices.check(type("User", (), {"security_notices": {"pasword-changed": None}}))


def test_a_full_post_undoes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The password is changed already; that nobody was told is in the log."""
    app = make(tmp_path)
    person(app)
    client = come(app)
    monkeypatch.setattr(post_module, "MOST_WAITING", 0)
    Told(app)
    assert client.post("/async/password", data={"password": "a better one of mine"}).status_code == 200
    lines = [record.getMessage() for record in caplog.records if record.name == "asok.mail"]
    assert len(lines) == 1
    assert lines[0].startswith(
        "A message with the subject 'Your password was changed' was not sent: 0 messages wait"
    )


def test_every_notice_is_whole() -> None:
    """Each says when, from where and what to do, and nothing in it is left in braces."""
    for name, letter in NOTICES.items():
        assert "{when}" in letter.text and "{client}" in letter.text and "{site}" in letter.text, name
        facts = {"when", "client", "site", "provider", "others"}
        assert letter.text.format(**dict.fromkeys(facts, "x")), name


def test_a_developer_reads_notices_in_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """As other letters, in DEBUG without MAIL_HOST."""
    app = make(tmp_path, {"DEBUG": True, "APP_URL": ""})
    person(app)
    come(app).post("/plain/password", data={"password": "a better one of mine"})
    app.services.links.post.close()
    written = capfd.readouterr().err
    assert "Mail to ada@example.com: Your password was changed" in written
    assert "http://localhost/auth/reset" in written


def test_without_a_mail_server_nobody_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An application that never said MAIL_HOST sends no mail, and its log stays quiet."""
    caplog.set_level(logging.INFO, "asok.mail")
    app = make(tmp_path)
    person(app)
    come(app).post("/plain/password", data={"password": "a better one of mine"})
    app.services.links.post.close()
    assert [record for record in caplog.records if record.name == "asok.mail"] == []
