"""The code of the seed documents runs unmodified in a fresh project, with the same answers on every server.

The blocks stand in `seeds/` as the documents have them; `user.py` is the model that
the pages of the asynchronous chapter import and do not show. Its table is made as a
user makes it, by `asok make migration` and `asok migrate`.
"""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests import servers

pytestmark = pytest.mark.servers

SEEDS = Path(__file__).parent / "seeds"
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("ASOK_", "AKSARA_"))}


def create(folder: Path, name: str = "shop") -> Path:
    """Make a project with the command line, as a new user does."""
    command = [sys.executable, "-m", "asok.cli", "create", name]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=CLEAN, stdin=subprocess.DEVNULL)
    return folder / name


def settings_check(project: Path) -> subprocess.CompletedProcess[str]:
    """Run `asok settings --check --production` in a project."""
    command = [sys.executable, "-m", "asok.cli", "settings", "--check", "--production"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, env=CLEAN, check=False)


def ask(
    port: int, method: str, path: str, body: str | None = None, host: str = "127.0.0.1", cookie: str = ""
) -> tuple[int, str, str]:
    """Send one request; give status, Location and text."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        headers = {"Host": host, "Cookie": cookie}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        link.request(method, path, body, headers)
        answer = link.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()
    finally:
        link.close()


def form_of(port: int, path: str) -> tuple[dict[str, str], str]:
    """Give the hidden field of a page's form, and the cookie that came with the page."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        link.request("GET", path)
        answer = link.getresponse()
        page, cookie = answer.read().decode(), answer.headers.get("Set-Cookie", "").partition(";")[0]
    finally:
        link.close()
    found = re.search(r'<input type="hidden" name="(csrf_token)" value="([\w-]+)">', page)
    assert found, page
    return {found[1]: found[2]}, cookie


@pytest.fixture(scope="module")
def asynchronous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh project with the pages, the middleware and the model of the asynchronous chapter."""
    project = create(tmp_path_factory.mktemp("async"))
    source = project / "src"
    for page in ("users", "profile"):
        (source / "pages" / page).mkdir()
        (source / "pages" / page / "page.py").write_text((SEEDS / f"{page}_page.py").read_text())
    (source / "pages/users/page.html").write_text(
        "{% for user in users %}<li>{{ user.name }}</li>{% endfor %}"
    )
    (source / "pages/profile/page.html").write_text("<h1>{{ user.name }}</h1><p>{{ user.email }}</p>")
    # The page of the chapter answers a form; this one, of ours, has it.
    (source / "pages/profile/new").mkdir()
    (source / "pages/profile/new/page.html").write_text(
        '<form method="post" action="/profile">{{ csrf_input() }}<input name="name"></form>'
    )
    (source / "middlewares/02_async_logger.py").write_text((SEEDS / "async_logger.py").read_text())
    (source / "models/user.py").write_text((SEEDS / "user.py").read_text())
    asok(project, {}, "make", "migration", "users")
    return project


def asok(project: Path, environment: dict[str, str], *words: str) -> None:
    """Run a command of a project; what it says is shown when it fails."""
    command = [sys.executable, "-m", "asok.cli", *words]
    run = subprocess.run(
        command, cwd=project, capture_output=True, text=True, env={**CLEAN, **environment}, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def walk_through(kind: str, project: Path, url: str) -> None:
    """Ask the pages of the asynchronous chapter, as visitors do, over a database of their own."""
    environment = {"DATABASE_URL": url}
    asok(project, environment, "migrate")
    with servers.run_server(kind, project, environment={**environment, "PYTHONUNBUFFERED": "1"}) as server:
        port = server.port
        assert ask(port, "GET", "/profile?id=1")[::2] == (404, "User not found")
        assert ask(port, "GET", "/profile")[::2] == (404, "User not found")
        assert ask(port, "POST", "/profile", urlencode({"name": "Mallory"}))[0] == 403
        fields, cookie = form_of(port, "/profile/new")
        created = ask(port, "POST", "/profile", urlencode({**fields, "name": "Ada <b>"}), cookie=cookie)
        assert created[:2] == (302, "/profile?id=1")
        status, _, page = ask(port, "GET", "/profile?id=1")
        assert (status, page) == (200, "<h1>Ada &lt;b&gt;</h1><p>new@example.com</p>")
        assert ask(port, "GET", "/profile?id=abc")[::2] == (404, "User not found")
        status, _, page = ask(port, "GET", "/users")
        assert (status, page) == (200, "<li>Ada &lt;b&gt;</li>")
        refused = ask(port, "POST", "/profile", urlencode(fields), cookie=cookie)
        assert (refused[0], "name is required" in refused[2]) == (422, True), refused
        assert "[GET] /users completed in " in server.read_log()
        assert "ms (async)" in server.read_log()
        assert "Traceback" not in server.read_log()


@pytest.mark.parametrize("kind", list(servers.KINDS))
def test_asynchronous_chapter_runs_on_every_server(kind: str, asynchronous: Path, sqlite_url: str) -> None:
    """Async pages, models, request.query, request.status(404) and an async middleware work alike."""
    walk_through(kind, asynchronous, sqlite_url)


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn"])
@pytest.mark.parametrize("database", ["postgres", "mariadb"])
def test_asynchronous_chapter_runs_on_every_database(
    kind: str, database: str, asynchronous: Path, request: pytest.FixtureRequest
) -> None:
    """Nothing but DATABASE_URL says which it is."""
    walk_through(kind, asynchronous, request.getfixturevalue(f"{database}_url"))


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn", "granian-rsgi"])
def test_option_a_an_env_file_starts_production(kind: str, tmp_path: Path) -> None:
    """The four lines of the .env file are all that production needs."""
    project = create(tmp_path)
    (project / ".env").write_text((SEEDS / "option_a.env").read_text())
    with servers.run_server(kind, project) as server:
        assert ask(server.port, "GET", "/", host="myapp.com")[0] == 200
        assert ask(server.port, "GET", "/", host="other.example")[0] == 400
    assert settings_check(project).returncode == 0


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn", "granian-rsgi"])
def test_option_b_lines_in_wsgi_start_production(kind: str, tmp_path: Path) -> None:
    """The lines in wsgi.py do the same, with nothing in the environment, spaces and all."""
    project = create(tmp_path)
    (project / ".env").unlink()
    (project / "wsgi.py").write_text((SEEDS / "option_b.py").read_text())
    with servers.run_server(kind, project) as server:
        assert ask(server.port, "GET", "/", host="myapp.com")[0] == 200
        assert ask(server.port, "GET", "/nowhere", host="myapp.com")[0] == 404


def test_code_beats_the_env_file(tmp_path: Path) -> None:
    """wsgi.py settings take precedence over .env."""
    project = create(tmp_path)
    (project / "wsgi.py").write_text((SEEDS / "option_b.py").read_text())
    assert "DEBUG=true" in (project / ".env").read_text()
    with servers.run_server("uvicorn", project) as server:
        assert ask(server.port, "GET", "/", host="other.example")[0] == 400


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ("DEBUG=false\nAPP_URL=https://myapp.com\n", "SECRET_KEY"),
        ("DEBUG=false\nAPP_URL=https://myapp.com\nSECRET_KEY=short\n", "SECRET_KEY"),
        (f"DEBUG=false\nSECRET_KEY={'k7' * 20}\n", "APP_URL"),
        (f"DEBUG=false\nSECRET_KEY={'k7' * 20}\nAPP_URL=myapp\n", "APP_URL"),
    ],
)
def test_production_does_not_start_without_what_it_needs(lines: str, named: str, tmp_path: Path) -> None:
    """Start-up raises a RuntimeError that names the key; the constructor does not."""
    project = create(tmp_path)
    (project / ".env").write_text(lines)
    program = (
        "import wsgi\n"
        "try:\n"
        "    wsgi.app.startup()\n"
        "except RuntimeError as error:\n"
        "    print('refused:', error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=project, capture_output=True, text=True, env=CLEAN, check=True
    )
    assert run.stdout.startswith("refused:")
    assert named in run.stdout
    with (
        pytest.raises(servers.ServerFailed, match=named),
        servers.run_server("uvicorn", project, start_seconds=10),
    ):
        pytest.fail("it served")


def test_fresh_project_names_what_production_lacks_and_a_typo(tmp_path: Path) -> None:
    """`asok settings --check --production` says APP_URL; a slip in .env is named with what was meant."""
    project = create(tmp_path)
    checked = settings_check(project)
    assert checked.returncode == 1
    assert "APP_URL" in checked.stdout + checked.stderr
    with (project / ".env").open("a") as file:
        file.write("SECRT_KEY=abc\n")
    checked = settings_check(project)
    assert "SECRT_KEY" in checked.stdout + checked.stderr
    assert "Did you mean SECRET_KEY" in checked.stdout + checked.stderr
