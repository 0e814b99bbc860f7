"""The boundary: what rules let through, what they explain, and that no query gets around them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from asok.orm import fields as Field
from asok.orm.model import Model
from asok_engine.database.running import run
from asok_engine.errors import ForbiddenError, NotFoundError, SetupError, UsageError
from asok_engine.records.policy import (
    ANONYMOUS,
    SYSTEM,
    Allow,
    Decision,
    Forbid,
    Policy,
    Principal,
    authorise,
    decide,
    is_allowed,
    policy_of,
    visible,
)
from asok_engine.records.query import Query
from tests.asok.orm.blog import create_tables


class MemoPolicy(Policy):
    """Owners see and edit their own, managers all; what is locked stays as it is."""

    actions = ("view", "create", "edit", "delete", "count")

    def rules(self, principal: Principal, action: str) -> Iterable[Allow | Forbid]:
        yield Forbid("locked", Memo.locked if action in ("edit", "delete") else False)
        if action == "create":
            yield Allow("people write", principal.kind == "person")
        elif action == "count":
            yield Allow("a mistake", Memo.owner_id == principal.id)
        else:
            yield Allow("owners", Memo.owner_id == principal.id if principal.id is not None else False)
            yield Allow("managers", principal.has_role("manager"))
            yield Allow("everybody", Memo.is_public if action == "view" else False)


class Memo(Model):
    """Something that somebody wrote down."""

    __policy__ = MemoPolicy
    text = Field.String(max_length=100)
    owner_id = Field.Integer(nullable=True)
    is_public = Field.Boolean(default=False)
    locked = Field.Boolean(nullable=True, default=False)
    rank = Field.Integer(default=0)
    secret = Field.String(max_length=10, default="", hidden=True)
    paid = Field.Boolean(default=False, protected=True)


class Bare(Model):
    """A model that nobody has thought about."""

    text = Field.String(max_length=100)


class Silent(Model):
    """A model whose policy says nothing."""

    __policy__ = Policy
    text = Field.String(max_length=100)


ADA = Principal("person", 1)
BOB = Principal("person", 2)
BOSS = Principal("person", 9, frozenset({"manager"}))


@pytest.fixture(autouse=True)
def memos(tmp_path: Path) -> dict[str, Memo]:
    """Ada's open, locked and undecided memo, Bob's public one, and one of nobody."""
    create_tables(f"sqlite:///{tmp_path}/memos.sqlite3", [Memo, Bare, Silent])
    rows: dict[str, dict[str, Any]] = {
        "open": {"owner_id": 1},
        "locked": {"owner_id": 1, "locked": True},
        "undecided": {"owner_id": 1, "locked": None},
        "public": {"owner_id": 2, "is_public": True},
        "orphan": {"owner_id": None},
    }
    return {text: Memo.create(text=text, **values) for text, values in rows.items()}


def seen(principal: Principal, action: str = "view") -> list[str]:
    """Give the texts of the memos with which a principal may do something."""
    query = visible(Query(Memo.__description__), principal, action)
    return sorted(memo.text for memo in run(query.fetch()))


def test_a_query_has_the_rows_that_the_rules_let_through() -> None:
    """Per principal and action; a rule that forbids wins, and so does a value that is not known."""
    assert seen(ADA) == ["locked", "open", "public", "undecided"]
    assert seen(ADA, "edit") == ["open"]
    assert seen(BOB) == ["public"]
    assert seen(ANONYMOUS) == ["public"]
    assert seen(ANONYMOUS, "edit") == []
    assert seen(BOSS) == ["locked", "open", "orphan", "public", "undecided"]
    assert seen(BOSS, "delete") == ["open", "orphan", "public"]
    assert seen(SYSTEM) == seen(BOSS)
    assert seen(SYSTEM, "edit") == seen(BOSS, "delete")


@pytest.mark.parametrize("principal", [ADA, BOB, BOSS, ANONYMOUS, SYSTEM], ids=lambda p: f"{p.kind}-{p.id}")
@pytest.mark.parametrize("action", ["view", "edit", "delete"])
def test_query_question_and_explanation_agree(
    memos: dict[str, Memo], principal: Principal, action: str
) -> None:
    """The three ways to ask give one answer for every row."""
    among = seen(principal, action)
    for text, memo in memos.items():
        assert run(is_allowed(principal, action, memo)) is (text in among)
        assert run(decide(principal, action, memo)).is_allowed is (text in among)


def test_the_explanation_names_the_rule(memos: dict[str, Memo]) -> None:
    """The one that decided, or that there is none."""
    assert run(decide(ADA, "edit", memos["open"])) == Decision(True, "owners")
    assert run(decide(ADA, "edit", memos["locked"])) == Decision(False, "locked")
    assert run(decide(BOSS, "edit", memos["undecided"])) == Decision(False, "locked")
    assert run(decide(BOSS, "view", memos["orphan"])) == Decision(True, "managers")
    assert run(decide(ANONYMOUS, "view", memos["public"])) == Decision(True, "everybody")
    assert run(decide(BOB, "view", memos["open"])) == Decision(False, "no rule allows it")
    assert run(decide(SYSTEM, "view", memos["open"])) == Decision(True, "the system itself")
    assert run(decide(ADA, "create", Memo)) == Decision(True, "people write")
    assert run(decide(ANONYMOUS, "create", Memo)) == Decision(False, "no rule allows it")
    assert run(decide(ADA, "edit", Memo)) == Decision(True, "owners")
    assert run(decide(ANONYMOUS, "edit", Memo)) == Decision(False, "no rule allows it")


def test_question_about_a_model_or_what_is_to_be_made_looks_at_no_row() -> None:
    """There is none yet, and no statement would find it."""
    made = Memo(text="new")
    for principal, answer in ((ADA, True), (ANONYMOUS, False)):
        for target in (Memo, made):
            assert run(is_allowed(principal, "create", target)) is answer
            assert bool(run(decide(principal, "create", target))) is answer
        assert run(is_allowed(principal, "edit", Memo)) is answer


def test_what_counts_is_the_row_and_not_what_was_typed_over_it(memos: dict[str, Memo]) -> None:
    """A record that a form has filled is judged as it is stored."""
    memo = memos["public"]
    memo.owner_id = 1
    assert not run(is_allowed(ADA, "edit", memo))
    Memo.where(text="open").delete()
    assert not run(is_allowed(ADA, "view", memos["open"]))


@pytest.mark.parametrize("principal", [BOB, ANONYMOUS], ids=["bob", "anonymous"])
def test_no_query_gets_around_it(principal: Principal) -> None:
    """Neither `or`, nor a group, a union, a scope, a page, an aggregate, a change, or a deletion."""
    assert [m.text for m in Memo.visible_to(principal).or_where(Memo.rank == 0).all()] == ["public"]
    assert [m.text for m in Memo.where(rank=0).visible_to(principal).or_where(rank=0).all()] == ["public"]
    assert Memo.visible_to(principal).with_trashed().without_global_scope().count() == 1
    assert Memo.visible_to(principal).or_where(rank=0).exists()
    assert Memo.visible_to(principal).where(owner_id=1).first() is None
    assert Memo.visible_to(principal).sum("rank") == 0
    assert Memo.visible_to(principal).paginate(per_page=10).total == 1
    assert [m.text for m in Memo.where(lambda q: q.visible_to(principal)).all()] == ["public"]
    assert [m.text for m in Memo.where(rank=0).or_where(lambda q: q.visible_to(principal)).all()] == [
        "public"
    ]
    assert Memo.where(lambda q: q.visible_to(ANONYMOUS, "edit")).all() == []
    assert Memo.visible_to(ANONYMOUS, "edit").or_where(rank=0).count() == 0
    union = Memo.visible_to(principal).union(Memo.visible_to(principal).or_where(rank=0))
    assert [m.text for m in union.all()] == ["public"]
    assert Memo.visible_to(principal).or_where(rank=0).update(rank=5) == 1
    assert Memo.where(rank=5).count() == 1
    assert Memo.visible_to(principal).or_where(rank=5).delete() == 1
    assert Memo.count() == 4


def test_a_subquery_and_a_grouped_query_are_narrowed_too() -> None:
    """What is inside another query counts the same rows."""
    inner = Memo.visible_to(BOB).or_where(rank=0).select("id")
    assert [memo.text for memo in Memo.where_in("id", inner).all()] == ["public"]
    assert [memo.text for memo in Memo.visible_to(BOB).order_by("-id").limit(1).all()] == ["public"]


def test_authorise_lets_through_or_says_what_may_be_known(memos: dict[str, Memo]) -> None:
    """403 for what may be seen, 404 for what may not: that it is there is not told (CWE-639)."""
    run(authorise(ADA, "edit", memos["open"]))
    run(authorise(ADA, "create", Memo))
    with pytest.raises(ForbiddenError):
        run(authorise(ADA, "edit", memos["public"]))
    with pytest.raises(NotFoundError, match="Memo"):
        run(authorise(BOB, "edit", memos["open"]))
    with pytest.raises(NotFoundError):
        run(authorise(BOB, "view", memos["open"]))
    with pytest.raises(ForbiddenError):
        run(authorise(ANONYMOUS, "create", Memo))
    # That there are models is no secret, whoever may see their rows.
    for action in ("create", "edit"):
        with pytest.raises(ForbiddenError):
            run(authorise(ADA, action, Silent))
    with pytest.raises(ForbiddenError):
        run(authorise(ADA, "create", Silent(text="x")))


def test_scopes_take_away_and_never_give(memos: dict[str, Memo]) -> None:
    """An agent that may view does no more, whoever it acts for (ASVS V8.3)."""
    agent = Principal("agent", 1, frozenset({"manager"}), rights=("*",), scopes=frozenset({"memos.view"}))
    assert "orphan" in seen(agent)
    assert seen(agent, "edit") == []
    assert run(decide(agent, "edit", memos["open"])) == Decision(False, "outside the scopes")
    assert agent.can("memos.view")
    assert not agent.can("memos.edit")
    assert not Principal("agent", 1, scopes=frozenset({"*"})).can("memos.edit")
    assert Principal("agent", 1, rights=("memos.*",)).can("memos.edit")
    limited = Principal("system", scopes=frozenset({"memos.view"}))
    assert seen(limited, "edit") == []


def test_a_model_without_rules_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a policy nobody can be asked about it; with an empty one nobody may do anything but the system."""
    with pytest.raises(SetupError, match="__policy__ = BarePolicy"):
        policy_of(Bare)
    with pytest.raises(SetupError):
        Bare.visible_to(SYSTEM)
    monkeypatch.setattr(Bare, "__policy__", dict, raising=False)
    with pytest.raises(SetupError, match="Bare has no policy"):
        policy_of(Bare)
    Silent.create(text="x")
    assert Silent.visible_to(BOSS).all() == []
    assert len(Silent.visible_to(SYSTEM).all()) == 1


def test_what_cannot_be_asked_is_a_mistake() -> None:
    """An action that is not there, and a rule about rows that are not there yet."""
    with pytest.raises(UsageError, match="edti"):
        seen(ADA, "edti")
    for ask in (decide, is_allowed):
        for target in (_Wrong, _Wrong(text="x")):
            with pytest.raises(UsageError, match="no row yet"):
                run(ask(ADA, "create", target))


class _WrongPolicy(Policy):
    def rules(self, principal: Principal, action: str) -> Iterable[Allow | Forbid]:
        return [Allow("own", Memo.owner_id == principal.id)]


class _Wrong(Model):
    __policy__ = _WrongPolicy
    text = Field.String(max_length=5)


def test_a_field_alone_is_one_of_truth() -> None:
    """Which rows a number alone would let through, nobody can say."""
    text = r"'mine' is given the field owner_id alone.*\n?.*Compare it: Allow"
    with pytest.raises(UsageError, match=text):
        assert Allow("mine", Memo.owner_id).condition
    assert Allow("all", True).condition is True


def test_fields_that_may_be_read_and_written() -> None:
    """Neither what is hidden nor what is protected, nor the key (reliability 95)."""
    policy = policy_of(Memo)
    assert policy.readable(ADA) == {"id", "text", "owner_id", "is_public", "locked", "rank", "paid"}
    assert policy.writable(ADA) == {"text", "owner_id", "is_public", "locked", "rank", "secret"}
    policy.check_writable(ADA, ["text", "rank"])
    with pytest.raises(ForbiddenError, match="id, paid may not be set here"):
        policy.check_writable(ADA, ["paid", "text", "id"])
