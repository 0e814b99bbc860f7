"""The second step of a sign-in, as a visitor meets it: plain and async pages, both protocols, three databases."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import pytest

from asok import Asok, TestClient
from asok.auth.codes import CodeSetup, use_code
from asok_engine.database.running import run, run_one
from asok_engine.records.fields.secret import use_secrets
from asok_engine.security.totp import STEP_SECONDS, Totp
from asok_engine.sql.raw import Raw
from tests.asok.auth.desk import GOOD, make_desk, person, sign_in
from tests.asok.effects.sites import BOTH, KEY

Protocol = Literal["asgi", "wsgi"]
PROTOCOLS = pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
WAYS = pytest.mark.parametrize("how", ["plain", "async"])

PAGE = """
CSRF = False


def get(request):
    codes = request.auth.codes
    setup = codes.begin() if request.params["name"] == "begin" else None
    return {
        "on": codes.is_on,
        "left": codes.left,
        "waiting": codes.is_waiting,
        "secret": setup and setup.secret,
        "groups": setup and setup.secret_groups,
        "address": setup and setup.address,
        "svg": setup and str(setup.svg),
    }


def post(request):
    codes, name, form = request.auth.codes, request.params["name"], request.form
    if name == "confirm":
        return {"codes": codes.confirm(form["code"])}
    if name == "finish":
        user = codes.finish(form["code"])
        return {"signed": user and user.email, "next": request.next_url("/home"), "same": user is request.user}
    if name == "fresh":
        return {"codes": codes.new_backup_codes()}
    if name == "off":
        codes.turn_off()
        return {"on": codes.is_on}
    if name == "sudo":
        return {"right": request.auth.confirm(form["password"])}
"""
ASYNC = PAGE.replace("def ", "async def ")
for _name in ("confirm", "finish", "new_backup_codes", "turn_off"):
    ASYNC = ASYNC.replace(f" codes.{_name}(", f" await codes.{_name}_async(")
ASYNC = ASYNC.replace(" codes.confirm(", " await codes.confirm_async(").replace(
    '{"codes": codes.new_backup_codes()', '{"codes": await codes.new_backup_codes_async()'
)
ASYNC = ASYNC.replace("request.auth.confirm(", "await request.auth.confirm_async(")
PAGES = {"plain-codes/[name].py": PAGE, "async-codes/[name].py": ASYNC}


class Clock:
    """A clock that a test moves; it begins far from where a window or a half minute ends."""

    def __init__(self) -> None:
        self.now = time.time() // 900 * 900 + 450 + STEP_SECONDS / 2

    def __call__(self) -> float:
        return self.now


def make(root: Path, settings: Mapping[str, Any] | None = None, **more: Any) -> tuple[Asok, Clock]:
    """Make the desk with pages for codes, and a clock of its own for people."""
    pages = {**PAGES, **more.pop("pages", {})}
    app = make_desk(root, {"RATE_LIMIT": False, **(settings or {})}, pages=pages, **more)
    clock = app.services.people.clock = Clock()
    return app, clock


def turn_on(
    app: Asok, clock: Clock, how: str = "async", client: TestClient | None = None
) -> tuple[Totp, list[str]]:
    """Sign in and set the second step up; give the app of the person and their codes on paper."""
    client = client or TestClient(app)
    sign_in(client)
    totp = Totp(client.get(f"/{how}-codes/begin").json["secret"])
    codes = client.post(f"/{how}-codes/confirm", data={"code": totp.code(clock.now)}).json["codes"]
    assert len(codes) == 10
    clock.now += STEP_SECONDS
    return totp, codes


def finish(client: TestClient, code: str, how: str = "async") -> Any:
    """Type the code of the second step."""
    return client.post(f"/{how}-codes/finish", data={"code": code})


@PROTOCOLS
@WAYS
def test_a_password_alone_signs_nobody_in_who_has_a_second_step(
    tmp_path: Path, protocol: Protocol, how: str, database_url: str
) -> None:
    """The page that only knows `login` leads on to the code, on every database (ASVS V6.3.3)."""
    app, clock = make(tmp_path, {"DATABASE_URL": database_url})
    person(app)
    with TestClient(app, protocol) as client:
        totp, paper = turn_on(app, clock, how, client)
        client.post("/plain/out")
        answer = sign_in(client, how=how)
        assert (answer.status_code, answer.headers["location"]) == (302, "/login/code")
        assert client.get(f"/{how}/show").json["user"] is None
        assert client.get(f"/{how}-codes/state").json["waiting"] is True
        assert finish(client, "000000", how).json["signed"] is None
        assert client.get(f"/{how}/show").json["user"] is None
        signed = finish(client, totp.code(clock.now), how).json
        assert signed == {"signed": "ada@example.com", "next": "/home", "same": True}
        assert client.get(f"/{how}/show").json["user"] == "ada@example.com"
        assert client.get(f"/{how}-codes/state").json["left"] == 10
        client.post("/plain/out")
        sign_in(client, how=how)
        assert finish(client, paper[3].upper().replace("-", " "), how).json["signed"] == "ada@example.com"
        assert client.get(f"/{how}-codes/state").json["left"] == 9


@WAYS
def test_next_and_remember_come_through_the_second_step(tmp_path: Path, how: str) -> None:
    """Where the visitor wanted to go, and that they are to be remembered, is known afterwards; never elsewhere."""
    app, clock = make(tmp_path)
    person(app)
    totp, _ = turn_on(app, clock)
    for given, expected in (("/tickets?page=2", "/tickets?page=2"), ("//evil.example", "/home")):
        client = TestClient(app)
        waiting = sign_in(client, how=how, remember="yes", next=given)
        assert "max-age" not in waiting.headers["set-cookie"].lower()
        answer = finish(client, totp.code(clock.now), how)
        assert answer.json["next"] == expected
        assert "max-age" in answer.headers["set-cookie"].lower()
        clock.now += STEP_SECONDS


def test_a_link_from_a_letter_does_not_skip_it(tmp_path: Path) -> None:
    """Nor does `login` of asok, in code that was not handed the request; `code_url` says where to."""
    pages = {
        "magic/page.py": "CSRF = False\n\ndef post(request):\n"
        "    request.login(request.auth.magic.verify_token(request.form['token']))\n    return 'in'\n",
        "two/page.py": "from asok import login\nfrom models.user import User\n\nCSRF = False\n\ndef post(request):\n"
        "    login(User.find(email='ada@example.com'), code_url='/two/code')\n    return 'in'\n",
    }
    app, clock = make(tmp_path, pages=pages)
    user = person(app)
    totp, _ = turn_on(app, clock)
    app.services.links.clock = clock
    client = TestClient(app)
    answer = client.post("/magic", data={"token": app.services.links.make("magic", user.refresh())})
    assert (answer.status_code, answer.headers["location"]) == (302, "/login/code")
    assert client.get("/plain/show").json["user"] is None
    assert finish(client, totp.code(clock.now)).json["signed"] == "ada@example.com"
    assert client.post("/two").headers["location"] == "/two/code"
    assert client.get("/plain/show").json["user"] is None


def test_the_ids_of_before_are_dead_at_each_step(tmp_path: Path) -> None:
    """The id changes when the sign-in waits and when it is done (reliability 80)."""
    app, clock = make(tmp_path)
    person(app)
    totp, _ = turn_on(app, clock)
    client = TestClient(app)
    client.get("/plain/put?value=tea")
    ids = [client.get("/plain/show").json["sid"]]
    planted = dict(client.cookies.items())
    sign_in(client)
    assert TestClient(app).get("/plain/show", cookies=planted).json["sid"] is None
    ids.append(client.get("/plain/show").json["sid"])
    waiting = dict(client.cookies.items())
    finish(client, totp.code(clock.now))
    shown = client.get("/plain/show").json
    assert len({*ids, shown["sid"]}) == 3
    assert shown["cart"] == "tea"
    for cookies in (planted, waiting):
        other = TestClient(app)
        assert other.get("/plain/show", cookies=cookies).json["sid"] is None
        assert other.get("/plain-codes/state", cookies=cookies).json["waiting"] is False


def test_a_sign_in_that_waits_takes_the_one_of_before_away(tmp_path: Path) -> None:
    """Whoever begins to sign in again is signed out until they have finished; what another person left is gone."""
    app, clock = make(tmp_path)
    person(app)
    person(app, "bob@example.com")
    client = TestClient(app)
    turn_on(app, clock, client=client)
    assert client.get("/plain/put?value=tea").json["user"] == "ada@example.com"
    sign_in(client)
    assert client.get("/plain/show").json["user"] is None
    sign_in(client, "bob@example.com")
    assert client.get("/plain-codes/state").json["waiting"] is False
    assert client.get("/plain/show").json["user"] == "bob@example.com"
    client.get("/plain/put?value=milk")
    sign_in(client)
    assert client.get("/plain/show").json["cart"] is None


@pytest.mark.parametrize("change", ["time", "password", "inactive", "off"])
def test_a_sign_in_waits_for_ten_minutes_and_for_the_same_password(tmp_path: Path, change: str) -> None:
    """Later, with another password, or after the account was closed, the code is worth nothing."""
    app, clock = make(tmp_path)
    user = person(app)
    totp, _ = turn_on(app, clock)
    client = TestClient(app)
    sign_in(client)
    if change == "time":
        clock.now += 601
    elif change == "password":
        user.refresh().update(password="another good one")
    elif change == "inactive":
        user.refresh().update(_trust=True, is_active=False)
    else:
        user.refresh().update(_trust=True, totp_secret=None)
    answer = finish(client, totp.code(clock.now))
    assert answer.status_code == (200 if change == "off" else 401)
    assert change != "off" or answer.json["signed"] is None
    assert client.get("/plain/show").json["user"] is None


def test_a_code_without_a_sign_in_that_waits_is_refused(tmp_path: Path) -> None:
    """Neither a visitor nor somebody who is signed in gets anywhere with it."""
    app, clock = make(tmp_path)
    person(app)
    client = TestClient(app)
    totp, _ = turn_on(app, clock, client=client)
    assert finish(TestClient(app), totp.code(clock.now)).status_code == 401
    assert finish(client, totp.code(clock.now)).status_code == 401


@WAYS
@pytest.mark.parametrize("kind", ["app", "paper"])
def test_a_code_opens_once(tmp_path: Path, how: str, kind: str) -> None:
    """Who has seen it being typed gets nothing, the one that set the app up included (reliability 93, ASVS V6.5.1)."""
    app, clock = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    totp = Totp(client.get("/plain-codes/begin").json["secret"])
    first = totp.code(clock.now)
    paper = client.post("/plain-codes/confirm", data={"code": first}).json["codes"]
    sign_in(other := TestClient(app))
    assert finish(other, first, how).json["signed"] is None
    clock.now += STEP_SECONDS
    code = totp.code(clock.now) if kind == "app" else paper[0]
    assert finish(other, code, how).json["signed"] == "ada@example.com"
    sign_in(third := TestClient(app))
    assert finish(third, code, how).json["signed"] is None


@WAYS
@pytest.mark.parametrize("kind", ["app", "paper"])
def test_of_ten_uses_of_one_code_at_once_one_gets_in(
    tmp_path: Path, how: str, kind: str, database_url: str
) -> None:
    """Ten sessions that have shown the password type it at the same time (reliability 93)."""
    app, clock = make(tmp_path, {"DATABASE_URL": database_url})
    person(app)
    totp, paper = turn_on(app, clock)
    clients = [TestClient(app, "wsgi", client=(f"203.0.113.{n}", 9)) for n in range(10)]
    for client in clients:
        sign_in(client)
    code = totp.code(clock.now) if kind == "app" else paper[0]
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda client: finish(client, code, how), clients))
    assert [answer.status_code for answer in answers] == [200] * 10
    assert sorted(str(answer.json["signed"]) for answer in answers) == ["None"] * 9 + ["ada@example.com"]


def test_two_codes_at_once_are_both_used_up(tmp_path: Path, database_url: str) -> None:
    """Uses that meet at the row are tried again: none is refused that is good, and none stays good."""
    app, clock = make(tmp_path, {"DATABASE_URL": database_url})
    user = person(app)
    totp, paper = turn_on(app, clock)
    people = app.services.people
    codes = [paper[0], paper[1], totp.code(clock.now)]
    rows = [type(user).find(email="ada@example.com") for _ in codes]
    uses = []
    for number, (row, code) in enumerate(zip(rows, codes, strict=True)):
        request: Any = _Asking(f"203.0.113.{number}")
        uses.append(use_code(people, row, code, people.tries(request, is_async=False)))
    # Each has read the row as it was before the others.
    assert all(run(use) is not None for use in uses)
    stored = type(user).find(email="ada@example.com")
    assert len(stored.backup_codes) == 8
    assert stored.totp_step == int(clock.now // STEP_SECONDS)
    for code in codes:
        request = _Asking("203.0.113.99")
        assert run(use_code(people, stored, code, people.tries(request, is_async=False))) is None


class _Asking:
    """As much of a request as counting needs."""

    def __init__(self, ip: str) -> None:
        self.ip = ip


TYPE_IT = """
import sys
from asok import TestClient
from wsgi import app

clients = [TestClient(app, "wsgi", client=(f"203.0.113.{sys.argv[2]}{n}", 9)) for n in range(3)]
for client in clients:
    client.post("/plain/in", data={"email": "ada@example.com", "password": sys.argv[3]})
print("ready", flush=True)
sys.stdin.readline()
print([client.post("/plain-codes/finish", data={"code": sys.argv[1]}).json["signed"] for client in clients])
"""


def test_of_uses_in_several_processes_one_gets_in(tmp_path: Path) -> None:
    """The row of the account decides, without Redis as well."""
    app, clock = make(tmp_path, by=".env")
    person(app)
    _, paper = turn_on(app, clock)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TYPE_IT, paper[0], str(number), GOOD],
            cwd=tmp_path,
            stdin=-1,
            stdout=-1,
            stderr=-1,
            text=True,
        )
        for number in range(1, 4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    outputs = [process.communicate("go\n", timeout=60) for process in processes]
    assert sum(out.count("ada@example.com") for out, _ in outputs) == 1, outputs
    assert sum(out.count("None") for out, _ in outputs) == 8, outputs


@WAYS
def test_wrong_codes_are_counted_for_who_has_the_password(tmp_path: Path, how: str) -> None:
    """Five from one address, twenty with one account; what was right is not counted (ASVS V6.3.1)."""
    app, clock = make(tmp_path)
    person(app)
    totp, _ = turn_on(app, clock)
    client = TestClient(app, client=("203.0.113.1", 9))
    sign_in(client)
    statuses = [finish(client, "000000", how).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert int(finish(client, totp.code(clock.now), how).headers["retry-after"]) > 0
    for number in range(2, 5):
        other = TestClient(app, client=(f"203.0.113.{number}", 9))
        sign_in(other)
        assert [finish(other, "000000", how).status_code for _ in range(5)] == [200] * 5
    last = TestClient(app, client=("203.0.113.9", 9))
    sign_in(last)
    assert finish(last, totp.code(clock.now), how).status_code == 429


def test_strangers_lock_nobody_out(tmp_path: Path) -> None:
    """Without the password there is nothing to try: failed sign-ins leave the second step alone."""
    app, clock = make(tmp_path)
    person(app)
    totp, _ = turn_on(app, clock)
    for number in range(30):
        stranger = TestClient(app, client=(f"198.51.100.{number}", 9))
        sign_in(stranger, password="wrong")
        assert finish(stranger, "000000").status_code == 401
    client = TestClient(app, client=("203.0.113.1", 9))
    for _ in range(7):
        sign_in(client)
        assert finish(client, totp.code(clock.now)).json["signed"] == "ada@example.com"
        clock.now += STEP_SECONDS


def test_setting_up_needs_a_right_code_and_stays_the_same_until_then(tmp_path: Path) -> None:
    """A wrong code changes nothing; for a quarter of an hour the page shows the same secret."""
    app, clock = make(tmp_path)
    user = person(app)
    client = TestClient(app)
    assert client.get("/plain-codes/begin").status_code == 401
    sign_in(client)
    shown = client.get("/plain-codes/begin").json
    assert shown["on"] is False
    assert shown["groups"].replace(" ", "") == shown["secret"]
    for how in ("plain", "async"):
        assert client.post(f"/{how}-codes/confirm", data={"code": "000000"}).json == {"codes": None}
        assert client.get(f"/{how}-codes/begin").json["secret"] == shown["secret"]
    assert sign_in(TestClient(app)).json["signed"] == "ada@example.com"
    clock.now += 901
    sign_in(client)
    totp = Totp(client.get("/plain-codes/begin").json["secret"])
    assert totp.code(clock.now) != Totp(shown["secret"]).code(clock.now)
    old = client.post("/plain-codes/confirm", data={"code": Totp(shown["secret"]).code(clock.now)})
    assert old.json == {"codes": None}
    assert user.refresh().has_second_factor is False
    # Of somebody else who signs in on the same machine it is not.
    person(app, "bob@example.com")
    sign_in(client, "bob@example.com")
    assert client.post("/plain-codes/confirm", data={"code": totp.code(clock.now)}).json == {"codes": None}


def test_the_qr_code_has_no_style_and_no_script_and_says_what_it_is(tmp_path: Path) -> None:
    """A strict policy lets it through, and a screen reader knows that it is one."""
    app, _ = make(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client)
    shown = client.get("/async-codes/begin").json
    drawing = ElementTree.fromstring(shown["svg"])
    names = {name for element in drawing.iter() for name in element.attrib}
    assert "style" not in names
    assert not any(name.startswith("on") for name in names)
    assert {element.tag.rpartition("}")[2] for element in drawing.iter()} == {"svg", "title", "path"}
    assert drawing.attrib["role"] == "img"
    assert drawing.findtext("{*}title") == "QR code for an authenticator app"
    assert shown["address"].startswith("otpauth://totp/")
    assert f"secret={shown['secret']}" in shown["address"]


@pytest.mark.setting("asok.PROJECT_NAME")
@BOTH
def test_setting_names_the_application_in_the_app(tmp_path: Path, by: str) -> None:
    """The entry in somebody's authenticator app is called after the project and their address."""
    app, _ = make(tmp_path, {"PROJECT_NAME": "The Desk"}, by=by)
    person(app)
    client = TestClient(app)
    sign_in(client)
    assert "/The%20Desk:ada%40example.com?" in client.get("/plain-codes/begin").json["address"]


@WAYS
def test_what_matters_needs_a_confirmation(tmp_path: Path, how: str) -> None:
    """A session that was left open turns nothing off: the password is asked for again (ASVS V7.5.1)."""
    app, clock = make(tmp_path)
    user = person(app)
    client = TestClient(app)
    totp, paper = turn_on(app, clock, how, client)
    clock.now += 901
    for name, send in (("begin", client.get), ("fresh", client.post), ("off", client.post)):
        answer = send(f"/{how}-codes/{name}")
        assert answer.status_code == 403, name
        assert "confirm first" in answer.text
    assert user.refresh().has_second_factor is True
    assert client.post(f"/{how}-codes/sudo", data={"password": GOOD}).json == {"right": True}
    fresh = client.post(f"/{how}-codes/fresh").json["codes"]
    assert len(set(fresh) & set(paper)) == 0
    sign_in(other := TestClient(app))
    assert finish(other, paper[0], how).json["signed"] is None
    assert finish(other, fresh[0], how).json["signed"] == "ada@example.com"
    assert client.get("/plain-codes/state").json["on"] is True
    assert client.post(f"/{how}-codes/off").json == {"on": False}
    stored = user.refresh()
    assert (stored.totp_secret, stored.backup_codes) == (None, [])
    assert sign_in(TestClient(app), how=how).json["signed"] == "ada@example.com"


@WAYS
def test_turning_it_on_or_off_ends_the_other_sessions(tmp_path: Path, how: str) -> None:
    """Whoever was signed in elsewhere is not any more, and this session has another id (ASVS V7.4.3)."""
    app, clock = make(tmp_path)
    person(app)
    client, elsewhere = TestClient(app), TestClient(app)
    sign_in(elsewhere)
    sign_in(client)
    before = client.get("/plain/show").json["sid"]
    totp = Totp(client.get("/plain-codes/begin").json["secret"])
    client.post(f"/{how}-codes/confirm", data={"code": totp.code(clock.now)})
    assert elsewhere.get("/plain/show").json["user"] is None
    after = client.get("/plain/show").json
    assert after["user"] == "ada@example.com"
    assert after["sid"] != before
    clock.now += STEP_SECONDS
    sign_in(elsewhere)
    assert finish(elsewhere, totp.code(clock.now)).json["signed"] == "ada@example.com"
    client.post(f"/{how}-codes/off")
    assert elsewhere.get("/plain/show").json["user"] is None
    assert client.get("/plain/show").json["user"] == "ada@example.com"


def test_another_app_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """Whoever has a new phone sets it up while the old one still counts, and then only the new one does."""
    app, clock = make(tmp_path)
    person(app)
    client = TestClient(app)
    old, _ = turn_on(app, clock, client=client)
    new = Totp(client.get("/plain-codes/begin").json["secret"])
    sign_in(other := TestClient(app))
    assert finish(other, old.code(clock.now)).json["signed"] == "ada@example.com"
    codes = client.post("/async-codes/confirm", data={"code": new.code(clock.now)}).json["codes"]
    assert codes is not None
    clock.now += STEP_SECONDS
    sign_in(other)
    assert finish(other, old.code(clock.now)).json["signed"] is None
    assert finish(other, new.code(clock.now)).json["signed"] == "ada@example.com"


def test_a_confirmation_twice_gives_codes_once(tmp_path: Path) -> None:
    """Of two that have read the same row one turns it on: the codes that are shown are those that are kept."""
    app, clock = make(tmp_path)
    person(app)
    client = TestClient(app, "wsgi")
    sign_in(client)
    totp = Totp(client.get("/plain-codes/begin").json["secret"])
    cookies, code = dict(client.cookies.items()), totp.code(clock.now)

    def send(_: int) -> Any:
        other = TestClient(app, "wsgi")
        return other.post("/plain-codes/confirm", data={"code": code}, cookies=cookies).json

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(send, range(4)))
    given = [answer["codes"] for answer in answers if answer and answer.get("codes")]
    assert len(given) == 1
    sign_in(other := TestClient(app))
    assert finish(other, given[0][0]).json["signed"] == "ada@example.com"


def test_the_secret_is_not_in_the_database_and_not_in_the_session(tmp_path: Path) -> None:
    """Both keep it sealed; reading a person opens nothing, so a lost key keeps nobody from being read."""
    app, clock = make(tmp_path, {"SESSION_BACKEND": "file", "SESSION_PATH": str(tmp_path / "sessions")})
    user = person(app)
    client = TestClient(app)
    sign_in(client)
    secret = client.get("/plain-codes/begin").json["secret"]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "sessions").rglob("*") if path.is_file())
    assert b"code setup" in kept
    assert secret.encode() not in kept
    client.post("/plain-codes/confirm", data={"code": Totp(secret).code(clock.now)})
    assert secret.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("desk.sqlite3*"))
    stored = user.refresh()
    assert "totp_secret" not in stored.to_dict()
    assert secret not in repr(stored.totp_secret)
    use_secrets(["another key that opens nothing of it"])
    try:
        assert type(user).find(email="ada@example.com").has_second_factor is True
        assert client.get("/plain/show").json["user"] == "ada@example.com"
    finally:
        use_secrets([KEY])


def test_a_model_that_is_no_account_is_told_what_it_lacks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It signs in without a second step, and setting one up names the class to inherit."""
    bare = """
from asok import Field
from asok.orm import Model


class User(Model):
    email = Field.Email(unique=True)
    password = Field.Password()
"""
    app, _ = make(tmp_path, files={"src/models/user.py": bare})
    app.models["User"].create(email="ada@example.com", password=GOOD)
    client = TestClient(app)
    assert sign_in(client).json["signed"] == "ada@example.com"
    assert client.get("/plain-codes/begin").status_code == 500
    assert "Write: class User(Account), with Account from asok.auth." in caplog.text


def test_the_log_says_who_and_never_what_was_typed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Setting up, waiting, wrong codes, and turning off have a line each in asok.security."""
    app, clock = make(tmp_path)
    person(app)
    with caplog.at_level(logging.INFO, "asok.security"):
        client = TestClient(app)
        totp, paper = turn_on(app, clock, client=client)
        sign_in(other := TestClient(app))
        finish(other, "123123")
        finish(other, paper[0])
        client.post("/plain-codes/off")
    lines = [record.getMessage() for record in caplog.records if record.name == "asok.security"]
    for part in (
        "set up a second step",
        "has to type a code",
        "A wrong code for users:1",
        "turned the second step off",
    ):
        assert any(part in line for line in lines), part
    assert not any(secret in line for line in lines for secret in ("123123", paper[0], totp.code(clock.now)))


def test_while_the_database_is_away_nobody_is_locked_out(tmp_path: Path) -> None:
    """A try that could not be judged is not counted."""
    app, clock = make(tmp_path)
    person(app)
    totp, _ = turn_on(app, clock)
    client = TestClient(app, client=("203.0.113.1", 9))
    sign_in(client)
    people = app.services.people
    plan_of, calls = people.find, []

    def find(key: Any, stamp: str) -> Any:
        found = yield from plan_of(key, stamp)
        calls.append(found)
        # Its table is gone when the code is written.
        run_one_rename("users", "away")
        return found

    people.find = find
    for _ in range(8):
        assert finish(client, totp.code(clock.now), "plain").status_code == 500
        run_one_rename("away", "users")
    people.find = plan_of
    assert len(calls) == 8
    assert finish(client, totp.code(clock.now)).json["signed"] == "ada@example.com"


def run_one_rename(name: str, to: str) -> None:
    """Rename a table."""
    run_one(Raw(f'ALTER TABLE "{name}" RENAME TO "{to}"', returns="count", writes=True))


def test_what_an_app_is_given_is_not_in_its_representation() -> None:
    """A log line or an error page that shows it holds no secret."""
    assert repr(CodeSetup("SECRET", "otpauth://totp/a?secret=SECRET")) == "<CodeSetup>"
