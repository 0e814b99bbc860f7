"""Who may do what with the rows of a model: one boundary for every door.

A model says it once, in a `Policy` of named rules. The same rules narrow every query,
decide about one row, and explain themselves. A door (a page, an API, a socket, a tool
of an agent) asks `visible` or `authorise` and never decides itself. What no rule allows
is refused; a rule that forbids beats every one that allows; what a condition cannot
tell, as with NULL, is a refusal.
Sources: OWASP Authorization Cheat Sheet (CWE-285, CWE-639), ASVS 5.0 V8.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal

from msgspec import Struct

from asok_engine.errors import ForbiddenError, NotFoundError, SetupError, UsageError
from asok_engine.records.fields.field import FieldRef
from asok_engine.records.fields.number import Boolean
from asok_engine.records.plans.count import exists
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.steps import Plan
from asok_engine.security.rights import VIEW, grants
from asok_engine.sql.expressions import Comparison, Condition, Constant

__all__ = [
    "ANONYMOUS",
    "SYSTEM",
    "Allow",
    "Decision",
    "Forbid",
    "Policy",
    "Principal",
    "authorise",
    "decide",
    "is_allowed",
    "policy_of",
    "visible",
]


class Principal(Struct, frozen=True):
    """Who wants something: a person, an agent that acts for one, the system itself, or anybody."""

    kind: Literal["person", "agent", "system", "anonymous"] = "anonymous"
    #: The key of the person, or of whom an agent acts for.
    id: Any = None
    roles: frozenset[str] = frozenset()
    #: What was given, as "tickets.edit", "tickets.*" or "*".
    rights: tuple[str, ...] = ()
    #: What a token or an agent is limited to; None for no limit. It takes away and never gives.
    scopes: frozenset[str] | None = None
    tenant: Any = None

    def can(self, right: str) -> bool:
        """Tell whether the rights cover this one, and the scopes do not take it away."""
        is_in_scope = self.scopes is None or grants(self.scopes, right)
        return is_in_scope and grants(self.rights, right)

    def has_role(self, *roles: str) -> bool:
        """Tell whether it has one of these roles."""
        return not self.roles.isdisjoint(roles)


#: The action that has no row yet.
CREATE = "create"
#: Nobody in particular.
ANONYMOUS = Principal()
#: Code that acts for nobody, such as a job: rules that allow are not asked, those that forbid are.
SYSTEM = Principal("system")


class _Named(Struct, frozen=True):
    """A rule, and which rows it is about: all, none, or those that meet a condition."""

    name: str
    #: A Boolean field alone stands for the rows where it is true.
    when: Condition | FieldRef | bool

    @property
    def condition(self) -> Condition | bool:
        """What a row has to meet.

        Raises:
            UsageError: a field stands alone that is not true or false.
        """
        when = self.when
        if not isinstance(when, FieldRef):
            return when
        if not isinstance(when.field, Boolean):
            known = "" if when.field is None else f" {when.field.name}"
            raise UsageError(
                f"The rule {self.name!r} is given the field{known} alone, which is not true or false.",
                fix=f'Compare it: {type(self).__name__}("{self.name}", Ticket.owner_id == principal.id).',
            )
        return Comparison("=", when, when.operand(True))


class Allow(_Named, frozen=True):
    """A named rule that lets rows through: all of them, none, or those that meet a condition."""


class Forbid(_Named, frozen=True):
    """A named rule that keeps rows back, whatever allows them."""


Rule = Allow | Forbid


class Decision(Struct, frozen=True):
    """Whether something is allowed, and the rule that decided; `bool(decision)` is the first."""

    is_allowed: bool
    rule: str

    def __bool__(self) -> bool:
        return self.is_allowed


class Policy:
    """The rules of one model; a model has one as `__policy__ = TicketPolicy`.

    A subclass gives rules per principal and action. What it does not say is refused.
    """

    #: The deeds that there are with this model.
    actions: ClassVar[Sequence[str]] = ("view", "create", "edit", "delete")

    def __init__(self, model: type[Record]) -> None:
        self.model = model

    @property
    def name(self) -> str:
        """What scopes call the model: `tickets.edit` for the table `tickets`."""
        return self.model.__description__.table_name

    def rules(self, principal: Principal, action: str) -> Iterable[Rule]:
        """Give the rules that concern a principal and an action.

        For "create" a rule is True or False: there is no row yet that a condition could look at.
        """
        return ()

    def readable(self, principal: Principal) -> frozenset[str]:
        """Give the fields that a principal may see in the rows that are visible; those not hidden."""
        return frozenset(
            name for name, field in self.model.__description__.fields.items() if not field.hidden
        )

    def writable(self, principal: Principal, row: Record | None = None) -> frozenset[str]:
        """Give the fields that may be set in a row, or in one that is to be made: those not protected."""
        return frozenset(
            name
            for name, field in self.model.__description__.fields.items()
            if not (field.protected or field.primary_key or field.sets_at_save or field.sets_at_create)
        )

    # --- what the engine makes of it ------------------------------------------------------------

    def asked(self, principal: Principal, action: str) -> list[Rule]:
        """Give the rules to judge by, in the order in which they decide: those that forbid come first.

        Raises:
            UsageError: there is no such action.
        """
        if action not in self.actions:
            raise UsageError(
                f"{type(self).__name__} was asked about {action!r}; it has {', '.join(self.actions)}.",
                fix=f"Add it to {type(self).__name__}.actions, with rules.",
            )
        rules = list(self.rules(principal, action))
        forbidding: list[Rule] = [rule for rule in rules if isinstance(rule, Forbid)]
        if principal.scopes is not None and not grants(principal.scopes, f"{self.name}.{action}"):
            forbidding.insert(0, Forbid("outside the scopes", True))
        if principal.kind == "system":
            return [*forbidding, Allow("the system itself", True)]
        return [*forbidding, *(rule for rule in rules if isinstance(rule, Allow))]

    def condition(self, principal: Principal, action: str) -> Condition | bool:
        """Give what rows have to meet so that a principal may do something with them."""
        allowed: Condition | bool = False
        kept: Condition | bool = True
        for rule in self.asked(principal, action):
            if isinstance(rule, Allow):
                allowed = _either(allowed, rule.condition)
            elif (when := rule.condition) is not False:
                # Where the condition cannot tell, its negation cannot either, and the row stays back.
                kept = _both(kept, False if when is True else ~when)
        return _both(allowed, kept)

    def check_writable(self, principal: Principal, names: Iterable[str], row: Record | None = None) -> None:
        """Let these fields be set.

        Raises:
            ForbiddenError: one of them may not be.
        """
        refused = sorted(set(names) - self.writable(principal, row))
        if refused:
            raise ForbiddenError(f"{', '.join(refused)} may not be set here.")


def policy_if_any(model: type[Record]) -> Policy | None:
    """Give the policy of a model, None where it has none."""
    found = getattr(model, "__policy__", None)
    return found(model) if isinstance(found, type) and issubclass(found, Policy) else None


def policy_of(model: type[Record]) -> Policy:
    """Give the policy of a model.

    Raises:
        SetupError: it has none; what stands open to the outside may not serve it.
    """
    found = policy_if_any(model)
    if found is not None:
        return found
    raise SetupError(
        f"{model.__name__} has no policy, so nobody may reach it from outside.",
        fix=f"Write a Policy and name it in the model: __policy__ = {model.__name__}Policy.",
    )


def visible(query: Query, principal: Principal, action: str = VIEW) -> Query:
    """Narrow a query to the rows with which a principal may do something.

    Nothing that is added to the query afterwards, an `or` least of all, brings the others back.
    """
    condition = policy_of(query.description.model).condition(principal, action)
    if condition is True:
        return query
    # Empty, and guarded as well: within another query's group only the guard would be left.
    return query.none().guarded(Constant(False)) if condition is False else query.guarded(condition)


def decide(principal: Principal, action: str, target: type[Record] | Record) -> Plan[Decision]:
    """Tell whether a principal may do something, and which rule says so: one statement per rule at most.

    `target` is a record as it is stored, or a model: then the question is whether any row could be meant.

    Raises:
        UsageError: there is no such action, or a rule for "create" looks at rows.
    """
    policy = policy_of(target if isinstance(target, type) else type(target))
    if isinstance(target, type) or action == CREATE:
        return _of_model(policy, principal, action)
    row = _row(target)
    for rule in policy.asked(principal, action):
        when = rule.condition
        if isinstance(when, bool):
            is_met = when
        elif isinstance(rule, Forbid):
            # Asked the other way round: a row of which it is not known is kept back.
            is_met = not (yield from exists(row.where(~when)))
        else:
            is_met = yield from exists(row.where(when))
        if is_met:
            return Decision(isinstance(rule, Allow), rule.name)
    return Decision(False, "no rule allows it")


def is_allowed(principal: Principal, action: str, target: type[Record] | Record) -> Plan[bool]:
    """Tell whether a principal may do something, as `decide` does, in one statement at most."""
    policy = policy_of(target if isinstance(target, type) else type(target))
    if isinstance(target, type) or action == CREATE:
        return bool(_of_model(policy, principal, action))
    condition = policy.condition(principal, action)
    if isinstance(condition, bool):
        return condition
    return (yield from exists(_row(target).where(condition)))


def authorise(principal: Principal, action: str, target: type[Record] | Record) -> Plan[None]:
    """Let a principal do something with a record as it is stored, or with a model as a whole.

    Raises:
        NotFoundError: they may not even see the record (404): that it is there is not told.
        ForbiddenError: they may see it, and not do this (403).
    """
    if (yield from is_allowed(principal, action, target)):
        return
    is_seen = isinstance(target, type) or action == CREATE
    if not is_seen and action != VIEW:
        is_seen = yield from is_allowed(principal, VIEW, target)
    if not is_seen:
        raise NotFoundError(f"There is no such {type(target).__name__}.")
    raise ForbiddenError("You may not do this.")


def _of_model(policy: Policy, principal: Principal, action: str) -> Decision:
    for rule in policy.asked(principal, action):
        if action == CREATE and not isinstance(rule.when, bool):
            raise UsageError(
                f"{type(policy).__name__} has the rule {rule.name!r} for {CREATE!r} with a condition.",
                fix="Give True or False: what is to be made is no row yet.",
            )
        is_met = rule.when is not False if isinstance(rule, Allow) else rule.when is True
        if is_met:
            return Decision(isinstance(rule, Allow), rule.name)
    return Decision(False, "no rule allows it")


def _row(record: Record) -> Query:
    """Give the query of one record as it is stored, whatever scopes would hide it."""
    description, origin = record.__description__, record._origin
    query = Query(description, database_alias="" if origin is None else origin.database)
    keys = {name: record.__dict__.get(name) for name in description.key}
    return query.with_everything().where(**keys)


def _either(one: Condition | bool, other: Condition | bool) -> Condition | bool:
    if isinstance(one, bool):
        return True if one else other
    if isinstance(other, bool):
        return True if other else one
    return one | other


def _both(one: Condition | bool, other: Condition | bool) -> Condition | bool:
    if isinstance(one, bool):
        return other if one else False
    if isinstance(other, bool):
        return one if other else False
    return one & other
