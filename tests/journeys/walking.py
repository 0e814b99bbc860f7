"""A walk through pages in a browser: at each stop it looks for what must not be on any page."""

from __future__ import annotations

import re
import time
from email.message import Message
from typing import TYPE_CHECKING, Any

from tests.mailbox import Mailbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["Walk", "letter_to", "link_in"]

#: A page with errors in it is answered with such a status, and Chromium says so in the console.
_EXPECTED = re.compile(r"status of (400|403|422|429)")


class Walk:
    """Somebody with a browser of their own; `axe` is the source of axe-core, "" to do without."""

    def __init__(
        self, browser: Browser, url: str, *, axe: str = "", scripts: bool = True, **options: Any
    ) -> None:
        self.context = browser.new_context(base_url=url, java_script_enabled=scripts, **options)
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self._axe = axe if scripts else ""
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and not _EXPECTED.search(message.text):
            self.said.append(f"{self.page.url}: {message.text}")

    def go(self, path: str) -> None:
        """Open a page and look at it."""
        self.page.goto(path)
        self.look()

    def fill(self, **fields: str) -> None:
        """Type into fields by their id."""
        for name, text in fields.items():
            self.page.fill(f"#{name}", text)

    def press(self, name: str) -> None:
        """Press the button of this name, and look at the page that it leads to."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).click()
        self.look()

    def look(self) -> None:
        """Hold what is true of every page: heard nothing, one heading, no scrolling sideways, nothing for axe."""
        assert self.said == []
        assert self.page.locator("h1").count() == 1, self.page.url
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), self.page.url
        if self._axe:
            # Why through the debugger: the page's policy allows no script of ours in it, which is right.
            found = self.page.evaluate(
                f"(async () => {{ {self._axe}; const found = await window.axe.run(document);"
                " return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`); })()"
            )
            assert found == [], self.page.url

    @property
    def heading(self) -> str:
        """The main heading of the page."""
        return self.page.locator("h1").inner_text()

    @property
    def message(self) -> str:
        """What the page before has left for this one."""
        return self.page.locator(".account-message").inner_text()

    @property
    def path(self) -> str:
        """The path of the page, without host and query."""
        return re.sub(r"^https?://[^/]+|\?.*$|#.*$", "", self.page.url)


def letter_to(mailbox: Mailbox, address: str, count: int = 1) -> Message:
    """Wait for this many letters to an address, and give the last one."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = [letter for letter in mailbox.letters if letter["To"] == address]
        if len(found) >= count:
            return found[-1]
        time.sleep(0.02)
    raise AssertionError(f"no letter {count} came to {address}")


def link_in(letter: Message) -> str:
    """Give the link of a letter, from its path on."""
    data = letter.get_payload(decode=True)
    assert isinstance(data, bytes)
    found = re.search(r"https?://[^/\s]+(/\S+)", data.decode())
    assert found is not None
    return found[1]
