"""The laws of signing in, on every store of sessions, every kind of database, both protocols, plain and async."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest

from asok import TestClient
from asok_engine.database.databases import databases
from asok_engine.database.running import run
from asok_engine.security.tokens import TokenRefused
from tests.asok.auth.desk import GOOD, make_desk, person, sign_in

Protocol = Literal["asgi", "wsgi"]
BETTER = "a better one of mine"

#: Where sessions are, and where people are. Each kind of store and each kind of database is in it.
PLACES = [("memory", "sqlite"), ("file", "sqlite"), ("redis", "sqlite")]
PLACES += [("memory", "postgres"), ("redis", "mariadb")]


class Desk:
    """An application with somebody in it, and a way to visit it."""

    def __init__(self, app: Any, protocol: Protocol, how: str) -> None:
        self.app, self.protocol, self.how = app, protocol, how
        self.ada = person(app)
        person(app, "off@example.com", is_active=False)
        person(app, "bare@example.com", password=None)

    def visitor(self, *signed_in: str) -> TestClient:
        """Somebody with cookies of their own; signed in as the person that is named."""
        client = TestClient(self.app, self.protocol)
        for email in signed_in:
            assert sign_in(client, email, how=self.how).json["signed"] == email
        return client

    def who(self, client: TestClient) -> Any:
        """Tell who a visitor is, as a page says it."""
        answer = client.get(f"/{self.how}/show")
        assert answer.status_code == 200
        return answer.json["user"]


@pytest.fixture(params=PLACES, ids=lambda place: "-".join(place))
def places(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of a store and a database."""
    store, database = request.param
    settings = {"SESSION_BACKEND": store}
    if store == "redis":
        settings["REDIS_URL"] = request.getfixturevalue("redis_url")
    if database != "sqlite":
        settings["DATABASE_URL"] = request.getfixturevalue(f"{database}_url")
    return settings


@pytest.fixture(params=["asgi-plain", "asgi-async", "wsgi-plain", "wsgi-async"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, places: dict[str, Any]) -> Iterator[Desk]:
    """An application on a place, visited over one protocol, with plain or async pages."""
    protocol, how = request.param.split("-")
    app = make_desk(tmp_path, places)
    with TestClient(app, protocol):
        yield Desk(app, protocol, how)
    databases.close()


def test_who_signs_in_is_who_they_are_until_they_sign_out(desk: Desk) -> None:
    """Over several requests; afterwards the cookie of before opens nothing (cases 80, 81)."""
    client, stranger = desk.visitor(), desk.visitor()
    assert desk.who(client) is None
    planted = client.get(f"/{desk.how}/put?value=tea").json["sid"]
    before = dict(client.cookies.items())
    sign_in(client, how=desk.how)
    shown = client.get(f"/{desk.how}/show").json
    assert (shown["user"], shown["cart"]) == ("ada@example.com", "tea")
    assert shown["sid"] not in (None, planted)
    during = dict(client.cookies.items())
    assert client.post(f"/{desk.how}/out").json == {"user": None}
    for stolen in (before, during):
        answer = stranger.get(f"/{desk.how}/show", cookies=stolen).json
        assert (answer["user"], answer["cart"]) == (None, None)
    assert desk.who(client) is None


def test_who_may_not_sign_in_does_not(desk: Desk) -> None:
    """One answer for a wrong password, an unknown, an inactive and a passwordless account (cases 85, 88)."""
    for email, password in [
        ("ada@example.com", "wrong"),
        ("nobody@example.com", GOOD),
        ("off@example.com", GOOD),
        ("bare@example.com", GOOD),
        ("ada@example.com' OR '1'='1", GOOD),
        ("%", GOOD),
    ]:
        client = desk.visitor()
        answer = sign_in(client, email, password, desk.how)
        assert (answer.status_code, answer.json) == (200, {"signed": None}), email
        assert desk.who(client) is None
    # Some databases refuse such a text instead of finding nobody with it.
    answer = sign_in(desk.visitor(), "ada@example.com\x00", GOOD, desk.how)
    assert answer.status_code == 400 or answer.json == {"signed": None}


def test_address_is_known_in_any_case(desk: Desk) -> None:
    """One person, however the database compares texts; an accent is another letter."""
    client = desk.visitor()
    assert sign_in(client, " ADA@Example.COM", how=desk.how).json["signed"] == "ada@example.com"
    assert sign_in(desk.visitor(), "adà@example.com", how=desk.how).json["signed"] is None


def test_failures_are_throttled_for_whoever_fails(desk: Desk) -> None:
    """After five with one account from one address it is 429 with a time; from elsewhere the owner gets in (case 88)."""
    attacker = TestClient(desk.app, desk.protocol, client=("203.0.113.5", 9))
    statuses = [sign_in(attacker, password="wrong", how=desk.how).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    refused = sign_in(attacker, how=desk.how)
    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
    assert desk.who(desk.visitor("ada@example.com")) == "ada@example.com"


def test_tries_at_once_are_all_counted(desk: Desk) -> None:
    """Eight wrong ones at the same time: no more than five are looked at (case 88)."""
    clients = [TestClient(desk.app, desk.protocol, client=("203.0.113.5", 9)) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda client: sign_in(client, password="wrong", how=desk.how), clients))
    statuses = [answer.status_code for answer in answers]
    # A busy machine may answer 503 for counters that took too long: then nothing was looked at either.
    assert set(statuses) <= {200, 429, 503}
    assert 0 < statuses.count(200) <= 5


def test_another_password_ends_the_other_sessions(desk: Desk) -> None:
    """The one that changed it goes on; the old password is worth nothing (case 82)."""
    here, there = desk.visitor("ada@example.com"), desk.visitor("ada@example.com")
    before = dict(here.cookies.items())
    assert here.post(f"/{desk.how}/password", data={"password": BETTER}).status_code == 200
    assert (desk.who(here), desk.who(there)) == ("ada@example.com", None)
    stranger = desk.visitor()
    assert stranger.get(f"/{desk.how}/show", cookies=before).json["user"] is None
    assert sign_in(desk.visitor(), password=GOOD, how=desk.how).json["signed"] is None
    assert sign_in(desk.visitor(), password=BETTER, how=desk.how).json["signed"] == "ada@example.com"


def test_who_is_switched_off_or_gone_is_signed_out(desk: Desk) -> None:
    """At their next request, wherever they are (ASVS V7.4.2)."""
    client = desk.visitor("ada@example.com")
    desk.ada.update(_trust=True, is_active=False)
    assert desk.who(client) is None
    desk.ada.update(_trust=True, is_active=True)
    assert desk.who(client) == "ada@example.com"
    desk.ada.delete()
    assert desk.who(client) is None


def test_sessions_of_a_person_are_listed_and_ended(desk: Desk) -> None:
    """Those of this person and no other's; one at a time, or all but one (ASVS V7.5.2)."""
    person(desk.app, "bob@example.com")
    one, other = desk.visitor("ada@example.com"), desk.visitor("ada@example.com")
    bob = desk.visitor("bob@example.com")
    sessions, key = desk.app.services.sessions, desk.app.services.people.user_key(desk.ada)
    handles = [each.handle for each in sessions.of_user(key)]
    assert len(handles) == 2
    assert sessions.end_all(key, but=handles[0]) == 1
    assert sorted([desk.who(one) or "", desk.who(other) or ""]) == ["", "ada@example.com"]
    assert desk.who(bob) == "bob@example.com"


@pytest.mark.parametrize("kind", ["magic", "reset"])
def test_link_is_good_once_whoever_clicks(desk: Desk, kind: str) -> None:
    """Of eight clicks at once one gets the person; a change of the password kills it (case 90)."""
    links = desk.app.services.links
    token = links.make(kind, desk.ada)

    def click(_: int) -> str:
        try:
            return str(run(links.take(kind, token)).email)
        except TokenRefused:
            return ""

    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(click, range(8)))
    assert sorted(got) == [""] * 7 + ["ada@example.com"]
    later = links.make(kind, desk.ada.refresh())
    desk.ada.refresh().update(password=BETTER)
    token = later
    assert click(0) == ""
