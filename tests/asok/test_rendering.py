"""What a template of a page finds in its context, and when a page has a head of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok.rendering import any_uses_meta, template_files
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app


@pytest.mark.parametrize(
    ("source", "uses"),
    [
        ("{% do meta.title('x') %}", True),
        ("{{ meta.title }}", True),
        ("<p>{{ page }}</p>{{ a }}\n{% if meta %}{% endif %}", True),
        ('<meta charset="utf-8">', False),
        ("{{ metadata }}", False),
        ("{{ x }} meta {{ y }}", False),
    ],
)
def test_templates_that_speak_of_meta_are_found(tmp_path: Path, source: str, uses: bool) -> None:
    """Only the name in a tag or a print counts."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.html").write_text(source)
    assert any_uses_meta(template_files([tmp_path])) is uses


def test_shared_values_are_made_per_request(tmp_path: Path) -> None:
    """A function of the request, of nothing, and a plain value; the page's own values win."""
    app = make_app(
        tmp_path,
        {"LOG_LEVEL": "ERROR"},
        pages={
            "page.py": "def get(request):\n    return request.render_string('{{ a }} {{ b }} {{ c }} {{ d }}', d=4)\n"
        },
    )
    calls: list[int] = []
    app.share(a=lambda request: request.method, b=lambda: calls.append(1) or len(calls), c=[3], d="shared")
    with TestClient(app) as client:
        assert client.get("/").text == "GET 1 [3] 4"
        assert client.get("/").text == "GET 2 [3] 4"


@pytest.mark.parametrize("minify", [True, False])
def test_meta_set_in_a_template_after_its_head_still_counts(tmp_path: Path, minify: bool) -> None:
    """The title of a block replaces the layout's, which was printed before."""
    app = make_app(
        tmp_path,
        {"LOG_LEVEL": "ERROR", "HTML_MINIFY": minify},
        pages={
            "page.html": "<html><head><title>Old</title></head><body>{{ meta.title('New & good') }}{{ meta.title }}"
            "</body></html>"
        },
    )
    with TestClient(app) as client:
        text = client.get("/").text
    assert "<title>New &amp; good</title>" in text
    assert "Old" not in text
    assert "<body>New &amp; good</body>" in text


def test_what_a_page_is_made_of_has_errors_and_nonce(tmp_path: Path) -> None:
    """Also where only an included file speaks of them, or one that is named by a value."""
    parts = '{{ errors.name }}<script nonce="{{ nonce }}"></script>'
    app = make_app(
        tmp_path,
        {"LOG_LEVEL": "ERROR"},
        pages={
            "fixed/_parts.html": parts,
            "fixed/page.html": "{% include '_parts.html' %}",
            "named/_parts.html": parts,
            "named/page.html": "{% set part = '_parts.html' %}{% include part %}",
            "none/_plain.html": "<p>nothing</p>",
            "none/page.html": "{% include '_plain.html' %}",
        },
    )
    with TestClient(app) as client:
        for path in ("/fixed", "/named"):
            answer = client.get(path)
            nonce = answer.text.partition('nonce="')[2].partition('"')[0]
            assert nonce, path
            assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"], path
        answer = client.get("/none")
        assert answer.text.strip() == "<p>nothing</p>"
        assert "nonce-" not in answer.headers["Content-Security-Policy"]
