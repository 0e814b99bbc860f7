"""Relations of models: foreign keys, one to one, many to many, and what they give on a record.

A relation to one record that was not loaded is awaited: `await post.author`; under an
event loop any other use of it is an error that names what to load. A relation to many
gives the set of its records, with methods that change which records these are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, Generic, Literal, TypeVar, cast, overload

from aksara.queries import QuerySet
from asok_engine.database.running import run, run_async
from asok_engine.errors import UsageError
from asok_engine.records.assignment import assignable
from asok_engine.records.errors import NotLoaded
from asok_engine.records.fields import reference
from asok_engine.records.fields.field import Field
from asok_engine.records.fields.reference import OnDeleteRule
from asok_engine.records.fields.text import String
from asok_engine.records.plans.get_or_create import get_or_create, update_or_create
from asok_engine.records.plans.load import load_for_peers, query_of
from asok_engine.records.plans.related import (
    add_related,
    clear_related,
    create_related,
    find_or_create_related,
    related_keys,
    remove_related,
    set_related,
)
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.relations import belongs_to, many_to_many, morph
from asok_engine.records.relations.relation import Relation

__all__ = [
    "CASCADE",
    "PROTECT",
    "RESTRICT",
    "SET_NULL",
    "ForeignKey",
    "GenericForeignKey",
    "ManyToMany",
    "OneToOne",
    "RelatedManager",
    "Unloaded",
]

CASCADE: Final = "CASCADE"
PROTECT: Final = "PROTECT"
RESTRICT: Final = "RESTRICT"
SET_NULL: Final = "SET_NULL"

R = TypeVar("R")
M = TypeVar("M", bound=Record)


class Unloaded:
    """A related record that was not loaded: awaiting it gives the record; its key can be read at once."""

    def __init__(self, record: Record, relation: Relation[Any]) -> None:
        values = self.__dict__
        values["_record"], values["_relation"] = record, relation
        if isinstance(relation, belongs_to.BelongsTo):
            # Under the name of the field, where the engine looks for the key of a record that it is given.
            values[relation.remote_name] = record.__dict__.get(relation.local_name)
            values["__description__"] = relation.target

    def __await__(self) -> Generator[Any, None, Any]:
        return run_async(load_for_peers(self._record, self._relation)).__await__()

    @property
    def pk(self) -> Any:
        """The key of the record."""
        if isinstance(self._relation, belongs_to.BelongsTo):
            return self.__dict__[self._relation.remote_name]
        raise self._refusal()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._refusal()

    def _refusal(self) -> NotLoaded:
        name = self._relation.name
        place = f"{type(self._record).__name__}.{name}"
        load = "prefetch_related" if isinstance(self._relation, morph.MorphTo) else "select_related"
        return NotLoaded(
            f"{place} was not loaded, and nothing can be awaited where it is read.",
            fix=f'Load it with the records: .{load}("{name}"), or await it: {name} = await record.{name}.',
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Record):
            return isinstance(other, self._relation.target.model) and bool(other.pk == self.pk)
        return isinstance(other, Unloaded) and (self._relation, self.pk) == (other._relation, other.pk)

    def __hash__(self) -> int:
        return hash((self._relation.target.model, self.pk))

    def __repr__(self) -> str:
        return f"<{self._relation.name} of {self._record!r}, not loaded>"


class RelatedManager(QuerySet[M]):
    """The records of a relation to many, as a set, and what changes which records these are.

    Once loaded, by `prefetch_related` or `await`, it can be gone through like a list.
    """

    def __init__(self, record: Record, relation: Relation[Any]) -> None:
        super().__init__(relation.target.model)
        self._record = record
        self._relation = relation

    @property
    def _query(self) -> Query:
        return query_of(self._record, self._relation.name)

    def _with(self, query: Query) -> Any:
        return _set_of(self.model)._with(query)

    @property
    def _loaded(self) -> list[M] | None:
        return self._record.__dict__.get(self._relation.name)

    async def get(self, *conditions: Any, **lookups: Any) -> M:
        """Give the only record of the relation that meets these."""
        found: M = await self.filter(*conditions, **lookups).get()
        return found

    async def _all(self) -> list[M]:
        loaded = self._loaded
        return list(loaded) if loaded is not None else await run_async(self._query.fetch())

    def all(self) -> Any:
        """Give the same set; what was loaded is not read again."""
        return self

    def __iter__(self) -> Iterator[M]:  # type: ignore[override]
        return iter(self._here("gone through"))

    def __len__(self) -> int:
        return len(self._here("asked for its length"))

    def __bool__(self) -> bool:
        return bool(self._here("asked whether it is empty"))

    def __contains__(self, record: object) -> bool:
        return record in self._here("looked through")

    def _here(self, what: str) -> list[M]:
        loaded = self._loaded
        if loaded is not None:
            return loaded
        if asyncio._get_running_loop() is None:
            return cast("list[M]", run(load_for_peers(self._record, self._relation)))
        name, model = self._relation.name, type(self._record).__name__
        raise NotLoaded(
            f"{model}.{name} is {what} before it was loaded, and nothing can be awaited there.",
            fix=f'Load it with the records: .prefetch_related("{name}"), or await it: await record.{name}.',
        )

    async def count(self) -> int:
        """Give the number of records."""
        loaded = self._loaded
        return len(loaded) if loaded is not None else await super().count()

    async def ids(self) -> list[Any]:
        """Give the keys of the records."""
        return await run_async(related_keys(self._record, self._relation.name))

    async def add(self, *targets: M | Any, through: Mapping[str, Any] | None = None) -> None:
        """Let records, or keys, belong to it; one that was never saved is saved.

        `through` fills other columns of the model between.
        """
        await run_async(add_related(self._record, self._relation.name, targets, through))

    async def remove(self, *targets: M | Any) -> int:
        """Take records, or keys, out of it; give how many were in it.

        Raises:
            UsageError: a record cannot be without the one that it belongs to.
        """
        return await run_async(remove_related(self._record, self._relation.name, targets))

    async def clear(self) -> int:
        """Take all records out of it; give their number."""
        return await run_async(clear_related(self._record, self._relation.name))

    async def set(self, targets: Iterable[M | Any]) -> None:
        """Let exactly these records, or keys, belong to it, in one transaction."""
        await run_async(set_related(self._record, self._relation.name, targets))

    async def create(self, *, _trust: bool = False, **values: Any) -> M:
        """Make a record that belongs to it; `_trust` lets the values reach protected fields."""
        given = assignable(self.model.__description__, values, trusts=_trust)
        return cast("M", await run_async(create_related(self._record, self._relation.name, given)))

    async def get_or_create(
        self, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> tuple[M, bool]:
        """Give the record with these values and False, or a new one that belongs to it and True.

        Through a table between, one that is there already is joined. Protected fields are set
        only with `_trust`.
        """
        given = assignable(self.model.__description__, defaults or {}, trusts=_trust)
        deed = partial(get_or_create, trusts=_trust)
        plan = find_or_create_related(self._record, self._relation.name, deed, values, given)
        return cast("tuple[M, bool]", await run_async(plan))

    async def update_or_create(
        self, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> tuple[M, bool]:
        """Give the record with these values, changed, and False, or a new one that belongs to it and True.

        Protected fields, and the key of a record that is there, are set only with `_trust`.
        """
        given = assignable(self.model.__description__, defaults or {}, trusts=_trust)
        deed = partial(update_or_create, trusts=_trust)
        plan = find_or_create_related(self._record, self._relation.name, deed, values, given)
        return cast("tuple[M, bool]", await run_async(plan))

    async def bulk_create(
        self, records: Iterable[M], batch_size: int = 1000, ignore_conflicts: bool = False
    ) -> list[M]:
        """Refuse: records that are made many at once belong to nothing yet.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"{self!r} makes no records many at once.",
            fix=f"{self.model.__name__}.objects.bulk_create([...]) with its key set, or add(*records).",
        )

    async def upsert(
        self,
        defaults: Mapping[str, Any] | None = None,
        update_fields: Sequence[str] = (),
        *,
        _trust: bool = False,
        **values: Any,
    ) -> M:
        """Refuse: what is inserted or changed in one statement belongs to nothing yet.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{self!r} has no upsert.", fix="Use update_or_create, or upsert of the model.")

    def __repr__(self) -> str:
        return f"<{self._relation.name} of {self._record!r}>"


def _set_of(model: type[Record]) -> QuerySet[Any]:
    """Give the set of all records of a model, of the class that its `objects` has."""
    objects = getattr(model, "objects", None)
    return objects if isinstance(objects, QuerySet) else QuerySet(model)


class ForeignKey(belongs_to.BelongsTo[R]):
    """One record of another model, by its key: `author = ForeignKey(User)` keeps it in `author_id`.

    `related_name` names the way back, `<model>_set` by default, "+" for none. A type checker
    knows `author_id` from an annotation: `author_id: UUID`.
    """

    #: The way back where no other name is given.
    _way_back = "%(class)s_set"

    @overload
    def __init__(
        self: ForeignKey[Any],
        to: str,
        related_name: str = "",
        *,
        on_delete: OnDeleteRule = "CASCADE",
        nullable: bool = False,
        column_name: str = "",
        to_field: str = "",
        **options: Any,
    ) -> None: ...

    @overload
    def __init__(
        self: ForeignKey[M],
        to: type[M],
        related_name: str = "",
        *,
        on_delete: OnDeleteRule = "CASCADE",
        nullable: Literal[False] = False,
        column_name: str = "",
        to_field: str = "",
        **options: Any,
    ) -> None: ...

    @overload
    def __init__(
        self: ForeignKey[M | None],
        to: type[M],
        related_name: str = "",
        *,
        on_delete: OnDeleteRule = "CASCADE",
        nullable: Literal[True],
        column_name: str = "",
        to_field: str = "",
        **options: Any,
    ) -> None: ...

    def __init__(
        self,
        to: Any,
        related_name: str = "",
        *,
        on_delete: OnDeleteRule = "CASCADE",
        nullable: bool = False,
        column_name: str = "",
        to_field: str = "",
        **options: Any,
    ) -> None:
        super().__init__(to, "", to_field)
        self._related_name = related_name or self._way_back
        self._options: dict[str, Any] = {
            "on_delete": on_delete,
            "nullable": nullable,
            "column": column_name,
            "to_field": to_field,
            **options,
        }

    @property
    def field_name(self) -> str:
        """The field with the key, in the place where the relation stands."""
        return f"{self.name}_id"

    def make_field(self) -> Field[Any]:
        """Make the field with the key."""
        return reference.ForeignKey(
            self._target, relation=self.name, related_name=self._related_name, **self._options
        )

    def assign(self, record: Record, value: Any) -> None:
        """Point to a record, also one that was not loaded, to a key, or to none."""
        super().assign(record, value.pk if isinstance(value, Unloaded) else value)


class OneToOne(ForeignKey[R]):
    """One record of another model that no other record points to; the way back is one record or None."""

    _way_back = "%(class)s"

    def make_field(self) -> Field[Any]:
        """Make the field with the key, which no two records have."""
        self._options["unique"] = True
        return super().make_field()


class ManyToMany(many_to_many.ManyToMany[RelatedManager[M]], Generic[M]):
    """Records of another model, any number on either side, through a table between them.

    The table is named after both models; `through` names another table, or is the model of
    one, which has a foreign key to each side.
    """

    @overload
    def __init__(
        self: ManyToMany[Any],
        to: str,
        related_name: str = "",
        *,
        through: Any = None,
        own_column: str = "",
        other_column: str = "",
    ) -> None: ...

    @overload
    def __init__(
        self,
        to: type[M],
        related_name: str = "",
        *,
        through: Any = None,
        own_column: str = "",
        other_column: str = "",
    ) -> None: ...

    def __init__(
        self,
        to: Any,
        related_name: str = "",
        *,
        through: Any = None,
        own_column: str = "",
        other_column: str = "",
    ) -> None:
        # A table is in lower case, a model's name begins with a capital or has dots.
        is_table = isinstance(through, str) and through.islower() and "." not in through
        super().__init__(
            to,
            through if is_table else "",
            own_column,
            other_column,
            None if is_table else through,
            related_name or "%(class)s_set",
        )

    def assign(self, record: Record, value: Any) -> None:
        """Refuse: which records it has is changed by awaiting.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"{type(record).__name__}.{self.name} cannot be set by assignment.",
            fix=f"await record.{self.name}.set([...])",
        )


class GenericForeignKey(morph.MorphTo[Any]):
    """One record of whatever model: one field keeps its model's name, the other its key as text.

    The fields are added where the model does not declare them.
    """

    def __init__(self, content_type_field: str = "content_type", object_id_field: str = "object_id") -> None:
        super().__init__(content_type_field, object_id_field)

    def own_fields(self) -> dict[str, Field[Any]]:
        """Give the two fields; the key is text, since models have keys of several types."""
        return {
            self.type_name: String(100, nullable=True, index=True),
            self.id_name: String(64, nullable=True, index=True),
        }

    def assign(self, record: Record, value: Any) -> None:
        """Point to a record, or to none."""
        super().assign(record, value)
        key = record.__dict__[self.id_name]
        record.__dict__[self.id_name] = None if key is None else str(key)
