"""A set of records that has not been read yet: `User.where("age", ">", 18).order_by("name")`.

Every method gives another set and leaves this one as it is. A set asks the database
when it is iterated, awaited, indexed, or ended by a method that gives a value
(`first`, `count`, `update` ...), and asks again each time. What it asks is worked out
by the engine's query; here its deeds get their names, plain and `_async`.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from asok.orm.modellist import ModelList
from asok.orm.pagination import Page
from asok_engine.database.databases import databases
from asok_engine.database.running import run, run_async
from asok_engine.errors import UsageError
from asok_engine.records.asked import asked
from asok_engine.records.assignment import assignable, refuse_protected
from asok_engine.records.columns import read_column
from asok_engine.records.plans.change import delete_all, force_delete_all, restore_all, update_all
from asok_engine.records.plans.count import aggregate_one, count, exists
from asok_engine.records.plans.get_or_create import get_or_create, update_or_create
from asok_engine.records.plans.paginate import paginate
from asok_engine.records.plans.pick import at, first, first_or_fail, last
from asok_engine.records.plans.save import save
from asok_engine.records.plans.search import nearest_query, search
from asok_engine.records.plans.stream import stream
from asok_engine.records.plans.values import pluck, values
from asok_engine.records.policy import ANONYMOUS, Principal, visible
from asok_engine.records.query import Query as EngineQuery
from asok_engine.sql.display import display_sql
from asok_engine.sql.expressions import Condition, Expression
from asok_engine.sql.search import Metric
from asok_engine.sql.select import Lock, Select

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["Query", "scoped"]

M = TypeVar("M", bound="Record")
#: A field by its name or path ("author.name"), or as an expression (Post.title).
Column = Any


class Query(Generic[M]):
    """Records of one model that meet conditions, in an order.

    Raises:
        UnknownName: at the method that names a field, relation or operator that there is not.
    """

    __slots__ = ("_query",)

    def __init__(self, model: type[M] | EngineQuery) -> None:
        self._query = model if isinstance(model, EngineQuery) else EngineQuery(model.__description__)

    @property
    def model(self) -> type[M]:
        """The model whose records these are."""
        return cast("type[M]", self._query.description.model)

    def visible_to(self, principal: Principal, action: str = "view") -> Query[M]:
        """Keep the records with which somebody may do something, by the policy of the model.

        No condition that comes afterwards brings the others back, not even `or_where`.

        Raises:
            SetupError: the model has no policy.
        """
        return Query(visible(self._query, principal, action))

    # --- conditions -------------------------------------------------------------------

    @overload
    def where(self, *conditions: Condition, **lookups: Any) -> Query[M]: ...

    @overload
    def where(self, group: Callable[[Query[M]], Query[M]], /) -> Query[M]: ...

    @overload
    def where(self, column: str, value: Any, /) -> Query[M]: ...

    @overload
    def where(self, column: str, operator: str, value: Any, /) -> Query[M]: ...

    def where(self, *given: Any, **lookups: Any) -> Query[M]:
        """Keep the records that meet a condition, and all that were given before.

        `where("views", 10)`, `where("views", ">", 10)`, `where(views=10)`,
        `where(Post.views > 10)`, or a group: `where(lambda q: q.where(...).or_where(...))`.
        None as a value finds records without one.
        """
        return Query(_narrowed(self._query, given, lookups))

    @overload
    def or_where(self, *conditions: Condition, **lookups: Any) -> Query[M]: ...

    @overload
    def or_where(self, group: Callable[[Query[M]], Query[M]], /) -> Query[M]: ...

    @overload
    def or_where(self, column: str, value: Any, /) -> Query[M]: ...

    @overload
    def or_where(self, column: str, operator: str, value: Any, /) -> Query[M]: ...

    def or_where(self, *given: Any, **lookups: Any) -> Query[M]:
        """Keep the records that meet everything before this, or this; scopes hold for both."""
        return Query(self._query.or_group(_narrowed(self._query.group(), given, lookups)))

    def where_in(self, column: Column, values: Iterable[Any] | Query[Any]) -> Query[M]:
        """Keep the records whose field has one of these values; a query stands for its keys."""
        return self._compared(column, "IN", values)

    def where_not_in(self, column: Column, values: Iterable[Any] | Query[Any]) -> Query[M]:
        """Leave out the records whose field has one of these values."""
        return self._compared(column, "NOT IN", values)

    def where_null(self, column: Column) -> Query[M]:
        """Keep the records whose field has no value."""
        return self._compared(column, "=", None)

    def where_not_null(self, column: Column) -> Query[M]:
        """Keep the records whose field has a value."""
        return self._compared(column, "!=", None)

    def where_between(self, column: Column, low: Any, high: Any) -> Query[M]:
        """Keep the records whose field lies between two values, both included."""
        return self._compared(column, "BETWEEN", (low, high))

    def where_contains(self, column: str, text: str) -> Query[M]:
        """Keep the records whose field contains this text, as it is written."""
        return Query(self._query.where(**{f"{column}__contains": text}))

    def like(self, column: str, pattern: str, *, escape_wildcards: bool = False) -> Query[M]:
        """Keep the records whose field looks so: `%` is any text, `_` any character.

        With `escape_wildcards` both mean themselves.
        """
        return Query(self._query.where(**{f"{column}__{'exact' if escape_wildcards else 'like'}": pattern}))

    def filter_by(self, **values: Any) -> Query[M]:
        """Keep the records whose fields have these values."""
        return Query(self._query.where(**values))

    def exclude(self, *conditions: Condition, **lookups: Any) -> Query[M]:
        """Leave out the records that meet all of these."""
        return Query(self._query.exclude(*conditions, **lookups))

    def _compared(self, column: Column, operator: str, value: Any) -> Query[M]:
        return Query(self._query.compare(column, operator, value))

    # --- order and part ---------------------------------------------------------------------

    def order_by(self, *columns: Column) -> Query[M]:
        """Order by fields, `-` in front for descending; a further call orders what is equal so far."""
        return Query(self._query.order_by(*columns))

    def reorder(self, *columns: Column) -> Query[M]:
        """Forget the order, and order by these."""
        return Query(self._query.reorder(*columns))

    def latest(self, column: str = "created_at") -> Query[M]:
        """Order by a field, the last first."""
        return Query(self._query.order_by(f"-{column}"))

    def oldest(self, column: str = "created_at") -> Query[M]:
        """Order by a field, the first first."""
        return Query(self._query.order_by(column))

    def limit(self, count: int | None) -> Query[M]:
        """Take at most so many records."""
        return Query(self._query.limit(count))

    def offset(self, count: int | None) -> Query[M]:
        """Leave out so many records at the beginning."""
        return Query(self._query.offset(count))

    def distinct(self, *columns: Column) -> Query[M]:
        """Give no row twice; with columns, the first row for each of their values."""
        return Query(self._query.distinct(*columns))

    # --- what is read -------------------------------------------------------------------------

    def select(self, *columns: Column) -> Query[M]:
        """Read these fields and aggregates alone: `select("author_id", "COUNT(*) AS posts")`.

        An aggregate is COUNT, SUM, AVG, MIN or MAX of a field or a path, with the name under
        which records have it. Reading a field that was left out is an error.
        """
        return Query(self._query.select_columns(*columns))

    def only(self, *columns: str) -> Query[M]:
        """Read these fields and the key; reading another one is an error."""
        return Query(self._query.only(*columns))

    def defer(self, *columns: str) -> Query[M]:
        """Read all fields but these."""
        return Query(self._query.defer(*columns))

    def annotate(self, **expressions: Expression) -> Query[M]:
        """Read expressions beside the fields, under these names: `annotate(posts=Count("posts"))`."""
        return Query(self._query.annotate(**expressions))

    def with_count(self, *relations: str) -> Query[M]:
        """Read how many records relations have: `with_count("comments")` gives `post.comments_count`."""
        counts = {f"{path.replace('.', '_')}_count": f"COUNT({path})" for path in relations}
        made = {name: read_column(self._query, text)[1] for name, text in counts.items()}
        return Query(self._query.annotate(**{name: each for name, each in made.items() if each is not None}))

    def asked(
        self,
        principal: Principal = ANONYMOUS,
        filters: Mapping[str, Any] | None = None,
        *,
        order: str | Sequence[str] = (),
        fields: str | Sequence[str] = (),
        search: str = "",
        paths: Iterable[str] = (),
    ) -> Query[M]:
        """Narrow, order and cut the set as a visitor has asked, by names that are open to a principal.

        `filters` are lookups (`{"status": "open", "views__gte": "10"}`), `order` and `fields` names, or
        a text of them with commas, `search` words. Hidden and sealed fields, and those that the
        model's policy does not let the principal see, are unknown here. `paths` names what else is
        open, such as "owner__name". Rows are not narrowed by the policy; `visible_to` does that.

        Raises:
            UnknownName: a name is not open; status 400.
            InputError: a value does not fit, or there are too many names.
        """
        return Query(
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

    def search(self, term: str, *columns: str) -> Query[M]:
        """Keep the records that have all words of a term, those that fit best first.

        Words are looked for in the model's `Field.SearchableText`, by an index; in these
        columns, or all text, without one.
        """
        return Query(search(self._query, term, columns))

    def nearest(
        self, column: str, vector: Sequence[float], metric: Metric = "cosine", limit: int = 10
    ) -> Query[M]:
        """Take the records whose vectors are nearest to one, nearest first, each with its `distance`."""
        return Query(nearest_query(self._query, column, vector, limit=limit, metric=metric))

    def group_by(self, *columns: Column) -> Query[M]:
        """Make one record of all that have the same values; `select` says what it has."""
        return Query(self._query.group_by(*columns))

    def having(self, *given: Any, **lookups: Any) -> Query[M]:
        """Keep the groups that meet a condition, written as for `where`."""
        return Query(self._query.having_group(_narrowed(self._query.group(), given, lookups)))

    def with_(self, *paths: str, **narrowed: Query[Any]) -> Query[M]:
        """Load relations with the records, each in one statement: `with_("author", "comments.author")`.

        By keyword a query says which records of a relation are loaded.
        """
        queries = {path: query._query for path, query in narrowed.items()}
        return Query(self._query.include(*paths, narrowed=queries))

    def join(self, *paths: str) -> Query[M]:
        """Read relations to one record in the same statement."""
        return Query(self._query.join(*paths))

    def union(self, other: Query[M], *, all: bool = False) -> Query[M]:
        """Add the records of another query; `all` keeps those that both have twice."""
        return Query(self._query.combine("union all" if all else "union", other._query))

    def intersect(self, other: Query[M]) -> Query[M]:
        """Keep the records that another query has too."""
        return Query(self._query.combine("intersect", other._query))

    # --- scopes, place, locks --------------------------------------------------------------------

    def with_trashed(self) -> Query[M]:
        """Find softly deleted records too."""
        return Query(self._query.with_trashed())

    def only_trashed(self) -> Query[M]:
        """Find softly deleted records alone."""
        return Query(self._query.only_trashed())

    def without_global_scope(self, *names: str) -> Query[M]:
        """Let global scopes not hold; without names, none of them."""
        return Query(self._query.without_scopes(*names))

    without_global_scopes = without_global_scope

    def on(self, database: str) -> Query[M]:
        """Ask another database."""
        return Query(self._query.using(database))

    def select_for_update(self, *, skip_locked: bool = False, nowait: bool = False) -> Query[M]:
        """Lock the records until the transaction ends; skip locked ones, or fail at once, where asked."""
        return Query(self._query.lock(Lock(skip_locked=skip_locked, nowait=nowait)))

    def clone(self) -> Query[M]:
        """Give the same set; for symmetry, since no method changes a set."""
        return Query(self._query)

    def as_subquery(self) -> Select:
        """Give the statement that reads the keys, or the one selected field; for a place in another query."""
        return self._query.as_subquery()

    def to_sql(self) -> tuple[str, list[Any]]:
        """Give the statement in the words of its database, and its parameters apart."""
        compiled = self._query.select().compile(databases[self._query.database].dialect)
        return compiled.text, list(compiled.parameters)

    def raw_sql(self) -> str:
        """Give the statement with its parameters written into it, to read it; never run this text."""
        return display_sql(*self.to_sql())

    # --- what is there ----------------------------------------------------------------------------

    def all(self) -> ModelList[M]:
        """Read all records."""
        return self._told(run(self._query.fetch()))

    async def all_async(self) -> ModelList[M]:
        """Read all records."""
        return self._told(await run_async(self._query.fetch()))

    get = all
    get_async = all_async

    def _told(self, records: Any) -> ModelList[M]:
        if isinstance(records, ModelList):
            # The records of a model of the other face come in a list of their own kind.
            records.query = self
        found: ModelList[M] = records
        return found

    def __iter__(self) -> Iterator[M]:
        # Why a generator: a template shows what a step raises, and not what is raised before the first.
        yield from self.all()

    def __await__(self) -> Generator[Any, None, ModelList[M]]:
        return self.all_async().__await__()

    async def __aiter__(self) -> AsyncIterator[M]:
        for record in await self.all_async():
            yield record

    def __bool__(self) -> bool:
        return self.exists()

    @overload
    def __getitem__(self, place: int) -> M: ...

    @overload
    def __getitem__(self, place: slice) -> Query[M]: ...

    def __getitem__(self, place: int | slice) -> Any:
        """Give one record, or the part of the set that a slice means."""
        if isinstance(place, slice):
            return Query(self._query.slice(place))
        return run(at(self._query, place))

    def stream(self, size: int = 500) -> Iterator[M]:
        """Iterate over the records with at most `size` of them in memory."""
        return cast("Iterator[M]", run(stream(self._query, size)))

    async def stream_async(self, size: int = 500) -> AsyncIterator[M]:
        """Iterate over the records with at most `size` of them in memory."""
        async for record in cast("AsyncIterator[M]", await run_async(stream(self._query, size))):
            yield record

    def first(self) -> M | None:
        """Give the first record, by key where no order was given; None when there is none."""
        return cast("M | None", run(first(self._query)))

    async def first_async(self) -> M | None:
        """Give the first record, by key where no order was given; None when there is none."""
        return cast("M | None", await run_async(first(self._query)))

    def last(self) -> M | None:
        """Give the last record, by key where no order was given; None when there is none."""
        return cast("M | None", run(last(self._query)))

    async def last_async(self) -> M | None:
        """Give the last record, by key where no order was given; None when there is none."""
        return cast("M | None", await run_async(last(self._query)))

    def first_or_fail(self) -> M:
        """Give the first record; a page that does not find it answers 404.

        Raises:
            RecordNotFound: there is none.
        """
        return cast("M", run(first_or_fail(self._query)))

    async def first_or_fail_async(self) -> M:
        """Give the first record; a page that does not find it answers 404.

        Raises:
            RecordNotFound: there is none.
        """
        return cast("M", await run_async(first_or_fail(self._query)))

    def count(self) -> int:
        """Give the number of records."""
        return run(count(self._query))

    async def count_async(self) -> int:
        """Give the number of records."""
        return await run_async(count(self._query))

    def exists(self) -> bool:
        """Tell whether there is a record."""
        return run(exists(self._query))

    async def exists_async(self) -> bool:
        """Tell whether there is a record."""
        return await run_async(exists(self._query))

    def sum(self, column: Column) -> Any:
        """Give the sum of a field; None without records."""
        return run(aggregate_one(self._query, "sum", column))

    async def sum_async(self, column: Column) -> Any:
        """Give the sum of a field; None without records."""
        return await run_async(aggregate_one(self._query, "sum", column))

    def avg(self, column: Column) -> Any:
        """Give the mean of a field; None without records."""
        return run(aggregate_one(self._query, "avg", column))

    async def avg_async(self, column: Column) -> Any:
        """Give the mean of a field; None without records."""
        return await run_async(aggregate_one(self._query, "avg", column))

    def min(self, column: Column) -> Any:
        """Give the least value of a field; None without records."""
        return run(aggregate_one(self._query, "min", column))

    async def min_async(self, column: Column) -> Any:
        """Give the least value of a field; None without records."""
        return await run_async(aggregate_one(self._query, "min", column))

    def max(self, column: Column) -> Any:
        """Give the greatest value of a field; None without records."""
        return run(aggregate_one(self._query, "max", column))

    async def max_async(self, column: Column) -> Any:
        """Give the greatest value of a field; None without records."""
        return await run_async(aggregate_one(self._query, "max", column))

    def pluck(self, column: Column) -> list[Any]:
        """Give the values of one field."""
        return run(pluck(self._query, column))

    async def pluck_async(self, column: Column) -> list[Any]:
        """Give the values of one field."""
        return await run_async(pluck(self._query, column))

    def values(self, *columns: Column) -> list[dict[str, Any]]:
        """Give a dict for each record, or each group."""
        return run(values(self._query, *columns))

    async def values_async(self, *columns: Column) -> list[dict[str, Any]]:
        """Give a dict for each record, or each group."""
        return await run_async(values(self._query, *columns))

    def paginate(self, page: Any = 1, per_page: Any = 20, *, count: bool = True) -> Page[M]:
        """Give one page; `count=False` saves the statement that counts all.

        Raises:
            InputError: page or per_page is no whole number of at least 1.
        """
        return Page(run(paginate(self._query, page, per_page, count)))

    async def paginate_async(self, page: Any = 1, per_page: Any = 20, *, count: bool = True) -> Page[M]:
        """Give one page; `count=False` saves the statement that counts all.

        Raises:
            InputError: page or per_page is no whole number of at least 1.
        """
        return Page(await run_async(paginate(self._query, page, per_page, count)))

    # --- making one ------------------------------------------------------------------------------

    def create(self, *, _trust: bool = False, **values: Any) -> M:
        """Make a record of these values and save it, in the query's database."""
        record = self.model(**assignable(self._query.description, values, trusts=_trust))
        return cast("M", run(save(record, self._query.database_alias)))

    async def create_async(self, *, _trust: bool = False, **values: Any) -> M:
        """Make a record of these values and save it, in the query's database."""
        record = self.model(**assignable(self._query.description, values, trusts=_trust))
        return cast("M", await run_async(save(record, self._query.database_alias)))

    def first_or_create(
        self, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> M:
        """Give the record with these values, or make it with the defaults, once for all who ask."""
        given = assignable(self._query.description, defaults or {}, trusts=_trust)
        return cast("M", run(get_or_create(self._query, values, given, trusts=_trust))[0])

    async def first_or_create_async(
        self, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> M:
        """Give the record with these values, or make it with the defaults, once for all who ask."""
        given = assignable(self._query.description, defaults or {}, trusts=_trust)
        return cast("M", (await run_async(get_or_create(self._query, values, given, trusts=_trust)))[0])

    def update_or_create(
        self, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> M:
        """Set the defaults on the record with these values, or make it with them."""
        given = assignable(self._query.description, defaults or {}, trusts=_trust)
        return cast("M", run(update_or_create(self._query, values, given, trusts=_trust))[0])

    async def update_or_create_async(
        self, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> M:
        """Set the defaults on the record with these values, or make it with them."""
        given = assignable(self._query.description, defaults or {}, trusts=_trust)
        return cast("M", (await run_async(update_or_create(self._query, values, given, trusts=_trust)))[0])

    # --- changing all of them -----------------------------------------------------------------------

    def update(self, *, _trust: bool = False, **values: Any) -> int:
        """Set fields of all records without reading them; give their number.

        A value may be an expression: `update(views=Post.views + 1)`. Values are checked,
        hashed and encrypted as in a save; hooks are not called.

        Raises:
            ModelError: a field does not accept its value.
            UsageError: a field is protected or the key, and the values are not trusted.
        """
        if not _trust:
            refuse_protected(self._query.description, values)
        return run(update_all(self._query, values))

    async def update_async(self, *, _trust: bool = False, **values: Any) -> int:
        """Set fields of all records without reading them; give their number.

        Raises:
            ModelError: a field does not accept its value.
            UsageError: a field is protected or the key, and the values are not trusted.
        """
        if not _trust:
            refuse_protected(self._query.description, values)
        return await run_async(update_all(self._query, values))

    def delete(self) -> int:
        """Delete all records, or mark them where the model deletes softly; give their number."""
        return run(delete_all(self._query))

    async def delete_async(self) -> int:
        """Delete all records, or mark them where the model deletes softly; give their number."""
        return await run_async(delete_all(self._query))

    def force_delete(self) -> int:
        """Delete the rows of all records, also where the model deletes softly; give their number."""
        return run(force_delete_all(self._query))

    async def force_delete_async(self) -> int:
        """Delete the rows of all records, also where the model deletes softly; give their number."""
        return await run_async(force_delete_all(self._query))

    def restore(self) -> int:
        """Take the mark of a soft deletion away from all records; give their number."""
        return run(restore_all(self._query))

    async def restore_async(self) -> int:
        """Take the mark of a soft deletion away from all records; give their number."""
        return await run_async(restore_all(self._query))

    def __getattr__(self, name: str) -> Callable[..., Query[M]]:
        """Give a scope of the model: `scope_popular(query, least)` is `query.popular(100)`."""
        return scope_of(self, name)

    def __repr__(self) -> str:
        return f"<Query of {self._query.description.name}>"


def scoped(scope: Callable[[Query[Any]], Query[Any]], query: EngineQuery) -> EngineQuery:
    """Narrow a query of the engine by a scope that is written for queries of this face."""
    return scope(Query(query))._query


def scope_of(query: Query[M], name: str) -> Callable[..., Query[M]]:
    """Give the scope of a model as a function of its other arguments.

    Raises:
        AttributeError: the model has no such scope.
    """
    scope = None if name.startswith("_") else getattr(query.model, f"scope_{name}", None)
    if scope is None:
        raise AttributeError(
            f"A query of {query.model.__name__} has no {name!r}; "
            f"a scope of that name would be a static method scope_{name}(query)."
        )
    return functools.partial(scope, query)


def _narrowed(query: EngineQuery, given: tuple[Any, ...], lookups: Mapping[str, Any]) -> EngineQuery:
    """Add a condition in any of its forms to a query."""
    if not given or isinstance(given[0], Condition):
        return query.where(*given, **lookups)
    column, *rest = given
    if callable(column) and not rest:
        query = query.and_group(column(Query(query.group()))._query)
    elif len(rest) == 1:
        query = query.compare(column, "=", rest[0])
    elif len(rest) == 2:
        query = query.compare(column, *rest)
    else:
        raise UsageError(
            f"where() does not understand {given!r}.",
            fix='Give a column and a value, where("views", 10), or an operator between them.',
        )
    return query.where(**lookups) if lookups else query
