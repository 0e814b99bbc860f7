"""The shortcuts do for the running request what its methods do, and say so when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asok import shortcuts
from asok_engine.errors import UsageError
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app

TEMPLATE = "{% block one %}1 {{ word }}{% endblock %}-{% block two %}2{% endblock %}"
PAGE = """
from asok.shortcuts import *

def rendered(request): return render_template("part.html", word="w")
def given(request): return render_template("part.html", {"word": "g"})
def text(request): return render_template_string("<b>{{ word }}</b>", word="<")
def block(request): return render_block("part.html", "one", word="w")
def blocks(request): return render_blocks("part.html", ["one", "two"], {"word": "w"})
def moved(request): redirect("/there", 303)
def elsewhere(request): redirect("https://other.test/", safe=False)
def returned(request): back("/home")
def stopped(request): abort(418, "tea")

def deeper(request):
    return render_template("part.html", word="deep")

def get(request):
    return globals()[request.params["name"]](request)
"""
ASYNC = (
    "import asyncio\n"
    + PAGE.replace("def get", "def answer")
    + ("\nasync def get(request):\n    await asyncio.sleep(0)\n    return answer(request)\n")
)

CASES: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "rendered": lambda r: (r.text, "1 w-2"),
    "given": lambda r: (r.text, "1 g-2"),
    "text": lambda r: (r.text, "<b>&lt;</b>"),
    "block": lambda r: (r.text, "1 w"),
    "blocks": lambda r: (r.text.count("<template"), 2),
    "moved": lambda r: ((r.status_code, r.headers["location"]), (303, "/there")),
    "elsewhere": lambda r: ((r.status_code, r.headers["location"]), (302, "https://other.test/")),
    "returned": lambda r: ((r.status_code, r.headers["location"]), (302, "/home")),
    "stopped": lambda r: ((r.status_code, "tea" in r.text), (418, True)),
}


@pytest.fixture(autouse=True)
def _path_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_shortcuts_act_on_the_running_request(tmp_path: Path, protocol: Any) -> None:
    """In plain pages in a thread, in async pages on a loop, on both kinds of servers."""
    pages = {"plain/[name].py": PAGE, "async/[name].py": ASYNC, "part.html": TEMPLATE}
    with TestClient(make_app(tmp_path, pages=pages), protocol) as client:
        for kind in ("plain", "async"):
            for name, check in CASES.items():
                seen, expected = check(client.get(f"/{kind}/{name}"))
                assert seen == expected, (kind, name)


@pytest.mark.parametrize(
    "call",
    [
        lambda: shortcuts.render_template("x.html"),
        lambda: shortcuts.render_template_string("x"),
        lambda: shortcuts.render_block("x.html", "b"),
        lambda: shortcuts.render_blocks("x.html", ["b"]),
        lambda: shortcuts.redirect("/"),
        lambda: shortcuts.back(),
        lambda: shortcuts.abort(404),
        lambda: shortcuts.flash("Saved."),
    ],
)
def test_outside_a_request_they_say_so(call: Callable[[], Any]) -> None:
    """In a script, in a task: a sentence, and never an old request."""
    with pytest.raises(UsageError, match="outside a request"):
        call()

    async def later() -> None:
        with pytest.raises(UsageError, match="outside a request"):
            call()

    asyncio.run(later())


def test_current_user_outside_a_request_is_nobody() -> None:
    """It is false there, and asking it for something says why; inside, tests/asok/auth try it."""
    assert not shortcuts.current_user
    assert repr(shortcuts.current_user) == "<current_user: nobody>"
    with pytest.raises(UsageError, match="outside a request"):
        shortcuts.current_user.name  # noqa: B018


def test_every_shortcut_is_tried() -> None:
    """A name that is added here gets a test as well."""
    assert set(shortcuts.__all__) == {
        "CurrentUser",
        "abort",
        "authenticate",
        "back",
        "current_user",
        "flash",
        "login",
        "logout",
        "redirect",
        "render_block",
        "render_blocks",
        "render_template",
        "render_template_string",
    }
