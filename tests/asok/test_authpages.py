"""`asok make auth` writes pages that a project owns, and never over what is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oidc_provider import run_provider
from tests.processes import clean_environment, run_once
from tests.servers import free_port

ROOT = Path(__file__).parents[2]
MODEL = "src/models/user.py"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One fresh project."""
    parent = tmp_path_factory.mktemp("made")
    assert run_once("asok.cli", "create", "shop", cwd=parent).returncode == 0
    return parent / "shop"


@pytest.fixture
def project(fresh: Path, tmp_path: Path) -> Path:
    """The fresh project in a folder of its own."""
    return shutil.copytree(fresh, tmp_path / "shop")


def asok(project: Path, *words: str, code: int = 0) -> str:
    """Run a command of the project."""
    ran = run_once("asok.cli", *words, cwd=project)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def files(project: Path) -> dict[str, str]:
    """Give the text of every file of a project."""
    found = (
        path for path in project.rglob("*") if path.is_file() and path.suffix in (".py", ".html", ".css")
    )
    return {str(path.relative_to(project)): path.read_text() for path in found}


WALK = """
from asok import TestClient
from wsgi import app
from asok_engine.database.databases import databases

for protocol in ("asgi", "wsgi"):
    with TestClient(app, protocol, raise_errors=True) as client:
        email = f"{protocol}@example.com"
        page = client.get("/signup")
        own = client.submit(page.form(), {"name": "Hazelnut", "email": email, "password": "hazelnut-1"})
        assert own.status_code == 422, own.text
        assert "This password is easy to guess." in own
        answer = client.submit(page.form(), {"name": "Ada", "email": email, "password": "four tall birches"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/auth/verify"), answer.text
        from models.user import User
        token = app.services.links.make("verification", User.find(email=email))
        page = client.get("/auth/verify", params={"token": token})
        answer = client.submit(page.form(), {"email": email, "password": "four tall birches"})
        assert answer.headers["location"] == "/account", answer.text
        for path in ("", "/email", "/password", "/two-factor", "/passkeys", "/sessions", "/tokens"):
            page = client.get(f"/account{path}")
            assert page.status_code == 200, path
            assert 'aria-current="page"' in page, path
            assert "private" in page.headers["cache-control"] or "no-store" in page.headers["cache-control"]
        for path in ("/confirm", "/logout", "/account/email/confirm?token=x", "/auth/magic", "/auth/reset"):
            assert client.get(path).status_code == 200, path
        for path in ("/confirm/again", "/auth/reset/choose", "/auth/verify/prove", "/account/two-factor/codes"):
            assert client.get(path).status_code == 404, path
        made = client.submit(client.get("/account/tokens").form(-1), {"name": "Job", "days": "30"})
        assert "This is your token." in made
        client.submit(client.get("/logout").form(), {})
        assert client.get("/account").headers["location"].startswith("/login?next=")
        there = client.get("/account/email/confirm?token=x").headers["location"]
        assert there == "/login?next=/account/email/confirm%3Ftoken%3Dx", there
        for more, left in (({}, True), ({"revoke": "on"}, False)):
            token = app.services.links.make("reset", User.find(email=email))
            form = client.get("/auth/reset", params={"token": token}).form()
            answer = client.submit(form, {"password": f"four taller birches {left}", **more})
            assert answer.headers["location"] == "/login", answer.text
            page = client.get("/login")
            assert "Your password was changed." in page
            assert ("can still be opened with 1 access token." in page) is left
        tries = [client.submit(client.get("/login").form(), {"email": email, "password": "x"}) for _ in range(6)]
        assert [each.status_code for each in tries] == [422] * 5 + [429]
        assert "try again in" in tries[-1]
        assert "<h1>Too many tries</h1>" in tries[-1]
print("WELL")
"""


def test_pages_run_unmodified_on_a_fresh_project(project: Path) -> None:
    """Written, migrated, walked on both protocols; the command says which two commands come next."""
    said = asok(project, "make", "auth")
    assert "src/models/user.py" in said
    assert "src/pages/login/page.py" in said
    next_two = said.partition("Now:")[2].split()
    assert next_two[:5] == ["asok", "make", "migration", "asok", "migrate"]
    asok(project, "make", "migration")
    asok(project, "migrate")
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", WALK], cwd=project, capture_output=True, text=True, check=False
    )
    assert "WELL" in ran.stdout, ran.stdout + ran.stderr
    asok(project, "make", "migration", "--check")


WITHOUT_THE_EXTRA = """
import sys
sys.modules["pyotp"] = None
from asok import TestClient
from wsgi import app

with TestClient(app, raise_errors=True) as client:
    from models.user import User
    who = {"email": "ada@example.com", "password": "four tall birches"}
    User.create(_trust=True, name="Ada", email_verified_at="2026-01-01T00:00:00Z", **who)
    page = client.get("/login")
    assert "data-passkey" not in page
    client.submit(page.form(), who)
    page = client.get("/account")
    assert page.status_code == 200 and "/account/sessions" in page
    assert "two-factor" not in page and "passkeys" not in page
    for path in ("/account/two-factor", "/account/passkeys"):
        assert client.get(path).status_code == 404, path
print("WELL")
"""


def test_what_needs_the_extra_is_not_offered_without_it(project: Path) -> None:
    """No link, no button, 404 instead of 500, and a line at the start; the other pages work."""
    asok(project, "make", "auth")
    asok(project, "make", "migration")
    asok(project, "migrate")
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_THE_EXTRA],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "WELL" in ran.stdout, ran.stdout + ran.stderr
    assert 'do not work without pyotp. Run: pip install "asok[auth]"' in ran.stderr


@pytest.mark.parametrize("pages", ["src/asok/scaffold/auth/src/pages", "examples/desk/src/pages"])
def test_what_a_page_shows_besides_has_no_address(pages: str) -> None:
    """A template that a page renders on the way is not `page.html`, so its name begins with an underscore."""
    names = [path.name for path in (ROOT / pages).rglob("*.html")]
    assert len(names) > 10
    assert [name for name in names if name != "page.html" and not name.startswith("_")] == []


WSGI = """
import os
from asok import Asok
from asok.auth import google

app = Asok()
app.add_provider(google("desk client", "its: secret", name="test", issuer=os.environ["ISSUER"]))
"""
PROVIDER = """
import os, re
from html import unescape
from urllib.parse import urlsplit
from asok import TestClient
from tests.oidc_provider import ProviderProcess
from wsgi import app

provider = ProviderProcess(int(os.environ["ISSUER"].rpartition(":")[2]))


def round_trip(client, form):
    left = client.submit(form, {})
    address = unescape(re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', left.text)[1])
    back = urlsplit(provider.visit(address))
    return client.get(f"{back.path}?{back.query}")


with TestClient(app, raise_errors=True) as client:
    page = client.get("/login?next=/account/sessions")
    assert "Sign in with Test" in page
    assert client.get("/login/test").headers["location"] == "/login"
    assert client.get("/login/code").headers["location"] == "/login"
    assert client.get("/auth/test/callback?code=x&state=y").status_code == 400
    form = next(each for each in page.forms if "/login/test" in each.action)
    assert round_trip(client, form).headers["location"] == "/account/sessions"
    from models.user import User
    ada = User.find(email="ada@example.com")
    assert ada.email_verified_at is not None
    page = client.get("/account/providers")
    assert "<b>Test</b> ada@example.com" in page
    again = client.get("/confirm?next=/account")
    assert "You have no password here" in again
    client.submit(next(each for each in page.forms if "_action" in each), {})
    assert "None yet." in client.get("/account/providers")
    assert client.submit(again.form(1), {}).headers["location"] == "/login"
    page = client.get("/login")
    form = next(each for each in page.forms if "/login/test" in each.action)
    assert round_trip(client, form).headers["location"] == "/login", "nobody is found by an address"
    assert "There is an account with your email." in client.get("/login")
print("WELL")
"""


def test_sites_that_a_project_adds_sign_people_in(project: Path) -> None:
    """One line in wsgi.py: buttons, a new account with a proven address, and a list of what to take away."""
    with run_provider(free_port()) as provider:
        environment = {"ISSUER": provider.url}
        (project / "wsgi.py").write_text(WSGI)
        for words in ("make auth", "make migration", "migrate"):
            ran = run_once("asok.cli", *words.split(), cwd=project, **environment)
            assert ran.returncode == 0, ran.stderr
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROVIDER],
            cwd=project,
            env=clean_environment(PYTHONPATH=str(ROOT), **environment),
            capture_output=True,
            text=True,
            check=False,
        )
    assert "WELL" in ran.stdout, ran.stdout + ran.stderr


def test_nothing_is_written_over(project: Path) -> None:
    """What is there stays and is named; --force writes it; --dry-run writes nothing."""
    login = project / "src/pages/login/page.html"
    login.parent.mkdir()
    login.write_text("mine")
    before = files(project)
    assert "Would write:" in asok(project, "make", "auth", "--dry-run")
    assert files(project) == before
    said = asok(project, "make", "auth")
    assert "Left as it is:\n    src/pages/login/page.html" in said
    assert login.read_text() == "mine"
    written = files(project)
    assert "Wrote:" not in asok(project, "make", "auth")
    assert files(project) == written
    asok(project, "make", "auth", "--force")
    assert "mine" not in login.read_text()


def test_people_that_a_project_has_are_taken(project: Path) -> None:
    """The model of AUTH_MODEL stays, wherever it is, and the pages and models name it."""
    settings = project / ".env"
    settings.write_text(settings.read_text() + "AUTH_MODEL=Member\n")
    people = project / "src/models/people.py"
    people.write_text("from asok.auth import Account\n\n\nclass Member(Account):\n    pass\n")
    said = asok(project, "make", "auth")
    assert "Member has no field `name`" in said
    assert not (project / "src/models/member.py").exists()
    assert "from models.people import Member" in (project / "src/pages/signup/page.py").read_text()
    assert 'ForeignKey("Member"' in (project / "src/models/access_token.py").read_text()
    people.write_text(
        people.read_text()
        .replace("pass", "name = Field.String()")
        .replace("from", "from asok import Field\nfrom", 1)
    )
    assert "create table members" in asok(project, "make", "migration")
    again = asok(project, "make", "auth")
    assert "has no field" not in again
    assert "src/models" not in again, "the models that are there are enough"


def test_model_that_is_no_account_is_told(project: Path) -> None:
    """Nothing is written when nobody could sign in."""
    (project / MODEL).write_text("from asok import Model\n\n\nclass User(Model):\n    pass\n")
    before = files(project)
    said = asok(project, "make", "auth", code=1)
    assert "class User(Account)" in said
    assert files(project) == before


def test_help_lists_the_command(tmp_path: Path) -> None:
    """`asok make --help` names it, outside of a project too."""
    assert "auth" in asok(tmp_path, "make", "--help")
    assert "asok create" in asok(tmp_path, "make", "auth", code=1)
