"""Tokens as rows: shown once, kept as a hash, over after their time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aksara.conf import Settings, configure, reset_settings
from aksara.contrib.auth import AbstractToken
from asok_engine.errors import SetupError
from tests.aksara.contrib.auth.people import Member, MemberToken, make_tables

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[None]:
    """The tables of people and their tokens."""
    yield from make_tables(tmp_path)


async def test_token_is_found_by_its_text_and_kept_as_a_hash() -> None:
    """Whoever reads the database can call nothing."""
    ada = await Member.objects.create(email="ada@example.com")
    token, text = await MemberToken.issue(ada, name="phone")
    found = await MemberToken.find(text)
    assert found is not None
    assert (found.id, found.name, found.user_id) == (token.id, "phone", ada.id)
    assert text.startswith("aks_")
    assert text not in str(token.to_dict()) + token.key_hash
    assert "key_hash" not in token.to_dict()


@pytest.mark.setting("aksara.AUTH_TOKEN_EXPIRY")
async def test_token_is_over_after_its_time() -> None:
    """As long as the setting says, unless it was issued for longer."""
    configure(Settings(auth_token_expiry=100))
    try:
        ada = await Member.objects.create(email="ada@example.com")
        token, _ = await MemberToken.issue(ada)
        longer, _ = await MemberToken.issue(ada, expires_in=5000)
        _, over = await MemberToken.issue(ada, expires_in=-1)
    finally:
        reset_settings()
    now = datetime.now(UTC)
    assert now + timedelta(seconds=95) < token.expires_at <= now + timedelta(seconds=100)
    assert longer.expires_at > now + timedelta(seconds=4900)
    assert await MemberToken.find(over) is None


@pytest.mark.parametrize("text", ["", "aks_", "aks_x", "x" * 300, "aks_" + "x" * 300, "\ud800", "aks_\x00"])
async def test_what_is_no_token_is_none(text: str) -> None:
    """Whatever a request brings."""
    assert await MemberToken.find(text) is None


async def test_token_that_was_taken_away_is_none() -> None:
    """A row that is deleted signs nobody in."""
    token, text = await MemberToken.issue(await Member.objects.create(email="ada@example.com"))
    await token.delete()
    assert await MemberToken.find(text) is None


async def test_model_says_whose_its_tokens_are() -> None:
    """One that does not is told how."""

    class Loose(AbstractToken):
        pass

    with pytest.raises(SetupError, match=r"user = fields\.ForeignKey"):
        await Loose.issue(Member(email="x@example.com"))
