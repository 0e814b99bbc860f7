"""What else opens an account than its password: counted, said, and named after a reset."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from asok import TestClient
from asok.auth.otherways import OtherWays, other_ways
from asok_engine.database.running import run
from tests.asok.auth.desk import make_desk, person, sign_in
from tests.asok.auth.test_bearertoken import TOKEN

PAGE = """
CSRF = False


def get(request):
    others = request.auth.other_ways()
    return {"tokens": others.tokens, "any": bool(others)}


def post(request):
    form, reset = request.form, request.auth.reset
    user = reset.change_password(form["token"], form["password"], revoke_tokens="revoke" in form)
    return {"others": str(request.auth.other_ways(user))}
"""
ASYNC = PAGE.replace("def ", "async def ")
for _name, _by in (("change_password", "reset"), ("other_ways", "request.auth")):
    ASYNC = ASYNC.replace(f"{_by}.{_name}(", f"await {_by}.{_name}_async(")
ASYNC = ASYNC.replace(
    "str(await request.auth.other_ways_async(user))", "str((await request.auth.other_ways_async(user)))"
)
PAGES = {"plain-ways.py": PAGE, "async-ways.py": ASYNC}
WAYS = pytest.mark.parametrize("how", ["plain", "async"])


def make(root: Path, **more: Any) -> Any:
    """Make the desk with tokens."""
    files = {"src/models/access_token.py": TOKEN, **more.pop("files", {})}
    return make_desk(root, {"RATE_LIMIT": False}, pages=PAGES, files=files, **more)


def make_token(app: Any, user: Any, seconds: float = 0.0) -> None:
    """Give somebody a token."""
    people = app.services.people
    run(people.bearers.create(user, "Job", None, seconds, people.clock()))


@pytest.mark.parametrize(
    ("ways", "said"),
    [
        (OtherWays(), ""),
        (OtherWays(1), "1 access token"),
        (OtherWays(2, 1), "2 access tokens and 1 passkey"),
        (OtherWays(1, 3, 2), "1 access token, 3 passkeys and 2 connected accounts"),
    ],
)
def test_ways_are_said_as_people_read_them(ways: OtherWays, said: str) -> None:
    """Nothing is an empty text, and false."""
    assert str(ways) == said
    assert bool(ways) is bool(said)


def test_ways_that_are_over_are_not_counted(tmp_path: Path) -> None:
    """Neither revoked tokens, nor those whose time has come, nor anybody else's."""
    keys = "from asok import auth\n\n\nclass Passkey(auth.Passkey):\n    pass\n"
    app = make(tmp_path, files={"src/models/passkey.py": keys})
    ada, eve = person(app), person(app, "eve@example.com")
    people = app.services.people
    make_token(app, ada)
    run(people.bearers.revoke(people.bearers.of(ada), time.time()))
    for _ in range(2):
        make_token(app, ada)
    make_token(app, ada, 60)
    make_token(app, eve)
    app.models["Passkey"].create(
        _trust=True, user_id=ada.pk, name="Key", credential_id="c", credential_hash="h", public_key=b"p", aaguid="a", user_handle="u"
    )  # fmt: skip
    assert run(other_ways(app.models, people.model, ada, time.time())) == OtherWays(3, 1)
    assert run(other_ways(app.models, people.model, ada, time.time() + 61)) == OtherWays(2, 1)


@WAYS
def test_tokens_outlive_a_reset_unless_it_revokes_them(tmp_path: Path, how: str) -> None:
    """Whoever resets a password is told of them, and can end them with it."""
    app = make(tmp_path)
    ada = person(app)
    make_token(app, ada)
    client = TestClient(app)
    data = {"token": app.services.links.make("reset", ada), "password": "a better one of mine"}
    assert client.post(f"/{how}-ways", data=data).json == {"others": "1 access token"}
    data = {"token": app.services.links.make("reset", ada.refresh()), "password": "yet another of mine"}
    assert client.post(f"/{how}-ways", data={**data, "revoke": "on"}).json == {"others": ""}


@WAYS
def test_everybody_sees_their_own_ways_alone(tmp_path: Path, how: str) -> None:
    """By default they are those of who is signed in; a visitor has none to see."""
    app = make(tmp_path)
    make_token(app, person(app))
    client = TestClient(app)
    assert client.get(f"/{how}-ways").status_code == 401
    sign_in(client)
    assert client.get(f"/{how}-ways").json == {"tokens": 1, "any": True}


@WAYS
def test_models_of_other_people_are_in_nobodys_way(tmp_path: Path, how: str) -> None:
    """A password is changed although the application has tokens of somebody else."""
    member = TOKEN.replace("pass", 'user_id = Field.ForeignKey("models.user.Member")').replace(
        "import", "import Field,", 1
    )
    app = make_desk(tmp_path, {"RATE_LIMIT": False}, files={"src/models/access_token.py": member})
    person(app)
    client = TestClient(app)
    sign_in(client)
    assert client.post(f"/{how}/password", data={"password": "a better one of mine"}).status_code == 200
