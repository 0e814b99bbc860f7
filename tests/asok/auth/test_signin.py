"""How often somebody may try, and that a try costs the same whoever is tried."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest

from asok import TestClient
from asok.auth.tries import Throttle
from asok_engine.errors import UsageError
from tests.asok.auth.desk import GOOD, make_desk, person, sign_in
from tests.servers import RedisProcess

WAYS = pytest.mark.parametrize("how", ["plain", "async"])


@WAYS
def test_an_account_under_attack_is_throttled_and_its_owner_is_not(tmp_path: Path, how: str) -> None:
    """101 failed tries from 20 addresses: they are refused, and the owner gets in (reliability 88)."""
    app = make_desk(tmp_path)
    person(app)
    attackers = [TestClient(app, client=(f"203.0.113.{n}", 9)) for n in range(20)]
    statuses = [sign_in(attackers[n % 20], password="wrong", how=how).status_code for n in range(101)]
    assert statuses[-1] == 429
    assert statuses.count(200) <= 60
    assert sign_in(attackers[0], how=how).status_code == 429
    assert sign_in(TestClient(app, client=("198.51.100.7", 9)), how=how).json["signed"] == "ada@example.com"


@WAYS
def test_who_fails_with_one_account_can_use_another(tmp_path: Path, how: str) -> None:
    """Five failures close one account for one address, and nothing for the others behind it (D8)."""
    app = make_desk(tmp_path)
    person(app)
    person(app, "bob@example.com")
    client = TestClient(app, client=("203.0.113.5", 9))
    for _ in range(5):
        assert sign_in(client, password="wrong", how=how).status_code == 200
    refused = sign_in(client, how=how)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 1801
    assert sign_in(client, "ADA@example.com ", how=how).status_code == 429
    assert sign_in(client, "bob@example.com", how=how).json["signed"] == "bob@example.com"


@WAYS
def test_an_unknown_account_is_throttled_like_a_known_one(tmp_path: Path, how: str) -> None:
    """The refusal tells nobody which accounts there are."""
    app = make_desk(tmp_path)
    client = TestClient(app, client=("203.0.113.5", 9))
    answers = [sign_in(client, "nobody@example.com", how=how).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


@WAYS
def test_one_address_tries_many_accounts_in_vain(tmp_path: Path, how: str) -> None:
    """Trying one password with all accounts ends at the limit of the address."""
    app = make_desk(tmp_path)
    client = TestClient(app, client=("203.0.113.5", 9))
    # The limit is lowered for the test; a hundred tries cost seconds.
    app.services.people.throttle = Throttle(per_address=8)
    answers = [sign_in(client, f"n{n}@example.com", how=how).status_code for n in range(9)]
    assert answers == [200] * 8 + [429]


@WAYS
def test_signing_in_is_not_counted(tmp_path: Path, how: str) -> None:
    """Who is right, however often, is never refused."""
    app = make_desk(tmp_path)
    person(app)
    client = TestClient(app, client=("203.0.113.5", 9))
    assert [sign_in(client, how=how).status_code for _ in range(12)] == [200] * 12


@WAYS
def test_counters_that_are_away_let_nobody_in(tmp_path: Path, how: str, redis_server: RedisProcess) -> None:
    """503, and neither in nor locked out (D10)."""
    app = make_desk(tmp_path, {"REDIS_URL": redis_server.url, "RATE_LIMIT": False})
    person(app)
    with TestClient(app) as client:
        assert sign_in(client, how=how).status_code == 200
        redis_server.stop()
        try:
            # A wrong one too: nobody may guess while nobody counts.
            for password in (GOOD, "wrong"):
                assert sign_in(client, password=password, how=how).status_code == 503
        finally:
            redis_server.start()
        until = time.monotonic() + 10
        while (answer := sign_in(client, how=how)).status_code == 503 and time.monotonic() < until:
            time.sleep(0.1)
        assert answer.json["signed"] == "ada@example.com"


@WAYS
def test_a_password_of_a_megabyte_is_refused_unread(tmp_path: Path, how: str) -> None:
    """400 and no hash (reliability 87)."""
    app = make_desk(tmp_path)
    person(app)
    began = time.perf_counter()
    assert sign_in(TestClient(app), password="x" * 1_000_000, how=how).status_code == 400
    assert time.perf_counter() - began < 2


def test_the_three_failures_cost_the_same(tmp_path: Path) -> None:
    """Unknown, wrong and inactive hash once each; the medians are close (reliability 85, D8)."""
    app = make_desk(tmp_path)
    person(app)
    person(app, "off@example.com", is_active=False)
    clients = iter(TestClient(app, "wsgi") for _ in range(1000))
    spent: dict[str, list[float]] = {"nobody@example.com": [], "ada@example.com": [], "off@example.com": []}
    sign_in(next(clients), "first@example.com", "wrong")
    for _ in range(12):
        for email, times in spent.items():
            client = next(clients)
            began = time.process_time()
            sign_in(client, email, "wrong", "plain")
            times.append(time.process_time() - began)
    medians = {email: statistics.median(times) for email, times in spent.items()}
    assert max(medians.values()) < 1.6 * min(medians.values()), medians


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("authenticate(password='x' * 9)", "fields of User"),
        ("authenticate(email='a@b.example')", "expected password"),
        ("authenticate(mail='a@b.example', password='x')", "fields of User"),
        ("authenticate('email', email='a', name='b')", "no password field 'email'"),
        ("login(None)", "NoneType"),
        ("login('ada')", "expected a saved User"),
        ("change_password('a good one indeed')", "nobody is signed in"),
    ],
)
def test_a_mistake_of_the_page_is_named(tmp_path: Path, call: str, message: str) -> None:
    """What is missing is said, instead of signing nobody in for ever."""
    page = f"def get(request):\n    request.{call}\n"
    error = TestClient(make_desk(tmp_path, pages={"wrong/page.py": page})).get("/wrong").error
    assert isinstance(error, UsageError)
    assert message in str(error)


@WAYS
def test_what_is_no_text_is_nobody(tmp_path: Path, how: str) -> None:
    """A dictionary or a list in JSON is no condition of a query."""
    body = "    data = request.json_body\n    call = request.authenticate{}\n"
    plain = "CSRF = False\n\ndef post(request):\n" + body.format("")
    plain += "    return {'got': call(email=data['email'], password=data['password'])}\n"
    waits = plain.replace("def post", "async def post").replace("authenticate\n", "authenticate_async\n")
    waits = waits.replace("call(email", "await call(email")
    app = make_desk(tmp_path, pages={"api/page.py": plain if how == "plain" else waits})
    person(app)
    for email, password in [({"like": "%"}, GOOD), (["ada@example.com"], GOOD), ("ada@example.com", None)]:
        answer = TestClient(app).post("/api", json={"email": email, "password": password})
        assert answer.json == {"got": None}
