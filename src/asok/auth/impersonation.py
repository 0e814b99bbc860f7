"""Acting for somebody else: who may, for how long, and the banner that every page shows meanwhile.

For helping people see what they see. The session stays that of who acts and names whom
they act for; a change of either account, an hour, or the button of the banner ends it.
Nobody gains rights by it, and nobody can do meanwhile what only the owner of an account
may: change the password or the second step, make tokens.
Sources: OWASP Authorization Cheat Sheet (CWE-269), ASVS 5.0 V8.2 and V16.2.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

from asok.auth.account import Account
from asok.auth.people import People
from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.kernel import Endpoint
from asok_engine.dispatch.middleware.rate_limit import client_of
from asok_engine.dispatch.routes import RouteTable
from asok_engine.errors import ForbiddenError, SetupError, UsageError
from asok_engine.wire.response import Response

__all__ = ["STOP_PATH", "Impersonation", "ImpersonationBanner"]

_log = logging.getLogger("asok.security")
#: Where the button of the banner leads.
STOP_PATH = "/__stop-impersonating"
_BODY = re.compile(r"""<body(?:\s(?:"[^"]*"|'[^']*'|[^>"'])*)?>""", re.IGNORECASE)
_STYLE = """
.asok-impersonation { position: sticky; top: 0; z-index: 2147483647; display: flex; flex-wrap: wrap;
  gap: 1rem; align-items: center; justify-content: center; padding: .5rem 1rem;
  background: #7a1420; color: #fff;
  font: 600 1rem/1.4 system-ui, sans-serif; overflow-wrap: anywhere }
.asok-impersonation form { margin: 0 }
.asok-impersonation button { padding: .35rem .9rem; border: 2px solid #fff; border-radius: .3rem;
  background: #fff; color: #7a1420; font: inherit; cursor: pointer }
.asok-impersonation button:focus-visible { outline: 3px solid #ffd54a; outline-offset: 2px }
"""


class Impersonation:
    """Begins and ends acting for somebody else, for a request."""

    __slots__ = ("_people", "_request")

    def __init__(self, request: Any) -> None:
        self._request = request
        self._people: People = request.app.services.people

    def begin(self, person: Any) -> None:
        """Act for a person from now on; see `request.auth.impersonate`."""
        people, request = self._people, self._request
        if not issubclass(people.model, Account):
            raise SetupError(
                f"Acting for somebody needs a {people.model.__name__} with rights, and it is no Account.",
                fix=f"Write: class {people.model.__name__}(Account), with Account from asok.auth.",
            )
        actor = people.must_be_confirmed(request)
        if not isinstance(person, people.model) or person.pk is None:
            raise UsageError(
                f"impersonate was given {type(person).__name__}; expected a saved {people.model.__name__}."
            )
        if not people.may_act_for(actor, person):
            _log.warning(
                "%s may not act for %s, from %s.",
                *(people.user_key(actor), people.user_key(person), client_of(request)),
            )
            raise ForbiddenError("You may not act for this person.")
        people.act_for(request, actor, person)

    def stop(self) -> None:
        """Act for oneself again; does nothing for who does already."""
        self._people.stop_acting(self._request)

    @property
    def actor(self) -> Any:
        """Who acts for the person of this request, None where nobody does."""
        return self._people.impersonator_of(self._request)


class ImpersonationBanner:
    """Puts the banner into pages, and answers its button; `check` looks at the form token."""

    def __init__(self, people: People, check: Callable[[Any], None]) -> None:
        self._people = people
        self._check = check

    def add_route(self, routes: RouteTable) -> None:
        """Answer POST at the button's address."""
        handler = Handler(self._press, "the banner of impersonation", is_async=False)
        routes.add(STOP_PATH, {"POST": Endpoint(handler)}, source="the banner of impersonation")

    def _press(self, request: Any) -> Response:
        self._check(request)
        self._people.stop_acting(request)
        answer: Response = request.redirect(request.next_url("/"))
        return answer

    def into(self, request: Any, page: str) -> str:
        """Put the banner at the beginning of a page's body while somebody acts for somebody else."""
        banner = self._shown(request)
        if not banner:
            return page
        body = _BODY.search(page)
        return f"{page[: body.end()]}{banner}{page[body.end() :]}" if body else f"{page}{banner}"

    def into_stream(self, request: Any, pieces: Iterator[str]) -> Iterator[str]:
        """Do what `into` does for a page that is rendered piece by piece."""
        # Now, because a page that is being sent can get neither a token nor a nonce.
        banner = self._shown(request)
        return _with_banner(pieces, banner) if banner else pieces

    def _shown(self, request: Any) -> str:
        people = self._people
        if not people.may_be_acting(request) or people.impersonator_of(request) is None:
            return ""
        person = people.of(request)
        if person is None:
            said = "You act for somebody else no longer."
        else:
            said = f"You act for {person.email or person.pk}."
        return (
            f'<aside class="asok-impersonation" aria-label="Acting for somebody else">'
            f'<style nonce="{request.nonce}">{_STYLE}</style><span role="status">{escape(said)}</span>'
            f'<form id="asok-stop" method="post" action="{escape(request.root_path + STOP_PATH)}">'
            f"{request.csrf_input()}<button>Be yourself again</button></form></aside>"
        )


def _with_banner(pieces: Iterator[str], banner: str) -> Iterator[str]:
    held, is_in = "", False
    for piece in pieces:
        if is_in:
            yield piece
            continue
        held += piece
        body = _BODY.search(held)
        if body:
            yield f"{held[: body.end()]}{banner}{held[body.end() :]}"
            held, is_in = "", True
    if not is_in:
        yield f"{held}{banner}"
