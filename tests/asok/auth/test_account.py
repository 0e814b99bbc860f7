"""What a person may do, and what their fields take."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from asok.auth import Account
from asok.auth.account import AccountSecret, SealedText
from asok_engine.errors import UsageError
from asok_engine.records.errors import InvalidRecord
from asok_engine.records.fields.secret import PasswordHash, use_secrets
from tests.asok.orm.blog import create_tables


class Colleague(Account):
    """Somebody at the desk."""

    role_permissions: ClassVar[Any] = {"agent": ["tickets.edit"], "manager": ["tickets.*", "people.view"]}


@pytest.fixture(autouse=True)
def _table(tmp_path: Any) -> None:
    create_tables(f"sqlite:///{tmp_path}/people.sqlite3", [Colleague])


def test_roles_and_permissions_say_what_somebody_may() -> None:
    """Rights come from roles and from the person; an admin has all, who is switched off none."""
    agent = Colleague(roles=["agent", "unheard-of"], permissions=["reports.export"], is_active=True)
    assert agent.can("tickets.edit")
    assert agent.can("tickets.view")
    assert agent.can("reports.export")
    assert not agent.can("tickets.delete")
    assert not agent.can("people.view")
    assert Colleague(roles=["manager"], is_active=True).can("tickets.delete")
    assert Colleague(is_admin=True, is_active=True).can("anything.delete")
    assert not Colleague(is_admin=True, is_active=False).can("anything.delete")
    assert not Colleague(is_active=True).can("tickets.view")


def test_a_role_is_one_of_the_person() -> None:
    """One of several is enough; somebody who is switched off has none; no role at all is a mistake."""
    agent = Colleague(roles=["agent"], is_active=True)
    assert agent.has_role("manager", "agent")
    assert not agent.has_role("manager")
    assert not Colleague(roles=["agent"], is_active=False).has_role("agent")
    with pytest.raises(UsageError, match="without a role"):
        agent.has_role()


def test_rights_cannot_be_handed_in() -> None:
    """A form that brings `is_admin` or `roles` changes nothing (reliability 95, mass assignment)."""
    made = Colleague.create(email="ada@example.com", is_admin=True, roles=["manager"], permissions=["*"])
    made = Colleague.find_or_fail(made.id)
    assert (made.is_admin, made.roles, made.permissions) == (False, [], [])
    made.update(is_admin=True, is_active=False, roles=["manager"])
    made = Colleague.find_or_fail(made.id)
    assert (made.is_admin, made.is_active, made.roles) == (False, True, [])


def test_one_address_is_one_person() -> None:
    """Capitals make no second account, and none is needed to find the first."""
    Colleague.create(email="Ada@Example.com")
    found = Colleague.find(email="ADA@example.com")
    assert found is not None
    assert found.email == "ada@example.com"
    with pytest.raises(InvalidRecord):
        Colleague.create(email="ada@EXAMPLE.com")


def test_a_password_is_checked_hashed_and_hidden() -> None:
    """What is stored is a hash, also of a text that looks like one (D3), and no export shows it."""
    for weak in ("short", "password1", "12345678", "Trustno1"):
        with pytest.raises(InvalidRecord):
            Colleague.create(email="ada@example.com", password=weak)
    forged = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$Zm9yZ2Vk"
    made = Colleague.create(email="ada@example.com", password=forged)
    stored = Colleague.find_or_fail(made.id).password
    assert isinstance(stored, PasswordHash)
    assert stored.stored != forged
    assert stored.matches(forged)
    assert "password" not in made.to_dict()


def test_the_secret_of_a_second_step_stays_sealed_until_it_is_opened() -> None:
    """A record that was read holds what the column holds; saving it again seals nothing twice."""
    use_secrets(["the secret of these tests"])
    field = Colleague.__description__.fields["totp_secret"]
    assert isinstance(field, AccountSecret)
    Colleague.create(_trust=True, email="ada@example.com", totp_secret="JBSWY3DPEHPK3PXP")
    read = Colleague.find(email="ada@example.com")
    assert read is not None
    assert read.has_second_factor
    assert isinstance(read.totp_secret, SealedText)
    assert "JBSWY3DPEHPK3PXP" not in read.totp_secret
    assert field.opened(read.totp_secret) == "JBSWY3DPEHPK3PXP"
    sealed = str(read.totp_secret)
    read.update(_trust=True, is_admin=True, totp_secret=read.totp_secret)
    again = Colleague.find(email="ada@example.com")
    assert again is not None
    assert str(again.totp_secret) == sealed
    again.update(_trust=True, totp_secret=None)
    assert not again.has_second_factor


def test_no_form_sets_what_the_second_step_stands_on() -> None:
    """Neither the secret nor the codes nor the numbers come from outside (reliability 95)."""
    made = Colleague.create(
        email="ada@example.com",
        totp_secret="JBSWY3DPEHPK3PXP",
        totp_step=5,
        backup_codes=["x"],
        code_number=9,
    )
    assert (made.totp_secret, made.totp_step, made.backup_codes, made.code_number) == (None, -1, [], 0)
    assert not {"totp_secret", "totp_step", "backup_codes", "code_number"} & made.to_dict().keys()
