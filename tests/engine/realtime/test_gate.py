"""What is decided before a handshake is answered."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import BackendUnavailable, InputError
from asok_engine.realtime.connection import Identity
from asok_engine.realtime.gate import Admitted, Gate, NoSessions, Refused
from asok_engine.realtime.limits import Admission, Limits
from asok_engine.realtime.origins import Origins
from asok_engine.realtime.routes import SocketRoutes
from asok_engine.wire.request import Request
from tests.engine.realtime.served import People, made_request


def gate(admission: Admission | None = None, authenticator: Any = None, guards: Any = ()) -> Gate:
    routes = SocketRoutes()
    routes.on_message("/chat/[room]", lambda conn, message: None)
    return Gate(
        routes.match,
        Origins(["https://good.example"]),
        admission or Admission(Limits()),
        authenticator or People(),
        guards,
    )


async def test_handshake_that_fits_is_admitted_with_its_person() -> None:
    """Route, parameters and identity are known before the answer."""
    admitted = await gate().admit(made_request("/chat/a", origin="https://good.example", cookie="who=7"))
    assert isinstance(admitted, Admitted)
    assert (admitted.params, admitted.identity.user.id, admitted.identity.key) == (
        {"room": "a"},
        7,
        "session-7",
    )


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/nowhere", {}, 404),
        ("/chat/a", {"origin": "https://evil.example"}, 403),
        ("/chat/a", {"cookie": "who=7"}, 403),
        ("/chat/a", {}, 0),
        ("/ws/chat/a", {}, 0),
        ("/ws/nowhere", {}, 404),
    ],
)
async def test_each_refusal_has_its_status(path: str, headers: dict[str, str], status: int) -> None:
    """404 for no route, 403 for a foreign page and for cookies without Origin; /ws is the proxy's prefix."""
    answer = await gate().admit(made_request(path, **headers))
    assert (answer.status if isinstance(answer, Refused) else 0) == status


async def test_prefix_is_taken_off_the_path() -> None:
    """A connection below /ws has the path of its route, so broadcasts to that reach it."""
    request = made_request("/ws/chat/a")
    await gate().admit(request)
    assert request.path == "/chat/a"


async def test_place_is_held_and_given_back() -> None:
    """An admitted handshake counts until it is left; a refused one never does."""
    admission = Admission(Limits(max_connections=1))
    one = gate(admission)
    admitted = await one.admit(made_request("/chat/a"))
    assert isinstance(admitted, Admitted)
    refused = await one.admit(made_request("/chat/a"))
    assert isinstance(refused, Refused)
    assert refused.status == 503
    one.leave(admitted)
    assert admission.count == 0


async def test_session_store_that_is_away_refuses_and_keeps_no_place() -> None:
    """Nobody is let in as a stranger because Redis is down."""

    class Away(NoSessions):
        async def identify(self, request: Request) -> Identity:
            raise BackendUnavailable("Redis is away.")

    admission = Admission(Limits())
    answer = await gate(admission, Away()).admit(made_request("/chat/a"))
    assert isinstance(answer, Refused)
    assert (answer.status, admission.count) == (503, 0)


async def test_defect_of_the_authenticator_keeps_no_place() -> None:
    """What is raised goes on, and the place is free again."""

    class Broken(NoSessions):
        async def identify(self, request: Request) -> Identity:
            raise ZeroDivisionError

    admission = Admission(Limits())
    with pytest.raises(ZeroDivisionError):
        await gate(admission, Broken()).admit(made_request("/chat/a"))
    assert admission.count == 0


async def test_guards_of_pages_judge_handshakes_too() -> None:
    """A host that is not ours is not ours for sockets either."""

    def guard(request: Request) -> None:
        raise InputError("Nothing here answers to that host.")

    answer = await gate(guards=[guard]).admit(made_request("/chat/a"))
    assert answer == Refused(400, "Nothing here answers to that host.")


async def test_guard_that_waits_is_awaited() -> None:
    """Counters in Redis are asked without holding up the loop; a place that does not answer refuses."""

    async def busy(request: Request) -> None:
        raise InputError("Slow down.", status=429)

    async def away(request: Request) -> None:
        raise BackendUnavailable("The counters are away.")

    async def fine(request: Request) -> None:
        return None

    for guards, status in (([busy], 429), ([fine, away], 503), ([fine], 0)):
        answer = await gate(guards=guards).admit(made_request("/chat/a"))
        assert (answer.status if isinstance(answer, Refused) else 0) == status
