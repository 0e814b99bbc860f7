"""`Model`: the base of an application's models, a record with the deeds of one row and of many.

Each deed of a single row and each end of a set has a plain name and an `_async` one;
both drive the same plan of the engine. Nothing is worked out here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

from asok.applications import models_in_use
from asok.databases import databases_of_this_folder
from asok.orm.modellist import ModelList
from asok.orm.pagination import Page
from asok.orm.query import Query, scoped
from asok_engine.database.databases import Database, databases
from asok_engine.database.running import run, run_async
from asok_engine.database.transactions import Transactional, transaction
from asok_engine.errors import UsageError
from asok_engine.records.assignment import assignable, known_values
from asok_engine.records.errors import NotLoaded
from asok_engine.records.export import to_dict
from asok_engine.records.fields.field import UNSET, Field
from asok_engine.records.plans.bulk import bulk_create, bulk_update, upsert_all
from asok_engine.records.plans.change import delete_all, force_delete_all, increment
from asok_engine.records.plans.delete import delete, force_delete, restore
from asok_engine.records.plans.find import find, find_by_key, find_or_fail
from asok_engine.records.plans.load import load_relations, query_of
from asok_engine.records.plans.password import check_password
from asok_engine.records.plans.pivot import Synced, attach, detach, sync
from asok_engine.records.plans.raw import raw
from asok_engine.records.plans.refresh import refresh
from asok_engine.records.plans.save import save
from asok_engine.records.plans.tables import create_tables
from asok_engine.records.policy import Principal
from asok_engine.records.query import Query as EngineQuery
from asok_engine.records.record import Record, assign, made_of
from asok_engine.records.relations.relation import Relation
from asok_engine.records.steps import Plan
from asok_engine.sql.expressions import Condition
from asok_engine.sql.search import Metric

__all__ = ["Model"]

Result = TypeVar("Result")

# Models may be used without an application: by a script, in a shell.
databases.add_last_resort(databases_of_this_folder)
# An application that started without models prepares now what they need.
models_in_use.begin()
M = TypeVar("M", bound=Record)


class Model(Record):
    """A row of a table as an object; a subclass says with fields what the table has.

    Without a key of its own a model has `id`, a number that the database counts. The
    table is named after the class (`BlogPost`: `blog_posts`) unless `__tablename__` says
    otherwise. `scope_<name>(query, ...)` of a subclass is a method of its queries.
    """

    __abstract__ = True
    list_class = ModelList

    #: What narrows every query of the model unless it says otherwise: name to function of a query.
    _global_scopes: ClassVar[Mapping[str, Callable[[Query[Any]], Query[Any]]]] = {}

    if TYPE_CHECKING:
        #: The key, unless the model has another one.
        id: Field[Any]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, scope in cls._global_scopes.items():
            cls.__description__.scopes[name] = partial(scoped, scope)

    # --- what the engine asks ----------------------------------------------------------------

    @classmethod
    def run_plan(cls, plan: Plan[Result]) -> Result:
        """Perform a plan for a relation that is read where nothing can be awaited."""
        return run(plan)

    @classmethod
    def unloaded(cls, record: Record, relation: Relation[Any]) -> Any:
        """Load a relation for all records of the same result; under an event loop say that it was not.

        Raises:
            NotLoaded: an event loop runs in this thread, which reading an attribute would hold up.
        """
        if asyncio._get_running_loop() is None:
            return super().unloaded(record, relation)
        raise NotLoaded(
            f"{cls.__name__}.{relation.name} was not loaded, and nothing can be awaited where it is read.",
            fix=f'Load it with the records: {cls.__name__}.with_("{relation.name}"), '
            f'or await record.load_async("{relation.name}").',
        )

    # --- sets --------------------------------------------------------------------------------

    @classmethod
    def query(cls) -> Query[Self]:
        """Give the set of all records."""
        return Query(cls)

    @classmethod
    def visible_to(cls, principal: Principal, action: str = "view") -> Query[Self]:
        """Give the records with which somebody may do something: `Ticket.visible_to(request.principal)`.

        Raises:
            SetupError: the model has no policy.
        """
        return cls.query().visible_to(principal, action)

    @classmethod
    def where(cls, *given: Any, **lookups: Any) -> Query[Self]:
        """Give the records that meet a condition; see `Query.where` for its forms."""
        return Query(cls).where(*given, **lookups)

    @classmethod
    def where_in(cls, column: Any, values: Iterable[Any] | Query[Any]) -> Query[Self]:
        """Give the records whose field has one of these values; a query stands for its keys."""
        return Query(cls).where_in(column, values)

    @classmethod
    def where_not_in(cls, column: Any, values: Iterable[Any] | Query[Any]) -> Query[Self]:
        """Give the records whose field has none of these values."""
        return Query(cls).where_not_in(column, values)

    @classmethod
    def filter_by(cls, **values: Any) -> Query[Self]:
        """Give the records whose fields have these values."""
        return Query(cls).filter_by(**values)

    @classmethod
    def exclude(cls, *conditions: Condition, **lookups: Any) -> Query[Self]:
        """Give the records that do not meet all of these."""
        return Query(cls).exclude(*conditions, **lookups)

    @classmethod
    def order_by(cls, *columns: Any) -> Query[Self]:
        """Give all records in an order, `-` in front for descending."""
        return Query(cls).order_by(*columns)

    @classmethod
    def latest(cls, column: str = "created_at") -> Query[Self]:
        """Give all records, the last first."""
        return Query(cls).latest(column)

    @classmethod
    def select(cls, *columns: Any) -> Query[Self]:
        """Give all records with these fields and aggregates alone."""
        return Query(cls).select(*columns)

    @classmethod
    def with_(cls, *paths: str, **narrowed: Query[Any]) -> Query[Self]:
        """Give all records with relations loaded, each in one statement."""
        return Query(cls).with_(*paths, **narrowed)

    @classmethod
    def with_count(cls, *relations: str) -> Query[Self]:
        """Give all records with the number of records that relations have: `post.comments_count`."""
        return Query(cls).with_count(*relations)

    @classmethod
    def nearest(
        cls, column: str, vector: Sequence[float], metric: Metric = "cosine", limit: int = 10
    ) -> Query[Self]:
        """Give the records whose vectors are nearest to one, nearest first."""
        return Query(cls).nearest(column, vector, metric, limit)

    @classmethod
    def with_trashed(cls) -> Query[Self]:
        """Give all records, softly deleted ones among them."""
        return Query(cls).with_trashed()

    @classmethod
    def only_trashed(cls) -> Query[Self]:
        """Give the softly deleted records."""
        return Query(cls).only_trashed()

    @classmethod
    def without_global_scope(cls, *names: str) -> Query[Self]:
        """Give all records, also those that global scopes hide; without names, all scopes."""
        return Query(cls).without_global_scope(*names)

    @classmethod
    def on(cls, database: str) -> Query[Self]:
        """Give all records of another database."""
        return Query(cls).on(database)

    # --- reading one or all ------------------------------------------------------------------

    @classmethod
    def all(cls, *, order_by: str | None = None, limit: int | None = None, **values: Any) -> ModelList[Self]:
        """Read all records, or those whose fields have these values."""
        return _chosen(cls, order_by, limit, values).all()

    @classmethod
    async def all_async(
        cls, *, order_by: str | None = None, limit: int | None = None, **values: Any
    ) -> ModelList[Self]:
        """Read all records, or those whose fields have these values."""
        return await _chosen(cls, order_by, limit, values).all_async()

    @classmethod
    def find(cls, key: Any = UNSET, /, **values: Any) -> Self | None:
        """Give the record with this key, or the first whose fields have these values; None without one."""
        if values or key is UNSET:
            return cast("Self | None", run(find(cls.__description__, key, values)))
        return cast("Self | None", run(find_by_key(cls.__description__, key)))

    @classmethod
    async def find_async(cls, key: Any = UNSET, /, **values: Any) -> Self | None:
        """Give the record with this key, or the first whose fields have these values; None without one."""
        if values or key is UNSET:
            return cast("Self | None", await run_async(find(cls.__description__, key, values)))
        return cast("Self | None", await run_async(find_by_key(cls.__description__, key)))

    @classmethod
    def find_or_fail(cls, key: Any = UNSET, /, **values: Any) -> Self:
        """Give the record that `find` finds; a page that does not find it answers 404.

        Raises:
            RecordNotFound: there is none.
        """
        return cast("Self", run(find_or_fail(cls.__description__, key, values)))

    @classmethod
    async def find_or_fail_async(cls, key: Any = UNSET, /, **values: Any) -> Self:
        """Give the record that `find` finds; a page that does not find it answers 404.

        Raises:
            RecordNotFound: there is none.
        """
        return cast("Self", await run_async(find_or_fail(cls.__description__, key, values)))

    @classmethod
    def first(cls) -> Self | None:
        """Give the first record by key, None when there is none."""
        return Query(cls).first()

    @classmethod
    async def first_async(cls) -> Self | None:
        """Give the first record by key, None when there is none."""
        return await Query(cls).first_async()

    @classmethod
    def first_or_fail(cls, **values: Any) -> Self:
        """Give the first record whose fields have these values.

        Raises:
            RecordNotFound: there is none.
        """
        return Query(cls).where(**values).first_or_fail()

    @classmethod
    async def first_or_fail_async(cls, **values: Any) -> Self:
        """Give the first record whose fields have these values.

        Raises:
            RecordNotFound: there is none.
        """
        return await Query(cls).where(**values).first_or_fail_async()

    @classmethod
    def count(cls, **values: Any) -> int:
        """Give the number of records whose fields have these values."""
        return Query(cls).where(**values).count()

    @classmethod
    async def count_async(cls, **values: Any) -> int:
        """Give the number of records whose fields have these values."""
        return await Query(cls).where(**values).count_async()

    @classmethod
    def exists(cls, **values: Any) -> bool:
        """Tell whether there is a record whose fields have these values."""
        return Query(cls).where(**values).exists()

    @classmethod
    async def exists_async(cls, **values: Any) -> bool:
        """Tell whether there is a record whose fields have these values."""
        return await Query(cls).where(**values).exists_async()

    @classmethod
    def paginate(
        cls,
        page: Any = 1,
        per_page: Any = 20,
        order_by: str | None = None,
        *,
        count: bool = True,
        **values: Any,
    ) -> Page[Self]:
        """Give one page of the records whose fields have these values."""
        return _chosen(cls, order_by, None, values).paginate(page, per_page, count=count)

    @classmethod
    async def paginate_async(
        cls,
        page: Any = 1,
        per_page: Any = 20,
        order_by: str | None = None,
        *,
        count: bool = True,
        **values: Any,
    ) -> Page[Self]:
        """Give one page of the records whose fields have these values."""
        return await _chosen(cls, order_by, None, values).paginate_async(page, per_page, count=count)

    @classmethod
    def search(cls, term: str, limit: int = 20, offset: int = 0) -> ModelList[Self]:
        """Read the records that have all words of a term, those that fit best first."""
        return Query(cls).search(term).limit(limit).offset(offset).all()

    @classmethod
    async def search_async(cls, term: str, limit: int = 20, offset: int = 0) -> ModelList[Self]:
        """Read the records that have all words of a term, those that fit best first."""
        return await Query(cls).search(term).limit(limit).offset(offset).all_async()

    @classmethod
    def raw(cls, sql: str, args: Sequence[Any] | Mapping[str, Any] = ()) -> ModelList[Self]:
        """Read records by a SELECT of your own; `args` fill each `?`, or each `:name`. Scopes do not hold."""
        return cast("ModelList[Self]", run(raw(cls.__description__, sql, args)))

    @classmethod
    async def raw_async(cls, sql: str, args: Sequence[Any] | Mapping[str, Any] = ()) -> ModelList[Self]:
        """Read records by a SELECT of your own; `args` fill each `?`, or each `:name`. Scopes do not hold."""
        return cast("ModelList[Self]", await run_async(raw(cls.__description__, sql, args)))

    # --- writing ------------------------------------------------------------------------------

    @classmethod
    def create(cls, *, _trust: bool = False, **values: Any) -> Self:
        """Make a record of these values and save it; `_trust` lets them reach protected fields.

        Raises:
            ModelError: a value is missing or not accepted, told per field.
            UnknownName: the model has no such field.
        """
        record = cls(**assignable(cls.__description__, values, trusts=_trust))
        return cast("Self", run(save(record)))

    @classmethod
    async def create_async(cls, *, _trust: bool = False, **values: Any) -> Self:
        """Make a record of these values and save it; `_trust` lets them reach protected fields.

        Raises:
            ModelError: a value is missing or not accepted, told per field.
            UnknownName: the model has no such field.
        """
        record = cls(**assignable(cls.__description__, values, trusts=_trust))
        return cast("Self", await run_async(save(record)))

    @classmethod
    def first_or_create(
        cls, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> Self:
        """Give the record with these values, or make it with the defaults, once for all who ask."""
        return Query(cls).first_or_create(defaults, _trust=_trust, **values)

    @classmethod
    async def first_or_create_async(
        cls, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> Self:
        """Give the record with these values, or make it with the defaults, once for all who ask."""
        return await Query(cls).first_or_create_async(defaults, _trust=_trust, **values)

    @classmethod
    def update_or_create(
        cls, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> Self:
        """Set the defaults on the record with these values, or make it with them."""
        return Query(cls).update_or_create(defaults, _trust=_trust, **values)

    @classmethod
    async def update_or_create_async(
        cls, defaults: Mapping[str, Any] | None = None, *, _trust: bool = False, **values: Any
    ) -> Self:
        """Set the defaults on the record with these values, or make it with them."""
        return await Query(cls).update_or_create_async(defaults, _trust=_trust, **values)

    def save(self) -> Self:
        """Write the record: insert it, or update what has changed since it was read.

        Raises:
            ModelError: a value is missing or not accepted, told per field.
            StaleRecord: the row is gone.
        """
        return cast("Self", run(save(self)))

    async def save_async(self) -> Self:
        """Write the record: insert it, or update what has changed since it was read.

        Raises:
            ModelError: a value is missing or not accepted, told per field.
            StaleRecord: the row is gone.
        """
        return cast("Self", await run_async(save(self)))

    def update(self, *, _trust: bool = False, **values: Any) -> Self:
        """Set these values and save; protected fields, and the key, are left alone unless `_trust`.

        Raises:
            ModelError: a value is not accepted, told per field.
            UnknownName: the model has no such field.
        """
        there = self._row is not None
        assign(self, assignable(self.__description__, values, trusts=_trust, keeps_key=there))
        return cast("Self", run(save(self)))

    async def update_async(self, *, _trust: bool = False, **values: Any) -> Self:
        """Set these values and save; protected fields, and the key, are left alone unless `_trust`.

        Raises:
            ModelError: a value is not accepted, told per field.
            UnknownName: the model has no such field.
        """
        there = self._row is not None
        assign(self, assignable(self.__description__, values, trusts=_trust, keeps_key=there))
        return cast("Self", await run_async(save(self)))

    def update_safe(self, **values: Any) -> Self:
        """Set those of these values that the model has and does not protect, and save."""
        return self.update(**known_values(self.__description__, values))

    async def update_safe_async(self, **values: Any) -> Self:
        """Set those of these values that the model has and does not protect, and save."""
        return await self.update_async(**known_values(self.__description__, values))

    def delete(self) -> int:
        """Delete the record, or mark it where the model deletes softly; give the number of rows.

        Raises:
            RestrictedDelete: another record needs this one.
        """
        return run(delete(self))

    async def delete_async(self) -> int:
        """Delete the record, or mark it where the model deletes softly; give the number of rows.

        Raises:
            RestrictedDelete: another record needs this one.
        """
        return await run_async(delete(self))

    def force_delete(self) -> int:
        """Delete the row, also where the model deletes softly."""
        return run(force_delete(self))

    async def force_delete_async(self) -> int:
        """Delete the row, also where the model deletes softly."""
        return await run_async(force_delete(self))

    def restore(self) -> Self:
        """Take the mark of a soft deletion away."""
        return cast("Self", run(restore(self)))

    async def restore_async(self) -> Self:
        """Take the mark of a soft deletion away."""
        return cast("Self", await run_async(restore(self)))

    def refresh(self, *names: str) -> Self:
        """Read the row again, or some of its fields.

        Raises:
            RecordNotFound: the row is gone.
        """
        return cast("Self", run(refresh(self, *names)))

    async def refresh_async(self, *names: str) -> Self:
        """Read the row again, or some of its fields.

        Raises:
            RecordNotFound: the row is gone.
        """
        return cast("Self", await run_async(refresh(self, *names)))

    def to_dict(self, *names: str) -> dict[str, Any]:
        """Give the values that are not hidden, or those of these names; loaded relations become dicts."""
        return to_dict(self, only=names)

    def increment(self, field: str, by: Any = 1, **changes: Any) -> Self:
        """Add to a number in the database itself, so that none is lost; other fields change with it."""
        return cast("Self", run(increment(self, field, by, **changes)))

    async def increment_async(self, field: str, by: Any = 1, **changes: Any) -> Self:
        """Add to a number in the database itself, so that none is lost; other fields change with it."""
        return cast("Self", await run_async(increment(self, field, by, **changes)))

    def decrement(self, field: str, by: Any = 1, **changes: Any) -> Self:
        """Take from a number in the database itself."""
        return cast("Self", run(increment(self, field, -by, **changes)))

    async def decrement_async(self, field: str, by: Any = 1, **changes: Any) -> Self:
        """Take from a number in the database itself."""
        return cast("Self", await run_async(increment(self, field, -by, **changes)))

    def check_password(self, field: str, password: str) -> bool:
        """Tell whether a password is the one that a `Field.Password` keeps the hash of."""
        return run(check_password(self, field, password))

    async def check_password_async(self, field: str, password: str) -> bool:
        """Tell whether a password is the right one, without holding up the event loop."""
        return await run_async(check_password(self, field, password))

    # --- relations -------------------------------------------------------------------------------

    def related(self, relation: str) -> Query[Any]:
        """Give the records of a relation as a query: `user.related("posts").where(live=True)`."""
        return Query(query_of(self, relation))

    def load(self, *paths: str) -> Self:
        """Load relations of this record: `post.load("author", "comments.author")`."""
        run(load_relations([self], *paths))
        return self

    async def load_async(self, *paths: str) -> Self:
        """Load relations of this record: `await post.load_async("author", "comments.author")`."""
        await run_async(load_relations([self], *paths))
        return self

    def attach(self, relation: str, targets: Any, **pivot: Any) -> list[Any]:
        """Join records or keys with this one; give the keys that were not joined before."""
        return run(attach(self, relation, targets, pivot))

    async def attach_async(self, relation: str, targets: Any, **pivot: Any) -> list[Any]:
        """Join records or keys with this one; give the keys that were not joined before."""
        return await run_async(attach(self, relation, targets, pivot))

    def detach(self, relation: str, targets: Any = None) -> int:
        """Part records or keys from this one, all of them without targets; give their number."""
        return run(detach(self, relation, targets))

    async def detach_async(self, relation: str, targets: Any = None) -> int:
        """Part records or keys from this one, all of them without targets; give their number."""
        return await run_async(detach(self, relation, targets))

    def sync(self, relation: str, targets: Any, **pivot: Any) -> Synced:
        """Join exactly these records or keys with this one, in one transaction; tell what was done."""
        return run(sync(self, relation, targets, pivot))

    async def sync_async(self, relation: str, targets: Any, **pivot: Any) -> Synced:
        """Join exactly these records or keys with this one, in one transaction; tell what was done."""
        return await run_async(sync(self, relation, targets, pivot))

    # --- many at once -----------------------------------------------------------------------------

    @classmethod
    def destroy(cls, *conditions: Condition, **values: Any) -> int:
        """Delete the records that meet a condition, or mark them; give their number."""
        return run(delete_all(_to_go(cls, conditions, values)))

    @classmethod
    async def destroy_async(cls, *conditions: Condition, **values: Any) -> int:
        """Delete the records that meet a condition, or mark them; give their number."""
        return await run_async(delete_all(_to_go(cls, conditions, values)))

    @classmethod
    def force_destroy(cls, *conditions: Condition, **values: Any) -> int:
        """Delete the rows that meet a condition, softly deleted ones too; give their number."""
        return run(force_delete_all(_to_go(cls, conditions, values).with_trashed()))

    @classmethod
    async def force_destroy_async(cls, *conditions: Condition, **values: Any) -> int:
        """Delete the rows that meet a condition, softly deleted ones too; give their number."""
        return await run_async(force_delete_all(_to_go(cls, conditions, values).with_trashed()))

    @classmethod
    def bulk_create(
        cls, records: Iterable[Self | Mapping[str, Any]], *, ignore_conflicts: bool = False
    ) -> list[Self]:
        """Insert records, or dicts of trusted values, in few statements and one transaction.

        Hooks are not called. With `ignore_conflicts` rows that are there stay as they are.

        Raises:
            ModelError: with the problems of all records, by position.
        """
        return cast(
            "list[Self]",
            run(bulk_create(cls.__description__, records, ignore_conflicts=ignore_conflicts)),
        )

    @classmethod
    async def bulk_create_async(
        cls, records: Iterable[Self | Mapping[str, Any]], *, ignore_conflicts: bool = False
    ) -> list[Self]:
        """Insert records, or dicts of trusted values, in few statements and one transaction.

        Raises:
            ModelError: with the problems of all records, by position.
        """
        return cast(
            "list[Self]",
            await run_async(bulk_create(cls.__description__, records, ignore_conflicts=ignore_conflicts)),
        )

    @classmethod
    def bulk_update(cls, records: Iterable[Self], fields: Sequence[str]) -> int:
        """Write some fields of many stored records; give their number."""
        return run(bulk_update(cls.__description__, records, fields))

    @classmethod
    async def bulk_update_async(cls, records: Iterable[Self], fields: Sequence[str]) -> int:
        """Write some fields of many stored records; give their number."""
        return await run_async(bulk_update(cls.__description__, records, fields))

    @classmethod
    def upsert(
        cls,
        records: Iterable[Self | Mapping[str, Any]],
        *,
        unique: Sequence[str],
        update: Sequence[str] = (),
    ) -> int:
        """Insert records, or update the rows that have the same values in the fields `unique`.

        `update` are the fields that change there, all others by default. Give how many were given.
        """
        return len(run(upsert_all(cls.__description__, made_of(cls, records), unique=unique, update=update)))

    @classmethod
    async def upsert_async(
        cls,
        records: Iterable[Self | Mapping[str, Any]],
        *,
        unique: Sequence[str],
        update: Sequence[str] = (),
    ) -> int:
        """Insert records, or update the rows that have the same values in the fields `unique`."""
        return len(
            await run_async(
                upsert_all(cls.__description__, made_of(cls, records), unique=unique, update=update)
            )
        )

    # --- place ------------------------------------------------------------------------------------

    @classmethod
    def transaction(cls, **options: Any) -> Transactional:
        """Open a transaction on the model's database: with `with`, `async with`, or as a decorator.

        What is raised inside undoes it; inside another one it is a savepoint. Takes
        `isolation`, `writes` and `retry`.
        """
        return transaction(cls.__description__.database, **options)

    @classmethod
    def create_table(cls) -> list[str]:
        """Make the model's table, and the pivots of its relations, where they are missing; give their names.

        For tests, scripts and first steps. A table that is there stays as it is: `asok
        migrate` changes tables, and nothing else does.
        """
        return run(create_tables([cls.__description__]))

    @classmethod
    async def create_table_async(cls) -> list[str]:
        """Make the model's table, and the pivots of its relations, where they are missing."""
        return await run_async(create_tables([cls.__description__]))

    @classmethod
    def get_engine(cls) -> Database:
        """Give the database that the model's records are kept in."""
        return databases[cls.__description__.database]


def _chosen(model: type[M], order_by: str | None, limit: int | None, values: Mapping[str, Any]) -> Query[M]:
    query = Query(model).where(**values).limit(limit)
    return query if order_by is None else query.order_by(order_by)


def _to_go(model: type[M], conditions: Sequence[Condition], values: Mapping[str, Any]) -> EngineQuery:
    """Give the query for records that are to be deleted.

    Raises:
        UsageError: there is no condition; all records of a table are not deleted by a slip.
    """
    if not conditions and not values:
        raise UsageError(
            f"{model.__name__}.destroy() was called without a condition.",
            fix=f"To delete all records, say so: {model.__name__}.query().delete().",
        )
    return EngineQuery(model.__description__).where(*conditions, **values)
