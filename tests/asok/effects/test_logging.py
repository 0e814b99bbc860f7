"""Settings of the log, watched in the lines that a start and requests leave behind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import BOTH, make_app, write_project
from tests.servers import run_server

PAGES = {
    "page.py": "def get(request):\n"
    "    log = request.app.logger\n"
    "    log.debug('a detail')\n    log.info('a fact')\n    log.warning('a doubt')\n"
    "    return 'hello'\n",
    "boom.py": "def get(request):\n    raise LookupError('the drawer is empty')\n",
}


def written(root: Path, settings: dict[str, object], by: str) -> list[str]:
    """Ask an application for a page, one that is missing and one that fails; give what it logged to a file."""
    client = TestClient(make_app(root, {"LOG_FILE": "app.log", **settings}, by=by, pages=PAGES))
    assert [client.get(path).status_code for path in ("/", "/nothing", "/boom")] == [200, 404, 500]
    return (root / "app.log").read_text().splitlines()


@BOTH
@pytest.mark.setting("asok.LOG_LEVEL")
@pytest.mark.parametrize(
    ("level", "messages", "statuses"),
    [
        ("DEBUG", ["a detail", "a fact", "a doubt"], ["200", "404", "500"]),
        ("INFO", ["a fact", "a doubt"], ["200", "404", "500"]),
        ("WARNING", ["a doubt"], ["404", "500"]),
        ("error", [], ["500"]),
    ],
)
def test_lines_below_the_level_are_not_written(
    tmp_path: Path, by: str, level: str, messages: list[str], statuses: list[str]
) -> None:
    """Of the application's own lines and of those about requests; the word may be in any case."""
    text = "\n".join(written(tmp_path, {"LOG_LEVEL": level}, by))
    assert re.findall(r"asok: (a \w+)", text) == messages
    assert re.findall(r"asok\.access: GET \S+ (\d+)", text) == statuses


@pytest.mark.setting("asok.LOG_LEVEL")
def test_everything_is_written_by_default(tmp_path: Path) -> None:
    """The default is DEBUG; a word that is no level is refused by name."""
    assert any("a detail" in line for line in written(tmp_path, {}, "code"))
    with pytest.raises(RuntimeError, match="LOG_LEVEL was given 'LOUD'"):
        make_app(tmp_path, {"LOG_LEVEL": "LOUD"}, by=".env").startup()


@BOTH
@pytest.mark.setting("asok.LOG_FILE")
def test_log_goes_to_the_file_below_the_project(tmp_path: Path, by: str) -> None:
    """Its folder is made, the file is not for strangers, and an absolute path is itself."""
    for name, place in (
        ("logs/app.log", tmp_path / "logs/app.log"),
        (tmp_path / "x.log", tmp_path / "x.log"),
    ):
        client = TestClient(make_app(tmp_path, {"LOG_FILE": str(name)}, by=by, pages=PAGES))
        client.get("/")
        assert "a fact" in place.read_text()
        assert place.stat().st_mode & 0o007 == 0


@pytest.mark.setting("asok.LOG_FILE")
def test_console_has_the_lines_with_and_without_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file comes in addition, and without the setting there is none."""
    for settings in ({}, {"LOG_FILE": "app.log"}):
        TestClient(make_app(tmp_path, settings, pages=PAGES)).get("/")
        assert "a fact" in capsys.readouterr().err
        assert (tmp_path / "app.log").exists() is bool(settings)


@BOTH
@pytest.mark.setting("asok.LOG_FORMAT")
def test_json_lines_are_one_object_each(tmp_path: Path, by: str) -> None:
    """With level, message and request id; a failure with its traceback within the line."""
    lines = [json.loads(line) for line in written(tmp_path, {"LOG_FORMAT": "json"}, by)]
    [access] = [line for line in lines if line["logger"] == "asok.access" and line["status"] == 200]
    assert (access["level"], access["method"], access["path"]) == ("INFO", "GET", "/")
    [fact] = [line for line in lines if line["message"] == "a fact"]
    assert fact["request_id"] == access["request_id"]
    [failure] = [line for line in lines if "exception" in line]
    assert "boom.py" in failure["exception"]
    assert failure["exception"].endswith("LookupError: the drawer is empty")


@BOTH
@pytest.mark.setting("asok.LOG_FORMAT")
def test_text_lines_are_for_people(tmp_path: Path, by: str) -> None:
    """One line each with time, level and logger, a traceback indented below; it is the default too."""
    for settings in ({}, {"LOG_FORMAT": "text"}):
        lines = written(tmp_path, dict(settings), by)
        heads = [line for line in lines if not line.startswith(" ")]
        assert all(re.match(r"\d{4}-\d\d-\d\dT\S+Z [A-Z]+ +asok", line) for line in heads)
        assert "    LookupError: the drawer is empty" in lines


@BOTH
@pytest.mark.setting("asok.ASOK_ENV")
def test_debug_in_production_is_warned_of(tmp_path: Path, by: str) -> None:
    """The start says it in the log; without DEBUG, or elsewhere, there is nothing to say."""
    settings = {"LOG_FILE": "app.log", "LOG_LEVEL": "WARNING"}
    for name, debug, warned in (("production", True, 1), ("production", False, 0), ("staging", True, 0)):
        make_app(
            tmp_path / f"{name}-{debug}", {**settings, "ASOK_ENV": name, "DEBUG": debug}, by=by
        ).startup()
        text = (tmp_path / f"{name}-{debug}/app.log").read_text()
        assert text.count("DEBUG is true while ASOK_ENV is production") == warned


@pytest.mark.servers
@pytest.mark.setting("asok.LOG_FORMAT", "asok.LOG_LEVEL")
def test_server_process_logs_as_the_file_says(tmp_path: Path) -> None:
    """Under a real server the lines of the application stand on stderr, in the form that was asked for."""
    settings = {"APP_URL": "http://127.0.0.1", "LOG_FORMAT": "json", "LOG_LEVEL": "INFO"}
    write_project(tmp_path, settings, pages=PAGES)
    with run_server("uvicorn", tmp_path) as server:
        assert server.get("/")[0] == 200
        lines = [json.loads(line) for line in server.read_log().splitlines() if line.startswith("{")]
    messages = [line["message"] for line in lines]
    assert "a fact" in messages
    assert "a detail" not in messages
