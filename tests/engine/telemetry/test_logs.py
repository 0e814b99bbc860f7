"""Log lines: their form, their place, and that no value forges one."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from asok_engine.errors import SetupError
from asok_engine.telemetry.logs import (
    JsonFormatter,
    TextFormatter,
    access_line,
    answering_var,
    configure_logging,
    escape,
    get_logger,
    request_id_var,
    reset_logging,
)

HOSTILE = "a\r\n2026-01-01T00:00:00.000Z ERROR   asok: forged\x1b[31m\x9b31m\x00\x7f\u2028\u202e\ud800"


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    reset_logging()


Lines = Callable[[], list[str]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Give what has come out on the console up to now."""
    written: list[str] = []

    def read() -> list[str]:
        written.extend(capsys.readouterr().err.splitlines())
        return written

    return read


def record(message: str, *arguments: Any, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("asok.test", logging.INFO, __file__, 1, message, arguments, None)
    made.created = 1_700_000_000.25
    made.__dict__.update(extra)
    return made


def test_a_text_line_has_time_level_logger_and_message() -> None:
    """One line, the time in UTC with milliseconds."""
    assert TextFormatter().format(record("hello %s", "you")) == (
        "2023-11-14T22:13:20.250Z INFO    asok.test: hello you"
    )


def test_debug_text_shows_the_local_time_of_day() -> None:
    """A developer reads hours and minutes, not dates."""
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d INFO    asok.test: hello", TextFormatter(debug=True).format(record("hello"))
    )


def test_a_json_line_is_one_object_with_the_named_fields() -> None:
    """Time, level, logger and message are always there; extras stand under their names."""
    line = JsonFormatter().format(record("hello %s", "you", user="bob", n=5, request_id="r-1"))
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "INFO",
        "logger": "asok.test",
        "message": "hello you",
        "request_id": "r-1",
        "user": "bob",
        "n": 5,
    }


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_no_value_begins_a_line_or_commands_a_terminal(formatter: logging.Formatter) -> None:
    """A hostile path, name, extra, logger name or request id stays in its line (case 97, CVE-2025-48432)."""
    made = record("path %s", HOSTILE, user=HOSTILE, request_id=HOSTILE)
    made.name = f"asok.{HOSTILE}"
    text = formatter.format(made)
    assert text.splitlines() == [text]
    assert text.isprintable()
    assert text.encode()


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_the_text_of_an_error_cannot_forge_a_line(formatter: logging.Formatter) -> None:
    """A traceback has many lines; every one but the first is indented, and none holds a control character."""
    made = record("failed")
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        made.exc_info = sys.exc_info()
    text = formatter.format(made)
    first, *others = text.split("\n")
    assert "failed" in first
    assert "forged" in text
    assert all(line.startswith("    ") for line in others)
    assert all(line.replace("\t", "").isprintable() for line in (first, *others))
    if isinstance(formatter, JsonFormatter):
        assert others == []
        assert "Traceback" in json.loads(text)["exception"]
    else:
        assert not any(re.match(r"\d{4}-", line) for line in others)


def test_json_passes_no_terminal_sequence_on() -> None:
    """What JSON itself would leave as it is, C1 and turns of direction, is escaped and reads back."""
    message = "a\x9b31m\x7f\u2028\u202eb"
    line = JsonFormatter().format(record("%s", message))
    assert line.isprintable()
    assert json.loads(line)["message"] == message


def test_escape_leaves_readable_text_alone() -> None:
    """Letters of every script pass; controls become visible."""
    assert escape("naïve ключ 日本 😀 a/b?c=d") == "naïve ключ 日本 😀 a/b?c=d"
    assert escape("a\r\n\t\x1b[0m\u2028") == "a\\r\\n\\t\\x1b[0m\\u2028"


def test_a_value_in_text_cannot_pass_for_another_field() -> None:
    """A value with a space or an equals sign is quoted."""
    line = TextFormatter().format(record("login", user="bob role=admin", ip="::1"))
    assert line.endswith('login user="bob role=admin" ip=::1')


def test_a_json_extra_does_not_replace_a_field_of_ours() -> None:
    """An extra named level or time changes nothing."""
    line = json.loads(JsonFormatter().format(record("m", level="FORGED", time="never", logger="x")))
    assert (line["level"], line["logger"]) == ("INFO", "asok.test")
    assert line["time"] != "never"


def test_json_writes_what_it_has_no_form_for_as_text() -> None:
    """An object, a circle and a lone half of a pair end up as text; the line is written."""
    circle: list[Any] = []
    circle.append(circle)
    line = json.loads(JsonFormatter().format(record("m", thing=Path("/a"), circle=circle, odd={(1, 2): 3})))
    assert line["thing"] in ("/a", repr(Path("/a")))
    assert line["message"] == "m"
    assert "odd" in line


@pytest.mark.parametrize(
    ("variable", "value"), [(request_id_var, "req-7"), (answering_var, SimpleNamespace(id="req-7"))]
)
def test_every_line_of_a_request_carries_its_id(variable: ContextVar[Any], value: object) -> None:
    """The id comes from the context when the record has none: that of the request, or of other work."""
    token = variable.set(value)
    try:
        assert TextFormatter().format(record("m")).endswith("m [req-7]")
        assert json.loads(JsonFormatter().format(record("m")))["request_id"] == "req-7"
    finally:
        variable.reset(token)
    assert "request_id" not in json.loads(JsonFormatter().format(record("m")))


@pytest.mark.parametrize("kind", [TextFormatter, JsonFormatter])
def test_the_mask_sees_message_extras_and_traceback(kind: Any) -> None:
    """Whatever is written has passed the masking function, with its name."""

    def hide(name: str, value: Any) -> Any:
        return str(value).replace("hunter22", f"<{name}>")

    made = record("login with %s", "hunter22", attempt="hunter22")
    try:
        raise ValueError("bad hunter22")
    except ValueError:
        made.exc_info = sys.exc_info()
    text = kind(mask=hide).format(made)
    assert "hunter22" not in text.replace('raise ValueError("bad hunter22")', "")
    assert {"<message>", "<attempt>", "<traceback>"} <= set(re.findall(r"<\w+>", text))


def test_the_level_decides_what_is_written(lines: Lines) -> None:
    """Below the level nothing is written, for our loggers and for the user's."""
    configure_logging("warning")
    for name in ("asok", "asok.x", "aksara.y", "shop"):
        logging.getLogger(name).info("quiet")
        logging.getLogger(name).warning("loud %s", name)
    assert [line.split(": ", 1)[1] for line in lines()] == [
        f"loud {name}" for name in ("asok", "asok.x", "aksara.y", "shop")
    ]


def test_at_debug_our_loggers_speak_and_other_libraries_stay_at_info(lines: Lines) -> None:
    """LOG_LEVEL=DEBUG is about this application; asyncio's details stay away."""
    configure_logging("DEBUG")
    logging.getLogger("asok.x").debug("ours")
    get_logger("shop").debug("the user's")
    logging.getLogger("chatty").debug("foreign detail")
    logging.getLogger("chatty").info("foreign word")
    assert [line.split(": ", 1)[1] for line in lines()] == ["ours", "the user's", "foreign word"]


def test_configuring_twice_does_not_double_lines(lines: Lines) -> None:
    """The second call replaces the handlers of the first."""
    configure_logging("INFO")
    configure_logging("INFO", format="json")
    logging.getLogger("asok").info("once")
    (line,) = lines()
    assert json.loads(line)["message"] == "once"


def test_handlers_of_the_user_stay(lines: Lines) -> None:
    """A handler that someone else attached is neither removed nor changed."""
    mine = logging.StreamHandler(io.StringIO())
    root = logging.getLogger()
    root.addHandler(mine)
    try:
        configure_logging("INFO")
        configure_logging("INFO", format="json")
        logging.getLogger("asok").info("both")
        reset_logging()
        assert mine in root.handlers
        assert mine.stream.getvalue() == "both\n"
        assert len(lines()) == 1
    finally:
        root.removeHandler(mine)


def test_a_console_handler_of_the_user_is_the_only_one(lines: Lines) -> None:
    """Lines are not doubled after logging.basicConfig; a JSON format that cannot hold is said aloud."""
    mine = logging.StreamHandler(sys.stderr)
    root = logging.getLogger()
    root.addHandler(mine)
    try:
        configure_logging("INFO")
        logging.getLogger("asok").info("once")
        assert lines() == ["once"]
        configure_logging("INFO", format="json")
        assert "not JSON" in lines()[-1]
    finally:
        root.removeHandler(mine)


def test_resetting_leaves_logging_as_it_was() -> None:
    """Handlers and levels are those from before."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.getLogger("asok").level)
    configure_logging("DEBUG")
    assert logging.getLogger("asok").level == logging.DEBUG
    reset_logging()
    assert (list(root.handlers), root.level, logging.getLogger("asok").level) == before


def test_a_root_level_of_the_user_is_kept() -> None:
    """Who set the root logger's level keeps it."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        configure_logging("DEBUG")
        assert root.level == logging.ERROR
        reset_logging()
        assert root.level == logging.ERROR
    finally:
        root.setLevel(before)


def test_a_file_gets_the_lines_and_its_directory_is_made(tmp_path: Path, lines: Lines) -> None:
    """Naming a file adds it to the console."""
    path = tmp_path / "a" / "b" / "app.log"
    configure_logging("INFO", file=str(path))
    logging.getLogger("asok").info("naïve")
    reset_logging()
    assert path.read_text(encoding="utf-8").endswith("asok: naïve\n")
    assert len(lines()) == 1


def test_handlers_choose_where_lines_go(tmp_path: Path, lines: Lines) -> None:
    """Only the console, although a file is named; only the file; nowhere."""
    path = tmp_path / "app.log"
    configure_logging("INFO", file=str(path), handlers=["console"])
    logging.getLogger("asok").info("console")
    assert not path.exists()
    configure_logging("INFO", file=str(path), handlers=["file"], format="json")
    logging.getLogger("asok").info("file")
    configure_logging("INFO", handlers=[])
    logging.getLogger("asok").info("nowhere")
    assert [line.split(": ", 1)[1] for line in lines()] == ["console"]
    assert [json.loads(line)["message"] for line in path.read_text().splitlines()] == ["file"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"level": "LOUD"}, "LOUD.*DEBUG"),
        ({"level": ""}, "DEBUG"),
        ({"level": None}, "None"),
        ({"level": True}, "True"),
        ({"format": "xml"}, "xml.*json"),
        ({"handlers": ["printer"]}, "printer.*console"),
        ({"handlers": ["file"]}, "LOG_FILE"),
        ({"file": "/proc/none/app.log"}, "/proc/none/app.log"),
    ],
)
def test_a_setting_that_cannot_hold_stops_the_start(options: dict[str, Any], word: str) -> None:
    """A wrong level, format, handler or file is named; logging stays as it was."""
    before = list(logging.getLogger().handlers)
    with pytest.raises(SetupError, match=word):
        configure_logging(**options)
    assert logging.getLogger().handlers == before


def test_an_access_line_reads_well_and_has_its_fields(lines: Lines) -> None:
    """Text for people, the same as fields in JSON, both with the request's id."""
    configure_logging("INFO")
    access_line("GET", "/a\r\nb", 200, 1.234, "::1", "r-9")
    assert lines()[0].split(" ", 1)[1] == "INFO    asok.access: GET /a\\r\\nb 200 1.2 ms ::1 [r-9]"
    configure_logging("INFO", format="json")
    access_line("GET", "/a\r\nb", 200, 1.234, "::1", "r-9")
    line = json.loads(lines()[1])
    assert {name: line[name] for name in ("method", "path", "status", "ms", "ip", "request_id")} == {
        "method": "GET",
        "path": "/a\r\nb",
        "status": 200,
        "ms": 1.234,
        "ip": "::1",
        "request_id": "r-9",
    }


def test_an_access_line_below_the_level_is_not_written(lines: Lines) -> None:
    """Access lines are INFO."""
    configure_logging("WARNING")
    access_line("GET", "/", 500, 1.0, "::1")
    assert lines() == []


def test_colours_are_for_terminals_in_debug_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in debug gets colours; a pipe, and production, never."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = {}
    for kind, debug in ((Terminal, True), (Terminal, False), (io.StringIO, True)):
        stream = kind()
        monkeypatch.setattr(sys, "stderr", stream)
        configure_logging("INFO", debug=debug)
        logging.getLogger("asok").error("red")
        shown[kind.__name__, debug] = "\x1b[31m" in stream.getvalue()
        reset_logging()
    assert shown == {("Terminal", True): True, ("Terminal", False): False, ("StringIO", True): False}
