"""Functions that act on the request of the running context, for code that was not handed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast

from asok.request import Request
from asok_engine.dispatch.context import current_request
from asok_engine.wire.response import Response

__all__ = [
    "CurrentUser",
    "abort",
    "authenticate",
    "back",
    "current_user",
    "flash",
    "login",
    "logout",
    "redirect",
    "render_block",
    "render_blocks",
    "render_template",
    "render_template_string",
]


def _request() -> Request:
    return cast(Request, current_request.get())


def render_template(template: str, context: Mapping[str, Any] | None = None, /, **values: Any) -> Response:
    """Render a template for the current request, as `request.html` does."""
    return _request().html(template, context, **values)


def render_template_string(
    source: str, context: Mapping[str, Any] | None = None, /, **values: Any
) -> Response:
    """Render a template given as text; never give it text that a visitor wrote."""
    return _request().render_string(source, context, **values)


def render_block(
    template: str, block: str, context: Mapping[str, Any] | None = None, /, **values: Any
) -> Response:
    """Render one block of a template for the current request."""
    return _request().block(template, block, context, **values)


def render_blocks(
    template: str, blocks: Sequence[str], context: Mapping[str, Any] | None = None, /, **values: Any
) -> Response:
    """Render several blocks of a template for the current request."""
    return _request().blocks(template, blocks, context, **values)


def redirect(url: str, status: int = 302, *, safe: bool = True) -> NoReturn:
    """Send the client of the current request to `url`, as `request.redirect` does."""
    _request().redirect(url, status, safe=safe)


def back(default: str = "/") -> NoReturn:
    """Send the client of the current request to the page it came from."""
    _request().back(default)


def abort(status: int, message: str = "") -> NoReturn:
    """Stop the current request and answer with the page for this status."""
    _request().abort(status, message)


def flash(category: str, message: str | None = None) -> None:
    """Leave a message for the next page of the current visitor, as `request.flash` does."""
    _request().flash(category, message)


def authenticate(password_field: str = "password", **credentials: Any) -> Any:  # noqa: S107
    """Give the person with these credentials, as `request.authenticate` does."""
    return _request().authenticate(password_field, **credentials)


def login(user: Any, remember: bool = False, *, code_url: str = "/login/code") -> None:
    """Sign somebody in, as `request.login` does."""
    _request().login(user, remember, code_url=code_url)


def logout() -> None:
    """Sign the current visitor out, as `request.logout` does."""
    _request().logout()


class CurrentUser:
    """Stands for the person of the current request; false when nobody is signed in."""

    __slots__ = ()

    def get(self) -> Any:
        """Give the person themselves, None when nobody is signed in; raises UsageError outside a request."""
        return _request().user

    def __getattr__(self, name: str) -> Any:
        return getattr(self.get(), name)

    def __bool__(self) -> bool:
        return bool(current_request) and self.get() is not None

    def __eq__(self, other: object) -> bool:
        return bool(self.get() == (other.get() if isinstance(other, CurrentUser) else other))

    def __hash__(self) -> int:
        return hash(self.get())

    def __repr__(self) -> str:
        return f"<current_user: {self.get()!r}>" if self else "<current_user: nobody>"


current_user = CurrentUser()
