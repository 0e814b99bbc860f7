"""From `asok create` to a served page: the whole way of a new project, with real processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asok.cli import cli
from tests.processes import Running, run_once

DEPLOYING = Path(__file__).parents[2] / "docs" / "howto" / "deploy.md"
LINES = [
    line[2:] for line in DEPLOYING.read_text().splitlines() if line.startswith("$ ") and "wsgi:app" in line
]

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One fresh project, for the tests that only look at it."""
    parent = tmp_path_factory.mktemp("made")
    ran = run_once("asok.cli", "create", "my-blog", cwd=parent)
    assert ran.returncode == 0, ran.stderr
    assert "cd my-blog" in ran.stdout
    assert "asok dev" in ran.stdout
    return parent / "my-blog"


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A project of its own, for a test that changes it."""
    assert run_once("asok.cli", "create", "shop", cwd=tmp_path).returncode == 0
    return tmp_path / "shop"


def test_tests_of_a_new_project_pass(made: Path) -> None:
    """What a new project brings along is green, warnings being errors."""
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = run_once("pytest", "-q", "-W", "error", "-p", "no:cacheprovider", cwd=made, **alone)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "6 passed" in ran.stdout


def test_routes_are_listed(made: Path) -> None:
    """The home page with its methods and its file, as text and as JSON, from a folder below."""
    text = run_once("asok.cli", "routes", cwd=made / "src" / "pages")
    assert text.returncode == 0, text.stderr
    assert text.stdout.splitlines()[0].split() == ["PATTERN", "METHODS", "SOURCE"]
    rows = json.loads(run_once("asok.cli", "routes", "--json", cwd=made).stdout)
    home = next(row for row in rows if row["pattern"] == "/")
    assert "GET" in home["methods"]
    assert "src/pages/page.py" in home["source"]


def test_shell_has_the_application(made: Path) -> None:
    """The prompt knows `app`, started."""
    ran = run_once(
        "asok.cli",
        "shell",
        "--plain",
        cwd=made,
        stdin="print('root', app.root_dir.name)\nprint(app.site.kernel)\n",
    )
    assert ran.returncode == 0, ran.stderr
    assert "root my-blog" in ran.stdout
    assert "Kernel object" in ran.stdout


def test_command_outside_a_project_says_so(tmp_path: Path) -> None:
    """One sentence, exit code 1."""
    ran = run_once("asok.cli", "dev", cwd=tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: No wsgi.py here or above")


def test_dev_serves_the_new_page_and_its_changes(fresh: Path, free_port: int) -> None:
    """The port comes from ASOK_PORT also when code sets it; a page that is changed is served changed."""
    wsgi = (fresh / "wsgi.py").read_text()
    (fresh / "wsgi.py").write_text(f'{wsgi}\napp.config["ASOK_PORT"] = {free_port}\n')
    with Running("asok.cli", "dev", cwd=fresh) as dev:
        assert dev.port == free_port
        assert dev.get_until("<h1>Shop</h1>")[0] == 200
        assert dev.get("/css/style.css")[0] == 200
        assert dev.get("/nothing")[0] == 404
        page = fresh / "src" / "pages" / "page.html"
        page.write_text(page.read_text().replace("<h1>Shop</h1>", "<h1>Open</h1>"))
        assert dev.get_until("<h1>Open</h1>")[0] == 200
        assert dev.interrupt() == 0
        assert dev.left() == []


def test_dev_switches_debug_on_when_nobody_has_set_it(fresh: Path, free_port: int) -> None:
    """Without a word in .env a failing page shows its code; DEBUG=false hides it."""
    (fresh / ".env").unlink()
    (fresh / "src" / "pages" / "bad").mkdir()
    (fresh / "src" / "pages" / "bad" / "page.py").write_text(
        "def get(request):\n    raise LookupError('inner')\n"
    )
    with Running("asok.cli", "dev", "-p", str(free_port), cwd=fresh) as dev:
        dev.get_until("<h1>")
        status, body = dev.get("/bad")
        assert status == 500
        assert "LookupError" in body
    off = {"DEBUG": "false", "SECRET_KEY": "k" * 48, "APP_URL": f"http://127.0.0.1:{free_port}"}
    with Running("asok.cli", "dev", "-p", str(free_port), cwd=fresh, **off) as dev:
        dev.get_until("<h1>")
        assert "LookupError" not in dev.get("/bad")[1]


def test_preview_makes_up_what_production_needs(fresh: Path, free_port: int) -> None:
    """DEBUG is off, key and address are made up and said, pages are served."""
    (fresh / ".env").write_text("DEBUG=true\n")
    with Running("asok.cli", "preview", "-p", str(free_port), cwd=fresh) as preview:
        assert preview.get_until("<h1>Shop</h1>")[0] == 200
        assert "SECRET_KEY is not set" in preview.output
        assert f"APP_URL is not set; this preview uses http://127.0.0.1:{free_port}" in preview.output
        assert preview.interrupt() == 0


def test_serve_refuses_what_is_not_ready_for_production(made: Path, free_port: int) -> None:
    """DEBUG on, or settings missing: named in one line, exit code 1, nothing served."""
    debug = run_once("asok.cli", "serve", "-p", str(free_port), cwd=made)
    assert (debug.returncode, debug.stderr.count("\n")) == (1, 1)
    assert "DEBUG is on" in debug.stderr
    missing = run_once("asok.cli", "serve", "-p", str(free_port), cwd=made, DEBUG="false")
    assert missing.returncode == 1
    assert "APP_URL" in missing.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "granian, rsgi"),
        (("--interface", "asgi"), "granian, asgi"),
        (("--interface", "wsgi"), "granian, wsgi"),
        (("--server", "uvicorn", "--workers", "2"), "uvicorn, asgi, 2 workers"),
    ],
)
def test_serve_answers_over_every_interface(
    made: Path, free_port: int, arguments: tuple[str, ...], said: str
) -> None:
    """The same project over each server and protocol; SIGTERM ends all of it, as a success."""
    ready = {"DEBUG": "false", "APP_URL": f"http://127.0.0.1:{free_port}"}
    with Running("asok.cli", "serve", "-p", str(free_port), *arguments, cwd=made, **ready) as server:
        server.wait_for(said)
        assert server.get_until("<h1>My Blog</h1>")[0] == 200
        assert server.get("/nothing")[0] == 404
        assert server.stop() == 0
        assert server.left() == []


@pytest.mark.parametrize("line", LINES)
def test_lines_of_the_deploy_guide_serve(made: Path, free_port: int, line: str) -> None:
    """What the guide tells to run serves a new project and stops within bounds."""
    ready = {"DEBUG": "false", "APP_URL": f"http://127.0.0.1:{free_port}"}
    words = line.replace("8000", str(free_port)).replace("0.0.0.0", "127.0.0.1").split()
    with Running(*words, cwd=made, serves=free_port, **ready) as server:
        assert server.get_until("<h1>My Blog</h1>")[0] == 200
        server.stop()
        assert server.left() == []


def test_deploy_guide_has_every_server() -> None:
    """uvicorn, granian in three ways, gunicorn, hypercorn."""
    assert sorted(line.split()[0] for line in LINES) == [
        "granian",
        "granian",
        "granian",
        "gunicorn",
        "hypercorn",
        "uvicorn",
    ]


def test_commands_are_those_of_the_documentation() -> None:
    """Each command has its section in the reference, in this order, and no section is without a command."""
    page = DEPLOYING.parents[1] / "reference" / "commands.md"
    sections = [line.split()[2] for line in page.read_text().splitlines() if line.startswith("## asok ")]
    assert sections == list(cli.lazy)
