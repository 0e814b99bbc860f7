"""The request's side of signing in: `request.user`, `request.login(user)`, `request.require_role("agent")`.

It names the deeds; `auth.people` does them. What touches the database has a twin that
ends in `_async`. Reading `request.user` never does on an event loop: who it is was read
before the page began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from asok import parts
from asok.forminput import FormInput
from asok_engine.errors import ForbiddenError, UnauthorizedError
from asok_engine.wire.authorization import carries_bearer
from asok_engine.wire.urls import local_target

if TYPE_CHECKING:
    from asok.app import Asok
    from asok.auth.requestauth import RequestAuth
    from asok_engine.records.policy import Decision, Principal

__all__ = ["Visitor", "principal_of"]


def principal_of(user: Any) -> Principal:
    """Give a person as policies judge them: by key, roles, rights, and the scopes of a token."""
    roles = getattr(user, "roles", None) or ()
    rights, scopes = tuple(getattr(user, "rights", ())), getattr(user, "scopes", None)
    return parts.Principal("person", user.pk, frozenset(roles), rights, scopes)


class Visitor(FormInput):
    """A request that knows who has sent it."""

    app: ClassVar[Asok]

    @property
    def user(self) -> Any:
        """The person who is signed in, None for anybody else.

        With `Authorization: Bearer` it is the person of the token, whatever the cookies say. Raises
        BearerRefused (401) when the token is not valid, BackendUnavailable (503) when sessions or
        people cannot be read.
        """
        return None if self.app is None else self.app.services.people.of(self)

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody is signed in."""
        return self.user is not None

    def authenticate(self, password_field: str = "password", **credentials: Any) -> Any:  # noqa: S107
        """Give the person with these credentials, None when there is none or they may not sign in.

        `authenticate(email=..., password=...)`; nobody is signed in by it. Takes the same
        time for somebody who is unknown. Raises TooManyRequests (429) after too many tries.
        """
        return self.app.services.people.authenticate(self, password_field, credentials)

    async def authenticate_async(self, password_field: str = "password", **credentials: Any) -> Any:  # noqa: S107
        """Do what `authenticate` does without blocking the event loop."""
        return await self.app.services.people.authenticate_async(self, password_field, credentials)

    def login(self, user: Any, remember: bool = False, *, code_url: str = "/login/code") -> None:
        """Sign somebody in; the session gets another id. `remember` keeps it beyond the browser's end.

        Who has a second step is signed in by the page at `code_url`, where this sends them; that
        page calls `request.auth.codes.finish`.
        """
        self.app.services.people.sign_in(
            self, user, remember=remember, next_url=self.next_url(""), code_url=code_url
        )

    def logout(self) -> None:
        """Sign out: the session is over at once, whoever else knows its id."""
        self.app.services.people.logout(self)

    @property
    def auth(self) -> RequestAuth:
        """Everything else about people: links in mail, codes, tokens, confirming that it is them."""
        return parts.RequestAuth(self)

    def change_password(self, password: str) -> None:
        """Give the person who is signed in another password; their other sessions end.

        Raises ValidationError (422) when it may not be taken.
        """
        parts.NewPassword(self).take(password)

    async def change_password_async(self, password: str) -> None:
        """Do what `change_password` does without blocking the event loop."""
        await parts.NewPassword(self).take_async(password)

    # --- who may come in -----------------------------------------------------------------------

    def login_required(self) -> None:
        """Let only people in who are signed in; raises UnauthorizedError (401)."""
        if self.user is None:
            raise UnauthorizedError("Please sign in.")

    def require_auth(self, login_url: str = "/login") -> None:
        """Send a visitor who is not signed in to sign in, and afterwards back to this page."""
        if self.user is None:
            self.redirect(self.leading_back(login_url))

    def leading_back(self, url: str) -> str:
        """Give an address with this page as its `next`, for a page that leads back here."""
        # Why only of a page that was read: a form that was sent cannot be sent again by a redirect.
        is_read = self.method in ("GET", "HEAD") and self.query_string
        path = quote(self.root_path + self.path)
        here = f"{path}?{self.query_string}" if is_read else path
        mark = "&" if "?" in url else "?"
        return f"{url}{mark}next={quote(here, safe='/')}"

    def has_role(self, *roles: str) -> bool:
        """Tell whether the person who is signed in has one of these roles."""
        user = self.user
        return user is not None and bool(user.has_role(*roles))

    def require_role(self, *roles: str, redirect_url: str | None = "/") -> None:
        """Let only people in who have one of these roles.

        Others are sent to `redirect_url`; with None they get 403, or 401 when they are not signed in,
        and so does a program with a token.
        """
        if self.has_role(*roles):
            return
        if redirect_url is not None and not carries_bearer(self):
            self.redirect(redirect_url)
        self.login_required()
        raise ForbiddenError("This needs a role that you do not have.")

    def next_url(self, default: str = "/") -> str:
        """Give the page to go to after signing in: `next` of form or query when it is of this site.

        Anything else, also what only a browser would read as another site, gives `default`. After
        the second step of a sign-in it is what the first step was told.
        """
        wanted = self.form.get("next") or self.__dict__.get("next_of_sign_in")
        return local_target(wanted or None, default)

    # --- the one boundary ------------------------------------------------------------------------

    @property
    def principal(self) -> Principal:
        """Who asks, as policies judge it; anonymous for a visitor who is not signed in."""
        user = self.user
        return parts.ANONYMOUS if user is None else principal_of(user)

    def may(self, action: str, target: Any) -> bool:
        """Tell whether the policy lets this visitor do something with a record, or with a model."""
        return parts.run(parts.is_allowed(self.principal, action, target))

    async def may_async(self, action: str, target: Any) -> bool:
        """Do what `may` does without blocking the event loop."""
        return await parts.run_async(parts.is_allowed(self.principal, action, target))

    def authorise(self, action: str, target: Any) -> None:
        """Go on only when the policy lets this visitor do something with a record, or with a model.

        Raises ForbiddenError (403), or NotFoundError (404) for a record that they may not even see.
        """
        parts.run(parts.authorise(self.principal, action, target))

    async def authorise_async(self, action: str, target: Any) -> None:
        """Do what `authorise` does without blocking the event loop."""
        await parts.run_async(parts.authorise(self.principal, action, target))

    def explain(self, action: str, target: Any) -> Decision:
        """Tell whether this visitor may do something, and which rule of the policy says so."""
        return parts.run(parts.decide(self.principal, action, target))

    async def explain_async(self, action: str, target: Any) -> Decision:
        """Do what `explain` does without blocking the event loop."""
        return await parts.run_async(parts.decide(self.principal, action, target))
