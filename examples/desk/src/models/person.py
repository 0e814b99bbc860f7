"""The people of the desk: those who ask, those who answer, and those who look after both."""

from __future__ import annotations

import enum
from typing import ClassVar

from asok import Field
from asok.auth import Account, Allow, Forbid, Policy


class Role(enum.StrEnum):
    """What somebody does here."""

    CUSTOMER = "customer"
    AGENT = "agent"
    MANAGER = "manager"


class PersonPolicy(Policy):
    """Managers look after people; everybody may see and edit themselves."""

    def rules(self, principal, action):
        if action != "view" and "*" not in principal.rights:
            # A manager has fewer rights than an admin, and must not switch one off.
            yield Forbid("admins", Person.is_admin)
        if principal.id is not None and action in ("view", "edit"):
            yield Allow("oneself", Person.id == principal.id)
        yield Allow("managers", principal.can(f"people.{action}"))


class Person(Account):
    """Somebody with a name and an address; who has no password has written to us and has no account yet."""

    __tablename__ = "people"
    __policy__ = PersonPolicy

    role_permissions: ClassVar = {"agent": ["tickets.*"], "manager": ["tickets.*", "people.*"]}

    name = Field.String(max_length=80, min_length=2)
    # Protected: what comes from a form never makes an agent of anybody.
    role = Field.Enum(Role, default=Role.CUSTOMER, protected=True)
    created_at = Field.CreatedAt()

    @property
    def roles(self) -> list[str]:
        """The roles of an account; here one column says them, and a manager is an agent too."""
        return {Role.CUSTOMER: [], Role.AGENT: ["agent"], Role.MANAGER: ["agent", "manager"]}[self.role]

    @property
    def is_staff(self) -> bool:
        """Whether this person answers tickets."""
        return self.has_role("agent")
