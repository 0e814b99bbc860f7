"""What visitors ask by names: only what they may see answers, and what is hidden is as unknown as what is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from asok_engine.errors import InputError
from asok_engine.records.asked import asked, open_names
from asok_engine.records.errors import UnknownName
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.secret import Encrypted, Password
from asok_engine.records.fields.structure import JSON
from asok_engine.records.fields.text import SearchableText, String
from asok_engine.records.policy import Allow, Policy, Principal
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.relations.belongs_to import BelongsTo
from tests.engine.records.blog import Author
from tests.engine.records.driver import Driver


class Owner(Record):
    """Somebody with something to hide."""

    name = String(50)
    pin = String(10, default="", hidden=True)


class CasePolicy(Policy):
    """Everybody sees cases, and only clerks what they cost."""

    def rules(self, principal: Principal, action: str) -> Iterable[Allow]:
        yield Allow("everybody", True)

    def readable(self, principal: Principal) -> frozenset[str]:
        found = super().readable(principal)
        return found if principal.has_role("clerk") else found - {"cost"}


class Case(Record):
    """Something with open, hidden, sealed and guarded fields."""

    __policy__ = CasePolicy
    title = String(50)
    cost = Integer(default=0)
    note = String(50, default="", hidden=True)
    word = Password(nullable=True)
    sealed = Encrypted(nullable=True, hidden=False)
    facts = JSON(default=dict)
    owner_id = ForeignKey(Owner, nullable=True)
    owner: BelongsTo[Owner | None]


CASES = Query(Case.__description__)
CLERK = Principal("person", 1, roles=frozenset({"clerk"}))


def store() -> Driver:
    driver = Driver(Owner, Case)
    ada = driver.save(Owner(name="Ada", pin="1234"))
    driver.save(Case(title="Lost key", cost=5, note="x", facts={"n": 1}, owner_id=ada.id))
    driver.save(Case(title="Tea", cost=9, note="y"))
    driver.save(Case(title="Printer", cost=7, note="z"))
    return driver


def titles(driver: Driver, query: Query) -> list[str]:
    return [case.title for case in driver.fetch(query)]


def test_open_names_are_those_that_may_be_seen() -> None:
    """Hidden ones are not, sealed ones are not even where they are shown, and the policy has its word."""
    assert open_names(Case.__description__) == {"id", "pk", "title", "facts", "owner_id", "owner"}
    assert open_names(Case.__description__, CLERK) == {
        "id",
        "pk",
        "title",
        "facts",
        "owner_id",
        "owner",
        "cost",
    }
    assert open_names(Owner.__description__) == {"id", "pk", "name"}


def test_names_that_stand_for_closed_fields_are_closed() -> None:
    """A translated name as its columns are, a relation as its key; a relation to many has none."""

    class Leaflet(Record):
        """Something in two languages, of an owner that nobody is to know."""

        name_en = String(20, hidden=True)
        name_fr = String(20, hidden=True)
        text_en = String(20)
        text_fr = String(20)
        owner_id = ForeignKey(Owner, nullable=True, hidden=True)
        owner: BelongsTo[Owner | None]

    assert open_names(Leaflet.__description__) == {"id", "pk", "text_en", "text_fr", "text"}
    assert "posts" in Author.__description__.relations
    assert "posts" not in open_names(Author.__description__)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"title": "Tea"}, ["Tea"]),
        ({"title__icontains": "T"}, ["Lost key", "Tea", "Printer"]),
        ({"cost__gte": "7"}, ["Tea", "Printer"]),
        ({"cost__in": "5,9"}, ["Lost key", "Tea"]),
        ({"cost__in": [5, 9]}, ["Lost key", "Tea"]),
        ({"cost__range": "6,8", "title__startswith": "P"}, ["Printer"]),
        ({"facts__n": 1}, ["Lost key"]),
        ({"owner": 1}, ["Lost key"]),
        ({"owner__isnull": "true"}, ["Tea", "Printer"]),
        ({"owner__name": "Ada"}, ["Lost key"]),
        ({"owner.name": "Ada"}, ["Lost key"]),
        ({"owner__name__startswith": "A"}, ["Lost key"]),
        ({}, ["Lost key", "Tea", "Printer"]),
    ],
)
def test_filters_narrow(filters: Mapping[str, Any], found: list[str]) -> None:
    """By open fields, and by the paths that the code has named."""
    assert (
        titles(store(), asked(CASES, CLERK, filters=filters, paths=("owner.name",)).order_by("id")) == found
    )


def test_order_and_fields_are_taken() -> None:
    """As names, or as a text with commas."""
    driver = store()
    assert titles(driver, asked(CASES, CLERK, order="-cost,title")) == ["Tea", "Printer", "Lost key"]
    assert titles(driver, asked(CASES, CLERK, order=["cost"])) == ["Lost key", "Printer", "Tea"]
    found = driver.fetch(asked(CASES, order="id", fields="title, id"))
    assert set(found[0].__dict__) == {"title", "id"}
    for path in ("owner.name", "owner__name"):
        by_owner = asked(CASES, order=f"-{path}, title,,", fields=f"title,{path}", paths=("owner.name",))
        assert titles(driver, by_owner) == ["Lost key", "Printer", "Tea"]
        assert driver.fetch(by_owner)[0].__dict__[path.replace(".", "_")] == "Ada"


def test_words_are_looked_for_in_open_fields_only() -> None:
    """A hidden text is no place to search in."""
    driver = store()
    assert titles(driver, asked(CASES, search="print")) == ["Printer"]
    assert titles(driver, asked(CASES, search="z")) == []
    assert titles(driver, asked(CASES, CLERK, search="9")) == []


@pytest.mark.parametrize(
    "name",
    [
        "note",
        "word",
        "sealed",
        "cost",
        "nope",
        "owner__pin",
        "owner__name",
        "owner__posts__id",
        "note__startswith",
        "?",
        "title__nope",
        "",
        "__class__",
    ],
)
def test_other_names_are_unknown_to_filters(name: str) -> None:
    """Hidden, sealed, guarded, and what stands behind a relation, in the same words as what is not there (CWE-203)."""
    with pytest.raises(UnknownName) as raised:
        asked(CASES, filters={name: "x"})
    assert raised.value.status == 400


@pytest.mark.parametrize(
    "name",
    [
        "note",
        "-note",
        "word",
        "sealed",
        "cost",
        "nope",
        "owner__pin",
        "owner__name",
        "?",
        "COUNT(*)",
        "title AS x",
    ],
)
def test_other_names_are_unknown_to_orders_and_fields(name: str) -> None:
    """Also by chance, and aggregates."""
    with pytest.raises(UnknownName):
        asked(CASES, order=name)
    with pytest.raises(UnknownName):
        asked(CASES, fields=name)


def test_hidden_and_missing_names_get_the_same_answer() -> None:
    """So that nobody learns which fields there are."""
    said = []
    for name in ("note", "nape"):
        with pytest.raises(UnknownName) as raised:
            asked(CASES, filters={name: 1})
        said.append(str(raised.value).replace(name, "..."))
    assert said[0] == said[1]
    assert "note" not in said[0]


def test_path_to_a_relation_opens_its_key_only() -> None:
    """What its target has stays closed unless it is named, and so does what is closed anyway."""
    for name in ("note", "cost", "note__startswith", "owner_id__pin"):
        with pytest.raises(UnknownName):
            asked(CASES, filters={name: "1"}, paths=("owner", "owner.name"))
    assert titles(store(), asked(CASES, filters={"owner__in": "1"}, paths=("owner",))) == ["Lost key"]
    for name in ("owner__pin", "owner__name", "owner__pin__startswith"):
        with pytest.raises(UnknownName):
            asked(CASES, filters={name: "1"}, paths=("owner",))


@pytest.mark.parametrize("lookup", ["title__regex", "title__iregex", "title__like"])
def test_patterns_are_not_for_visitors(lookup: str) -> None:
    """They run in the database, for as long as they like."""
    with pytest.raises(UnknownName, match="lookup"):
        asked(CASES, filters={lookup: "a"})


def test_too_many_names_are_refused() -> None:
    """No honest question has so many; fifty are taken."""
    assert asked(CASES, fields="title," * 50).names
    with pytest.raises(InputError, match="too many"):
        asked(CASES, order="title," * 60)
    with pytest.raises(InputError, match="too many"):
        asked(CASES, filters={f"facts__{number}": 1 for number in range(60)})


def test_hidden_searchable_text_is_in_no_index() -> None:
    """A search would tell what it says, word by word (CWE-200)."""

    class Paper(Record):
        """Two texts, one of them hidden."""

        text = SearchableText()
        remark = SearchableText(default="", hidden=True)

    (index,) = Paper.__description__.table.full_texts
    assert index.columns == ("text",)
    assert asked(Query(Paper.__description__), search="word").conditions


def test_index_with_a_field_that_the_policy_closes_answers_nobody_else() -> None:
    """Nor does the refusal say which field that is, or that there is one."""

    class SheetPolicy(Policy):
        def readable(self, principal: Principal) -> frozenset[str]:
            found = super().readable(principal) - {"price"}
            return found if principal.has_role("clerk") else found - {"remark"}

    class Sheet(Record):
        """Two texts in one index, one of them for clerks."""

        __policy__ = SheetPolicy
        text = SearchableText()
        remark = SearchableText(default="")
        price = Integer(default=0)

    sheets = Query(Sheet.__description__)
    with pytest.raises(InputError, match=r"^Sheet cannot be searched here\.$") as raised:
        asked(sheets, search="word")
    assert raised.value.status == 400
    assert asked(sheets, CLERK, search="word").conditions
