"""What a request offers to pages beyond HTTP: templates, blocks, meta, nonce, files, shared values."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok.assets import page_id_of
from asok.testing import TestClient, TestResponse
from tests.asok.effects.sites import make_app

BASE = (
    '<!doctype html><html lang="en"><head><title>Base</title></head>'
    "<body>{% block main %}{% endblock %}</body></html>"
)


def ask(
    folder: Path, code: str, path: str = "/", *, files: dict[str, str] | None = None, **headers: str
) -> TestResponse:
    """Answer one GET with a page whose `get` has this body."""
    source = "def get(request):\n" + "".join(f"    {line}\n" for line in code.splitlines())
    app = make_app(
        folder,
        {"LOG_LEVEL": "CRITICAL", "HTML_MINIFY": False},
        pages={"page.py": source, "[name]/page.py": source},
        files={"src/partials/html/base.html": BASE, **(files or {})},
    )
    with TestClient(app) as client:
        return client.get(path, headers=headers)


def test_template_is_looked_up_beside_the_page_first(tmp_path: Path) -> None:
    """The page's own folder, then src/pages, then src/partials."""
    files = {
        "src/pages/a.html": "pages",
        "src/pages/[name]/a.html": "beside",
        "src/partials/a.html": "partials",
        "src/partials/b.html": "partials b",
    }
    assert ask(tmp_path / "1", "return request.html('a.html')", "/x", files=files).text == "beside"
    assert ask(tmp_path / "2", "return request.html('b.html')", "/x", files=files).text == "partials b"


def test_status_and_context_reach_the_page(tmp_path: Path) -> None:
    """A dict and keywords make the context; the draft's status is that of the page."""
    answer = ask(
        tmp_path,
        "request.status(404)\nreturn request.html('t.html', {'a': 1}, b=2)",
        files={"src/partials/t.html": "{{ a }}{{ b }}{{ request.path }}"},
    )
    assert (answer.status_code, answer.text) == (404, "12/")


def test_one_block_is_bare_and_several_are_wrapped(tmp_path: Path) -> None:
    """X-Block chooses blocks of the page that would have been rendered."""
    files = {
        "src/partials/t.html": '{% extends "html/base.html" %}{% block main %}<h1>{{ word }}</h1>'
        "{% block list %}<li>{{ word }}</li>{% endblock %}{% endblock %}"
    }
    code = "return request.html('t.html', word='<hi>')"
    one = ask(tmp_path / "1", code, files=files, **{"X-Block": "list"})
    assert (one.text, one.headers["X-Asok-Blocks"]) == ("<li>&lt;hi&gt;</li>", "list")
    assert "X-Block" in one.headers["Vary"]
    two = ask(tmp_path / "2", code, files=files, **{"X-Block": "#list, main"})
    assert '<template data-block="list"><li>&lt;hi&gt;</li></template>' in two.text
    assert ask(tmp_path / "3", code, files=files, **{"X-Block": "nothing"}).status_code == 400
    assert ask(tmp_path / "4", code, files=files, **{"X-Block": "a b"}).status_code == 400


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("return request.block('t.html', 'a', n=1)", "A1"),
        ("return request.render_string('{{ x }}', x=3)", "3"),
        ("return request.stream('t.html', n=2)", "A2"),
        ("return request.stream(iter(['x', 'y']))", "xy"),
        ("return request.stream(iter(['x']), content_type='text/plain')", "x"),
        ("from asok import render_template\nreturn render_template('t.html', n=5)", "A5"),
        ("from asok import render_block\nreturn render_block('t.html', 'a', n=6)", "A6"),
    ],
)
def test_ways_to_render(tmp_path: Path, code: str, text: str) -> None:
    """Blocks, text and streams, through the request or through current_request."""
    answer = ask(tmp_path, code, files={"src/partials/t.html": "{% block a %}A{{ n }}{% endblock %}"})
    assert (answer.status_code, answer.text) == (200, text)


def test_meta_of_the_handler_reaches_the_head_and_is_escaped(tmp_path: Path) -> None:
    """Title, description, properties and links stand in the layout's head, the last word wins."""
    answer = ask(
        tmp_path,
        "request.meta.title('One').title('Two <b>').description('d').property('og:x', 'y')"
        ".link('canonical', '/x')\nreturn request.html('t.html')",
        files={"src/partials/t.html": '{% extends "html/base.html" %}'},
    )
    assert answer.text.count("<title>") == 1
    assert "<title>Two &lt;b&gt;</title>" in answer.text
    assert '<meta name="description" content="d">' in answer.text
    assert '<meta property="og:x" content="y">' in answer.text
    assert '<link rel="canonical" href="/x">' in answer.text


def test_nonce_is_made_only_when_it_is_printed(tmp_path: Path) -> None:
    """Without one the policy is constant; with one it is in the policy and the page is private."""
    plain = ask(tmp_path / "1", "return request.render_string('x')")
    assert "nonce-" not in plain.headers["Content-Security-Policy"]
    first = ask(tmp_path / "2", "return request.render_string('{{ nonce }}')")
    again = ask(tmp_path / "3", "return request.render_string('{{ nonce }}')")
    assert f"'nonce-{first.text}'" in first.headers["Content-Security-Policy"]
    assert first.text != again.text
    assert "private" in first.headers["Cache-Control"]


def test_shared_values_are_those_of_the_request_then_of_the_application(tmp_path: Path) -> None:
    """`share` takes a name and value or keywords; `shared` reads them back."""
    code = (
        "request.share('a', 1).share(b=2)\n"
        "return request.render_string('{{ a }}{{ b }}') if request.shared('a') == 1 else 'no'"
    )
    assert ask(tmp_path, code).text == "12"


def test_static_address_has_a_version_and_file_is_sent(tmp_path: Path) -> None:
    """An address of a file that exists carries a hash; `send_file` names the file."""
    files = {"src/partials/css/a.css": "a{}", "src/partials/uploads/r.txt": "report"}
    address = ask(tmp_path / "1", "return request.text(request.static('css/a.css'))", files=files).text
    assert address.startswith("/css/a.css?v=")
    answer = ask(tmp_path / "2", "return request.send_file('r.txt')", files=files)
    assert (answer.text, answer.headers["Content-Disposition"]) == ("report", 'attachment; filename="r.txt"')


def test_environment_is_cast(tmp_path: Path) -> None:
    """true, false and none become what they say; anything else is text."""
    code = (
        "env = request.env\n"
        "return repr([env('FLAG'), env['WORD'], env.get('NO', 5), 'WORD' in env, env('EMPTY')])"
    )
    app = make_app(
        tmp_path,
        {"FLAG": "true", "WORD": "wörd", "EMPTY": "none"},
        by=".env",
        pages={"page.py": "def get(request):\n" + "".join(f"    {line}\n" for line in code.splitlines())},
    )
    with TestClient(app) as client:
        assert client.get("/").text == "[True, 'wörd', 5, True, None]"


def test_language_is_the_setting(tmp_path: Path) -> None:
    """Until people choose one, LOCALE is the language."""
    assert ask(tmp_path, "return request.lang").text == "en"


def test_rate_of_a_handler_is_counted(tmp_path: Path) -> None:
    """`request.rate_limit` answers 429 once the rate is used up."""
    source = "def get(request):\n    request.rate_limit('2/m')\n    return 'in'\n"
    with TestClient(make_app(tmp_path, {"LOG_LEVEL": "CRITICAL"}, pages={"page.py": source})) as client:
        assert [client.get("/").status_code for _ in range(3)] == [200, 200, 429]


def test_page_id_is_the_one_of_the_scoped_styles(tmp_path: Path) -> None:
    """What a handler reads is what stands in the body's `data-page-id`."""
    assert ask(tmp_path, "return request.page_id", "/x").text == page_id_of("/[name]")


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_field_that_was_not_sent_is_the_clients_mistake(tmp_path: Path, protocol: str) -> None:
    """A form, a query or JSON without what the page reads is 400 and named, and nothing is logged as a defect."""
    page = (
        "CSRF = False\n\n\ndef get(request):\n    return request.query['q']\n\n\n"
        "def post(request):\n    return request.json['name'] if request.is_json else request.form['name']\n"
    )
    client = TestClient(make_app(tmp_path, pages={"page.py": page}), protocol)
    for answer in (client.get("/"), client.post("/", data={"other": "1"}), client.post("/", json={})):
        assert answer.status_code == 400
        assert "was not sent" in answer
        assert answer.error is None
    assert client.post("/", data={"name": "Ada"}).text == "Ada"
