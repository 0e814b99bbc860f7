"""People on every server, over several processes: up, in, out, and another session ended by a change of password."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests import servers
from tests.journeys.test_visitors import FORM, Visitor

pytestmark = pytest.mark.servers

GOOD, BETTER = "correct horse battery", "a better one of mine"
FILES = {
    "wsgi.py": "from asok import Asok\n\napp = Asok()\n"
    "app.config['SECRET_KEY'] = 'people-and-nothing-else-0123456789abcdef'\n"
    "app.config['APP_URL'] = 'http://127.0.0.1'\n"
    "app.config['ALLOWED_HOSTS'] = ['127.0.0.1', 'localhost']\n"
    "app.config['RATE_LIMIT'] = False\n"
    "app.config['LOG_LEVEL'] = 'WARNING'\n"
    "app.config['SESSION_BACKEND'] = 'file'\n"
    "app.config['SESSION_SECURE'] = False\n"
    "app.config['MAIL_TLS'] = False\n",
    "src/models/user.py": "from asok import Field\nfrom asok.auth import Account\n\n\n"
    "class User(Account):\n    name = Field.String(max_length=50)\n",
    "src/pages/page.html": "<p>Hello {{ request.user.name if request.user else 'stranger' }}</p>",
    "src/pages/me/page.py": "async def get(request):\n"
    "    request.require_auth('/signin')\n    return f'You are {request.user.name}'\n",
    "src/pages/signup/page.html": '<form method="post"><input name="email"></form>',
    "src/pages/signup/page.py": "from models.user import User\n\n"
    "def get(request):\n    return request.html('page.html')\n\n"
    "async def post(request):\n    form = request.form\n"
    "    user = await User.create_async(email=form['email'], password=form['password'], name=form['name'],\n"
    "                                   is_admin=True)\n"
    "    request.login(user)\n    request.redirect('/')\n",
    "src/pages/signin/page.html": '<form method="post"><input name="email"></form>',
    "src/pages/signin/page.py": "def get(request):\n    return request.html('page.html')\n\n"
    "def post(request):\n    form = request.form\n"
    "    user = request.authenticate(email=form['email'], password=form['password'])\n"
    "    if user is None:\n        request.abort(403, 'That is not right.')\n"
    "    request.login(user)\n    request.redirect(request.next_url('/'))\n",
    "src/pages/password/page.html": '<form method="post"><input name="password"></form>',
    "src/pages/password/page.py": "async def get(request):\n    return request.html('page.html')\n\n"
    "async def post(request):\n    await request.change_password_async(request.form['password'])\n"
    "    request.redirect('/')\n",
    "src/pages/signout/page.html": '<form method="post"><button>Out</button></form>',
    "src/pages/signout/page.py": "def get(request):\n    return request.html('page.html')\n\n"
    "def post(request):\n    request.logout()\n    request.redirect('/')\n",
}


def send(visitor: Visitor, path: str, **fields: str) -> tuple[int, str]:
    """Open the page of a form and send it; give status and Location."""
    body = urlencode({"csrf_token": visitor.token(path), **fields})
    status, location, _ = visitor.ask("POST", path, body, **{"Content-Type": FORM})
    return status, location


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An application of people, with its table."""
    folder = tmp_path_factory.mktemp("people") / "made"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for words in ("make migration", "migrate"):
        command = [sys.executable, "-m", "asok.cli", *words.split()]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """The application in a folder of its own."""
    return shutil.copytree(made, tmp_path / "people")


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn", "granian-rsgi"])
def test_people_come_go_and_end_each_other(kind: str, project: Path) -> None:
    """Up, out, in again with the way back, and a second session that a change of password ends."""
    with servers.run_server(kind, project, workers=2) as server:
        here, there = Visitor(server.port), Visitor(server.port)
        assert here.ask("GET", "/")[2] == "<p>Hello stranger</p>"
        assert send(here, "/signup", email="Ada@example.com", password=GOOD, name="Ada") == (302, "/")
        assert here.ask("GET", "/")[2] == "<p>Hello Ada</p>"
        assert "private" in here.header("Cache-Control")
        assert send(here, "/signout") == (302, "/")
        assert here.ask("GET", "/")[2] == "<p>Hello stranger</p>"

        assert here.ask("GET", "/me?a=1")[:2] == (302, "/signin?next=/me%3Fa%3D1")
        assert send(here, "/signin", email="ada@example.com", password="wrong")[0] == 403
        good = {"email": "ada@example.com", "password": GOOD}
        assert send(here, "/signin", **good, next="/me?a=1") == (302, "/me?a=1")
        assert send(there, "/signin", **good, next="//evil.example") == (302, "/")
        assert here.ask("GET", "/me")[2] == there.ask("GET", "/me")[2] == "You are Ada"

        assert send(here, "/password", password="password1")[0] == 422
        assert there.ask("GET", "/me")[0] == 200
        assert send(here, "/password", password=BETTER) == (302, "/")
        for _ in range(6):
            assert here.ask("GET", "/me")[2] == "You are Ada"
            assert there.ask("GET", "/me")[:2] == (302, "/signin?next=/me")
        assert send(there, "/signin", **good)[0] == 403
        assert send(there, "/signin", email="ada@example.com", password=BETTER) == (302, "/")
