"""The desk's people in a browser: a customer, an agent and a manager, each on the pages that are theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import servers
from tests.journeys.test_desk import copy_desk
from tests.journeys.walking import Walk

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.servers, pytest.mark.browser]

PASSWORD = "tickets and tea at four"
CUSTOMER, AGENT, MANAGER = (
    f"{name}@example.com" for name in ("anneke.de.vries", "priya.raman", "ines.brandt")
)
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.ServerProcess]:
    """The desk in a folder of its own."""
    folder = copy_desk(tmp_path_factory.mktemp("desk"))
    with servers.run_server("uvicorn", folder) as server:
        yield server
        assert "Traceback" not in server.read_log()


@pytest.fixture
def enter(desk: servers.ServerProcess, chromium: Browser, axe: str) -> Iterator[Callable[..., Walk]]:
    """Let people into the desk; what its pages complain about fails the test."""
    walks: list[Walk] = []

    def come(email: str = "", **options: Any) -> Walk:
        walk = Walk(chromium, desk.url, axe=axe, **options)
        walks.append(walk)
        if email:
            walk.go("/login")
            walk.fill(email=email, password=PASSWORD)
            walk.press("Sign in")
            assert walk.path == "/account"
        return walk

    yield come
    for walk in walks:
        walk.context.close()
        assert walk.said == []


@SCRIPTS
def test_private_ticket_is_between_its_customer_and_the_desk(
    enter: Callable[..., Walk], scripts: bool
) -> None:
    """Errors and old input, an upload, an agent who edits; to everybody else the ticket is not there."""
    customer, agent, stranger = (enter(email, scripts=scripts) for email in (CUSTOMER, AGENT, ""))
    customer.go("/tickets/new")
    assert customer.page.locator("#email").count() == 0, "a customer who is signed in is known"
    customer.fill(subject="Oh", text="Somebody reads my <b>mail</b>.")
    customer.page.locator("form").last.evaluate("form => { form.noValidate = true; }")
    customer.page.set_input_files(
        "#attachment", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"MZ\x90"}
    )
    if scripts:
        # The check of the field that was left moves what is below it while the mouse is on its way.
        customer.page.wait_for_selector("#subject-error")
    customer.press("Open the ticket")
    assert customer.page.locator("#subject-error").count() == 1
    assert customer.page.locator("#attachment-error").count() == 1
    assert customer.page.input_value("#text") == "Somebody reads my <b>mail</b>."
    customer.fill(subject=f"A word in private {scripts}")
    customer.page.set_input_files(
        "#attachment", {"name": "proof.txt", "mimeType": "text/plain", "buffer": b"look"}
    )
    customer.press("Open the ticket")
    path = customer.path
    assert customer.heading == f"A word in private {scripts}"
    file = customer.page.get_by_role("link", name="proof.txt")
    with customer.page.expect_download() as started:
        file.click()
    assert Path(started.value.path()).read_bytes() == b"look"

    for nowhere in (path, str(file.get_attribute("href"))):
        answer = stranger.context.request.get(nowhere)
        assert answer.status == 404, nowhere
    stranger.go("/tickets?q=word+in+private")
    assert "No ticket" in stranger.page.content()

    agent.go(path)
    agent.page.get_by_label("Your message").fill("I shall look into it.")
    # Over the socket where scripts run, by the form where they do not.
    agent.page.get_by_role("button", name="Send").click()
    agent.page.wait_for_selector("text=I shall look into it.")
    agent.page.select_option("#edit_state", label="Solved")
    agent.press("Save")
    assert agent.page.locator(".flash").inner_text() == "Saved."
    customer.go(path)
    assert customer.page.locator("#facts .badge.solved").count() == 1
    assert customer.page.locator(".message .badge").inner_text() == "desk"
    assert customer.page.locator("#edit").count() == 0


@SCRIPTS
def test_manager_gives_roles_and_customers_see_nobody(enter: Callable[..., Walk], scripts: bool) -> None:
    """Who was made an agent sees the tickets for the desk alone at once; nobody changes themselves."""
    manager, customer = (enter(email, scripts=scripts) for email in (MANAGER, CUSTOMER))
    assert customer.context.request.get("/people").status == 403
    manager.go("/people")
    manager.page.get_by_role("link", name="Anneke de Vries").click()
    manager.look()
    person = manager.path
    assert customer.context.request.get(person).status == 403
    for role, may in (("Agent", True), ("Customer", False)):
        manager.page.get_by_label(role, exact=True).check()
        manager.press("Save")
        assert manager.page.locator(".flash").inner_text() == "Saved."
        customer.go("/tickets/1")
        assert (customer.page.locator("#edit").count() == 1) is may
    manager.go("/people")
    manager.page.get_by_role("link", name="ines.brandt@example.com").click()
    manager.look()
    assert manager.page.get_by_role("button", name="Save").count() == 0


@SCRIPTS
def test_manager_acts_as_a_customer_for_a_while(enter: Callable[..., Walk], scripts: bool) -> None:
    """Every page says so, what is the customer's alone is out of reach, and one button ends it."""
    manager = enter(MANAGER, scripts=scripts)
    manager.go("/people")
    manager.page.get_by_role("link", name="Anneke de Vries").click()
    manager.press("Act as Anneke de Vries")
    assert "Good morning, Anneke de Vries" in manager.heading
    for path in ("/", "/tickets", "/account"):
        manager.go(path)
        assert manager.page.locator(".asok-impersonation").count() == 1
    assert manager.context.request.get("/people").status == 403
    manager.press("Be yourself again")
    manager.go("/people")
    assert manager.heading == "People"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_every_page_is_clean_on_every_screen(enter: Callable[..., Walk], scheme: str, width: int) -> None:
    """Wide and narrow, light and dark: nothing for axe, no scrolling sideways, no complaint."""
    screen = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    visitor, manager = enter(**screen), enter(MANAGER, **screen)
    for path in ("/", "/tickets", "/tickets/1", "/tickets/new", "/login", "/signup", "/docs", "/about"):
        visitor.go(path)
    for path in ("/", "/tickets/1", "/tickets/new", "/people", "/people/1", "/account", "/account/sessions"):
        manager.go(path)
