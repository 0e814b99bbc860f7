"""Forms as people meet them: filled in, wrong, right, with scripts and without, seen and not seen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import servers
from tests.engine.wire import pictures

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.servers, pytest.mark.browser]

SITE = Path(__file__).parent / "forms_site"


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[servers.ServerProcess]:
    """The application, under ASGI and under WSGI."""
    folder = tmp_path_factory.mktemp("forms") / "site"
    shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "src/partials/uploads").mkdir(exist_ok=True)
    with servers.run_server(request.param, folder) as server:
        yield server


Visit = Callable[..., "Page"]


@pytest.fixture
def visit(site: servers.ServerProcess, chromium: Browser) -> Iterator[Visit]:
    """Open pages and hear everything that the browser complains about."""
    contexts: list[Any] = []
    said: list[str] = []

    def go(path: str, *, width: int = 1280, scripts: bool = True, expected: str = "") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
        contexts.append(context)
        page = context.new_page()
        # A page with errors is answered with 422, and Chromium says so in the console.
        page.on(
            "console",
            lambda message: (
                said.append(message.text)
                if message.type in ("error", "warning") and "422" not in message.text
                else None
            ),
        )
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(site.url + path)
        return page

    yield go
    for context in contexts:
        context.close()
    assert said == []


def fill_in(page: Page) -> None:
    page.fill("#name", "Ana")
    page.fill("#email", "ana@example.com")
    page.fill("#age", "33")
    page.select_option("#topic", "order")
    page.check("text=It can wait")
    page.fill("#stay_start", "2026-12-01")
    page.fill("#stay_end", "2026-12-05")
    page.fill("#message", "Hello")
    page.check("#agree")


@pytest.mark.parametrize("scripts", [True, False])
def test_form_is_corrected_and_sent(visit: Visit, scripts: bool) -> None:
    """What was typed stays, each error stands at its field, and the summary leads there; with no script too."""
    page = visit("/contact", scripts=scripts)
    page.fill("#name", "A")
    page.fill("#age", "9")
    page.fill("#message", "<b>now!</b>")
    if scripts:
        # The checks of the fields that were left move what is below them while the mouse is on its way.
        page.wait_for_selector("#name-error")
        page.wait_for_selector("#age-error")
    page.click(".form-submit")
    page.wait_for_selector(".form-errors")
    assert page.input_value("#name") == "A"
    assert page.input_value("#message") == "<b>now!</b>"
    assert page.locator("#name-error").inner_text() == "Enter at least 2 characters."
    assert page.locator("#age-error").inner_text() == "Enter 18 or more."
    assert page.locator("#message-error").inner_text() == "Please stay polite."
    assert page.get_attribute("#email", "aria-describedby") == "email-help email-error"
    assert page.get_attribute("#email", "aria-invalid") == "true"
    page.click(".form-errors a[href='#urgency-0']")
    assert page.url.endswith("#urgency-0")
    fill_in(page)
    page.click(".form-submit")
    page.wait_for_selector("text=saved")
    assert "Ana 33" in page.content()


def test_press_on_a_button_is_not_lost_to_a_check_that_answers_meanwhile(visit: Visit) -> None:
    """The error would move the button from under the pointer; it is shown after the release."""
    page = visit("/contact")
    page.fill("#name", "A")
    button = page.locator(".form-submit")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    with page.expect_response("**/contact") as answered:
        page.mouse.down()
    answered.value.finished()
    page.evaluate("() => new Promise((goOn) => setTimeout(goOn, 100))")
    assert page.locator("#name-error").count() == 0
    page.mouse.up()
    page.wait_for_selector(".form-errors")
    assert page.locator("#name-error").count() == 1


def test_field_is_checked_when_it_is_left(visit: Visit) -> None:
    """Its error comes and goes, the others stay quiet, and nothing is saved."""
    page = visit("/contact")
    before = page.locator("#saved").inner_text()
    page.fill("#email", "nobody")
    page.press("#email", "Tab")
    page.wait_for_selector("#email-error")
    assert page.get_attribute("#email", "aria-invalid") == "true"
    assert page.locator(".form-error").count() == 1
    assert page.evaluate("document.activeElement.id") == "age"
    fill_in(page)
    page.press("#message", "Tab")
    page.wait_for_selector("#email-error", state="detached")
    assert page.get_attribute("#email", "aria-invalid") is None
    assert page.get_attribute("#email", "aria-describedby") == "email-help"
    page.fill("#stay_end", "2026-11-01")
    page.press("#stay_end", "Tab")
    page.wait_for_selector("#stay-error")
    page.reload()
    assert page.locator("#saved").inner_text() == before


def test_upload_is_refused_and_then_taken(visit: Visit) -> None:
    """An error for a file that is no image; then the picture is seen on the page and comes as a download."""
    page = visit("/upload")
    page.fill("#title", "Me at sea")
    page.set_input_files(
        "#photo", {"name": "a.png", "mimeType": "image/png", "buffer": b"<script>x</script>"}
    )
    page.click(".form-submit")
    page.wait_for_selector("#photo-error")
    assert page.input_value("#title") == "Me at sea"
    page.set_input_files("#photo", {"name": "a.png", "mimeType": "image/png", "buffer": pictures.png(64, 64)})
    page.click(".form-submit")
    page.wait_for_selector("#photo")
    page.locator("img#photo").evaluate("(image) => image.decode()")
    assert page.evaluate("document.getElementById('photo').naturalWidth") == 64
    with page.expect_download() as started:
        page.click("text=Download")
    assert started.value.suggested_filename.endswith(".png")


def test_rich_controls_do_what_their_plain_ones_do(visit: Visit) -> None:
    """The editor, the drawing, the slider and the suggestions end up in the same fields."""
    page = visit("/kinds")
    page.fill("#text", "x")
    page.click(".form-editor")
    page.keyboard.type("Bold")
    page.keyboard.press("Control+A")
    page.click(".form-tools button >> nth=0")
    assert page.input_value("#wysiwyg") == "<b>Bold</b>"
    page.fill("#signature", "Ana")
    box = page.locator(".form-signature").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 60)
    page.mouse.up()
    assert page.input_value("#signature").startswith("data:image/png;base64,")
    page.click(".form-clear")
    assert page.input_value("#signature") == "Ana"
    page.locator("#range").fill("7")
    assert page.locator("output").inner_text() == "7"
    page.locator("#autocomplete").press_sequentially("Ber")
    page.wait_for_selector("#autocomplete-list option[value=Bergen]", state="attached")
    page.fill("#otp", "123 456")
    with page.expect_navigation():
        page.click(".form-submit")
    got = json.loads(page.locator("body").inner_text())
    assert (got["wysiwyg"], got["signature"], got["range"], got["otp"]) == (
        "<b>Bold</b>",
        "Ana",
        "7",
        "123456",
    )


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", ["/contact", "/kinds", "/upload"])
def test_nothing_is_wrong_for_those_who_cannot_see(visit: Visit, axe: str, path: str, width: int) -> None:
    """axe finds nothing, before and after errors; nothing scrolls sideways."""
    page = visit(path, width=width)
    for with_errors in (False, True):
        if with_errors:
            page.click(".form-submit")
            page.wait_for_selector(".form-errors")
        # Why through the debugger: the page's policy allows no script of ours in it, which is right.
        found = page.evaluate(
            f"(async () => {{ {axe}; const found = await window.axe.run(document);"
            " return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`); })()"
        )
        assert found == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
