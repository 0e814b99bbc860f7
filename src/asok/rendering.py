"""Templates for requests: the context every page has, head hooks, and partial pages.

The environment is the engine's; this file says what a template of a page finds in
it: request, nonce, static, meta, shared values. What never changes is a global of
the environment, so a render adds only what belongs to its request.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asok.assets import PageAssets
from asok.forminput import ShownErrors
from asok_engine.errors import InputError
from asok_engine.templates.errors import UnknownBlock
from asok_engine.wire.response import HTML, Response, bare

if TYPE_CHECKING:
    from asok.auth.impersonation import ImpersonationBanner
    from asok.auth.passkeyscript import PasskeyScript
    from asok.request import Request
    from asok.websocket_script import SocketScript
    from asok_engine.templates.environment import Environment

__all__ = ["PagesRendering", "any_mentions", "any_uses_meta", "template_files"]

_META = re.compile(r"\{[{%](?:(?![}%]\}).)*\bmeta\b", re.DOTALL)


class PagesRendering:
    """Renders templates for the requests of one application.

    The environment is made when the first template is rendered, or by `prepare`.
    """

    def __init__(
        self,
        make_environment: Callable[[], Environment],
        shared: Mapping[str, Any],
        *,
        assets: PageAssets,
        socket_script: SocketScript | None = None,
        passkey_script: PasskeyScript | None = None,
        banner: ImpersonationBanner | None = None,
        uses_meta: bool = True,
    ) -> None:
        self._make_environment = make_environment
        self._assets = assets
        #: What adds to pages the scripts that they use.
        self._scripts = [script for script in (passkey_script, socket_script) if script is not None]
        self._banner = banner
        self._uses_meta = uses_meta
        self._constant: dict[str, Any] = {}
        self._made: dict[str, Callable[[Request], Any]] = {}
        for name, value in shared.items():
            make = _maker(value)
            if make is None:
                self._constant[name] = value
            else:
                self._made[name] = make

    @cached_property
    def _environment(self) -> Environment:
        return self._make_environment()

    def prepare(self) -> None:
        """Make the environment now, so that no request waits for it."""
        _ = self._environment

    def shared_value(self, request: Request, name: str) -> Any:
        """Give a value that the application shares, made for this request where it has to be."""
        make = self._made.get(name)
        return self._constant[name] if make is None else make(request)

    def page(self, request: Request, template: str, values: Mapping[str, Any]) -> str:
        """Render a whole template."""
        found = self._environment.template(template, root_first=_folder(request))
        text = found.render(self._context(request, values, found.names))
        for script in self._scripts:
            text = script.into(request, text)
        return text if self._banner is None else self._banner.into(request, text)

    def string(self, request: Request, source: str, values: Mapping[str, Any]) -> str:
        """Render a template given as text."""
        text = self._environment.render_string(source, self._context(request, values))
        return text if self._banner is None else self._banner.into(request, text)

    def stream(self, request: Request, template: str, values: Mapping[str, Any]) -> Iterator[str]:
        """Render a template piece by piece."""
        pieces = self._environment.stream(
            template, self._context(request, values), root_first=_folder(request)
        )
        return pieces if self._banner is None else self._banner.into_stream(request, pieces)

    def needs_token(self, request: Request, template: str) -> bool:
        """Tell whether a template has a form that gets a token."""
        return self._environment.needs_token(template, root_first=_folder(request))

    def partial(
        self, request: Request, template: str, names: Sequence[str], values: Mapping[str, Any]
    ) -> Response:
        """Answer with some blocks of a template: bare for one, in `<template>` elements for several."""
        request.require_blocks(names)
        try:
            blocks = self._environment.render_blocks(
                template, list(names), self._context(request, values), root_first=_folder(request)
            )
        except UnknownBlock as missing:
            raise InputError(f"This page has no block {missing.block!r}.") from missing
        if len(names) == 1:
            text = blocks[names[0]]
        else:
            text = "".join(f'<template data-block="{name}">{blocks[name]}</template>' for name in names)
        response = bare(text.encode(), HTML)
        response.headers["X-Asok-Blocks"] = ", ".join(names)
        response.headers.add_vary("X-Block")
        return response

    def _context(
        self, request: Request, values: Mapping[str, Any], names: frozenset[str] | None = None
    ) -> dict[str, Any]:
        """Give the context of a page; `names` are all that its template can ask for, None for anything."""
        context: dict[str, Any] = {"request": request}
        if names is None or "nonce" in names:
            context["nonce"] = request.nonce
        if names is None or "errors" in names:
            context["errors"] = ShownErrors(request)
        context.update(self._constant)
        page = getattr(request.endpoint, "page", None)
        pattern = "" if page is None else page.file.pattern
        assets = self._assets.head(pattern)
        if self._uses_meta or assets is not None or request._meta is not None:
            meta = request.meta
            context["meta"] = meta
            context["page_title"] = meta.page_title
            context["page_description"] = meta.page_description
            context["head_extra"] = meta.head_extra
        if assets is not None:
            context["head_extra"] = lambda: f"{assets}\n{meta.head_extra() or ''}"
            context["body_attributes"] = lambda: self._assets.body_attributes(pattern)
        if self._made:
            shared = request.shared_values
            for name, make in self._made.items():
                if name not in shared:
                    # Kept, so that a form that a handler has validated is the one that is shown.
                    shared[name] = make(request)
        if request._shared:
            context.update(request._shared)
        context.update(values)
        return context


def template_files(folders: Iterable[Path]) -> list[Path]:
    """Find the templates below these folders."""
    return [path for folder in folders for pattern in ("*.html", "*.asok") for path in folder.rglob(pattern)]


def any_uses_meta(templates: Iterable[Path]) -> bool:
    """Tell whether one of these templates speaks of `meta`.

    Where none does, and no handler either, a page has no head of its own to wait for.
    """
    return any(_META.search(path.read_text(encoding="utf-8", errors="replace")) for path in templates)


def any_mentions(templates: Iterable[Path], word: str) -> bool:
    """Tell whether one of these templates has a word, so that what the word asks for is there."""
    return any(word in path.read_text(encoding="utf-8", errors="replace") for path in templates)


def _folder(request: Request) -> Path | None:
    return getattr(request.endpoint, "folder", None)


def _maker(value: Any) -> Callable[[Request], Any] | None:
    """Tell how a shared value is made per request: `fn(request)`, `fn()`, a form, or not at all."""
    if hasattr(value, "for_request"):
        return value if isinstance(value, type) else value.for_request
    if not inspect.isroutine(value):
        return None
    try:
        parameters = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return None
    if parameters and parameters[0].name in ("request", "req"):
        return value
    if not parameters:
        return lambda _request: value()
    return None
