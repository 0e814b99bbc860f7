"""Passkeys in a browser with a device of its own: made, used, foreign, copied, offered in a field."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import servers

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

pytestmark = [pytest.mark.servers, pytest.mark.browser]

WSGI = """
import os
from asok import Asok

app = Asok()
app.config["SECRET_KEY"] = "passkeys-and-nothing-else-0123456789abc"
app.config["APP_URL"] = os.environ["SITE"]
app.config["PROJECT_NAME"] = "Desk"
app.config["ALLOWED_HOSTS"] = ["localhost", "127.0.0.1"]
app.config["RATE_LIMIT"] = False
app.config["LOG_LEVEL"] = "INFO"
app.config["SESSION_BACKEND"] = "file"
app.config["SESSION_SECURE"] = False
"""
HANDLERS = {
    "uvicorn": "async def post(request):\n    return await request.auth.passkeys.handle_async()\n",
    "gunicorn": "def post(request):\n    return request.auth.passkeys.handle()\n",
}
FILES = {
    "wsgi.py": WSGI,
    "src/models/user.py": "from asok import auth\n\n\nclass User(auth.Account):\n    pass\n",
    "src/models/passkey.py": "from asok import auth\n\n\nclass Passkey(auth.Passkey):\n    pass\n",
    "src/pages/page.html": '<!doctype html><html lang=en><head><title>Desk</title><link rel=icon href="data:,"></head><body>'
    "<p id=who>{{ request.user.email if request.user else 'nobody' }}</p>"
    '<button type="button" data-passkey="register" data-passkey-name="name" hidden>Add</button>'
    '<input id="name" value="My laptop">'
    "{% for key in keys %}<li>{{ key.name }}</li>{% endfor %}"
    '<form method="post" action="/out"><button id="out">Out</button></form></body></html>',
    "src/pages/page.py": "def get(request):\n"
    "    keys = request.auth.passkeys.list() if request.user else []\n"
    "    return request.html('page.html', keys=keys)\n",
    "src/pages/in/page.html": '<!doctype html><html lang=en><head><title>In</title><link rel=icon href="data:,"></head><body>'
    '<button type="button" data-passkey="sign-in" data-passkey-next="{{ request.next_url(\'/\') }}" hidden>'
    "With a passkey</button><p data-passkey-message></p></body></html>",
    "src/pages/offer/page.html": '<!doctype html><html lang=en><head><title>In</title><link rel=icon href="data:,"></head><body>'
    '<form method="post"><label>E-mail <input name="email" autocomplete="username webauthn"></label></form>'
    '<button type="button" data-passkey="sign-in" data-passkey-next="/" hidden>With a passkey</button>'
    "</body></html>",
    # The test's way to be somebody without a passkey.
    "src/pages/become/page.py": "from models.user import User\n\n"
    "def get(request):\n    request.login(User.find(email=request.query['email']))\n    request.redirect('/')\n",
    "src/pages/out/page.py": "def post(request):\n    request.logout()\n    request.redirect('/')\n",
}
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """A virtual authenticator of a page."""

    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        self.id = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})[
            "authenticatorId"
        ]

    def keys(self) -> list[dict[str, Any]]:
        """The keys that it holds."""
        held: list[dict[str, Any]] = self.session.send(
            "WebAuthn.getCredentials", {"authenticatorId": self.id}
        )["credentials"]
        return held

    def count_back(self, to: int) -> None:
        """Become a copy of the device, made when its counter was lower."""
        [key] = self.keys()
        which = {"authenticatorId": self.id, "credentialId": key["credentialId"]}
        self.session.send("WebAuthn.removeCredential", which)
        self.session.send(
            "WebAuthn.addCredential", {"authenticatorId": self.id, "credential": {**key, "signCount": to}}
        )


@pytest.fixture(scope="module", params=list(HANDLERS))
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[servers.ServerProcess, Path]]:
    """The application, under ASGI and under WSGI, with Ada."""
    folder = tmp_path_factory.mktemp("passkeys") / "desk"
    files = {**FILES, "src/pages/auth/passkeys/page.py": HANDLERS[request.param]}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    port = servers.free_port()
    site = f"http://localhost:{port}"
    make = "from wsgi import app\nfrom models.user import User\nUser.create(email='{}@example.com')\n"
    for command in (
        ["-m", "asok.cli", "make", "migration"],
        ["-m", "asok.cli", "migrate"],
        ["-c", "from wsgi import app; app.startup(); " + make.format("ada").replace("\n", "; ")],
    ):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            capture_output=True,
            text=True,
            env={"SITE": site, "PATH": "/usr/bin:/bin"},
            check=False,
        )
        assert done.returncode == 0, done.stderr
    with servers.run_server(request.param, folder, port=port, environment={"SITE": site}) as server:
        yield server, folder


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A tab of its own, that hears what the browser complains about."""
    context = chromium.new_context()
    tab = context.new_page()
    said: list[str] = []
    # An answer of 400 is told in the console, and here some are meant.
    tab.on(
        "console",
        lambda line: said.append(line.text) if line.type == "error" and "400" not in line.text else None,
    )
    tab.on("pageerror", lambda error: said.append(str(error)))
    yield tab
    context.close()
    assert said == []


def register(page: Page, site: str) -> Device:
    """Sign in without a passkey, make one, and sign out."""
    device = Device(page)
    page.goto(f"{site}/become?email=ada@example.com")
    # Those of other tests are there already: only one more says that this one is kept.
    others = page.locator("li").count()
    page.click("[data-passkey=register]")
    page.locator("li").nth(others).wait_for()
    page.click("#out")
    page.wait_for_selector("#who:has-text('nobody')")
    return device


def site_of(server: servers.ServerProcess) -> str:
    return f"http://localhost:{server.port}"


def test_passkey_is_made_and_signs_in(desk: tuple[servers.ServerProcess, Path], page: Page) -> None:
    """Nobody says who they are: the device knows, and the page goes on to where the visitor wanted."""
    site = site_of(desk[0])
    device = register(page, site)
    [key] = device.keys()
    assert key["rpId"] == "localhost"
    assert key["isResidentCredential"]
    page.goto(f"{site}/in?next=/%3Fwanted")
    page.click("[data-passkey=sign-in]")
    page.wait_for_selector("#who:has-text('ada@example.com')")
    assert page.url == f"{site}/?wanted"


def test_second_passkey_of_the_same_device_is_not_made(
    desk: tuple[servers.ServerProcess, Path], page: Page
) -> None:
    """The browser is told which ones there are, and the page says so."""
    site = site_of(desk[0])
    register(page, site)
    page.goto(f"{site}/become?email=ada@example.com")
    page.click("[data-passkey=register]")
    page.wait_for_selector("[data-passkey-message]:has-text('has a passkey for you already')")


def test_passkey_is_offered_in_the_field(desk: tuple[servers.ServerProcess, Path], page: Page) -> None:
    """A field for names lets the browser offer passkeys without a button."""
    site = site_of(desk[0])
    register(page, site)
    page.goto(f"{site}/offer")
    page.wait_for_selector("#who:has-text('ada@example.com')")


def test_page_of_another_origin_signs_nobody_in(desk: tuple[servers.ServerProcess, Path], page: Page) -> None:
    """The same host on another port gets a signature from the device, and the application refuses it."""
    server, folder = desk
    register(page, site_of(server))
    with servers.run_server(server.kind, folder, environment={"SITE": site_of(server)}) as other:
        page.goto(f"{site_of(other)}/in")
        page.click("[data-passkey=sign-in]")
        page.wait_for_selector("[data-passkey-message]:has-text('was not accepted')")
        page.goto(site_of(other))
        assert page.inner_text("#who") == "nobody"


def test_copy_of_a_device_is_refused_and_told(desk: tuple[servers.ServerProcess, Path], page: Page) -> None:
    """A counter that goes back signs nobody in, and the log says so (WebAuthn 6.1.1)."""
    server, _ = desk
    site = site_of(server)
    device = register(page, site)
    for _ in range(2):
        page.goto(f"{site}/in")
        page.click("[data-passkey=sign-in]")
        page.wait_for_selector("#who:has-text('ada@example.com')")
    page.click("#out")
    page.wait_for_selector("#who:has-text('nobody')")
    device.count_back(1)
    page.goto(f"{site}/in")
    page.click("[data-passkey=sign-in]")
    page.wait_for_selector("[data-passkey-message]:has-text('was not accepted')")
    assert "went back" in server.read_log()
    page.goto(site)
    assert page.inner_text("#who") == "nobody"


def test_without_scripts_no_button_does_nothing(
    desk: tuple[servers.ServerProcess, Path], chromium: Browser
) -> None:
    """What cannot work is not shown."""
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{site_of(desk[0])}/in")
    assert not tab.is_visible("[data-passkey=sign-in]")
    context.close()
