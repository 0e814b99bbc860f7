"""The page that a developer sees in DEBUG when a request fails.

It shows the error and its fix, the frames of the application before those of
libraries, the code around each line, local variables and the request with
secrets masked, and for an address without a page the nearest ones. It is never
composed when DEBUG is off.
"""

from __future__ import annotations

import linecache
import pkgutil
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from asok.debugmigrate import MIGRATE_PATH
from asok_engine.errors import FrameworkError, InputError, MissingTable, NotFoundError, Stop
from asok_engine.records.errors import UnknownName
from asok_engine.security.redaction import HIDDEN, SHORTEST_SECRET, Redactor, is_secret_name
from asok_engine.templates.environment import Environment
from asok_engine.templates.errors import TemplateError, suggestion
from asok_engine.wire.request import Request
from asok_engine.wire.response import HTML, Response, bare
from asok_engine.wire.statuses import phrase

__all__ = ["DebugPage"]

#: What helps against a table that is not there when every migration is applied.
NO_MIGRATION = "No migration waits to be applied. Make one first: asok make migration, then asok migrate."
_CONTEXT_LINES = 5
_SHOWN_FRAMES = 40
#: A text written after a name, as in `API_KEY = "..."`, `{"token": "..."}` and `connect(password="...")`.
_LITERAL = re.compile(r"""(?P<name>\w+)(?P<sign>["']?\s*[=:]\s*)(?P<quote>["'])(?P<text>.+?)(?P=quote)""")

#: How Python says that something is awaited which cannot be, before 3.14 and since.
_AWAITED = re.compile(r"in 'await' expression|object can't be awaited")

#: The extra of ours that brings a module along.
_EXTRAS = {
    "brotli": "compress",
    "granian": "server",
    "httptools": "async",
    "redis": "redis",
    "uvloop": "async",
}


class DebugPage:
    """Renders failures for a developer; `near` gives addresses similar to one that is not there.

    `left_out` are sentences about pages that answer no address, because of their names.
    `has_migrations` tells whether there are any to apply, for the button that does.
    """

    def __init__(
        self,
        root: Path,
        *,
        near: Callable[[str], Iterable[str]],
        secrets: Iterable[str] = (),
        left_out: Iterable[str] = (),
        has_migrations: Callable[[], bool] = lambda: True,
    ) -> None:
        self._root = str(root)
        self._near = near
        self._left_out = list(left_out)
        self._has_migrations = has_migrations
        self._secrets = frozenset(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
        self._redactor = Redactor(self._secrets)
        self._environment = Environment([Path(__file__).parent / "templates"])

    def __call__(self, request: Request, error: Exception, status: int) -> Response | None:
        """Answer with the page for an error; None leaves it to the application's error pages."""
        # Why a page for UnknownName: it is a slip in the code more often than in an address.
        if isinstance(error, InputError | Stop) and not isinstance(error, UnknownName):
            # An address that no route has; what a handler does not find is its own page's business.
            unrouted = isinstance(error, NotFoundError) and request.endpoint.handler.source == "dispatch"
            return self._not_found(request) if unrouted else None
        return self._failed(request, error, status)

    def _not_found(self, request: Request) -> Response:
        text = self._environment.render(
            "not_found.html",
            {
                "path": request.path,
                "near": list(self._near(request.path)),
                "left_out": [self._said(text) for text in self._left_out],
                "nonce": getattr(request, "nonce", ""),
            },
        )
        return bare(text.encode(), HTML, 404)

    def _failed(self, request: Request, error: Exception, status: int) -> Response:
        frames = self._frames(error)
        lacks_table = _lacks_table(error)
        can_migrate = lacks_table and self._has_migrations()
        fix = _fix_of(error)
        text = self._environment.render(
            "failed.html",
            {
                "status": f"{status} {phrase(status)}",
                "kind": type(error).__name__,
                "message": self._said(getattr(error, "message", "") or str(error)),
                "migrates": migrate_field(request) if can_migrate else "",
                "migrate_path": MIGRATE_PATH,
                "back": request.path if request.method == "GET" else "/",
                "fix": NO_MIGRATION if lacks_table and not can_migrate else fix,
                "template": self._template_view(error),
                "frames": frames,
                "causes": [self._said(cause) for cause in _causes(error)],
                "request": self._request_view(request),
                "nonce": getattr(request, "nonce", ""),
            },
        )
        return bare(text.encode(), HTML, status)

    def _frames(self, error: BaseException) -> list[dict[str, Any]]:
        """Give the frames, the application's own first; an error that has none of these, with its cause's."""
        frames = self._walked(error)
        cause = error.__cause__
        while cause is not None and not any(frame["mine"] for frame in frames):
            frames += self._walked(cause)
            cause = cause.__cause__
        mine_first = [frame for frame in frames if frame["mine"]] + [
            frame for frame in frames if not frame["mine"]
        ]
        return mine_first[:_SHOWN_FRAMES]

    def _walked(self, error: BaseException) -> list[dict[str, Any]]:
        frames = []
        for frame, line in traceback.walk_tb(error.__traceback__):
            code = frame.f_code
            name = getattr(code, "co_qualname", code.co_name)
            shown = self._frame(code.co_filename, line, name, frame.f_globals)
            frames.append(shown | {"locals": self._locals(frame.f_locals) if shown["mine"] else []})
        if isinstance(error, SyntaxError) and error.filename and error.lineno:
            # What cannot be read has not run, and so no frame.
            frames.append(self._frame(error.filename, error.lineno, "<module>", {}))
        return frames[::-1]

    def _frame(self, path: str, line: int, function: str, variables: dict[str, Any]) -> dict[str, Any]:
        mine = path.startswith(self._root) and "site-packages" not in path
        return {
            "path": path.removeprefix(self._root).lstrip("/") if mine else _short(path),
            "line": line,
            "function": function,
            "mine": mine,
            "code": self._shown(_code(path, line, variables)),
            "locals": [],
        }

    def _request_view(self, request: Request) -> list[tuple[str, list[tuple[str, str]]]]:
        def masked(pairs: Mapping[str, Any]) -> list[tuple[str, str]]:
            return [
                (str(name), self._redactor.mask_text(str(self._redactor.mask(str(name), value))))
                for name, value in pairs.items()
            ]

        return [
            (
                "Request",
                [
                    ("method", request.method),
                    ("path", self._redactor.mask_text(request.path)),
                    ("id", request.id),
                    ("client", request.ip),
                ],
            ),
            ("Parameters", masked(request.params)),
            ("Query", masked(request.query)),
            ("Form", masked(request._fields or {})),
            ("Headers", masked(request.headers)),
            ("Cookies", masked(dict.fromkeys(request.cookies, "…"))),
        ]

    def _locals(self, variables: Mapping[str, Any]) -> list[tuple[str, str]]:
        # A name with a dot in front is the interpreter's own, such as the iterator of a comprehension.
        named = {name: value for name, value in variables.items() if not name.startswith(".")}
        return list(self._redactor.mask_locals(named).items())

    def _template_view(self, error: BaseException) -> dict[str, Any] | None:
        if not isinstance(error, TemplateError) or not error.source_lines:
            return None
        return {"name": error.template, "line": error.line, "code": self._shown(error.source_lines)}

    def _said(self, message: str) -> str:
        return self._redactor.mask_text(message).replace(f"{self._root}/", "")

    def _without_secrets(self, code: str) -> str:
        for secret in self._secrets:
            code = code.replace(secret, HIDDEN)
        return code

    def _shown(self, lines: Iterable[tuple[int, str, bool]]) -> list[tuple[int, str, bool]]:
        # Not masked as free text is: `token = request.query["token"]` is code and no secret.
        return [
            (number, _LITERAL.sub(_hide_literal, self._without_secrets(text)), is_here)
            for number, text, is_here in lines
        ]


def migrate_field(request: Request) -> str:
    """Give the hidden field with the visitor's token for the button that migrates."""
    make = getattr(request, "csrf_input", None)
    return make() if make is not None else ""


def _lacks_table(error: BaseException | None) -> bool:
    """Tell whether an error is about a table or column that is not there, also where a template met it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, MissingTable):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _fix_of(error: BaseException) -> str:
    """Give what an error says is to be done, or what is known to help against it, or against its cause."""
    if not isinstance(error, FrameworkError):
        return known_fix(error)
    return error.fix or (known_fix(error.__cause__) if error.__cause__ is not None else "")


def known_fix(error: BaseException) -> str:
    """Give the one thing to do for errors that beginners meet, or an empty string."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        package, _, missing = error.name.rpartition(".")
        if package in sys.modules and package not in _EXTRAS:
            modules = [
                each.name for each in pkgutil.iter_modules(getattr(sys.modules[package], "__path__", ()))
            ]
            return suggestion(missing, modules) or f"Correct the import: {package} has no module {missing!r}."
        module = error.name.partition(".")[0]
        package = f'"asok[{_EXTRAS[module]}]"' if module in _EXTRAS else module
        return f"Install it (pip install {package}) or correct the import."
    if isinstance(error, KeyError):
        return "Use .get(name) where the key may be missing."
    if isinstance(error, AttributeError) and "NoneType" in str(error):
        return "Something gave None where an object was expected; check the call before this line."
    if isinstance(error, TypeError) and _AWAITED.search(str(error)):
        return "What was awaited is a value already: leave await away, or call the twin that ends in _async."
    if isinstance(error, TypeError | AttributeError) and "coroutine" in str(error):
        return "A call of an async function needs await."
    if isinstance(error, AttributeError) and error.name and error.obj is not None:
        # Of a class also what its metaclass has, such as the kinds of fields of a form.
        names = {*dir(error.obj), *(dir(type(error.obj)) if isinstance(error.obj, type) else ())}
        return suggestion(error.name, sorted(name for name in names if not name.startswith("_")))
    return ""


def _causes(error: BaseException) -> list[str]:
    causes: list[str] = []
    seen: set[int] = set()
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    while cause is not None and id(cause) not in seen and len(causes) < 5:
        seen.add(id(cause))
        causes.append(f"{type(cause).__name__}: {cause}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return causes


def _code(path: str, line: int, module: dict[str, Any]) -> list[tuple[int, str, bool]]:
    first = max(1, line - _CONTEXT_LINES)
    return [
        (number, linecache.getline(path, number, module).rstrip("\n"), number == line)
        for number in range(first, line + _CONTEXT_LINES + 1)
        if linecache.getline(path, number, module)
    ]


def _short(path: str) -> str:
    marker = "site-packages/"
    return path.rpartition(marker)[2] if marker in path else "/".join(Path(path).parts[-3:])


def _hide_literal(found: re.Match[str]) -> str:
    if not is_secret_name(found["name"]):
        return found[0]
    return f"{found['name']}{found['sign']}{found['quote']}{HIDDEN}{found['quote']}"
