"""Another password: not of own words, whichever way it comes, and only from the person themselves."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from asok import TestClient
from asok.auth.newpassword import is_of_own_words
from tests.asok.auth.desk import GOOD, make_desk, person, sign_in

WAYS = pytest.mark.parametrize("how", ["plain", "async"])
RESET = """
CSRF = False


def post(request):
    request.auth.reset.change_password(request.form["token"], request.form["password"])
    return {}
"""
ASYNC = RESET.replace("def ", "async def ").replace(
    "request.auth.reset.change_password(", "await request.auth.reset.change_password_async("
)
PAGES = {"plain-reset.py": RESET, "async-reset.py": ASYNC}


def test_own_words_are_those_that_everybody_knows() -> None:
    """Name, address and user name, where the model has them."""
    ada = SimpleNamespace(email="augusta@example.com", name="Ada Lovelace")
    assert is_of_own_words(ada, "augusta@example.com")
    assert is_of_own_words(ada, "AdaLovelace1")
    assert not is_of_own_words(ada, GOOD)
    assert not is_of_own_words(SimpleNamespace(name=None), GOOD)


@WAYS
def test_a_password_of_own_words_is_refused_whichever_way_it_comes(tmp_path: Path, how: str) -> None:
    """By the person who is signed in, and by the link of a reset, which stays good."""
    app = make_desk(tmp_path, {"RATE_LIMIT": False}, pages=PAGES)
    ada = person(app, "augusta@example.com", name="Lovelace")
    client = TestClient(app)
    sign_in(client, "augusta@example.com")
    token = app.services.links.make("reset", ada)
    for path, more in ((f"/{how}/password", {}), (f"/{how}-reset", {"token": token})):
        for password in ("augusta@example.com", "lovelace1"):
            assert client.post(path, data={"password": password, **more}).status_code == 422, path
    assert ada.refresh().password.matches(GOOD)
    assert client.post(f"/{how}-reset", data={"token": token, "password": "a better one"}).status_code == 200
    assert ada.refresh().password.matches("a better one")


@WAYS
def test_the_session_that_changed_it_goes_on_under_another_id(tmp_path: Path, how: str) -> None:
    """And stays remembered where it was."""
    app = make_desk(tmp_path)
    person(app)
    client = TestClient(app)
    sign_in(client, remember="on")
    before = client.get(f"/{how}/show").json["sid"]
    answer = client.post(f"/{how}/password", data={"password": "a better one of mine"})
    after = client.get(f"/{how}/show").json
    assert (after["user"], after["sid"] == before) == ("ada@example.com", False)
    assert "Max-Age=" in str(answer.headers.get("set-cookie"))
