"""The page that a developer sees in DEBUG when a request fails.

It shows the error and its fix, the frames of the application before those of
libraries, the code around each line, local variables and the request with
secrets masked, and for an address without a page the nearest ones. It is never
composed when DEBUG is off.
"""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from asok_engine.errors import FrameworkError, InputError, NotFoundError, Stop
from asok_engine.security.redaction import mask, mask_locals
from asok_engine.templates.environment import Environment
from asok_engine.templates.errors import TemplateError
from asok_engine.wire.request import Request
from asok_engine.wire.response import HTML, Response, bare
from asok_engine.wire.statuses import phrase

__all__ = ["DebugPage"]

_CONTEXT_LINES = 5
_SHOWN_FRAMES = 40


class DebugPage:
    """Renders failures for a developer; `near` gives addresses similar to one that is not there."""

    def __init__(
        self,
        root: Path,
        *,
        near: Callable[[str], Iterable[str]],
        secrets: Iterable[str] = (),
    ) -> None:
        self._root = str(root)
        self._near = near
        self._secrets = frozenset(secrets)
        self._environment = Environment([Path(__file__).parent / "templates"])

    def __call__(self, request: Request, error: Exception, status: int) -> Response | None:
        """Answer with the page for an error; None leaves it to the application's error pages."""
        if isinstance(error, InputError | Stop):
            # An address that no route has; what a handler does not find is its own page's business.
            unrouted = isinstance(error, NotFoundError) and request.endpoint.handler.source == "dispatch"
            return self._not_found(request, error) if unrouted else None
        return self._failed(request, error, status)

    def _not_found(self, request: Request, error: InputError | Stop) -> Response:
        text = self._environment.render(
            "not_found.html",
            {
                "path": request.path,
                "message": error.message,
                "near": list(self._near(request.path)),
                "nonce": getattr(request, "nonce", ""),
            },
        )
        return bare(text.encode(), HTML, 404)

    def _failed(self, request: Request, error: Exception, status: int) -> Response:
        frames = self._frames(error)
        text = self._environment.render(
            "failed.html",
            {
                "status": f"{status} {phrase(status)}",
                "kind": type(error).__name__,
                "message": getattr(error, "message", "") or str(error),
                "fix": getattr(error, "fix", "") if isinstance(error, FrameworkError) else known_fix(error),
                "template": _template_view(error),
                "frames": frames,
                "causes": _causes(error),
                "request": self._request_view(request),
                "nonce": getattr(request, "nonce", ""),
            },
        )
        return bare(text.encode(), HTML, status)

    def _frames(self, error: BaseException) -> list[dict[str, Any]]:
        frames = []
        for frame, line in traceback.walk_tb(error.__traceback__):
            path = frame.f_code.co_filename
            mine = path.startswith(self._root) and "site-packages" not in path
            frames.append(
                {
                    "path": path.removeprefix(self._root).lstrip("/") if mine else _short(path),
                    "line": line,
                    "function": frame.f_code.co_qualname
                    if hasattr(frame.f_code, "co_qualname")
                    else frame.f_code.co_name,
                    "mine": mine,
                    "code": _code(path, line, frame.f_globals),
                    "locals": list(mask_locals(frame.f_locals, secrets=self._secrets).items())
                    if mine
                    else [],
                }
            )
        frames.reverse()
        mine_first = [frame for frame in frames if frame["mine"]] + [
            frame for frame in frames if not frame["mine"]
        ]
        return mine_first[:_SHOWN_FRAMES]

    def _request_view(self, request: Request) -> list[tuple[str, list[tuple[str, str]]]]:
        def masked(pairs: Mapping[str, Any]) -> list[tuple[str, str]]:
            return [(str(name), str(mask(str(name), value))) for name, value in pairs.items()]

        return [
            (
                "Request",
                [
                    ("method", request.method),
                    ("path", request.path),
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


def known_fix(error: BaseException) -> str:
    """Give the one thing to do for errors that beginners meet, or an empty string."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"Install it (pip install {error.name.partition('.')[0]}) or correct the import."
    if isinstance(error, KeyError):
        return "Use .get(name) where the key may be missing."
    if isinstance(error, AttributeError) and "NoneType" in str(error):
        return "Something gave None where an object was expected; check the call before this line."
    if isinstance(error, TypeError) and "coroutine" in str(error):
        return "A call of an async function needs await."
    return ""


def _template_view(error: BaseException) -> dict[str, Any] | None:
    if not isinstance(error, TemplateError):
        return None
    return {"name": error.template, "line": error.line, "code": list(error.source_lines)}


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
