"""The style sheet and the script beside a page reach that page and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asok.assets import page_id_of
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app

LAYOUT = (
    '<!doctype html><html lang="en"><head><title>T</title></head><body class="b">{{ word }}</body></html>'
)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """Two pages, one of them with assets."""
    app = make_app(
        tmp_path,
        {"LOG_LEVEL": "ERROR"},
        pages={
            "page.html": "<!doctype html><html><head></head><body>plain</body></html>",
            "[name]/page.py": "def get(request):\n    return request.html('page.html', word=request.params['name'])\n",
            "[name]/page.html": LAYOUT,
            "[name]/page.css": "h1 { color: red }\n:global(p) { margin: 0 }\n",
            "[name]/page.js": "page.dataset.seen = 'yes';\n",
        },
    )
    return TestClient(app)


def test_page_links_its_assets_and_carries_its_id(client: TestClient) -> None:
    """The head has a link and a script, the body the id that scopes them."""
    text = client.get("/ada").text
    page_id = page_id_of("/[name]")
    assert f'<body class="b" data-page-id="{page_id}">' in text
    assert re.search(rf'<link rel="stylesheet" href="/assets/{page_id}\.[0-9a-f]{{12}}\.css">', text)
    assert re.search(rf'<script src="/assets/{page_id}\.[0-9a-f]{{12}}\.js" defer></script>', text)
    assert text.index("<link") < text.index("</head>")


def test_assets_are_scoped_and_kept_for_ever(client: TestClient) -> None:
    """Rules reach only the page with the id; the address changes with the content."""
    addresses = re.findall(r'(?:href|src)="(/assets/[^"]+)"', client.get("/ada").text)
    style, script = client.get(addresses[0]), client.get(addresses[1])
    assert f'[data-page-id="{page_id_of("/[name]")}"] h1 {{ color: red }}' in style.text
    assert "\np { margin: 0 }" in style.text
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in style.headers["Cache-Control"]
    assert "page.dataset.seen" in script.text
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_page_without_assets_has_nothing_of_them(client: TestClient) -> None:
    """No id, no link, no request."""
    assert client.get("/").text == "<!doctype html><html><head></head><body>plain</body></html>"


def test_ids_are_readable_and_different() -> None:
    """Two patterns that read alike have two ids."""
    assert page_id_of("/").startswith("home-")
    assert page_id_of("/users/[id:int]").startswith("users-id-int-")
    assert page_id_of("/a-b") != page_id_of("/a/b")
