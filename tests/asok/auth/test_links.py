"""Links in mail: one click each, for one purpose, one address and one password; and mail as the settings say."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from asok import TestClient
from asok_engine.database.running import run_one
from asok_engine.errors import SetupError
from asok_engine.security.tokens import TokenRefused
from tests.asok.auth.desk import GOOD, make_desk, person, sign_in
from tests.asok.effects.sites import BOTH
from tests.mailbox import Mailbox, make_certificate, run_mailbox

WAYS = pytest.mark.parametrize("how", ["plain", "async"])
KINDS = ("magic", "verification", "reset")

PAGE = """
from models.user import User

CSRF = False


def post(request):
    links, form = getattr(request.auth, request.params["kind"]), request.form
    if "email" in form:
        links.send(form["email"])
        return {"sent": "if there is such an account"}
    if "password" in form:
        user = links.change_password(form["token"], form["password"])
    else:
        user = links.verify_token(form["token"])
    if "login" in form:
        request.login(user)
    return {"user": user.email, "proven": user.email_verified_at is not None}
"""
ASYNC = PAGE.replace("def ", "async def ")
for _name in ("send", "change_password", "verify_token"):
    ASYNC = ASYNC.replace(f"links.{_name}(", f"await links.{_name}_async(")
ADDRESS = """
CSRF = False


def post(request):
    if "email" in request.form:
        request.auth.address.send(request.form["email"])
        return {"sent": "if nobody has it"}
    person = request.auth.address.verify_token(request.form["token"])
    return {"email": person.email}
"""
ADDRESS_ASYNC = ADDRESS.replace("def ", "async def ")
for _name in ("send", "verify_token"):
    ADDRESS_ASYNC = ADDRESS_ASYNC.replace(
        f"request.auth.address.{_name}(", f"await request.auth.address.{_name}_async("
    )
PAGES = {
    "plain-links/[kind].py": PAGE,
    "async-links/[kind].py": ASYNC,
    "plain-address.py": ADDRESS,
    "async-address.py": ADDRESS_ASYNC,
}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server without TLS."""
    with run_mailbox() as box:
        yield box


def make(root: Path, mailbox: Mailbox, settings: dict[str, Any] | None = None, **more: Any) -> Any:
    """Make the desk with links, and mail that goes to the mailbox."""
    mail = {"MAIL_HOST": "127.0.0.1", "MAIL_PORT": mailbox.port, "MAIL_TLS": False, "RATE_LIMIT": False}
    return make_desk(root, {**mail, **(settings or {})}, pages=PAGES, **more)


def letters(mailbox: Mailbox, count: int) -> list[Message]:
    """Wait for this many letters."""
    until = time.monotonic() + 5
    while len(mailbox.letters) < count and time.monotonic() < until:
        time.sleep(0.01)
    assert len(mailbox.letters) == count
    return mailbox.letters


def text_of(letter: Message) -> str:
    """Give the text of a letter as its reader sees it."""
    data = letter.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data.decode()


def token_in(letter: Message) -> str:
    """Give the token of the link in a letter."""
    found = re.search(r"\?token=(\S+)", text_of(letter))
    assert found is not None
    return found[1]


def link(app: Any, kind: str, user: Any) -> str:
    """Give a token as a letter has it."""
    made: str = app.services.links.make(kind, user.refresh())
    return made


@WAYS
def test_a_link_from_a_letter_signs_in_once(tmp_path: Path, mailbox: Mailbox, how: str) -> None:
    """It begins with APP_URL, proves the address, and is worth nothing afterwards."""
    app = make(tmp_path, mailbox)
    person(app, password=None)
    client = TestClient(app)
    sent = client.post(
        f"/{how}-links/magic", data={"email": "Ada@example.com"}, headers={"Host": "localhost"}
    )
    assert sent.json == {"sent": "if there is such an account"}
    letter = letters(mailbox, 1)[0]
    assert "http://localhost/auth/magic/callback?token=" in text_of(letter)
    assert "for 60 minutes" in text_of(letter)
    data = {"token": token_in(letter), "login": "yes"}
    assert client.post(f"/{how}-links/magic", data=data).json == {"user": "ada@example.com", "proven": True}
    assert client.get("/async/show").json["user"] == "ada@example.com"
    assert client.post(f"/{how}-links/magic", data=data).status_code == 400


@WAYS
@pytest.mark.parametrize("kind", KINDS)
def test_unknown_and_inactive_get_the_same_answer_and_no_letter(
    tmp_path: Path, mailbox: Mailbox, how: str, kind: str
) -> None:
    """Status, body and time are one; what is sent is sent after the answer (reliability 86, CVE-2024-45231)."""
    app = make(tmp_path, mailbox)
    person(app)
    person(app, "off@example.com", is_active=False)
    answers = []
    for email in ("nobody@example.com", "off@example.com", "no address", "", "ada@example.com"):
        answer = TestClient(app).post(f"/{how}-links/{kind}", data={"email": email})
        answers.append((answer.status_code, answer.text, sorted(answer.headers)))
    assert len({str(each) for each in answers}) == 1
    assert [letter["To"] for letter in letters(mailbox, 1)] == ["ada@example.com"]


@WAYS
def test_nothing_is_done_for_a_letter_before_the_answer(tmp_path: Path, mailbox: Mailbox, how: str) -> None:
    """Neither a token nor a text is made, so that the time is that of somebody unknown (reliability 86)."""
    app = make(tmp_path, mailbox)
    person(app)
    made: list[float] = []
    links = app.services.links
    real = links.make
    links.make = lambda name, user: (made.append(time.monotonic()), real(name, user))[1]
    with TestClient(app) as client:
        assert client.post(f"/{how}-links/reset", data={"email": "ada@example.com"}).status_code == 200
        answered = time.monotonic()
        letters(mailbox, 1)
        assert [at > answered for at in made] == [True]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "change", [{"password": "another good one"}, {"email": "new@example.com"}, {"is_active": False}]
)
def test_a_link_dies_with_what_it_is_bound_to(
    tmp_path: Path, mailbox: Mailbox, kind: str, change: dict[str, Any]
) -> None:
    """Another password, another address, or an account that is switched off (reliability 90)."""
    app = make(tmp_path, mailbox)
    user = person(app)
    token = link(app, kind, user)
    user.update(_trust=True, **change)
    assert TestClient(app).post(f"/plain-links/{kind}", data={"token": token}).status_code == 400


def test_a_link_is_good_for_its_purpose_alone(tmp_path: Path, mailbox: Mailbox) -> None:
    """One that proves an address neither signs in nor resets (D6, CVE-2026-6873); nor does any invention."""
    app = make(tmp_path, mailbox)
    user = person(app)
    client = TestClient(app)
    tokens = {kind: link(app, kind, user) for kind in KINDS}
    for kind in KINDS:
        for other in KINDS:
            if other != kind:
                assert client.post(f"/plain-links/{kind}", data={"token": tokens[other]}).status_code == 400
    for forged in ("", "1", "1~x", f"99~{tokens['magic'][2:]}", tokens["magic"][:-1], "x~" * 2000, "1~\x00"):
        assert client.post("/plain-links/magic", data={"token": forged}).status_code == 400
    assert client.post("/plain-links/magic", data={"token": tokens["magic"]}).status_code == 200
    # One that was used takes the earlier ones with it.
    assert client.post("/plain-links/reset", data={"token": tokens["reset"]}).status_code == 400


@WAYS
@pytest.mark.parametrize("kind", KINDS)
def test_of_twenty_clicks_one_gets_in(tmp_path: Path, mailbox: Mailbox, how: str, kind: str) -> None:
    """Twenty at the same time (reliability 90)."""
    app = make(tmp_path, mailbox)
    token = link(app, kind, person(app))

    def click(_: int) -> int:
        return TestClient(app, "wsgi").post(f"/{how}-links/{kind}", data={"token": token}).status_code

    with ThreadPoolExecutor(20) as threads:
        statuses = list(threads.map(click, range(20)))
    assert sorted(statuses) == [200] + [400] * 19


def test_of_two_that_have_read_the_same_row_one_gets_in(tmp_path: Path, mailbox: Mailbox) -> None:
    """However close they are: the row is written by one of them, and the other is refused."""
    app = make(tmp_path, mailbox)
    token = link(app, "magic", person(app))
    plans = [app.services.links.take("magic", token) for _ in range(2)]

    def until_it_writes(plan: Any) -> Any:
        step = plan.send(None)
        while not step.writes:
            step = plan.send(run_one(step))
        return step

    results = []
    for plan, step in zip(plans, [until_it_writes(plan) for plan in plans], strict=True):
        try:
            while True:
                step = plan.send(run_one(step))
        except StopIteration:
            results.append("in")
        except TokenRefused:
            results.append("refused")
    assert results == ["in", "refused"]


CLICK = """
import sys
from asok import TestClient
from wsgi import app

client = TestClient(app, "wsgi")
client.get("/plain/show")
sys.stdin.readline()
print([client.post("/plain-links/magic", data={"token": sys.argv[1]}).status_code for _ in range(5)])
"""


def test_of_clicks_in_several_processes_one_gets_in(tmp_path: Path, mailbox: Mailbox) -> None:
    """Without Redis as well: the row of the account decides (D10)."""
    app = make(tmp_path, mailbox, by=".env")
    token = link(app, "magic", person(app))
    command = [sys.executable, "-c", CLICK, token]
    clicks = [
        subprocess.Popen(command, cwd=tmp_path, stdin=-1, stdout=-1, stderr=-1, text=True) for _ in range(4)
    ]
    outputs = [click.communicate("go\n", timeout=60) for click in clicks]
    statuses = [int(code) for out, _ in outputs for code in re.findall(r"\d+", out)]
    assert sorted(statuses) == [200] + [400] * 19, outputs


@WAYS
def test_a_reset_sets_the_password_and_ends_the_sessions(tmp_path: Path, mailbox: Mailbox, how: str) -> None:
    """A weak one is refused and the link stays good; afterwards it is not, and others are signed out."""
    app = make(tmp_path, mailbox)
    user = person(app)
    there, here = TestClient(app), TestClient(app)
    sign_in(there)
    token = link(app, "reset", user)
    weak = here.post(f"/{how}-links/reset", data={"token": token, "password": "password1"})
    assert weak.status_code == 422
    assert there.get("/async/show").json["user"] == "ada@example.com"
    data = {"token": token, "password": "a better one of mine"}
    assert here.post(f"/{how}-links/reset", data=data).json["user"] == "ada@example.com"
    assert there.get("/async/show").json["sid"] is None
    assert here.post(f"/{how}-links/reset", data=data).status_code == 400
    assert sign_in(TestClient(app), password=GOOD).json["signed"] is None
    assert sign_in(TestClient(app), password="a better one of mine").json["signed"] == "ada@example.com"


@WAYS
def test_an_address_is_changed_by_who_reads_its_mail(tmp_path: Path, mailbox: Mailbox, how: str) -> None:
    """The link goes to the address of tomorrow; using it once changes it, and the one of before is told."""
    app = make(tmp_path, mailbox)
    person(app)
    client = TestClient(app)
    sign_in(client)
    assert client.post(f"/{how}-address", data={"email": "no address"}).status_code == 422
    client.post(f"/{how}-address", data={"email": "Countess@example.com"})
    letter = letters(mailbox, 1)[0]
    assert letter["To"] == "countess@example.com"
    assert "http://localhost/account/email/confirm?token=" in text_of(letter)
    assert client.get("/async/show").json["user"] == "ada@example.com"
    token = token_in(letter)
    for kind in KINDS:
        assert client.post(f"/{how}-links/{kind}", data={"token": token}).status_code == 400
    forged = token.replace(b"countess".hex(), b"mallorys".hex())
    assert forged != token
    assert client.post(f"/{how}-address", data={"token": forged}).status_code == 400
    assert client.post(f"/{how}-address", data={"token": token}).json == {"email": "countess@example.com"}
    assert client.post(f"/{how}-address", data={"token": token}).status_code == 400
    assert client.get("/async/show").json["user"] == "countess@example.com"
    told = letters(mailbox, 2)[1]
    assert (told["To"], told["Subject"]) == ("ada@example.com", "Your email was changed")


@WAYS
def test_an_address_that_somebody_has_is_not_given_away(tmp_path: Path, mailbox: Mailbox, how: str) -> None:
    """The answer is the same and no letter goes out; whoever takes it meanwhile keeps it."""
    app = make(tmp_path, mailbox)
    person(app)
    person(app, "eve@example.com")
    client = TestClient(app)
    sign_in(client)
    taken = client.post(f"/{how}-address", data={"email": "EVE@example.com"})
    free = client.post(f"/{how}-address", data={"email": "grace@example.com"})
    assert (taken.status_code, taken.text) == (free.status_code, free.text) == (200, free.text)
    token = token_in(letters(mailbox, 1)[0])
    person(app, "grace@example.com")
    late = client.post(f"/{how}-address", data={"token": token})
    assert late.status_code == 400
    assert "another account" in late
    assert client.get("/async/show").json["user"] == "ada@example.com"
    for _ in range(2):
        assert client.post(f"/{how}-address", data={"email": "grace@example.com"}).status_code == 200
    assert client.post(f"/{how}-address", data={"email": "grace@example.com"}).status_code == 429


@WAYS
def test_of_twenty_clicks_one_changes_the_address(tmp_path: Path, mailbox: Mailbox, how: str) -> None:
    """As with every link in mail."""
    app = make(tmp_path, mailbox)
    person(app)
    client = TestClient(app)
    sign_in(client)
    client.post(f"/{how}-address", data={"email": "countess@example.com"})
    token = token_in(letters(mailbox, 1)[0])

    def click(_: int) -> int:
        other = TestClient(app, "wsgi")
        other.cookies.update(client.cookies)
        return other.post(f"/{how}-address", data={"token": token}).status_code

    with ThreadPoolExecutor(20) as threads:
        assert sorted(threads.map(click, range(20))) == [200] + [400] * 19


@WAYS
def test_an_address_is_changed_by_nobody_but_the_person_of_the_account(
    tmp_path: Path, mailbox: Mailbox, how: str
) -> None:
    """A mistyped address is a stranger's, and reading its mail must not give them the account."""
    app = make(tmp_path, mailbox)
    person(app)
    person(app, "eve@example.com")
    client, stranger, eve = TestClient(app), TestClient(app), TestClient(app)
    sign_in(client)
    sign_in(eve, "eve@example.com")
    client.post(f"/{how}-address", data={"email": "mistyped@example.com"})
    token = token_in(letters(mailbox, 1)[0])
    assert stranger.post(f"/{how}-address", data={"token": token}).status_code == 401
    refused = eve.post(f"/{how}-address", data={"token": token})
    assert refused.status_code == 400
    assert "another account" in refused
    assert client.get("/async/show").json["user"] == "ada@example.com"
    assert eve.get("/async/show").json["user"] == "eve@example.com"
    assert client.post(f"/{how}-address", data={"token": token}).json == {"email": "mistyped@example.com"}


@WAYS
def test_links_of_another_kind_do_not_tell_whether_an_address_is_proven(
    tmp_path: Path, mailbox: Mailbox, how: str
) -> None:
    """Pages send a sign-in link where it is and a proof where it is not: both are counted as one."""
    app = make(tmp_path, mailbox)
    person(app)
    client = TestClient(app)
    for email in ("ada@example.com", "nobody@example.com"):
        asked = [
            client.post(f"/{how}-links/{kind}", data={"email": email}).status_code
            for kind in ("magic", "magic", "magic", "verification")
        ]
        assert asked == [200, 200, 200, 429]
    letters(mailbox, 3)


@WAYS
def test_nobodys_mailbox_is_filled(tmp_path: Path, mailbox: Mailbox, how: str) -> None:
    """Three letters to one address in a quarter of an hour, whoever asks, known or not; twenty by one client."""
    app = make(tmp_path, mailbox)
    person(app)
    for email in ("ada@example.com", "nobody@example.com"):
        asked = [
            TestClient(app).post(f"/{how}-links/reset", data={"email": email}).status_code for _ in range(4)
        ]
        assert asked == [200, 200, 200, 429]
    client = TestClient(app, client=("203.0.113.5", 9))
    asked = [
        client.post(f"/{how}-links/reset", data={"email": f"n{n}@example.com"}).status_code for n in range(21)
    ]
    assert asked == [200] * 20 + [429]
    assert len(letters(mailbox, 3)) == 3


@pytest.mark.setting("asok.MAGIC_LINK_TTL")
@BOTH
def test_setting_says_how_long_a_link_is_good(tmp_path: Path, mailbox: Mailbox, by: str) -> None:
    """After its seconds it is refused, and the letter says for how long."""
    app = make(tmp_path, mailbox, {"MAGIC_LINK_TTL": 120}, by=by)
    user = person(app)
    client = TestClient(app)
    client.post("/plain-links/magic", data={"email": user.email})
    assert "for 2 minutes" in text_of(letters(mailbox, 1)[0])
    token = link(app, "magic", user)
    for seconds, status in ((125, 400), (100, 200)):
        app.services.links.clock = lambda ahead=seconds: time.time() + ahead
        assert client.post("/plain-links/magic", data={"token": token}).status_code == status


@pytest.mark.setting("asok.MAIL_HOST")
@pytest.mark.setting("asok.MAIL_PORT")
@pytest.mark.setting("asok.MAIL_FROM")
@BOTH
def test_settings_say_by_whom_and_from_whom(tmp_path: Path, mailbox: Mailbox, by: str) -> None:
    """The server at host and port gets the letter; its sender is the setting, or noreply at APP_URL's host."""
    for number, (settings, sender) in enumerate(
        [({}, "noreply@localhost"), ({"MAIL_FROM": "desk@example.com"}, "desk@example.com")]
    ):
        app = make(tmp_path / str(number), mailbox, settings, by=by)
        person(app)
        TestClient(app).post("/plain-links/magic", data={"email": "ada@example.com"})
        assert letters(mailbox, number + 1)[-1]["From"] == sender


@pytest.mark.setting("asok.MAIL_TLS")
@pytest.mark.setting("asok.MAIL_USERNAME")
@pytest.mark.setting("asok.MAIL_PASSWORD")
@BOTH
def test_settings_say_how_the_server_is_met(
    tmp_path: Path, by: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With TLS and the password; a server without TLS gets no letter unless the setting is off."""
    pair = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pair[0]))
    login = {"MAIL_TLS": True, "MAIL_USERNAME": "desk", "MAIL_PASSWORD": "right"}
    with run_mailbox(pair, signs_in=True) as box:
        app = make(tmp_path / "tls", box, login, by=by)
        person(app)
        TestClient(app).post("/plain-links/magic", data={"email": "ada@example.com"})
        letters(box, 1)
        assert box.logins == [(b"desk", b"right")]
    with run_mailbox() as box:
        app = make(tmp_path / "none", box, {"MAIL_TLS": True}, by=by)
        person(app)
        TestClient(app).post("/plain-links/magic", data={"email": "ada@example.com"})
        app.services.links.post.close()
        assert box.letters == []
        assert "was not sent" in caplog.text
    with pytest.raises(SetupError, match="no TLS"), run_mailbox() as box:
        make(tmp_path / "clear", box, {**login, "MAIL_TLS": False}, by=by)


def test_a_developer_reads_mail_in_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In DEBUG without MAIL_HOST nothing is sent; the link leads to where the developer is."""
    app = make_desk(tmp_path, {"DEBUG": True, "APP_URL": ""}, pages=PAGES)
    person(app)
    TestClient(app).post("/plain-links/magic", data={"email": "ada@example.com"})
    app.services.links.post.close()
    assert "Mail to ada@example.com: Sign in" in (written := capfd.readouterr().err)
    assert "http://localhost/auth/magic/callback?token=" in written
