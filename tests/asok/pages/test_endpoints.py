"""The laws of what a page module offers, and of loading all pages."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asok.pages.endpoints import LoadedPages, Page, load_pages
from asok.pages.handlers import ActionPage, PageHandler, TemplatePage
from asok_engine.errors import SetupError
from tests.asok.pages.trees import fill, find

RENDERED = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture(autouse=True)
def _modules_are_forgotten() -> Iterator[None]:
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "pages"]:
        del sys.modules[name]


def load(root: Path, files: dict[str, str]) -> LoadedPages:
    fill(root, files)
    return load_pages(find(root))


def page_of(root: Path, code: str, **others: str) -> Page:
    """Load one page.py, with other files beside it by name, an underscore for the dot."""
    files = {"page.py": code, **{name.replace("_", "."): text for name, text in others.items()}}
    loaded = load(root, files)
    assert len(loaded.pages) == 1
    return loaded.pages[0]


def answers(page: Page) -> dict[str, Any]:
    """Call what answers each method, with the method's name for the request."""
    result = {}
    for method, endpoint in page.endpoints.items():
        assert isinstance(endpoint, PageHandler), endpoint
        answer = endpoint.call(method)
        result[method] = asyncio.run(answer) if endpoint.is_async else answer
    return result


def test_functions_answer_their_methods(tmp_path: Path) -> None:
    """Each method has the function of its name, plain or async, and no other method is answered."""
    page = page_of(
        tmp_path,
        "def get(request): return 'got'\n"
        "async def post(request): return 'posted'\n"
        "def head(request): return 'head'\n"
        "def options(request): return 'options'\n",
    )
    assert answers(page) == {"GET": "got", "POST": "posted", "HEAD": "head", "OPTIONS": "options"}
    assert page.endpoints["POST"].source == "post() in src/pages/page.py"


def test_render_answers_what_has_no_function(tmp_path: Path) -> None:
    """`render` comes after the functions and before CONTENT."""
    page = page_of(
        tmp_path,
        "CONTENT = 'constant'\n"
        "def delete(request): return 'gone'\n"
        "def render(request): return f'rendered {request}'\n",
    )
    expected = {name: f"rendered {name}" for name in RENDERED}
    assert answers(page) == {**expected, "DELETE": "gone"}


def test_content_answers_get(tmp_path: Path) -> None:
    """A constant is the answer to GET alone, and needs no thread."""
    page = page_of(tmp_path, "CONTENT = {'a': 1}")
    assert answers(page) == {"GET": {"a": 1}}
    assert page.endpoints["GET"].is_light  # type: ignore[union-attr]


def test_template_alone_is_a_page(tmp_path: Path) -> None:
    """A page without code is its template, and answers GET."""
    loaded = load(tmp_path, {"users/page.html": "hello"})
    endpoint = loaded.pages[0].endpoints["GET"]
    assert isinstance(endpoint, TemplatePage)
    assert (endpoint.path, endpoint.name) == (tmp_path / "src/pages/users/page.html", "users/page.html")
    assert set(loaded.pages[0].endpoints) == {"GET"}


def test_module_of_flags_or_actions_leaves_get_to_its_template(tmp_path: Path) -> None:
    """A module without any method beside a template does not hide the template."""
    page = page_of(tmp_path, "SSG = True\ndef action_save(request): return 'saved'\n", page_html="x")
    assert isinstance(page.endpoints["GET"], TemplatePage)
    assert isinstance(page.endpoints["POST"], ActionPage)
    assert set(page.endpoints) == {"GET", "POST"}


def test_module_with_methods_answers_only_them(tmp_path: Path) -> None:
    """A page that only takes POST does not show its template for GET."""
    assert set(page_of(tmp_path, "def post(request): return 1", page_html="x").endpoints) == {"POST"}


def test_actions_stand_before_post(tmp_path: Path) -> None:
    """Functions `action_<name>` answer POST; post() is what is left; private ones are not reachable."""
    page = page_of(
        tmp_path,
        "def post(request): return 'posted'\n"
        "def action_save(request): return 'saved'\n"
        "async def action_send_now(request): return 'sent'\n"
        "def action__private(request): return 'never'\n"
        "action_count = 3\n",
    )
    post = page.endpoints["POST"]
    assert isinstance(post, ActionPage)
    assert sorted(post.actions) == ["save", "send_now"]
    assert post.pick("save").call(None) == "saved"
    assert post.pick("send-now").is_async
    assert post.pick(None).call(None) == "posted"
    assert post.actions["save"].source == "action_save() in src/pages/page.py"


def test_render_is_behind_actions_too(tmp_path: Path) -> None:
    """A form that names no action goes to render where there is no post()."""
    post = page_of(tmp_path, "def render(r): return 'r'\ndef action_a(r): return 'a'\n").endpoints["POST"]
    assert isinstance(post, ActionPage)
    assert post.pick(None).call(None) == "r"


def test_methods_list_limits_render(tmp_path: Path) -> None:
    """METHODS says what render and CONTENT answer, in any case of letters."""
    code = "METHODS = ['get', 'POST', 'HEAD']\ndef render(r): return r\n"
    assert set(page_of(tmp_path, code).endpoints) == {"GET", "POST"}


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("METHODS = ['GET', 'PUT']\ndef get(r): pass", 1, "METHODS lists PUT, which nothing"),
        (
            "METHODS = ['GET']\ndef get(r): pass\ndef post(r): pass",
            3,
            "post() is defined, but METHODS does not",
        ),
        ("METHODS = ['GTE']\ndef get(r): pass", 1, "'GTE'"),
        ("METHODS = 7\ndef get(r): pass", 1, "7"),
        ("def get(): pass", 1, "get() cannot be called with the request alone"),
        ("\n\ndef post(request, id): pass", 3, "post() cannot be called with the request alone"),
        ("def get(r): pass\ndef action_save(): pass", 2, "action_save() cannot be called"),
        ("def get(r): pass\nasync def render(): pass", 2, "render() cannot be called"),
        ("", 1, "is a page without an answer"),
        ("def gett(request): pass", 1, "is a page without an answer"),
        ("def get(r): return 1 +", 1, "SyntaxError"),
        ("\nimport nothing_there", 2, "ModuleNotFoundError"),
    ],
)
def test_faulty_page_is_reported_and_answers_with_its_problem(
    tmp_path: Path, code: str, line: int, words: str
) -> None:
    """A page that cannot answer is told with file and line; the other pages stand."""
    loaded = load(tmp_path, {"bad/page.py": code, "good/page.py": "def get(request): return 'good'"})
    bad, good = loaded.pages
    assert [str(problem) for problem in loaded.problems] == [str(bad.problem)]
    assert bad.problem is not None
    assert bad.problem.line == line
    assert bad.problem.path == tmp_path / "src/pages/bad/page.py"
    assert "src/pages/bad/page.py" in bad.problem.message
    assert words in bad.problem.message
    assert set(bad.endpoints) == RENDERED
    with pytest.raises(SetupError) as caught:
        bad.endpoints["GET"].call(None)  # type: ignore[union-attr]
    assert caught.value.__cause__ is bad.problem.error
    assert answers(good) == {"GET": "good"}


def test_module_beside_the_entry_that_offers_nothing_is_only_a_note(tmp_path: Path) -> None:
    """A module of forms or queries beside a page is no page and stops nothing."""
    loaded = load(
        tmp_path, {"page.py": "from pages.forms import form\ndef get(r): return form", "forms.py": "form = 1"}
    )
    assert [page.file.pattern for page in loaded.pages] == ["/"]
    assert loaded.problems == ()
    assert [note.path.name for note in loaded.notes] == ["forms.py"]
    assert "underscore" in str(loaded.notes[0])


def test_broken_module_beside_the_entry_is_a_problem(tmp_path: Path) -> None:
    """A module that cannot be imported might have been a page, so it is told."""
    loaded = load(tmp_path, {"about.py": "def get(r)"})
    assert [problem.path.name for problem in loaded.problems] == ["about.py"]
    assert [page.file.pattern for page in loaded.pages] == ["/about"]


def test_error_pages_are_loaded_by_status(tmp_path: Path) -> None:
    """The page for a status is a page without an address; one that cannot answer GET is a problem."""
    loaded = load(
        tmp_path,
        {
            "404/page.html": "x",
            "500/page.py": "async def render(r): return 'oh'",
            "403/page.py": "def post(r): pass",
        },
    )
    assert loaded.pages == ()
    assert isinstance(loaded.error_pages[404].endpoints["GET"], TemplatePage)
    assert answers(loaded.error_pages[500])["GET"] == "oh"
    assert [problem.path.parent.name for problem in loaded.problems] == ["403"]
    assert loaded.error_pages[403].problem is loaded.problems[0]


def test_problems_of_finding_come_along(tmp_path: Path) -> None:
    """One list has all that is wrong."""
    loaded = load(tmp_path, {"[id/page.py": "", "a/page.py": "x ="})
    assert [problem.path.parent.name for problem in loaded.problems] == ["[id", "a"]


def test_page_may_stream_its_body(tmp_path: Path) -> None:
    """STREAM_BODY of the module is the page's."""
    assert page_of(tmp_path, "STREAM_BODY = True\ndef post(r): pass").streams_body
    assert not page_of(tmp_path / "other", "def post(r): pass").streams_body


def test_import_that_ends_the_process_is_not_swallowed(tmp_path: Path) -> None:
    """sys.exit() in a page is no problem of the page: it does what it says."""
    with pytest.raises(SystemExit):
        load(tmp_path, {"page.py": "import sys; sys.exit(3)"})
