"""Acting for somebody else in a browser: the banner is seen under the strict policy, and its button ends it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import servers
from tests.journeys.walking import Walk
from tests.processes import run_once

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.servers, pytest.mark.browser]

GOOD = "four tall birches"
PAGE = (
    '<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"><title>Desk</title>'
    """<link rel="icon" href="{{{{ static('images/icon.svg') }}}}">"""
    "</head><body><main><h1>{heading}</h1>{main}</main></body></html>"
)
LOGIN = (
    '<form method="post"><label for="email">E-mail</label><input id="email" name="email" type="email" '
    'autocomplete="username"><label for="password">Password</label><input id="password" name="password" '
    'type="password" autocomplete="current-password"><button>Sign in</button></form>'
)
FILES = {
    "src/models/user.py": "from asok.auth import Account\n\n\nclass User(Account):\n    pass\n",
    "src/pages/page.py": "def get(request):\n    return request.html('page.html')\n",
    "src/pages/page.html": PAGE.format(
        heading="Hello {{ request.user.email if request.user else 'stranger' }}", main="<p>Welcome.</p>"
    ),
    "src/pages/news/page.html": PAGE.format(heading="News", main="<p>For everybody.</p>"),
    "src/pages/login/page.html": PAGE.format(heading="Sign in", main=LOGIN),
    "src/pages/login/page.py": "async def get(request):\n    return request.html('page.html')\n\n\n"
    "async def post(request):\n    form = request.form\n"
    "    user = await request.authenticate_async(email=form['email'], password=form['password'])\n"
    "    request.login(user)\n    request.redirect('/')\n",
    "src/pages/act/page.html": PAGE.format(
        heading="Act", main='<form method="post"><button>Act for Ada</button></form>'
    ),
    "src/pages/act/page.py": "from models.user import User\n\n\nasync def get(request):\n"
    "    request.auth.require_sudo()\n    return request.html('page.html')\n\n\nasync def post(request):\n"
    "    request.auth.impersonate(await User.find_async(email='ada@example.com'))\n    request.redirect('/news')\n",
}
MAKE = """
import sys
from wsgi import app
app.startup()
from models.user import User
User.create(email="ada@example.com", password=sys.argv[1])
User.create(email="boss@example.com", password=sys.argv[1], is_admin=True, _trust=True)
"""


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The project in production, under ASGI and under WSGI; gives its address."""
    parent = tmp_path_factory.mktemp("acting")
    root: Path = parent / "desk"
    assert run_once("asok.cli", "create", "desk", cwd=parent).returncode == 0
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for words in (("make", "migration"), ("migrate",)):
        ran = run_once("asok.cli", *words, cwd=root)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    ran = subprocess.run(
        [sys.executable, "-c", MAKE, GOOD], cwd=root, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    port = servers.free_port()
    environment = {
        "DEBUG": "false",
        "APP_URL": f"http://localhost:{port}",
        "SECRET_KEY": "acting-and-nothing-else-0123456789abcdefgh",
        "SESSION_SECURE": "false",
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    with servers.run_server(request.param, root, port=port, environment=environment) as server:
        yield f"http://localhost:{port}"
        assert "Traceback" not in server.read_log()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("width", [1280, 375])
def test_banner_is_seen_and_ends_it(
    site: str, chromium: Browser, axe: str, scripts: bool, width: int
) -> None:
    """On a page that asks for nobody too; styled, at the top, nothing for axe, and gone afterwards."""
    walk = Walk(chromium, site, axe=axe, scripts=scripts, viewport={"width": width, "height": 700})
    walk.go("/login")
    walk.fill(email="boss@example.com", password=GOOD)
    walk.press("Sign in")
    assert walk.heading == "Hello boss@example.com"
    walk.go("/news")
    assert walk.page.locator(".asok-impersonation").count() == 0
    walk.go("/act")
    walk.press("Act for Ada")
    assert walk.path == "/news"
    banner = walk.page.locator(".asok-impersonation")
    assert banner.locator("[role=status]").inner_text() == "You act for ada@example.com."
    assert banner.evaluate("element => getComputedStyle(element).backgroundColor") == "rgb(122, 20, 32)"
    place = banner.bounding_box()
    assert place is not None
    assert place["y"] < 20
    walk.go("/")
    assert walk.heading == "Hello ada@example.com"
    walk.press("Be yourself again")
    assert walk.heading == "Hello boss@example.com"
    assert walk.page.locator(".asok-impersonation").count() == 0
    walk.context.close()
    assert walk.said == []
