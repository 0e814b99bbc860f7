"""Sets of records: what `Model.objects` gives, and everything that is asked of it.

A set is lazy and never changes: each method gives another one. `await` reads its
records, `async for` goes through them, a slice cuts it, and methods such as `get` and
`count` are awaited. Nothing is worked out here: the engine's query and its plans do it.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Coroutine, Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, Self, TypeVar, cast, overload

from aksara.expressions import Q
from asok_engine.database.databases import databases
from asok_engine.database.running import run_async
from asok_engine.errors import UsageError
from asok_engine.records.asked import asked
from asok_engine.records.assignment import assignable, refuse_protected, without_key
from asok_engine.records.deferred import Deferred, Group, Measured, narrowed, resolved, resolved_lookups
from asok_engine.records.errors import RecordNotFound
from asok_engine.records.plans.bulk import bulk_create, bulk_update, upsert_one
from asok_engine.records.plans.change import delete_all, restore_all, update_all
from asok_engine.records.plans.count import aggregate, count, exists
from asok_engine.records.plans.find import find_the_one
from asok_engine.records.plans.get_or_create import get_or_create, update_or_create
from asok_engine.records.plans.pick import at, first, first_or_fail, last, only_one, reversed_query
from asok_engine.records.plans.raw import raw
from asok_engine.records.plans.save import save
from asok_engine.records.plans.search import nearest, search
from asok_engine.records.plans.stream import stream
from asok_engine.records.plans.values import count_values, is_aggregate, values, values_list, values_select
from asok_engine.records.policy import ANONYMOUS, Principal
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.steps import Plan
from asok_engine.sql.expressions import Condition
from asok_engine.sql.search import Metric
from asok_engine.sql.select import Lock, Select

__all__ = ["Manager", "ManagerOf", "Prefetch", "QuerySet", "ValuesQuerySet"]

M = TypeVar("M", bound=Record)
R = TypeVar("R")
S = TypeVar("S")


class Prefetch:
    """A relation to load with others, narrowed: `Prefetch("comments", Comment.objects.filter(live=True))`."""

    def __init__(self, path: str, queryset: QuerySet[Any] | None = None) -> None:
        self.path = path
        self.queryset = queryset


class _Rows(Generic[R]):
    """What sets of records and sets of values have in common."""

    def __init__(self, model: type[Record], query: Query | None = None) -> None:
        self.model = model
        self._given = query

    @property
    def _query(self) -> Query:
        # None stands for all records of the model, for which some deeds have a shorter way.
        return Query(self.model.__description__) if self._given is None else self._given

    def _with(self, query: Query) -> Self:
        made = copy.copy(self)
        made._given = query
        return made

    def _read(self, query: Query) -> Plan[Any]:
        """Give the plan that reads the rows of a query."""
        return query.fetch()

    # --- which rows, in which order ------------------------------------------------------------

    def all(self) -> Self:
        """Give the same set."""
        return self._with(self._query)

    def filter(self, *conditions: Group | Condition, **lookups: Any) -> Self:
        """Keep what meets all of these: `views__gt=10`, `author__name="Ada"`, `Q(...) | Q(...)`.

        Lookups about one relation to many, given together, are met by one of its records.

        Raises:
            UnknownName: a name is nothing that the model has.
        """
        return self._with(narrowed(self._query, Q(*conditions, **lookups)))

    def exclude(self, *conditions: Group | Condition, **lookups: Any) -> Self:
        """Leave out what meets all of these; where a value is missing they are not met."""
        group = Q(*conditions, **lookups)
        return self._with(narrowed(self._query, ~group if group else group))

    def order_by(self, *names: Any) -> Self:
        """Order by fields, paths, annotations or expressions, `-` in front for descending, "?" by chance.

        It replaces an earlier order, also that of Meta; without names there is none.
        """
        query = self._query
        return self._with(query.reorder(*[resolved(name, query) for name in names]))

    def reverse(self) -> Self:
        """Turn the order round."""
        return self._with(reversed_query(self._query))

    def distinct(self, *names: str) -> Self:
        """Give no row twice; with names (PostgreSQL) the first row of each of their values."""
        return self._with(self._query.distinct(*names))

    def annotate(self, *measured: Measured, **expressions: Deferred) -> Self:
        """Add values to each row: `annotate(comments=Count("comments"))`; unnamed it is `comments__count`."""
        return self._with(_annotated(self._query, measured, expressions))

    def limit(self, count: int | None) -> Self:
        """Read at most so many."""
        return self._with(self._query.limit(count))

    def offset(self, count: int | None) -> Self:
        """Leave out so many at the beginning."""
        return self._with(self._query.offset(count))

    def none(self) -> Self:
        """Give the empty set, which asks no database."""
        return self._with(self._query.none())

    def union(self, *others: Self, all: bool = False) -> Self:
        """Add the rows of other sets; `all` keeps those that come twice."""
        return self._combined("union all" if all else "union", others)

    def intersection(self, *others: Self) -> Self:
        """Keep the rows that other sets have too."""
        return self._combined("intersect", others)

    def difference(self, *others: Self) -> Self:
        """Take away the rows that other sets have."""
        return self._combined("except", others)

    def _combined(self, kind: str, others: Iterable[Self]) -> Self:
        query = self._query
        for other in others:
            query = query.combine(kind, other._query)
        return self._with(query)

    def using(self, database: str) -> Self:
        """Ask another database."""
        return self._with(self._query.using(database))

    def with_deleted(self) -> Self:
        """Find softly deleted records too."""
        return self._with(self._query.with_trashed())

    def only_deleted(self) -> Self:
        """Find the softly deleted records alone."""
        return self._with(self._query.only_trashed())

    def to_sql(self) -> tuple[str, list[Any]]:
        """Give the statement in the words of its database, and its parameters apart."""
        compiled = self._statement().compile(databases[self._query.database].dialect)
        return compiled.text, list(compiled.parameters)

    def _statement(self) -> Select:
        return self._query.select()

    def as_subquery(self) -> Select:
        """Give the statement that reads the keys; what a lookup with `in` makes of a set."""
        return self._query.as_subquery()

    # --- what is there -------------------------------------------------------------------------

    def __await__(self) -> Generator[Any, None, list[R]]:
        return self._all().__await__()

    async def _all(self) -> list[R]:
        return cast("list[R]", await run_async(self._read(self._query)))

    async def __aiter__(self) -> AsyncIterator[R]:
        for row in await self._all():
            yield row

    @overload
    def __getitem__(self, place: int) -> Coroutine[Any, Any, R]: ...

    @overload
    def __getitem__(self, place: slice) -> Self: ...

    def __getitem__(self, place: int | slice) -> Any:
        """Give a part of the set, or one row of it, which is awaited: `await posts[0]`."""
        if isinstance(place, slice):
            return self._with(self._query.slice(place))
        return self._one(place)

    async def _one(self, place: int) -> R:
        return cast("R", await run_async(at(self._query, place)))

    def __iter__(self) -> NoReturn:
        raise self._not_read("gone through")

    def __len__(self) -> int:
        raise self._not_read("asked for its length")

    def __bool__(self) -> bool:
        raise self._not_read("asked whether it is empty")

    def _not_read(self, what: str) -> UsageError:
        return UsageError(
            f"A set of {self.model.__name__} is {what} before it was read.",
            fix="Await it first: records = await posts; or use `async for`, `await posts.exists()`, "
            "`await posts.count()`.",
        )

    async def count(self) -> int:
        """Give the number of rows."""
        return await run_async(count(self._query))

    async def exists(self) -> bool:
        """Tell whether there is a row."""
        return await run_async(exists(self._query))

    async def aggregate(self, *measured: Measured, **expressions: Deferred) -> dict[str, Any]:
        """Give aggregates over all rows by name: `aggregate(total=Sum("views"))`."""
        query = self._query
        named = _named(measured) | expressions
        return await run_async(aggregate(query, **resolved_lookups(named, query)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.model.__name__}>"


class QuerySet(_Rows[M]):
    """A set of records of one model.

    A subclass with methods of its own becomes `objects` by `objects = Manager(PostQuerySet)`.
    """

    # --- what is read --------------------------------------------------------------------------

    def select_related(self, *paths: str) -> Self:
        """Read relations to one record in the same statement: `select_related("author__team")`.

        Raises:
            UsageError: a relation leads to many records.
        """
        return self._with(self._query.join(*paths))

    def prefetch_related(self, *paths: str | Prefetch) -> Self:
        """Load relations with the records, one statement for each: `prefetch_related("comments__author")`."""
        query = self._query
        for path in paths:
            if isinstance(path, str):
                query = query.include(path)
            elif path.queryset is None:
                query = query.include(path.path)
            else:
                query = query.include(narrowed={path.path: path.queryset._query})
        return self._with(query)

    def only(self, *names: str) -> Self:
        """Read these fields alone, and the key; reading another one is an error until it is refreshed."""
        return self._with(self._query.only(*names))

    def defer(self, *names: str) -> Self:
        """Read all fields but these."""
        return self._with(self._query.defer(*names))

    def select_for_update(self, *, nowait: bool = False, skip_locked: bool = False) -> Self:
        """Lock the rows until the transaction ends; fail at once at a locked one, or skip it, where asked."""
        return self._with(self._query.lock(Lock(skip_locked=skip_locked, nowait=nowait)))

    def asked(
        self,
        principal: Principal = ANONYMOUS,
        filters: Mapping[str, Any] | None = None,
        *,
        order: str | Sequence[str] = (),
        fields: str | Sequence[str] = (),
        search: str = "",
        paths: Iterable[str] = (),
    ) -> Self:
        """Narrow, order and cut the set as a visitor has asked, by names that are open to a principal.

        `filters` are lookups (`{"status": "open", "views__gte": "10"}`), `order` and `fields` names, or
        a text of them with commas, `search` words. Hidden and sealed fields, and those that the
        model's policy does not let the principal see, are unknown here. `paths` names what else is
        open, such as "owner__name". Rows are not narrowed by the policy.

        Raises:
            UnknownName: a name is not open; status 400.
            InputError: a value does not fit, or there are too many names.
        """
        return self._with(
            asked(
                self._query,
                principal,
                filters=filters,
                order=order,
                fields=fields,
                search=search,
                paths=paths,
            )
        )

    def search(self, term: str, fields: Sequence[str] = ()) -> Self:
        """Keep the records that have all words of a term, in the full-text index or in these fields."""
        return self._with(search(self._query, term, fields))

    def values(self, *names: str, **expressions: Deferred) -> ValuesQuerySet[dict[str, Any]]:
        """Give dicts of fields, paths and annotations; an aggregate behind it groups by the others."""
        query = _annotated(self._query, (), expressions)
        return ValuesQuerySet(self.model, query, (*names, *expressions), "dicts")

    @overload
    def values_list(self, *names: str, flat: Literal[True]) -> ValuesQuerySet[Any]: ...

    @overload
    def values_list(self, *names: str) -> ValuesQuerySet[tuple[Any, ...]]: ...

    def values_list(self, *names: str, flat: bool = False) -> ValuesQuerySet[Any]:
        """Give tuples of fields, paths and annotations; with `flat` the values of one.

        Raises:
            UsageError: `flat` with several names.
        """
        if flat and len(names) != 1:
            raise UsageError(f"values_list({', '.join(map(repr, names))}, flat=True) needs one name.")
        return ValuesQuerySet(self.model, self._query, names, "flat" if flat else "tuples")

    def annotate(self, *measured: Measured, **expressions: Deferred) -> Self:
        """Add values to each record: `annotate(comments=Count("comments"))`; unnamed it is `comments__count`.

        Raises:
            UsageError: it is an aggregate over the records themselves, which would leave none of them.
        """
        made = super().annotate(*measured, **expressions)
        for name, expression in made._query.annotations:
            if is_aggregate(expression):
                raise UsageError(
                    f"{name!r} is one value for many of {self.model.__name__}, which come one by one.",
                    fix="Use aggregate(), or values(...) in front of annotate() for groups.",
                )
        return made

    # --- one record ----------------------------------------------------------------------------

    async def get(self, *conditions: Group | Condition, **lookups: Any) -> M:
        """Give the only record that meets these.

        Raises:
            DoesNotExist: there is none; also as `Post.DoesNotExist`.
            MultipleObjectsReturned: there are several; also as `Post.MultipleObjectsReturned`.
        """
        if self._given is None and not conditions:
            description = self.model.__description__
            needs_query = any(isinstance(value, Deferred) for value in lookups.values())
            if not needs_query:
                return cast("M", await run_async(find_the_one(description, lookups)))
        return cast("M", await run_async(only_one(narrowed(self._query, Q(*conditions, **lookups)))))

    async def get_or_none(self, *conditions: Group | Condition, **lookups: Any) -> M | None:
        """Give the only record that meets these, None when there is none.

        Raises:
            MultipleObjectsReturned: there are several.
        """
        try:
            return await self.get(*conditions, **lookups)
        except RecordNotFound:
            return None

    async def first(self) -> M | None:
        """Give the first record, by key where no order was given; None when there is none."""
        return cast("M | None", await run_async(first(self._query)))

    async def last(self) -> M | None:
        """Give the last record, by key where no order was given; None when there is none."""
        return cast("M | None", await run_async(last(self._query)))

    async def earliest(self, *names: str) -> M:
        """Give the first record in the order of these fields, `created_at` by default.

        Raises:
            DoesNotExist: there is none.
        """
        return cast("M", await run_async(first_or_fail(self._query.reorder(*(names or ("created_at",))))))

    async def latest(self, *names: str) -> M:
        """Give the last record in the order of these fields, `created_at` by default.

        Raises:
            DoesNotExist: there is none.
        """
        ordered = self._query.reorder(*(names or ("created_at",)))
        return cast("M", await run_async(first_or_fail(reversed_query(ordered))))

    async def in_bulk(self, keys: Iterable[Any] | None = None, *, field_name: str = "pk") -> dict[Any, M]:
        """Give records by key, or by another unique field; without keys all of the set."""
        chosen = self if keys is None else self.filter(**{f"{field_name}__in": list(keys)})
        return {getattr(record, field_name): record for record in await chosen}

    async def iterator(self, chunk_size: int = 500) -> AsyncIterator[M]:
        """Go through the records with at most `chunk_size` of them in memory."""
        async for record in cast("AsyncIterator[M]", await run_async(stream(self._query, chunk_size))):
            yield record

    async def nearest(
        self, name: str, vector: Sequence[float], *, limit: int = 10, metric: Metric = "cosine"
    ) -> list[M]:
        """Give the records whose vectors are nearest, nearest first, each with its `distance`."""
        return cast(
            "list[M]", await run_async(nearest(self._query, name, vector, limit=limit, metric=metric))
        )

    async def fetch_with_count(self) -> tuple[list[M], int]:
        """Give the records, and how many there would be without limit and offset."""
        return await self, await self.limit(None).offset(None).count()

    async def raw(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[M]:
        """Give the records that a SELECT finds; `?` or `:name` in it stand for values.

        Fields that it does not read are not loaded; what it reads beside them stands on the records.
        """
        plan = raw(self.model.__description__, sql, values, self._query.database_alias)
        return cast("list[M]", await run_async(plan))

    # --- making and changing -------------------------------------------------------------------

    async def create(self, *, _trust: bool = False, **values: Any) -> M:
        """Make a record of these values and save it; `_trust` lets them reach protected fields.

        Raises:
            ValidationError: a value is missing or not accepted, told per field.
            UnknownName: the model has no such field.
        """
        record = self.model(**assignable(self.model.__description__, values, trusts=_trust))
        return cast("M", await run_async(save(record, self._query.database_alias)))

    async def get_or_create(
        self, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> tuple[M, bool]:
        """Give the record with these values and False, or a new one of them and the defaults and True.

        Of several who do so at once one makes it, given a unique key over the values. Protected
        fields are set only with `_trust`.
        """
        given = assignable(self.model.__description__, defaults or {}, trusts=_trust)
        plan = get_or_create(self._query, values, given, trusts=_trust)
        return cast("tuple[M, bool]", await run_async(plan))

    async def update_or_create(
        self, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> tuple[M, bool]:
        """Give the record with these values, changed to the defaults, and False, or a new one and True.

        Protected fields, and the key of a record that is there, are set only with `_trust`.
        """
        given = assignable(self.model.__description__, defaults or {}, trusts=_trust)
        plan = update_or_create(self._query, values, given, trusts=_trust)
        return cast("tuple[M, bool]", await run_async(plan))

    async def upsert(
        self,
        defaults: Mapping[str, Any] | None = None,
        update_fields: Sequence[str] = (),
        *,
        _trust: bool = False,
        **values: Any,
    ) -> M:
        """Insert a record of values and defaults, or change the row with these values, in one statement.

        The values need a unique key; `update_fields` limits what changes. Signals are not sent.
        Protected fields are set only with `_trust`.
        """
        query = self._query
        given = assignable(query.description, defaults or {}, trusts=_trust)
        if not _trust:
            refuse_protected(query.description, without_key(query.description, values))
            update_fields = [name for name in update_fields if name in given]
        plan = upsert_one(query.description, values, given, update_fields, query.database_alias)
        return cast("M", await run_async(plan))

    async def bulk_create(
        self, records: Iterable[M], batch_size: int = 1000, ignore_conflicts: bool = False
    ) -> list[M]:
        """Insert records in few statements and one transaction; signals are not sent.

        With `ignore_conflicts` rows that are there stay as they are.

        Raises:
            ValidationError: with the problems of all records, by position.
        """
        query = self._query
        plan = bulk_create(
            query.description,
            records,
            ignore_conflicts=ignore_conflicts,
            batch_size=batch_size,
            database=query.database_alias,
        )
        return cast("list[M]", await run_async(plan))

    async def bulk_update(self, records: Iterable[M], fields: Sequence[str], batch_size: int = 1000) -> int:
        """Write some fields of many stored records; give their number."""
        query = self._query
        return await run_async(
            bulk_update(query.description, records, fields, query.database_alias, batch_size)
        )

    async def update(self, *, _trust: bool = False, **values: Any) -> int:
        """Set fields of all records without reading them: `update(views=F("views") + 1)`; give their number.

        Raises:
            ValidationError: a field does not accept its value.
            UsageError: a field is protected or the key, and the values are not trusted.
        """
        query = self._query
        if not _trust:
            refuse_protected(query.description, values)
        return await run_async(update_all(query, resolved_lookups(values, query)))

    async def delete(self) -> int:
        """Delete all records, or mark them where the model deletes softly; give their number.

        Raises:
            RestrictedError: another record needs one of them; nothing is deleted.
        """
        return await run_async(delete_all(self._query))

    async def undelete(self) -> int:
        """Take the mark of a soft deletion away from all records; give their number."""
        return await run_async(restore_all(self._query))


class ValuesQuerySet(_Rows[R]):
    """A set of values: dicts, tuples, or single values."""

    def __init__(
        self,
        model: type[Record],
        query: Query,
        names: tuple[str, ...],
        form: Literal["dicts", "tuples", "flat"],
    ) -> None:
        super().__init__(model, query)
        self._names = names
        self._form = form

    def _read(self, query: Query) -> Plan[Any]:
        if self._form == "dicts":
            return values(query, *self._names)
        return _flat(query, self._names) if self._form == "flat" else values_list(query, *self._names)

    def annotate(self, *measured: Measured, **expressions: Deferred) -> Self:
        """Add values to each row; an aggregate over the rows makes one row of those with the same values."""
        made = super().annotate(*measured, **expressions)
        if made._names:
            made._names = (*made._names, *_named(measured), *expressions)
        return made

    async def count(self) -> int:
        """Give the number of rows, which distinct values and groups make fewer."""
        return await run_async(count_values(self._query, *self._names))

    async def exists(self) -> bool:
        """Tell whether there is a row."""
        return await self.count() > 0

    async def first(self) -> R | None:
        """Give the first row in the order that was asked for, None when there is none."""
        rows = cast("list[R]", await run_async(self._read(self._query.slice(slice(0, 1)))))
        return rows[0] if rows else None

    async def get(self, *conditions: Group | Condition, **lookups: Any) -> R:
        """Give the only row.

        Raises:
            DoesNotExist: there is none.
            MultipleObjectsReturned: there are several.
        """
        query = narrowed(self._query, Q(*conditions, **lookups))
        rows = cast("list[R]", await run_async(self._read(query.slice(slice(0, 2)))))
        if len(rows) != 1:
            # Raises in the words, and with the class, of the model.
            await run_async(only_one(query))
        return rows[0]

    async def _one(self, place: int) -> R:
        rows = cast("list[R]", await run_async(self._read(self._query.slice(slice(place, place + 1)))))
        return rows[0]

    def _statement(self) -> Select:
        return values_select(self._query, self._names)[0]

    def as_subquery(self) -> Select:
        """Give the statement that reads the only field; what a lookup with `in` makes of it."""
        if len(self._names) != 1:
            raise UsageError("A set of values inside another query has one field.")
        return self._query.as_subquery(self._names[0])


class Manager:
    """What `objects` is on a model: it gives a set of all its records.

    `Manager(PostSet)` gives sets of that class.
    """

    _kind: type[QuerySet[Any]] = QuerySet

    @overload
    def __new__(cls) -> Manager: ...

    @overload
    def __new__(cls, kind: type[S]) -> ManagerOf[S]: ...

    def __new__(cls, kind: Any = None) -> Any:
        """Make one for sets of a class."""
        made = super().__new__(cls if kind is None else ManagerOf)
        if kind is not None:
            made._kind = kind
        return made

    def __get__(self, instance: None, owner: type[M]) -> QuerySet[M]:
        if instance is not None:
            raise AttributeError(f"objects belongs to the class {owner.__name__}, not to its records.")
        return self._kind(owner)


class ManagerOf(Manager, Generic[S]):
    """A manager for sets of one class; `Manager(PostSet)` makes it."""

    if TYPE_CHECKING:

        def __get__(self, instance: None, owner: type[Any]) -> S: ...  # type: ignore[override]


def _flat(query: Query, names: Sequence[str]) -> Plan[list[Any]]:
    rows = yield from values_list(query, *names)
    return [row[0] for row in rows]


def _named(measured: Iterable[Measured]) -> dict[str, Deferred]:
    """Give aggregates without a name the one that their source and their function make."""
    named: dict[str, Deferred] = {}
    for each in measured:
        if not isinstance(each, Measured) or not isinstance(each.source, str) or each.source == "*":
            raise UsageError(f"{each!r} has no name.", fix="Give it one: annotate(total=...).")
        named[f"{each.source}__{each.function}"] = each
    return named


def _annotated(query: Query, measured: Iterable[Measured], expressions: Mapping[str, Deferred]) -> Query:
    for name, each in (_named(measured) | dict(expressions)).items():
        query = query.annotate(**{name: resolved(each, query)})
    return query
