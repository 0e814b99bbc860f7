"""The request as pages see it: the engine's request, with templates and the application around it.

Rendering, addresses of files and shared values are asked of the application;
this class only names them.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from asok.assets import page_id_of
from asok.auth.visitor import Visitor
from asok.flash import Flashed, leave, take
from asok.keptinput import KeptInput, keep_for_next, take_kept
from asok.limits import RateLimit
from asok.meta import Meta
from asok_engine.backends.sessions.session import Session
from asok_engine.dispatch.middleware.csrf import CSRF_FIELD
from asok_engine.errors import InputError
from asok_engine.security.nonce import make_nonce
from asok_engine.templates.markup import Markup
from asok_engine.validation.report import Report
from asok_engine.wire.response import HTML, Response, bare

if TYPE_CHECKING:
    from asok.app import Asok
    from asok.forms.form import Form

__all__ = ["Nonce", "Request", "RequestEnvironment"]

_CASTS = {"true": True, "false": False, "none": None, "null": None}


class Nonce:
    """The nonce of one response; made when it is first printed, so that other responses have none."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    def __str__(self) -> str:
        if not self._request.nonce_value:
            self._request.nonce_value = make_nonce()
        return self._request.nonce_value

    __html__ = __str__


class RequestEnvironment:
    """The environment of the application: `request.env("KEY", default)`, `request.env["KEY"]`.

    The words true, false, none and null become what they say.
    """

    __slots__ = ("_variables",)

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def get(self, name: str, default: Any = None) -> Any:
        """Give a variable, or `default`."""
        value = self._variables.get(name)
        if value is None:
            return default
        return _CASTS.get(value.lower(), value)

    __call__ = get

    def __getitem__(self, name: str) -> Any:
        if name not in self._variables:
            raise KeyError(name)
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._variables

    def __repr__(self) -> str:
        return f"<environment of {len(self._variables)} variables>"


class Request(Visitor):
    """One request to a page."""

    app: ClassVar[Asok]

    # Why of the class: a Struct has its other annotations as fields, which every request would pay for.
    #: Set while an error page is rendered.
    error_status: ClassVar[int]
    error_message: ClassVar[str]
    _meta: Meta | None = None
    _shared: dict[str, Any] | None = None

    # --- templates ------------------------------------------------------------------

    def html(self, template: str, context: Mapping[str, Any] | None = None, /, **values: Any) -> Response:
        """Answer with a rendered template.

        The name is looked up beside the page first, then in src/pages and
        src/partials. With an `X-Block` header only the named blocks are
        rendered. Raises TemplateError that names file and line.
        """
        wanted = self.sent.get(b"x-block")
        if wanted is not None:
            names = [name.strip().lstrip("#") for name in wanted.decode("latin-1").split(",")]
            return self.app.services.rendering.partial(self, template, names, {**(context or {}), **values})
        text = self.app.services.rendering.page(self, template, {**context, **values} if context else values)
        return bare(text.encode(), HTML, 422 if self.has_shown_errors else 200)

    render_template = html
    render = html

    def render_string(
        self, source: str, context: Mapping[str, Any] | None = None, /, **values: Any
    ) -> Response:
        """Answer with a template given as text; never give it text that a visitor wrote."""
        text = self.app.services.rendering.string(self, source, {**(context or {}), **values})
        return bare(text.encode(), HTML)

    def block(
        self, template: str, block: str, context: Mapping[str, Any] | None = None, /, **values: Any
    ) -> Response:
        """Answer with one block of a template."""
        return self.app.services.rendering.partial(self, template, [block], {**(context or {}), **values})

    def blocks(
        self, template: str, blocks: Sequence[str], context: Mapping[str, Any] | None = None, /, **values: Any
    ) -> Response:
        """Answer with several blocks, each in a `<template data-block="name">`."""
        return self.app.services.rendering.partial(
            self, template, list(blocks), {**(context or {}), **values}
        )

    def stream(  # type: ignore[override]
        self,
        source: str | Iterable[Any] | AsyncIterable[Any],
        content_type: str | None = None,
        /,
        **values: Any,
    ) -> Response:
        """Answer piece by piece: from a template's name with values, or from an iterable of text or bytes.

        `content_type` may be given by position or by name with an iterable.
        """
        if isinstance(source, str):
            rendering = self.app.services.rendering
            if rendering.needs_token(self, source):
                # A cookie has to be sent before the page; the token that goes with it is made now.
                self.csrf_token()
            return bare(rendering.stream(self, source, values), HTML)
        return super().stream(source, values.pop("content_type", content_type))

    @property
    def meta(self) -> Meta:
        """The head of this page: `request.meta.title("Home").description("...")`."""
        if self._meta is None:
            self._meta = Meta()
        return self._meta

    @property
    def nonce(self) -> Nonce:
        """The CSP nonce of this response; printing it is what makes one."""
        return Nonce(self)

    @property
    def shared_values(self) -> dict[str, Any]:
        """The values shared with every template of this request."""
        if self._shared is None:
            self._shared = {}
        return self._shared

    def share(self, name: str | None = None, value: Any = None, /, **values: Any) -> Request:
        """Give values to every template that this request renders: `share("user", u)` or `share(user=u)`."""
        if name is not None:
            self.shared_values[name] = value
        self.shared_values.update(values)
        return self

    def shared(self, name: str, default: Any = None) -> Any:
        """Give a shared value, of this request or of the application.

        What is made anew for each request, such as a form, is made once and kept.
        """
        if name not in self.shared_values:
            if name not in self.app.shared_values:
                return default
            self.shared_values[name] = self.app.services.rendering.shared_value(self, name)
        return self.shared_values[name]

    def shared_form(self, name: str) -> Form:
        """Give a form that the application shares, bound to this request."""
        form: Form = self.shared(name)
        return form

    # --- session, messages, forms -------------------------------------------------------

    @property
    def session(self) -> Session:
        """What is kept about this visitor between requests: a dictionary of JSON values.

        Nothing is read before it is touched, and nothing written unless it changed. Raises
        BackendUnavailable (503) when the place that keeps sessions does not answer.
        """
        return self.app.services.sessions.of(self)

    def session_regenerate(self) -> None:
        """Give the session another id; the one before is dead. Call it when rights change."""
        self.session.rotate()

    def flash(self, category: str, message: str | None = None) -> Request:
        """Leave a message for the next page: `flash("success", "Saved.")` or `flash("Saved.")`; chainable."""
        leave(self.session, category, message)
        return self

    def get_flashed_messages(
        self, with_categories: bool = True, category_filter: str | Iterable[str] | None = None
    ) -> list[Any]:
        """Give the messages that wait for this visitor and take them away.

        Each unpacks as category and message, and has `.category` and `.message`; without
        `with_categories` each is its text. `category_filter` is one category, or several.
        """
        messages: list[Flashed] | None = self.__dict__.get("flashed")
        if messages is None:
            messages = self.__dict__["flashed"] = take(self.session)
        if category_filter is not None:
            wanted = {category_filter} if isinstance(category_filter, str) else set(category_filter)
            messages = [message for message in messages if message.category in wanted]
        return list(messages) if with_categories else [message.message for message in messages]

    def csrf_token(self) -> str:
        """Give the token that a form or script of this page sends back; it belongs to this visitor."""
        return self.app.services.csrf.token(self)

    def csrf_input(self) -> Markup:
        """Give the hidden field that carries the token in a form."""
        return Markup(f'<input type="hidden" name="{CSRF_FIELD}" value="{self.csrf_token()}">')

    def token_field(self) -> Markup:
        """Give what forms put in by themselves: `csrf_input()`, and nothing where the setting CSRF is off."""
        return self.csrf_input() if self.demands_tokens else Markup("")

    def csrf_meta(self) -> Markup:
        """Give the element for the head from which scripts read the token."""
        return Markup(f'<meta name="csrf-token" content="{self.csrf_token()}">')

    def verify_csrf(self) -> None:
        """Check this request's token, also where that is not done by itself; raises ForbiddenError (403)."""
        self.app.services.csrf.check(self)

    def keep_input(self) -> None:
        """Keep errors and what was typed for the next page; a redirect does so by itself after errors.

        Passwords, tokens and files are not kept.
        """
        form = self._wrong_form
        keep_for_next(
            self.session,
            "" if form is None else form.form_key,
            self.post_form,
            self._errors or Report(),
            () if form is None else form.secret_names(),
        )

    def kept_input(self) -> KeptInput | None:
        """Give what an earlier request has kept for this page."""
        if "input_taken" not in self.__dict__:
            # Why asked first: a visitor without a session has nothing, and the page can stay a shared one.
            has_session = self.app is not None and self.app.services.sessions.sent_with(self)
            self.__dict__["input_taken"] = take_kept(self.session) if has_session else None
        kept: KeptInput | None = self.__dict__["input_taken"]
        return kept

    # --- files and addresses ----------------------------------------------------------

    def static(self, path: str) -> str:
        """Give the address of a static file, with a hash of its content."""
        return self.app.services.static_files.url(path)

    def send_file(
        self,
        path: str | Path,
        filename: str | None = None,
        as_attachment: bool = True,
        base_dir: str | Path | None = None,
    ) -> Response:
        """Answer with a file below src/partials/uploads, or below `base_dir`.

        A path that leaves that folder, also through a symbolic link, raises
        ForbiddenError (403); a missing file NotFoundError (404).
        """
        return self.app.services.downloads.answer(
            path, filename, as_attachment=as_attachment, base_dir=base_dir
        )

    @property
    def env(self) -> RequestEnvironment:
        """The environment variables and `.env` of the application."""
        return self.app.services.environment

    @property
    def page_id(self) -> str:
        """The id of the page that answers, as its scoped styles use it; empty without a page."""
        page = getattr(self.endpoint, "page", None)
        return "" if page is None else page_id_of(page.file.pattern)

    # --- the rest -----------------------------------------------------------------------

    @property
    def lang(self) -> str:
        """The language of this request: the setting LOCALE."""
        return self.app.services.locale

    def rate_limit(
        self, rate: str | int | tuple[int, float], window: float | None = None, prefix: str = ""
    ) -> None:
        """Count this request against a rate such as "3/d"; raises TooManyRequests over it.

        In an async handler with counters in Redis use the decorator, which waits
        without holding up the event loop.
        """
        RateLimit(rate, window, prefix=prefix or self.path).check(self)

    def require_blocks(self, names: Iterable[str]) -> None:
        """Refuse block names that cannot be names (400)."""
        for name in names:
            if not name or not all(char.isalnum() or char in "_-" for char in name):
                raise InputError(f"X-Block names {name!r}; letters, digits, - and _ make a block's name.")
