"""Refuses requests that another site has made with this visitor's cookies (CWE-352).

Checked after the body was read and before any middleware or handler: the headers
Origin, Referer and Sec-Fetch-Site must not speak against this site, and a token bound
to the visitor must come in the form field, the header or the JSON key; never in the
address. A call with a bearer token needs none, because no other site can make a
browser send one. A visitor gets a cookie only when a page asks for a token.
Sources: as `security.csrf`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from asok_engine.backends.sessions.session import Session
from asok_engine.dispatch.middleware.sessions import Sessions
from asok_engine.errors import ForbiddenError, UsageError
from asok_engine.security.csrf import CsrfTokens, foreign_origin, parse_origin
from asok_engine.wire.authorization import carries_bearer
from asok_engine.wire.hosts import parse_host
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["CSRF_FIELD", "Csrf", "CsrfFailed"]

CSRF_FIELD = "csrf_token"
CSRF_HEADER = b"x-csrf-token"
CSRF_COOKIE = "asok_csrf"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_log = logging.getLogger("asok.security")


class CsrfFailed(ForbiddenError):
    """This was not sent from a page of this site that was made for this visitor."""

    code = "csrf-failed"


class Csrf:
    """Makes and checks the tokens of one application.

    `trusted_origins` are other origins whose pages may send, with a token. In `debug`
    a refusal tells the developer what is missing.
    """

    def __init__(
        self,
        tokens: CsrfTokens,
        sessions: Sessions,
        *,
        secure: bool,
        same_site: str = "Lax",
        trusted_origins: Iterable[str] = (),
        debug: bool = False,
    ) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._cookie = f"__Host-{CSRF_COOKIE}" if secure else CSRF_COOKIE
        self._secure = secure
        self._same_site = same_site
        self._trusted = frozenset(
            parsed for text in trusted_origins if (parsed := parse_origin(text)) is not None
        )
        self._debug = debug

    # --- checking -------------------------------------------------------------------------

    def check(self, request: Request) -> None:
        """Let a request pass, or raise CsrfFailed; asking again costs nothing."""
        if "csrf_verified" in request.__dict__:
            return
        if carries_bearer(request):
            return
        foreign = self._foreign(request)
        if foreign:
            self._refuse(
                request,
                f"it came from {foreign[:200]}",
                "This was sent from another site, so nothing was changed. Open the page on this site "
                "and send it from there.",
                "Name the origin in CORS_ORIGINS, with CORS_ALLOW_CREDENTIALS, if it is yours; behind a "
                "proxy that changes host or scheme set TRUSTED_PROXIES.",
            )
        token = self._sent(request)
        binding = self._binding(request)
        if token and binding is not None and self._tokens.accepts(token, binding):
            request.__dict__["csrf_verified"] = True
            return
        self._refuse(
            request,
            "its token belongs to another visitor or to an earlier session" if token else "it has no token",
            "This form is out of date, so nothing was changed. Go back, load the page again, and send it "
            "once more.",
            "Put {{ csrf_input() }} into the form, or send {{ csrf_token() }} in the header X-CSRF-Token; "
            "CSRF = False in a page's module switches the check off for that page.",
        )

    def _foreign(self, request: Request) -> str:
        get = request.headers.get
        name, port = parse_host(request.host) or ("", None)
        return foreign_origin(
            origin=get("origin"),
            referrer=get("referer"),
            fetch_site=get("sec-fetch-site"),
            own=(request.scheme, name, port),
            trusted=self._trusted,
        )

    def _sent(self, request: Request) -> str:
        """Give the token of the header, else of the form or the JSON body."""
        in_header = request.headers.raw(CSRF_HEADER)
        if in_header is not None or request._reader is not None:
            return (in_header or b"").decode("latin-1")
        if request.is_json:
            body = request.json_body
            token = body.get(CSRF_FIELD) if isinstance(body, dict) else None
        else:
            token = request.post_form.get(CSRF_FIELD)
        return token if isinstance(token, str) else ""

    def _refuse(self, request: Request, why: str, message: str, fix: str) -> None:
        _log.warning(
            "CSRF: %s %s from %s was refused: %s.",
            request.method,
            request.path,
            request.ip,
            why,
            extra={"request_id": request.id, "event": "csrf_refused"},
        )
        if self._debug:
            raise CsrfFailed(f"{message} For developers: {why}. {fix}")
        raise CsrfFailed(message)

    # --- making ---------------------------------------------------------------------------

    def token(self, request: Request) -> str:
        """Give the token of this response; the same as long as the session keeps its id."""
        known = request.__dict__
        binding = self._binding(request)
        if binding is None:
            binding = self._begin(request)
        made: tuple[str, str] | None = known.get("csrf_made")
        if made is None or made[0] != binding:
            made = known["csrf_made"] = binding, self._tokens.token(binding)
            request.is_personal = request.is_one_time = True
        return made[1]

    def _begin(self, request: Request) -> str:
        """Give a visitor who has neither session nor seed a seed."""
        if request.is_streaming:
            raise UsageError(
                f"A form token was asked for while {request.path} was already being sent, and this visitor "
                "has no cookie for it yet.",
                fix="Call request.csrf_token() in the handler, before the stream begins.",
            )
        known, signed = request.__dict__, self._tokens.make_seed()
        known["csrf_seed_made"], known["csrf_seed"] = signed, self._tokens.read_seed(signed)
        return f"visitor {known['csrf_seed']}"

    def _binding(self, request: Request) -> str | None:
        sessions = self._sessions
        if sessions.is_touched(request) or sessions.sent_with(request):
            session = sessions.of(request)
            seed = session.own.get("csrf")
            if isinstance(seed, str):
                return f"visitor {seed}"
            if session.is_live or (session.rotates and (session or session.own or session.user_key)):
                return f"session {session.sid}"
        seed = self._seed(request)
        return None if seed is None else f"visitor {seed}"

    def _seed(self, request: Request) -> str | None:
        known = request.__dict__
        if "csrf_seed" not in known:
            signed = request.cookies.get(self._cookie)
            known["csrf_seed"] = None if signed is None else self._tokens.read_seed(signed)
        seed: str | None = known["csrf_seed"]
        return seed

    def carry_over(self, request: Request, session: Session) -> None:
        """Let the forms that a visitor has open stay good when the visitor's session begins."""
        seed = self._seed(request)
        if seed is not None:
            session.own["csrf"] = seed

    def finish(self, request: Request, response: Response) -> None:
        """Put the cookie of a visitor who got a seed on the response."""
        signed = request.__dict__.get("csrf_seed_made")
        if signed is not None and not carries_bearer(request):
            response.set_cookie(self._cookie, signed, secure=self._secure, same_site=self._same_site)
