"""Who a request is from: somebody, nobody, or an error; the three are never confused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aksara.conf import Settings, configure, reset_settings
from aksara.contrib.auth import (
    BaseAuthentication,
    JWTAuthentication,
    MultiAuthentication,
    TokenAuthentication,
    create_access_token,
    create_refresh_token,
)
from asok_engine.errors import UnauthorizedError
from asok_engine.wire.headers import Headers
from tests.aksara.contrib.auth.people import Member, MemberToken, make_tables


@pytest.fixture(autouse=True)
def _tables(tmp_path: Path) -> Iterator[None]:
    configure(Settings(secret_key="a-secret-of-tests-and-nothing-else-0123456789"))
    yield from make_tables(tmp_path)
    reset_settings()


def request(authorization: str | None = None) -> Any:
    """Give a request with this header."""
    given = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
    return SimpleNamespace(headers=Headers(given))


def every_way() -> MultiAuthentication:
    return MultiAuthentication([JWTAuthentication(Member), TokenAuthentication(MemberToken)])


async def test_each_way_gives_its_user_and_what_has_said_so() -> None:
    """Both are asked; each knows its own."""
    ada = await Member.objects.create(email="ada@example.com")
    token, text = await MemberToken.issue(ada)
    user, claims = await every_way().authenticate(request(f"Bearer {create_access_token(ada)}")) or (
        None,
        None,
    )
    assert (user.id, claims["email"]) == (ada.id, "ada@example.com")
    for scheme in ("Bearer", "bearer", "Token"):
        user, found = await every_way().authenticate(request(f"{scheme} {text}")) or (None, None)
        assert (user.id, found.id) == (ada.id, token.id)


async def test_key_of_one_model_opens_no_other() -> None:
    """Two models of users may have the same keys, and they are not the same people."""
    ada = await Member.objects.create(email="ada@example.com")
    other = MemberToken()
    other.id = ada.id
    with pytest.raises(UnauthorizedError, match="another model"):
        await JWTAuthentication(Member).authenticate(request(f"Bearer {create_access_token(other)}"))


@pytest.mark.parametrize("header", [None, "", "Basic YTpi", "Digest x"])
async def test_who_says_nothing_is_nobody(header: str | None) -> None:
    """Credentials of another kind are somebody else's to judge."""
    assert await every_way().authenticate(request(header)) is None


@pytest.mark.parametrize(
    "header",
    [
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer x",
        "Bearer aks_x",
        "Token x",
        "Token a.b.c",
        "Bearer",
        "Bearer \u00e4",
    ],
)
async def test_wrong_credentials_are_an_error_and_no_visitor(header: str) -> None:
    """401 with the header that says why (RFC 6750 3.1)."""
    with pytest.raises(UnauthorizedError) as refused:
        await every_way().authenticate(request(header))
    assert refused.value.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("way", [JWTAuthentication(Member), TokenAuthentication(MemberToken)])
async def test_one_way_alone_takes_nothing_for_a_visitor(way: BaseAuthentication) -> None:
    """A text of another look is wrong too, where only one way is in use."""
    for header in ("Bearer a.b.c", "Bearer aks_x", "Bearer x", "Bearer "):
        with pytest.raises(UnauthorizedError):
            await way.authenticate(request(header))
    assert await way.authenticate(request()) is None


async def test_refresh_token_calls_nothing() -> None:
    """It gets another access token, and that is all."""
    ada = await Member.objects.create(email="ada@example.com")
    with pytest.raises(UnauthorizedError):
        await every_way().authenticate(request(f"Bearer {create_refresh_token(ada)}"))


@pytest.mark.parametrize("gone", ["inactive", "deleted"])
async def test_who_is_gone_or_switched_off_calls_nothing(gone: str) -> None:
    """From the next request on, whatever their token says."""
    ada = await Member.objects.create(email="ada@example.com")
    texts = [create_access_token(ada), (await MemberToken.issue(ada))[1]]
    if gone == "inactive":
        ada.is_active = False
        await ada.save()
    else:
        await ada.delete()
    for text in texts:
        with pytest.raises(UnauthorizedError):
            await every_way().authenticate(request(f"Bearer {text}"))


async def test_way_of_ones_own_says_how() -> None:
    """The contract has one method."""

    class Anybody(BaseAuthentication):
        async def authenticate(self, request: Any) -> Any:
            return ("anybody", None)

    assert await MultiAuthentication([Anybody()]).authenticate(request()) == ("anybody", None)
    with pytest.raises(TypeError, match="authenticate"):
        BaseAuthentication()  # type: ignore[abstract]
