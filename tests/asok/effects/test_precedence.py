"""Which source of a setting wins, in an application that a real server has started from its folder.

Code in wsgi.py, then the process environment, then `.env`, then the default; each
key as KEY and as ASOK_KEY; the command line and the server of one folder agree.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.asok.effects.sites import KEY, write_project
from tests.processes import run_once
from tests.servers import ServerFailed, ServerProcess, run_server

pytestmark = pytest.mark.servers

#: Tells what the running application has, and where each value is from.
TELLING = {
    "page.py": "def get(request):\n"
    "    config = request.app.config\n"
    "    return {\n"
    "        'values': {name: config[name] for name in config},\n"
    "        'sources': {name: config.source(name) for name in config},\n"
    "        'database': config.dsn('DATABASE_URL'),\n"
    "        'language': request.lang,\n"
    "        'variable': request.env('PROJECT_NAME'),\n"
    "    }\n"
}
BASE = {"SECRET_KEY": KEY, "APP_URL": "http://127.0.0.1"}
#: As the tests' own processes have it: nothing of ours but what a test gives.
CLEAN: dict[str, str | None] = {"ASOK_ENV": None, "DEBUG": None, "SECRET_KEY": None, "APP_URL": None}


@contextmanager
def served(root: Path, **process: str) -> Iterator[ServerProcess]:
    """Serve a project with uvicorn in this process environment."""
    with run_server("uvicorn", root, environment={**CLEAN, **process}) as server:
        yield server


def told(root: Path, **process: str) -> dict[str, Any]:
    """Start the application of a folder under uvicorn and ask what it has."""
    with served(root, **process) as server:
        status, body = server.get("/")
    assert status == 200, body
    answer: dict[str, Any] = json.loads(body)
    return answer


def listed(folder: Path, **process: str) -> dict[str, dict[str, Any]]:
    """Give what `asok settings --json` lists in a folder, by name."""
    ran = run_once("asok.cli", "settings", "--json", cwd=folder, **process)
    assert ran.returncode == 0, ran.stderr
    return {row["name"]: row for row in json.loads(ran.stdout)["settings"]}


def get_for(server: ServerProcess, host: str) -> int:
    """GET / for a host and give the status."""
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        link.request("GET", "/", headers={"Host": host})
        return link.getresponse().status
    finally:
        link.close()


def test_code_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    """Each key is given by one source fewer; the first that has it decides, in server and listing alike."""
    file = {**BASE, "VERSION": "file", "LOCALE": "fr", "PROJECT_NAME": "From file"}
    wsgi = "from asok import Asok\n\napp = Asok()\napp.config['VERSION'] = 'code'\n"
    write_project(tmp_path, file, pages=TELLING, wsgi=wsgi)
    process = {"VERSION": "process", "LOCALE": "de"}
    answer = told(tmp_path, **process)
    expected = {
        "VERSION": ("code", "code"),
        "LOCALE": ("de", "environment LOCALE"),
        "PROJECT_NAME": ("From file", ".env PROJECT_NAME"),
        "INDEX": ("page", "default"),
    }
    assert {name: (answer["values"][name], answer["sources"][name]) for name in expected} == expected
    assert (answer["language"], answer["variable"]) == ("de", "From file")
    rows = listed(tmp_path, **process)
    assert {name: (rows[name]["value"], rows[name]["source"]) for name in expected} == expected


def test_each_key_is_known_with_and_without_its_prefix(tmp_path: Path) -> None:
    """KEY and ASOK_KEY are one setting in code, in the process and in the file; the order of sources stays."""
    file = {
        **BASE,
        "ASOK_VERSION": "file",
        "ASOK_LOCALE": "fr",
        "PROJECT_NAME": "From file",
        "CACHE_PATH": "c",
    }
    wsgi = "from asok import Asok\n\napp = Asok()\napp.config['ASOK_VERSION'] = 'code'\n"
    write_project(tmp_path, file, pages=TELLING, wsgi=wsgi)
    answer = told(tmp_path, VERSION="process", LOCALE="de", ASOK_PROJECT_NAME="From process")
    names = ("VERSION", "LOCALE", "PROJECT_NAME", "ASOK_CACHE_PATH")
    assert [answer["values"][name] for name in names] == ["code", "de", "From process", "c"]
    assert [answer["sources"][name] for name in names] == [
        "code",
        "environment LOCALE",
        "environment ASOK_PROJECT_NAME",
        ".env CACHE_PATH",
    ]


@pytest.mark.parametrize(
    ("given", "file_name"),
    [
        ("sqlite:///data/app.db", "data/app.db"),
        ("sqlite:////var/elsewhere.db", "/var/elsewhere.db"),
        (None, "db.sqlite3"),
    ],
)
def test_server_and_command_line_have_the_same_database(
    tmp_path: Path, given: str | None, file_name: str
) -> None:
    """DATABASE_URL of `.env` counts for both; a relative file is below the project, wherever one stands."""
    write_project(tmp_path, {**BASE, **({"DATABASE_URL": given} if given else {})}, pages=TELLING)
    answer = told(tmp_path)
    assert answer["database"] == f"sqlite:///{tmp_path / file_name}"
    for folder in (tmp_path, tmp_path / "src" / "pages"):
        row = listed(folder)["DATABASE_URL"]
        assert (row["value"], row["source"]) == (
            answer["values"]["DATABASE_URL"],
            answer["sources"]["DATABASE_URL"],
        )
    process = {"DATABASE_URL": "sqlite:///other.db"}
    assert told(tmp_path, **process)["database"] == f"sqlite:///{tmp_path}/other.db"
    assert listed(tmp_path, **process)["DATABASE_URL"]["value"] == "sqlite:///other.db"


def test_server_started_elsewhere_finds_the_file_of_the_project(tmp_path: Path) -> None:
    """`.env` belongs to the folder of wsgi.py, not to the working directory of whoever starts the server."""
    project = write_project(tmp_path / "project", {**BASE, "VERSION": "project"}, pages=TELLING)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".env").write_text("VERSION=elsewhere\n")
    answer = told(elsewhere, PYTHONPATH=str(project))
    assert (answer["values"]["VERSION"], answer["sources"]["VERSION"]) == ("project", ".env VERSION")


def test_words_of_a_file_have_the_types_of_their_settings(tmp_path: Path) -> None:
    """The values that a running application has are switches, numbers, lists and dictionaries, never their text."""
    file: Mapping[str, Any] = {
        **BASE,
        "HTML_MINIFY": "False",
        "GZIP": "yes",
        "RATE_LIMIT": "0",
        "GZIP_MIN_SIZE": " 700 ",
        "SHUTDOWN_TIMEOUT": "1.5",
        "TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2",
        "CORS_ORIGINS": '["https://a.example"]',
        "SECURITY_HEADERS": {"X-Frame-Options": None},
        "LOG_FILE": "none",
        "LOG_LEVEL": "warning",
    }
    write_project(tmp_path, file, pages=TELLING)
    values = told(tmp_path)["values"]
    assert {name: values[name] for name in file} == {
        **BASE,
        "HTML_MINIFY": False,
        "GZIP": True,
        "RATE_LIMIT": False,
        "GZIP_MIN_SIZE": 700,
        "SHUTDOWN_TIMEOUT": 1.5,
        "TRUSTED_PROXIES": ["10.0.0.1", "10.0.0.2"],
        "CORS_ORIGINS": ["https://a.example"],
        "SECURITY_HEADERS": {"X-Frame-Options": None},
        "LOG_FILE": None,
        "LOG_LEVEL": "WARNING",
    }


OPTION_A = """DEBUG=false
SECRET_KEY=your-ultra-secure-64-character-key-here
APP_URL=https://myapp.com
DATABASE_URL=sqlite:///data/prod.db
"""
OPTION_B = """from asok import Asok
app = Asok ()
# Production overrides
app . config [ "DEBUG" ] = False
app . config [ "SECRET_KEY" ] = "your-ultra-secure-64-character-key-here"
app . config [ "APP_URL" ] = "https://myapp.com"
"""


@pytest.mark.setting("asok.APP_URL", "asok.DEBUG", "asok.SECRET_KEY")
@pytest.mark.parametrize("option", ["A", "B"])
def test_documented_options_start_as_they_stand(tmp_path: Path, option: str) -> None:
    """The lines of the documentation, unchanged, are a production application for its own host."""
    write_project(tmp_path, wsgi=OPTION_B if option == "B" else "from asok import Asok\n\napp = Asok()\n")
    # Under B the file says the opposite, and code wins.
    (tmp_path / ".env").write_text(OPTION_A if option == "A" else "DEBUG=true\nSECRET_KEY=short\n")
    with served(tmp_path) as server:
        assert [get_for(server, host) for host in ("myapp.com", "127.0.0.1")] == [200, 400]


@pytest.mark.setting("asok.APP_URL", "asok.SECRET_KEY")
def test_server_does_not_start_without_what_production_needs(tmp_path: Path) -> None:
    """The process ends before it answers, and names both settings at once."""
    write_project(tmp_path)
    (tmp_path / ".env").unlink()
    with pytest.raises(ServerFailed) as caught, served(tmp_path):
        pass
    text = str(caught.value)
    assert "before it answered" in text
    assert "SECRET_KEY is missing" in text
    assert "APP_URL is missing" in text


def test_slip_in_the_file_is_named_by_the_server(tmp_path: Path) -> None:
    """It is no setting, so it changes nothing, and the log says what was meant."""
    write_project(tmp_path, {**BASE, "GZPI": "true"}, pages=TELLING)
    with served(tmp_path) as server:
        assert server.get("/")[0] == 200
        assert ".env has GZPI, which asok does not read. Did you mean GZIP?" in server.read_log()


def test_bad_value_stops_the_server_by_name(tmp_path: Path) -> None:
    """Variable, value and expectation; never a silent default."""
    write_project(tmp_path, BASE)
    with (
        pytest.raises(
            ServerFailed, match=r"GZIP was given 'perhaps' \(environment ASOK_GZIP\); expected true or false"
        ),
        served(tmp_path, ASOK_GZIP="perhaps"),
    ):
        pass
