"""Log lines: where they go, what they look like, and that nobody can forge one.

Built on the logging module of the standard library. One record is one line of
text (continuation lines are indented) or one JSON object; control characters and
terminal sequences in any value are escaped, so a path or a name that a client
chose cannot begin a line (CVE-2025-48432). Handlers that the user attached stay.
Does not know settings: the composer passes values and the function that masks.
"""

from __future__ import annotations

import importlib
import logging
import re
import sys
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, Final

import msgspec

from asok_engine.errors import SetupError
from asok_engine.telemetry.traces import short_trace

__all__ = [
    "JsonFormatter",
    "TextFormatter",
    "access_line",
    "answering_var",
    "configure_logging",
    "escape",
    "get_logger",
    "request_id_var",
    "reset_logging",
]

# The request that is answered at the moment, set by dispatch; every line written meanwhile carries
# its `id`. Why not the id alone: a second variable beside this one would cost every request.
answering_var: Final[ContextVar[Any]] = ContextVar("asok_request", default=None)
# The same for work that answers no request: its id.
request_id_var: Final[ContextVar[str]] = ContextVar("request_id", default="")

Mask = Callable[[str, Any], Any]

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
COLOURS: Final = {"DEBUG": "\x1b[2m", "WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
PLAIN: Final = "\x1b[0m"

# C0, DEL, C1, line and paragraph separators, marks that turn the direction, halves of pairs.
_HARMFUL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_HARMFUL_IN_LINES: Final = re.compile(_HARMFUL.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
# JSON escapes C0 itself; what it would pass on must not reach a terminal either.
_HARMFUL_IN_JSON: Final = re.compile(_HARMFUL.pattern.replace("\x00-\x1f", ""))
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_STANDARD_COUNT: Final = len(logging.makeLogRecord({}).__dict__)
_OWN: Final = {"asok", "aksara"}

_json: Final = msgspec.json.Encoder(enc_hook=lambda value: str(value))
_access: Final = logging.getLogger("asok.access")
_state: dict[str, Any] = {"level": None, "root_level": None, "handlers": []}


def escape(text: str) -> str:
    """Give `text` as one line that no terminal obeys: CR and LF become the two characters `\\r`, `\\n`."""
    return text if text.isprintable() else _HARMFUL.sub(_escaped, text)


def get_logger(name: str = "asok") -> logging.Logger:
    """Give the logger `name`, at the level that LOG_LEVEL asks for.

    A logger got from the standard library works too; below INFO it then follows
    the root logger, which stays at INFO so that other libraries keep quiet.
    """
    logger = logging.getLogger(name)
    if name.partition(".")[0] not in _OWN:
        _OWN.add(name)
        if _state["level"] is not None and logger.level == logging.NOTSET:
            logger.setLevel(_state["level"])
    return logger


def configure_logging(
    level: str | int = "INFO",
    *,
    file: str | None = None,
    format: str = "text",
    debug: bool = False,
    handlers: Sequence[str] | None = None,
    mask: Mask | None = None,
) -> None:
    """Send the log lines of this process to the console, to a file, or to both.

    Doing it again replaces what the first call has attached. `level` is a name in
    any case or a number; `format` is "text" or "json"; `handlers` names "console"
    and "file", and by default is the console and, when `file` is given, the file.
    A file grows to 10 MB, five older ones are kept. `mask(name, value)` sees every
    message (under the name "message") and every extra value before it is written.
    With `debug`, text shows local time and, on a terminal, colours; without it, UTC.
    A console handler that the user put on the root logger stays the only one.

    Raises:
        SetupError: an unknown level, format or handler, or a file that cannot be opened.
    """
    number = _level(level)
    if format not in ("text", "json"):
        raise SetupError(f"The log format {format!r} is unknown; expected 'text' or 'json'.")
    names = (("console", "file") if file else ("console",)) if handlers is None else tuple(handlers)
    for name in names:
        if name not in ("console", "file"):
            raise SetupError(f"The log handler {name!r} is unknown; expected 'console' or 'file'.")
    if "file" in names and not file:
        raise SetupError("Logging asks for a file but names none; set LOG_FILE or LOGGING's file_path.")

    made: list[logging.Handler] = []
    if "file" in names and file:
        # Why by name: it stands on a part of the standard library that is slow to load.
        log_file = importlib.import_module("asok_engine.telemetry.log_files").LogFile(file)
        made.append(_finished(log_file, format, debug, False, mask))
    reset_logging()
    root = logging.getLogger()
    is_taken = "console" in names and any(_is_console(handler) for handler in root.handlers)
    if "console" in names and not is_taken:
        colours = debug and sys.stderr.isatty()
        console: logging.Handler = logging.StreamHandler(sys.stderr)
        made.insert(0, _finished(console, format, debug, colours, mask))
    for handler in made:
        root.addHandler(handler)
    if root.level in (logging.WARNING, logging.NOTSET):
        _state["root_level"] = root.level
        root.setLevel(max(number, logging.INFO))
    for name in _OWN:
        logging.getLogger(name).setLevel(number)
    _state["level"] = number
    _state["handlers"] = made
    if is_taken and format == "json":
        logging.getLogger("asok").warning(
            "The root logger already has a console handler; its lines are not JSON. "
            "Remove it (logging.basicConfig) to get LOG_FORMAT=json on the console."
        )


def reset_logging() -> None:
    """Take back what `configure_logging` has attached and set; close its files."""
    root = logging.getLogger()
    for handler in _state["handlers"]:
        root.removeHandler(handler)
        handler.close()
    if _state["root_level"] is not None:
        root.setLevel(_state["root_level"])
    if _state["level"] is not None:
        for name in _OWN:
            logging.getLogger(name).setLevel(logging.NOTSET)
    _state.update(level=None, root_level=None, handlers=[])


def _current_id() -> str:
    return request_id_var.get() or getattr(answering_var.get(), "id", "")


def access_line(method: str, path: str, status: int, ms: float, ip: str, request_id: str = "") -> None:
    """Write one line to `asok.access` about an answered request; `ms` is how long it took."""
    if not _access.isEnabledFor(logging.INFO):
        return
    # Made by hand: looking for the calling line would cost more than the rest.
    record = logging.LogRecord(
        "asok.access",
        logging.INFO,
        "",
        0,
        "%s %s %d %.1f ms %s",
        (method, path, status, ms, ip),
        None,
    )
    extra = record.__dict__
    extra["request_id"] = request_id or _current_id()
    extra["method"] = method
    extra["path"] = path
    extra["status"] = status
    extra["ms"] = round(ms, 3)
    extra["ip"] = ip
    _access.handle(record)


class TextFormatter(logging.Formatter):
    """Write a record as one readable line; a traceback follows, indented."""

    def __init__(self, *, debug: bool = False, colours: bool = False, mask: Mask | None = None) -> None:
        super().__init__()
        self._debug = debug
        self._colours = colours
        self._mask = mask
        self._second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        """Give the line or lines of `record`."""
        message = record.getMessage()
        if self._mask is not None:
            message = self._mask("message", message)
        fields = record.__dict__
        request_id = fields.get("request_id") or _current_id()
        level = record.levelname
        line = f"{self._time(record.created)} {level:<7} {escape(record.name)}: {escape(message)}"
        if len(fields) > _STANDARD_COUNT and record.name != "asok.access":
            for name, value in _extra(fields).items():
                shown = value if self._mask is None else self._mask(name, value)
                line += f" {escape(name)}={_quoted(escape(str(shown)))}"
        if request_id:
            line += f" [{escape(request_id)}]"
        if self._colours and level in COLOURS:
            line = f"{COLOURS[level]}{line}{PLAIN}"
        trace = _trace(self, record)
        if trace:
            if self._mask is not None:
                trace = self._mask("traceback", trace)
            # Why indented: what begins at the margin is a record; an error's text cannot look like one.
            kept = _HARMFUL_IN_LINES.sub(_escaped, trace)
            line += "".join(f"\n    {part}" for part in kept.split("\n"))
        return line

    def formatException(self, ei: Any) -> str:
        """Give the traceback: whole for who looks into a log, short for who looks for a line of their own."""
        return short_trace(ei[1]) if self._debug and ei[1] is not None else super().formatException(ei)

    def _time(self, created: float) -> str:
        second = int(created)
        known, text = self._second
        if known != second:
            if self._debug:
                text = time.strftime("%H:%M:%S", time.localtime(second))
            else:
                text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = (second, text)
        if self._debug:
            return text
        return f"{text}.{int((created - second) * 1000):03}Z"


class JsonFormatter(logging.Formatter):
    """Write a record as one JSON object on one line.

    Fields: time (UTC), level, logger, message; request_id, exception where there is
    one; then the extra values of the record under their own names.
    """

    def __init__(self, *, mask: Mask | None = None) -> None:
        super().__init__()
        self._mask = mask
        self._second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        """Give the line of `record`."""
        mask = self._mask
        message = record.getMessage()
        fields = record.__dict__
        line: dict[str, Any] = {
            "time": self._time(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": message if mask is None else mask("message", message),
        }
        request_id = fields.get("request_id") or _current_id()
        if request_id:
            line["request_id"] = request_id
        trace = _trace(self, record)
        if trace:
            line["exception"] = trace if mask is None else mask("traceback", trace)
        if len(fields) > _STANDARD_COUNT:
            for name, value in _extra(fields).items():
                # A field of ours is never replaced by an extra of the same name.
                line.setdefault(name, value if mask is None else mask(name, value))
        try:
            text = _json.encode(line).decode()
        except (TypeError, ValueError, OverflowError, RecursionError):
            # Something JSON has no form for: its text is better than no line.
            plain = {name: _as_text(value) for name, value in line.items()}
            text = _json.encode(plain).decode()
        return text if text.isprintable() else _HARMFUL_IN_JSON.sub(_escaped_in_json, text)

    def _time(self, created: float) -> str:
        second = int(created)
        known, text = self._second
        if known != second:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = (second, text)
        return f"{text}.{int((created - second) * 1000):03}Z"


def _level(level: str | int) -> int:
    if isinstance(level, int) and not isinstance(level, bool):
        return level
    number = logging.getLevelNamesMapping().get(str(level).strip().upper())
    if number is None or not isinstance(level, str):
        raise SetupError(f"The log level {level!r} is unknown; expected one of {', '.join(LEVELS)}.")
    return number


def _finished(
    handler: logging.Handler, format: str, debug: bool, colours: bool, mask: Mask | None
) -> logging.Handler:
    if format == "json":
        handler.setFormatter(JsonFormatter(mask=mask))
    else:
        handler.setFormatter(TextFormatter(debug=debug, colours=colours, mask=mask))
    return handler


def _is_console(handler: logging.Handler) -> bool:
    stream = getattr(handler, "stream", None)
    return isinstance(handler, logging.StreamHandler) and stream in (
        sys.stderr,
        sys.stdout,
        sys.__stderr__,
        sys.__stdout__,
    )


def _extra(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _STANDARD and name != "request_id"}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    parts = []
    if record.exc_info and record.exc_info[0] is not None:
        parts.append(formatter.formatException(record.exc_info))
    elif record.exc_text:
        parts.append(record.exc_text)
    if record.stack_info:
        parts.append(formatter.formatStack(record.stack_info))
    return "\n".join(parts)


def _quoted(text: str) -> str:
    """Keep a value apart from the next name: quotes around whatever is not one plain word."""
    if text and not any(c in text for c in " =\"'"):
        return text
    return '"' + text.replace('"', '\\"') + '"'


def _as_text(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return _HARMFUL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def _escaped_in_json(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
