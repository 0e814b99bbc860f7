"""Brings a visitor's session to a request, and takes back what has changed.

The cookie holds a random id with a signature; the store knows only a hash of the id.
A session is looked up when it is touched: plain code reads the store then, and for
code on an event loop it is read before, when the visitor has sent an id. It is written
once, after the chain and before anything is sent, and only when it differs. When the
store does not answer, whoever touches the session gets 503, never an empty one. A
request that ends in a defect writes nothing. The id that a visitor brings is never
given to a session that is made here (CWE-384). A request with bearer credentials has an
empty session that is kept nowhere: it is not its cookies'.
Sources: RFC 6265bis 4.1.3 (prefixes), OWASP ASVS 5.0 V3.3 and V7.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar

from asok_engine.backends.sessions.contract import NewSession, SessionStore, StoredSession
from asok_engine.backends.sessions.session import Session
from asok_engine.errors import BackendUnavailable, UsageError
from asok_engine.security.keys import random_token
from asok_engine.security.signing import Signer
from asok_engine.wire.authorization import carries_bearer
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["SESSION_COOKIE", "SessionCookie", "Sessions", "handle_of"]

#: The name of the cookie; with `__Host-` before it where it is secure.
SESSION_COOKIE = "asok_session"
#: More than this in one session belongs into a database.
MAX_BYTES = 1_000_000
_LOCAL = ("localhost", "127.0.0.1", "::1", "[::1]")

T = TypeVar("T")
#: Yields the name of a store's method with its arguments and receives what it returns.
Deed = Generator[tuple[str, tuple[Any, ...]], Any, T]

_log = logging.getLogger("asok.security")


def handle_of(sid: str) -> str:
    """Give the name under which the store has the session of an id."""
    return hashlib.sha256(sid.encode("utf-8", "surrogatepass")).hexdigest()


class SessionCookie:
    """How the id travels: names, attributes, signature."""

    def __init__(
        self,
        signer: Signer,
        *,
        secure: bool,
        same_site: str,
        max_age_seconds: int,
        name: str = SESSION_COOKIE,
    ) -> None:
        # Why the prefix: a browser takes such a cookie from this very host over https only, so
        # that another host of the same domain cannot plant one.
        self.name = f"__Host-{name}" if secure else name
        self.signer = signer
        self._raw_name = self.name.encode("ascii")
        self._secure = secure
        self._same_site = same_site
        self._max_age_seconds = max_age_seconds
        self._has_hinted = False

    def sent(self, request: Request) -> bool:
        """Tell quickly whether a request may carry an id."""
        raw = request.headers.raw(b"cookie")
        return raw is not None and self._raw_name in raw

    def put(self, request: Request, response: Response, sid: str, *, remember: bool) -> None:
        """Give the visitor an id."""
        self._hint(request)
        response.set_cookie(
            self.name,
            self.signer.sign(sid),
            max_age=self._max_age_seconds if remember else None,
            secure=self._secure,
            same_site=self._same_site,
        )

    def put_beside(self, response: Response, name: str, value: str, max_age_seconds: int) -> None:
        """Give the visitor another cookie, under the same conditions; 0 seconds take it away."""
        response.set_cookie(
            name, value, max_age=max_age_seconds, secure=self._secure, same_site=self._same_site
        )

    def remove(self, response: Response) -> None:
        """Take the id away from the visitor."""
        response.set_cookie(self.name, "", max_age=0, secure=self._secure, same_site=self._same_site)

    def _hint(self, request: Request) -> None:
        """Tell once when browsers are going to drop the cookie in silence."""
        if self._secure and not self._has_hinted and not request.is_secure and request.hostname not in _LOCAL:
            self._has_hinted = True
            _log.warning(
                "The session cookie is for https only and %s was asked over http, so browsers drop it. "
                "Name the proxy that ends TLS in TRUSTED_PROXIES, or set SESSION_SECURE=false.",
                request.host,
            )


class Sessions:
    """The sessions of one application: the way to a request's session, and the kernel's keeper of it.

    `on_create(request, session)` is called before a session of a visitor who had none is
    kept first. `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        store: SessionStore,
        cookie: SessionCookie,
        *,
        on_create: Callable[[Request, Session], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.cookie = cookie
        self.on_create = on_create
        self._clock = clock

    @property
    def waits(self) -> bool:
        """Whether the store waits for a disk or a network."""
        return self.store.waits

    # --- for the kernel -----------------------------------------------------------------

    async def read_ahead(self, request: Request) -> None:
        """Read the session for code on an event loop, when the visitor has sent an id."""
        sid = self._sid(request) if self.cookie.sent(request) else None
        if sid is None:
            return
        try:
            found = await self.store.load_async(handle_of(sid))
        except BackendUnavailable as error:
            # Why kept: a page that does not touch the session can do without it.
            request.__dict__["session_ahead"] = error
        else:
            request.__dict__["session_ahead"] = (found,)

    def read_before(self, request: Request) -> None:
        """Do what `read_ahead` does in a thread, for a handler that runs on the background loop."""
        sid = self._sid(request) if self.cookie.sent(request) else None
        if sid is None:
            return
        try:
            request.__dict__["session_ahead"] = (self.store.load(handle_of(sid)),)
        except BackendUnavailable as error:
            request.__dict__["session_ahead"] = error

    def settle(self, request: Request, response: Response) -> None:
        """Write what has changed in the session of a request."""
        session = request.__dict__.get("session")
        if session is not None:
            _run(self.store, self._settle(request, response, session))

    async def settle_async(self, request: Request, response: Response) -> None:
        """Do what `settle` does without blocking the event loop."""
        session = request.__dict__.get("session")
        if session is None:
            return
        if self.store.waits:
            await _run_async(self.store, self._settle(request, response, session))
        else:
            _run(self.store, self._settle(request, response, session))

    # --- the session of a request -------------------------------------------------------

    def of(self, request: Request) -> Session:
        """Give the session of a request; an empty one when the visitor has none.

        Raises:
            BackendUnavailable: the store does not answer.
        """
        session: Session | None = request.__dict__.get("session")
        if session is None:
            # Said first: an answer of 503 is for this visitor too.
            request.is_personal = True
            session = request.__dict__["session"] = self._found(request)
        return session

    def is_touched(self, request: Request) -> bool:
        """Tell whether something has looked at the session of a request."""
        return "session" in request.__dict__

    def sent_with(self, request: Request) -> bool:
        """Tell whether the visitor has sent an id."""
        return self._sid(request) is not None

    def _found(self, request: Request) -> Session:
        ahead = request.__dict__.pop("session_ahead", None)
        if isinstance(ahead, BackendUnavailable):
            raise ahead
        sid = self._sid(request)
        if sid is None:
            return Session(_make_id)
        stored = ahead[0] if ahead is not None else self.store.load(handle_of(sid))
        return _session(sid, stored)

    def _sid(self, request: Request) -> str | None:
        """Give the id that came in, when its signature is right."""
        known = request.__dict__
        if "session_sid" not in known:
            text = None if carries_bearer(request) else request.cookies.get(self.cookie.name)
            verified = None if text is None else self.cookie.signer.verify(text)
            known["session_sid"] = None if verified is None else verified.value
            known["session_resign"] = verified is not None and not verified.is_current
        sid: str | None = known["session_sid"]
        return sid

    # --- writing ------------------------------------------------------------------------

    def _settle(self, request: Request, response: Response, session: Session) -> Deed[None]:
        if carries_bearer(request):
            return
        before = session.handle
        if session.ended and before:
            yield "delete", (before,)
            session.lost()
            before = ""
            if not (session or session.own):
                self.cookie.remove(response)
                session.ended = False
                return
        if before and not session.rotates:
            changes = session.changes()
            if changes:
                _check_size(changes)
                if (yield "change", (before, changes)):
                    session.saved(before, changes)
            if request.__dict__.get("session_resign"):
                # The key is being changed: what the earlier one has signed is signed anew.
                self.cookie.put(request, response, session.sid, remember=session.is_remembered)
            return
        if not before:
            if not (session or session.own or session.user_key):
                return
            if self.on_create is not None and not session.rotates:
                self.on_create(request, session)
        changes = session.changes()
        _check_size(changes)
        made = NewSession(handle_of(session.sid), changes, session.user_key, session.is_remembered)
        if not before or not (yield "move", (before, made)):
            # Why only the changes when it was ended meanwhile: what it had must not come back.
            kept = {key: data for key, data in changes.items() if data is not None}
            if before:
                session.lost()
            yield "create", (NewSession(made.handle, kept, session.user_key, session.is_remembered),)
        session.saved(made.handle, changes)
        self.cookie.put(request, response, session.sid, remember=session.is_remembered)

    # --- the sessions of a person ---------------------------------------------------------

    def of_user(self, user_key: str) -> list[StoredSession]:
        """Give the sessions of one person, the one used last first."""
        return self.store.of_user(_person(user_key))

    async def of_user_async(self, user_key: str) -> list[StoredSession]:
        """Do what `of_user` does without blocking the event loop."""
        return await self.store.of_user_async(_person(user_key))

    def end(self, user_key: str, handle: str) -> bool:
        """End one session of a person; tell whether it was there and theirs."""
        return _run(self.store, _end_some(_person(user_key), lambda each: each == handle)) > 0

    async def end_async(self, user_key: str, handle: str) -> bool:
        """Do what `end` does without blocking the event loop."""
        deed = _end_some(_person(user_key), lambda each: each == handle)
        return await _run_async(self.store, deed) > 0

    def end_all(self, user_key: str, *, but: str = "") -> int:
        """End every session of a person, but not the one of handle `but`; give how many ended."""
        return _run(self.store, _end_some(_person(user_key), lambda each: each != but))

    async def end_all_async(self, user_key: str, *, but: str = "") -> int:
        """Do what `end_all` does without blocking the event loop."""
        return await _run_async(self.store, _end_some(_person(user_key), lambda each: each != but))


def _session(sid: str, stored: StoredSession | None) -> Session:
    if stored is None:
        return Session(_make_id)
    session = Session(
        _make_id, sid, stored.values, user_key=stored.user_key, is_remembered=stored.is_remembered
    )
    session.handle = stored.handle
    return session


def _end_some(user_key: str, is_meant: Callable[[str], bool]) -> Deed[int]:
    ended = 0
    for session in (yield "of_user", (user_key,)):
        if is_meant(session.handle) and (yield "delete", (session.handle,)):
            ended += 1
    return ended


def _make_id() -> str:
    return random_token(32)


def _check_size(changes: Mapping[str, bytes | None]) -> None:
    size = sum(len(data) for data in changes.values() if data is not None)
    if size > MAX_BYTES:
        key = max(changes, key=lambda name: len(changes[name] or b""))
        raise UsageError(
            f"request.session was given {size} bytes at once, most of them in {key!r}; it takes {MAX_BYTES}.",
            fix="Keep large data in the database or in a file, and its key in the session.",
        )


def _person(user_key: str) -> str:
    if not user_key:
        raise UsageError("Sessions of nobody were asked for.", fix="Pass the user_key of a person.")
    return user_key


def _run(store: SessionStore, deed: Deed[T]) -> T:
    """Perform a deed with the plain methods of a store."""
    try:
        name, arguments = next(deed)
        while True:
            name, arguments = deed.send(getattr(store, name)(*arguments))
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]


async def _run_async(store: SessionStore, deed: Deed[T]) -> T:
    """Perform a deed with the async methods of a store."""
    try:
        name, arguments = next(deed)
        while True:
            name, arguments = deed.send(await getattr(store, f"{name}_async")(*arguments))
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
