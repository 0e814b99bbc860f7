"""Accounts as people have them, on the pages that `asok make auth` writes: in a browser, with scripts and without."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyotp
import pytest
from playwright.sync_api import Error as PlaywrightError

from tests import servers
from tests.journeys.test_passkeys import Device
from tests.journeys.walking import Walk, letter_to, link_in
from tests.mailbox import Mailbox, run_mailbox
from tests.processes import run_once

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.servers, pytest.mark.browser]

GOOD, BETTER = "four tall birches", "seven small boats at sea"
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
NUMBERS = count(1)
PEOPLE = 80
MAKE = """
import sys
from datetime import UTC, datetime
from wsgi import app
app.startup()
from models.user import User
for number in range(1, int(sys.argv[2]) + 1):
    User.create(email=f"p{number}@example.com", name=f"Person {number}", password=sys.argv[1],
                email_verified_at=datetime.now(UTC), _trust=True)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh project with the pages of `asok make auth`, and its people."""
    parent = tmp_path_factory.mktemp("accounts")
    for words, folder in (("create club", parent), *((words, parent / "club") for words in _STEPS)):
        ran = run_once("asok.cli", *words.split(), cwd=folder)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    command = [sys.executable, "-c", MAKE, GOOD, str(PEOPLE)]
    ran = subprocess.run(command, cwd=parent / "club", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return parent / "club"


_STEPS = ("make auth", "make migration", "migrate")


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    """A mail server."""
    with run_mailbox() as box:
        yield box


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn"])
def site(request: pytest.FixtureRequest, made: Path, mailbox: Mailbox) -> Iterator[str]:
    """The project in production, under ASGI and under WSGI; gives its address."""
    port = servers.free_port()
    address = f"http://localhost:{port}"
    environment = {
        "DEBUG": "false",
        "APP_URL": address,
        "SECRET_KEY": "accounts-and-nothing-else-0123456789abcdef",
        "SESSION_SECURE": "false",
        "RATE_LIMIT": "false",
        "MAIL_HOST": "127.0.0.1",
        "MAIL_PORT": str(mailbox.port),
        "MAIL_TLS": "false",
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    with servers.run_server(request.param, made, port=port, environment=environment) as server:
        yield address
        assert "Traceback" not in server.read_log()


Start = Callable[..., Walk]


@pytest.fixture
def start(site: str, chromium: Browser, axe: str) -> Iterator[Start]:
    """Give people browsers; what their pages complain about fails the test."""
    walks: list[Walk] = []

    def begin(**options: Any) -> Walk:
        walks.append(Walk(chromium, site, axe=axe, **options))
        return walks[-1]

    yield begin
    for walk in walks:
        walk.context.close()
        assert walk.said == []


def somebody() -> str:
    """Give the address of somebody whom no other test knows."""
    number = next(NUMBERS)
    assert number <= PEOPLE, "more people are needed"
    return f"p{number}@example.com"


def sign_in(walk: Walk, email: str, password: str = GOOD, *, remember: bool = False) -> None:
    """Sign in with a password."""
    walk.go("/login")
    walk.fill(email=email, password=password)
    if remember:
        walk.page.check("#remember")
    walk.press("Sign in")


@SCRIPTS
def test_somebody_signs_up_proves_their_address_and_signs_in(
    start: Start, mailbox: Mailbox, scripts: bool
) -> None:
    """What is wrong is said at its field, what was typed stays; until the address is proven nobody gets in."""
    email = f"new.{next(NUMBERS)}@example.com"
    walk = start(scripts=scripts)
    walk.go("/signup")
    walk.fill(name="Ada <b>", email=email, password="password1")
    walk.press("Create account")
    assert walk.page.locator("#password-error").inner_text().startswith("This password ")
    assert walk.page.input_value("#name") == "Ada <b>"
    assert walk.page.input_value("#password") == ""
    assert walk.page.get_attribute("#password", "autocomplete") == "new-password"
    walk.fill(password=GOOD)
    walk.press("Create account")
    assert walk.path == "/auth/verify"
    assert f"an email to {email}" in walk.message
    sign_in(walk, email)
    assert walk.path == "/auth/verify"
    walk.go(link_in(letter_to(mailbox, email)))
    walk.fill(email=email, password="not this one at all")
    walk.press("Verify email")
    assert walk.page.locator("#password-error").count() == 1
    walk.fill(password=GOOD)
    walk.press("Verify email")
    assert (walk.path, walk.heading) == ("/account", "Profile")
    assert walk.page.input_value("#name") == "Ada <b>"
    walk.fill(name="Ada")
    walk.press("Save")
    assert walk.message == "Saved."
    walk.press("Sign out")
    assert walk.path == "/login"
    sign_in(walk, email, "not this one at all")
    assert walk.page.locator("#password-error").inner_text() == "Wrong email or password."
    assert walk.page.input_value("#email") == email
    sign_in(walk, email)
    assert walk.path == "/account"


@SCRIPTS
def test_sign_up_tells_nobody_who_has_an_account(start: Start, mailbox: Mailbox, scripts: bool) -> None:
    """The page is the same for an address that is taken; its owner gets a letter that signs in."""
    email, walk = somebody(), start(scripts=scripts)
    walk.go("/signup")
    walk.fill(name="Eve", email=email, password=BETTER)
    walk.press("Create account")
    assert walk.path == "/auth/verify"
    assert f"an email to {email}" in walk.message
    letter = letter_to(mailbox, email)
    assert letter["Subject"] == "You already have an account"
    sign_in(walk, email, BETTER)
    assert walk.path == "/login"
    walk.go(link_in(letter))
    walk.press("Sign me in")
    assert walk.page.input_value("#name").startswith("Person ")


@SCRIPTS
def test_letter_signs_in_once(start: Start, mailbox: Mailbox, scripts: bool) -> None:
    """A magic link; the second time it leads to the page that sends another."""
    email, walk, other = somebody(), start(scripts=scripts), start(scripts=scripts)
    walk.go("/login")
    walk.page.click("text=Email me a sign-in link")
    walk.look()
    walk.fill(email=email)
    walk.press("Send the link")
    link = link_in(letter_to(mailbox, email))
    other.go(link)
    assert other.heading == "Sign in"
    walk.go(link)
    walk.press("Sign me in")
    assert walk.path == "/account"
    other.press("Sign me in")
    assert other.path == "/auth/magic"
    assert "not valid" in other.message


@SCRIPTS
def test_forgotten_password_is_replaced_and_ends_every_session(
    start: Start, mailbox: Mailbox, scripts: bool
) -> None:
    """A weak one is refused and the link stays good."""
    email, walk, other = somebody(), start(scripts=scripts), start(scripts=scripts)
    sign_in(other, email)
    walk.go("/auth/reset")
    walk.fill(email=email)
    walk.press("Send the link")
    walk.go(link_in(letter_to(mailbox, email)))
    walk.fill(password="password1")
    walk.press("Reset password")
    assert walk.page.locator("#password-error").count() == 1
    walk.fill(password=BETTER)
    walk.press("Reset password")
    assert (walk.path, walk.message) == ("/login", "Your password was changed. Sign in with it.")
    other.go("/account")
    assert other.path == "/login"
    sign_in(walk, email, BETTER)
    assert walk.path == "/account"


@SCRIPTS
def test_second_step_is_turned_on_asked_for_and_turned_off(start: Start, scripts: bool) -> None:
    """A code of the app, a backup code once, and where the sign-in wanted to go afterwards."""
    email, walk = somebody(), start(scripts=scripts)
    sign_in(walk, email)
    walk.go("/account/two-factor")
    secret = walk.page.locator(".account-code").inner_text()
    assert walk.page.locator(".account-qr svg").count() == 1
    app = pyotp.TOTP("".join(secret.split()))
    walk.fill(code="000000" if app.now() != "000000" else "000001")
    walk.press("Turn it on")
    assert walk.page.locator("#code-error").count() == 1
    walk.fill(code=app.now())
    walk.press("Turn it on")
    codes = walk.page.locator(".account-codes li").all_inner_texts()
    assert len(codes) == 10
    walk.page.click("text=I have them")
    walk.look()
    assert "10 codes" in walk.page.content()

    other = start(scripts=scripts)
    other.go("/account/sessions")
    assert other.path == "/login"
    other.fill(email=email, password=GOOD)
    other.press("Sign in")
    assert (other.path, other.heading) == ("/login/code", "Enter your code")
    other.go("/account")
    assert other.path == "/login", "a password alone signs nobody in"
    sign_in(other, email)
    other.fill(code="none-of-them")
    other.press("Sign in")
    assert other.page.locator("#code-error").count() == 1
    other.fill(code=codes[0])
    other.press("Sign in")
    assert other.path == "/account"
    third = start(scripts=scripts)
    sign_in(third, email)
    third.fill(code=codes[0])
    third.press("Sign in")
    assert third.page.locator("#code-error").inner_text().startswith("This code is not right")

    walk.go("/account/two-factor")
    assert "9 codes" in walk.page.content()
    walk.press("Make new backup codes")
    assert codes[1] not in walk.page.content()
    walk.page.click("text=I have them")
    walk.press("Turn it off")
    fourth = start(scripts=scripts)
    sign_in(fourth, email)
    assert fourth.path == "/account"


@SCRIPTS
def test_another_session_is_ended(start: Start, scripts: bool) -> None:
    """The list tells the devices apart; whoever is ended is out at once."""
    email, walk = somebody(), start(scripts=scripts)
    phone = start(
        scripts=scripts,
        user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1 Safari/604.1",
    )
    third = start(scripts=scripts)
    for each in (walk, phone, third):
        sign_in(each, email, remember=True)
    walk.go("/account/sessions")
    assert walk.page.locator(".account-list > li").count() == 3
    assert walk.page.locator(".account-badge").inner_text() == "this one"
    phones = walk.page.locator(".account-list > li", has_text="Safari on iPhone")
    with walk.page.expect_navigation():
        phones.get_by_role("button").click()
    walk.look()
    assert walk.message == "That device is signed out."
    phone.go("/account")
    assert phone.path == "/login"
    third.go("/account")
    assert third.path == "/account"
    walk.press("End all others")
    assert walk.page.locator(".account-list > li").count() == 1
    third.go("/account")
    assert third.path == "/login"
    walk.go("/account")
    assert walk.path == "/account"


@SCRIPTS
def test_password_and_address_are_changed(start: Start, mailbox: Mailbox, scripts: bool) -> None:
    """The new password ends other sessions; the new address counts when its link was opened."""
    email, walk, other = somebody(), start(scripts=scripts), start(scripts=scripts)
    sign_in(walk, email)
    sign_in(other, email)
    walk.go("/account/password")
    walk.fill(password=email)
    walk.press("Change password")
    assert walk.page.locator("#password-error").count() == 1
    walk.fill(password=BETTER)
    walk.press("Change password")
    assert walk.path == "/account"
    other.go("/account")
    assert other.path == "/login"
    walk.go("/account/email")
    walk.fill(email=f"moved.{email}")
    walk.press("Send the link")
    link = link_in(letter_to(mailbox, f"moved.{email}"))
    sign_in(other, email, BETTER)
    assert other.path == "/account"
    other.go(link)
    other.press("Verify email")
    assert other.page.locator(".account-lead").inner_text() == f"moved.{email}"
    # The first one told of the password.
    assert letter_to(mailbox, email, 2)["Subject"] == "Your email was changed"


@SCRIPTS
def test_it_is_asked_once_more_before_what_matters(start: Start, scripts: bool) -> None:
    """The page that asks leads on to where one wanted to go, and nowhere else."""
    email, walk = somebody(), start(scripts=scripts)
    sign_in(walk, email)
    walk.go("/confirm?next=/account/tokens")
    walk.fill(password="not this one at all")
    walk.press("Go on")
    assert walk.page.locator("#password-error").count() == 1
    walk.fill(password=GOOD)
    walk.press("Go on")
    assert walk.path == "/account/tokens"
    walk.go("/confirm?next=https://evil.example/")
    walk.fill(password=GOOD)
    walk.press("Go on")
    assert walk.path == "/account"


@SCRIPTS
def test_access_token_is_shown_once_and_revoked(start: Start, site: str, scripts: bool) -> None:
    """The list knows it by its name."""
    walk = start(scripts=scripts)
    sign_in(walk, somebody())
    walk.go("/account/tokens")
    walk.fill(name="Backup job")
    walk.press("Create token")
    token = walk.page.locator(".account-code").inner_text()
    assert len(token) > 30
    walk.go("/account/tokens")
    assert token not in walk.page.content()
    walk.press("Revoke the token Backup job")
    assert "You have none." in walk.page.content()


def test_passkey_signs_in_without_a_password(start: Start) -> None:
    """Made in the account, used at the door, taken away again; it stands for both steps."""
    email, walk = somebody(), start()
    device = Device(walk.page)
    sign_in(walk, email)
    walk.go("/account/passkeys")
    walk.fill(name="My laptop")
    walk.press("Add a passkey")
    walk.page.wait_for_selector(".account-list >> text=My laptop")
    assert len(device.keys()) == 1
    # Nobody touches the device, or it would sign in by itself where the page offers passkeys in a field.
    touch = {"authenticatorId": device.id, "enabled": False}
    device.session.send("WebAuthn.setAutomaticPresenceSimulation", touch)
    walk.press("Sign out")
    device.session.send("WebAuthn.setAutomaticPresenceSimulation", {**touch, "enabled": True})
    with contextlib.suppress(PlaywrightError):
        # What was offered in the field may be taken first; then the button is gone.
        walk.page.get_by_role("button", name="Sign in with a passkey").click(timeout=5000)
    walk.page.wait_for_url("**/account")
    walk.look()
    walk.go("/account/passkeys")
    assert "used" in walk.page.locator(".account-list .account-hint").inner_text()
    walk.press("Remove the passkey My laptop")
    assert "You have none yet." in walk.page.content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_every_page_is_clean_on_every_screen(start: Start, scheme: str, width: int) -> None:
    """Wide and narrow, light and dark: nothing for axe, no scrolling sideways, no complaint."""
    walk = start(viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in ("/signup", "/login", "/auth/magic", "/auth/magic/callback?token=x", "/auth/verify",
                 "/auth/verify?token=x", "/auth/reset", "/auth/reset?token=x"):  # fmt: skip
        walk.go(path)
    walk.go("/signup")
    walk.page.locator("form").last.evaluate("form => { form.noValidate = true; }")
    walk.press("Create account")
    assert walk.page.locator(".form-errors").count() == 1
    sign_in(walk, somebody())
    for path in (
        "",
        "/email",
        "/email/confirm?token=x",
        "/password",
        "/two-factor",
        "/passkeys",
        "/sessions",
        "/tokens",
    ):
        walk.go(f"/account{path}")
    for path in ("/confirm", "/logout"):
        walk.go(path)
