"""A query as a value: which records of a model, in which order, with what beside them.

Immutable: every method gives another query. Names are resolved when they are given,
so a wrong one is told at its line. Scopes (soft delete, global ones) are joined
with AND around everything else when the statement is made, so no OR group and no
union member escapes them. The faces wrap a query and give it their words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from asok_engine.errors import InputError, UsageError
from asok_engine.records.columns import read_column
from asok_engine.records.conditions import comparison, condition_of
from asok_engine.records.description import Description
from asok_engine.records.errors import UnknownName, checked_alias, unknown_name
from asok_engine.records.fields.field import FieldRef
from asok_engine.records.loading import load_paths
from asok_engine.records.paths import PathField, Place, joins_of, no_single_value, place_of, split_path
from asok_engine.records.rows import Joined, RecordReader
from asok_engine.sql.expressions import Condition, Expression, Order, all_of, any_of
from asok_engine.sql.functions import Aggregate, Certain, Function
from asok_engine.sql.select import TUPLES, Compound, Join, Lock, Output, Select

if TYPE_CHECKING:
    from asok_engine.records.steps import Plan

__all__ = ["Query"]


class Query(Struct, eq=False):
    """Records of one model."""

    description: Description
    conditions: tuple[Condition, ...] = ()
    orders: tuple[Order, ...] = ()
    #: None for the model's own order, where no other was asked for.
    is_ordered: bool = False
    limited: int | None = None
    skipped: int | None = None
    distinct_rows: bool | tuple[Expression, ...] = False
    groups: tuple[Expression, ...] = ()
    having_condition: Condition | None = None
    annotations: tuple[tuple[str, Expression], ...] = ()
    #: The fields that are read, None for all.
    names: tuple[str, ...] | None = None
    #: Relations that are loaded with the records, as paths, each with a query that narrows it or None.
    included: tuple[tuple[str, Query | None], ...] = ()
    #: Relations to one record that are read in the same statement, as paths.
    joined: tuple[str, ...] = ()
    joins: tuple[Join, ...] = ()
    locking: Lock | None = None
    database_alias: str = ""
    #: Softly deleted records: left out, among the others, or alone.
    trashed: str = "without"
    #: The global scopes that do not hold; None for all of them.
    without: tuple[str, ...] | None = ()
    members: tuple[tuple[Any, Query], ...] = ()
    #: True when nothing can be found, so that no statement is needed.
    is_empty: bool = False
    #: What every record has to meet, whatever the conditions say: kept apart, so that no `or` reaches it.
    guards: tuple[Condition, ...] = ()
    #: What else decides which records are read, and how: `fetch(query)` is its plan.
    reading: Any = None

    # Conditions

    def where(self, *conditions: Condition, **lookups: Any) -> Query:
        """Keep the records that meet all of these, and all that were given before.

        A lookup is a field or a path with an optional word behind it: `views__gt=10`,
        `author__name="Ada"`. Lookups about one relation to many, given together, must be
        met by one of its records.
        """
        made = [*conditions]
        joins: dict[Any, Join] = {}
        for condition in conditions:
            if not isinstance(condition, Condition):
                raise UsageError(
                    f"{condition!r} is no condition.", fix="Compare a field with a value: Post.views > 10."
                )
            joins |= joins_of(condition)
        if lookups:
            made.append(self.condition_of(lookups, joins))
        return replace(self, conditions=(*self.conditions, *made), joins=self._joined_with(joins))

    def condition_of(
        self,
        lookups: Mapping[str, Any],
        joins: dict[Any, Join] | None = None,
        start: Place | None = None,
    ) -> Condition:
        """Make a condition of lookups; the joins that it needs are added to `joins`.

        `start` is the place of the records that are meant, where it is not the table itself.
        """
        return condition_of(start or self._place, dict(self.annotations), lookups, joins)

    def compare(self, name: Any, operator: str, value: Any) -> Query:
        """Keep the records whose field compares so; `name` may be a path, or an expression."""
        condition, joins = comparison(self._place, dict(self.annotations), name, operator, value)
        return replace(self, conditions=(*self.conditions, condition), joins=self._joined_with(joins))

    @property
    def _place(self) -> Place:
        return Place(self.description, self.description.source)

    def where_equal(self, name: str, value: Any) -> Query:
        """Keep the records whose field has this value; None is no value."""
        return replace(self, conditions=(*self.conditions, self.description.ref(name) == value))

    def exclude(self, *conditions: Condition, **lookups: Any) -> Query:
        """Leave out the records that meet all of these; one whose value is missing does not meet them."""
        inner = replace(self, conditions=()).where(*conditions, **lookups)
        if not inner.conditions:
            return self._with_joins_of(inner)
        left_out = ~Certain(all_of(inner.conditions))
        return replace(self, conditions=(*self.conditions, left_out), joins=inner.joins)

    def either(self, *conditions: Condition, **lookups: Any) -> Query:
        """Keep the records that meet everything before this, or all of these."""
        inner = replace(self, conditions=()).where(*conditions, **lookups)
        before = all_of(self.conditions)
        both = any_of([before, all_of(inner.conditions)]) if self.conditions else all_of(inner.conditions)
        return replace(self, conditions=(both,), joins=inner.joins)

    def group(self) -> Query:
        """Give a query for conditions that are to join those of this one as one."""
        return Query(self.description, annotations=self.annotations)

    def and_group(self, inner: Query) -> Query:
        """Keep the records that meet everything before this, and the conditions of `inner`."""
        if not inner.conditions:
            return self._with_joins_of(inner)
        query = replace(self, conditions=(*self.conditions, all_of(inner.conditions)))
        return query._with_joins_of(inner)

    def or_group(self, inner: Query) -> Query:
        """Keep the records that meet everything before this, or the conditions of `inner`."""
        if not inner.conditions:
            return self._with_joins_of(inner)
        found = all_of(inner.conditions)
        if self.conditions:
            found = any_of([all_of(self.conditions), found])
        return replace(self, conditions=(found,))._with_joins_of(inner)

    def having_group(self, inner: Query) -> Query:
        """Keep the groups that meet the conditions of `inner`."""
        return self.having(all_of(inner.conditions)) if inner.conditions else self

    def _with_joins_of(self, inner: Query) -> Query:
        if not inner.joins and not inner.guards:
            return self
        # The guards of a group hold for the whole: one that became a part of an `or` would be none.
        joins = self._joined_with({join.source.key: join for join in inner.joins})
        return replace(self, joins=joins, guards=(*self.guards, *inner.guards))

    def guarded(self, condition: Condition) -> Query:
        """Find only what meets a condition; nothing that is added later takes that back."""
        return replace(self, guards=(*self.guards, condition))

    def none(self) -> Query:
        """Find nothing, without a statement."""
        return replace(self, is_empty=True)

    def _joined_with(self, joins: Mapping[Any, Join]) -> tuple[Join, ...]:
        if not joins:
            return self.joins
        have = {join.source.key for join in self.joins}
        return (*self.joins, *(join for key, join in joins.items() if key not in have))

    def with_join(self, join: Join) -> Query:
        """Join a source by hand."""
        return replace(self, joins=self._joined_with({join.source.key: join}))

    # Order and cut

    def order_by(self, *names: Any) -> Query:
        """Order by fields, paths, annotations or expressions; `-` in front is descending, "?" by chance.

        A further call orders what the earlier ones leave equal.
        """
        query = self
        for name in names:
            query = query._ordered(name)
        return query

    def reorder(self, *names: Any) -> Query:
        """Forget the order and order anew; without names, in no order."""
        return replace(self, orders=(), is_ordered=True).order_by(*names)

    def _ordered(self, name: Any) -> Query:
        if isinstance(name, PathField):
            name = name.expression()
        if isinstance(name, Order | Expression):
            order = name if isinstance(name, Order) else Order(name)
            query = replace(self, orders=(*self.orders, order), is_ordered=True)
            return replace(query, joins=self._joined_with(joins_of(order.expression)))
        if name == "?":
            return self._ordered(Order(Function("random")))
        text = str(name)
        expression = self.expression(text.removeprefix("-").removeprefix("+"))
        if isinstance(expression, FieldRef) and expression.field and not expression.field.is_comparable:
            raise UnknownName(
                f"Records of {self.description.name} cannot be ordered by {expression.field.name!r}.",
                fix="It keeps its values in a form that has no order; take another field.",
            )
        return self._ordered(Order(expression, text.startswith("-")))

    def expression(self, name: Any) -> Expression:
        """Give the expression that a name stands for: an annotation, a field, or a path to one.

        Raises:
            UnknownName: there is nothing of this name, or the path leads to many records.
        """
        if isinstance(name, PathField):
            return name.expression()
        if isinstance(name, Expression):
            return name
        annotation = dict(self.annotations).get(name)
        if annotation is not None:
            return annotation
        words = split_path(name)
        place, used = place_of(self._place, words)
        rest = words[used:]
        if not rest:
            return place.ref(place.description.key_name)
        if len(rest) > 1 or not place.description.has_field(rest[0]):
            raise no_single_value(place, rest, dict(self.annotations))
        return place.ref(place.description.field(rest[0]).name)

    def limit(self, count: int | None) -> Query:
        """Read at most so many records."""
        return replace(self, limited=_whole(count, "limit"))

    def offset(self, count: int | None) -> Query:
        """Leave out so many records at the beginning."""
        return replace(self, skipped=_whole(count, "offset"))

    def slice(self, part: slice) -> Query:
        """Take a part, counted from the beginning of what the query has now."""
        start, stop = part.start or 0, part.stop
        if part.step not in (None, 1) or start < 0 or (stop is not None and stop < 0):
            raise UsageError("A query is sliced from the front, in steps of one.")
        skipped = (self.skipped or 0) + start
        left = None if self.limited is None else max(self.limited - start, 0)
        wanted = None if stop is None else max(stop - start, 0)
        counts = [count for count in (left, wanted) if count is not None]
        return replace(self, skipped=skipped or None, limited=min(counts) if counts else None)

    def distinct(self, *names: Any) -> Query:
        """Give no row twice; with names, the first row of each of their values."""
        expressions = tuple(self.expression(name) for name in names)
        joins = {key: join for each in expressions for key, join in joins_of(each).items()}
        return replace(self, distinct_rows=expressions or True, joins=self._joined_with(joins))

    # What is read

    def only(self, *names: str) -> Query:
        """Read these fields alone, and the key; reading another one is an error."""
        wanted = {self.description.own_field(name).name for name in names} | set(self.description.key)
        return replace(self, names=tuple(name for name in self.description.fields if name in wanted))

    def select_columns(self, *columns: Any) -> Query:
        """Read these fields, paths and aggregates alone; with aggregates or groups without the key.

        Raises:
            UnknownName: there is nothing of a name.
        """
        names: list[str] = []
        expressions: dict[str, Expression] = {}
        for column in columns:
            field = getattr(column, "field", None)
            if isinstance(column, Expression) and field is None:
                raise UsageError(f"{column!r} has no name.", fix="Annotate it under a name.")
            name, expression = (field.name, None) if field is not None else read_column(self, str(column))
            if expression is None:
                names.append(name)
            else:
                expressions[name] = expression
        query = self.annotate(**expressions)
        if self.groups or any(isinstance(each, Aggregate) for each in expressions.values()):
            return replace(query, names=tuple(dict.fromkeys(names)))
        return query.only(*names)

    def defer(self, *names: str) -> Query:
        """Read all fields but these."""
        unwanted = {self.description.own_field(name).name for name in names} - set(self.description.key)
        have = self.names if self.names is not None else self.description.all_names
        return replace(self, names=tuple(name for name in have if name not in unwanted))

    def annotate(self, **expressions: Expression) -> Query:
        """Read expressions beside the fields, under these names.

        Raises:
            UsageError: a name is that of a field or relation.
        """
        joins: dict[Any, Join] = {}
        for name, expression in expressions.items():
            checked_alias(name)
            if name in self.description.fields or name in self.description.relations:
                raise UsageError(f"{self.description.name} has {name!r} already.", fix="Take another name.")
            joins |= joins_of(expression)
        kept = tuple((name, each) for name, each in self.annotations if name not in expressions)
        return replace(self, annotations=(*kept, *expressions.items()), joins=self._joined_with(joins))

    def group_by(self, *names: Any) -> Query:
        """Make one row of all rows with the same values."""
        groups = tuple(self.expression(name) for name in names)
        joins: dict[Any, Join] = {}
        for group in groups:
            joins |= joins_of(group)
        return replace(self, groups=(*self.groups, *groups), joins=self._joined_with(joins))

    def having(self, condition: Condition) -> Query:
        """Keep the groups that meet a condition."""
        both = condition if self.having_condition is None else self.having_condition & condition
        return replace(self, having_condition=both)

    def include(self, *paths: str, narrowed: Mapping[str, Query] | None = None) -> Query:
        """Load relations with the records, in one statement each; a path loads each relation on its way.

        Raises:
            UsageError: a query that narrows is cut to a number of records.
        """
        for path, query in (narrowed or {}).items():
            if query.limited is not None or query.skipped:
                raise UsageError(
                    f"The query for {path!r} is cut, and one statement reads the records of all.",
                    fix="Leave the limit out, or ask for the records of each by themselves.",
                )
        added = [(_checked_path(self.description, path), None) for path in paths]
        added += [
            (_checked_path(self.description, path), query)  # type: ignore[misc]
            for path, query in (narrowed or {}).items()
        ]
        have = dict(self.included)
        return replace(
            self, included=(*self.included, *(each for each in added if have.get(each[0], 0) == 0))
        )

    def join(self, *paths: str) -> Query:
        """Read relations to one record in the same statement.

        Raises:
            UsageError: a relation leads to many records.
        """
        for path in paths:
            description = self.description
            for name in split_path(_checked_path(description, path)):
                relation = description.relations[name]
                if relation.is_to_many:
                    raise UsageError(
                        f"{relation!r} leads to many records and cannot be joined.",
                        fix="Prefetch it instead.",
                    )
                description = relation.target
        checked = [_checked_path(self.description, path) for path in paths]
        return replace(self, joined=tuple(dict.fromkeys((*self.joined, *checked))))

    # Where and how

    def lock(self, lock: Lock | None = None) -> Query:
        """Lock the rows until the transaction ends."""
        return replace(self, locking=lock or Lock())

    def using(self, database: str) -> Query:
        """Ask this database."""
        return replace(self, database_alias=database)

    def with_trashed(self) -> Query:
        """Find softly deleted records too."""
        return replace(self, trashed="with")

    def only_trashed(self) -> Query:
        """Find softly deleted records alone."""
        return replace(self, trashed="only")

    def without_scopes(self, *names: str) -> Query:
        """Let global scopes not hold; without names, none of them."""
        if not names or self.without is None:
            return replace(self, without=None)
        for name in names:
            if name not in self.description.scopes:
                raise unknown_name(name, self.description.name, self.description.scopes, "scope")
        return replace(self, without=(*self.without, *names))

    def with_everything(self) -> Query:
        """Find what any scope would hide; for a record that another one points to."""
        return replace(self, trashed="with", without=None)

    def combine(self, kind: str, other: Query) -> Query:
        """Add another query's records, keep those in both, or take them away: union, intersect, except."""
        if other.description is not self.description:
            raise UsageError(f"A {kind} needs queries of one model.")
        first = replace(self, is_empty=False).guarded(any_of(())) if self.is_empty else self
        return replace(first, members=(*self.members, (kind, other)))

    # The statement

    @property
    def database(self) -> str:
        """The alias of the database."""
        return self.database_alias or self.description.database

    def scoped(self) -> Query:
        """Give the query with its guards and the conditions of its scopes."""
        query = self
        if query.is_empty:
            # A statement of its own is left out; in a larger one nobody may find what this one does not.
            query = replace(query, conditions=(*query.conditions, any_of(())))
        if query.guards:
            query = replace(query, conditions=(*query.conditions, *query.guards), guards=())
        if self.without is not None:
            for name, scope in self.description.scopes.items():
                if name not in self.without:
                    query = scope(query)
            query = replace(query, without=None)
        marker = self.description.soft_delete
        if marker and query.trashed != "with":
            ref = self.description.ref(marker)
            condition = ref.is_not_null() if query.trashed == "only" else ref.is_null()
            query = replace(query, conditions=(*query.conditions, condition), trashed="with")
        return query

    def select(self) -> Select:
        """Give the statement that reads the records."""
        query = self.scoped()
        description = query.description
        if query.joined:
            reader, outputs, joins = query._with_joined()
        else:
            reader, outputs, joins = query._alone(), description.outputs(query.names), query.joins
        if query.annotations:
            outputs += tuple([Output(expression, name) for name, expression in query.annotations])
        return query.statement(outputs, reader, joins)

    def _alone(self) -> RecordReader:
        description = self.description
        if not self.annotations:
            return description.reader(self.names)
        added = tuple(name for name, _ in self.annotations)
        names = description.all_names if self.names is None else self.names
        fields = [description.fields[name] for name in names]
        return description.kept_reader(
            (self.names, added), lambda: RecordReader(description.model, fields, (), added)
        )

    def statement(self, outputs: tuple[Output, ...], reader: Any, joins: tuple[Join, ...]) -> Select:
        """Give the statement that reads something of the records; scopes are in the query already."""
        conditions = self.conditions
        where = None if not conditions else conditions[0] if len(conditions) == 1 else all_of(conditions)
        compounds = tuple(
            Compound(kind, replace(member, orders=(), is_ordered=True).select())
            for kind, member in self.members
        )
        return Select(
            self.description.source,
            outputs,
            reader,
            joins,
            where,
            self.groups,
            self.having_condition,
            self._order(),
            self.limited,
            self.skipped,
            self.distinct_rows,
            self.locking,
            compounds,
            database=self.database_alias or self.description.database,
            writes=self.locking is not None,
            is_cheap=self.limited is not None and self.limited <= 20 and not joins,
        )

    def _order(self) -> tuple[Order, ...]:
        if self.is_ordered or self.groups:
            return self.orders
        ordering = self.description.options.ordering
        return replace(self).order_by(*ordering).orders if ordering else ()

    def _with_joined(self) -> tuple[RecordReader, tuple[Output, ...], tuple[Join, ...]]:
        """Give the reader, the outputs and the joins for relations in the same row."""
        description = self.description
        joins: dict[Any, Join] = {}
        outputs = list(description.outputs(self.names))
        tree: dict[str, Any] = {}
        for path in self.joined:
            branch = tree
            for name in split_path(path):
                branch = branch.setdefault(name, {})

        def readers(place: Place, branch: Mapping[str, Any]) -> list[Joined]:
            made = []
            for name, inner in branch.items():
                relation = place.description.relations[name]
                there = place.through(relation)
                joins.update({join.source.key: join for join in there.joins})
                outputs.extend(Output(there.ref(field)) for field in there.description.fields)
                fields = tuple(there.description.fields.values())
                reader = RecordReader(there.description.model, fields, readers(there, inner))
                made.append(Joined(name, reader))
            return made

        added = tuple(name for name, _ in self.annotations)
        fields = [description.fields[name] for name in self.names or description.all_names]
        nested = readers(self._place, tree)
        reader = description.kept_reader(
            ("joined", self.joined, self.names, added),
            lambda: RecordReader(description.model, fields, nested, added),
        )
        return reader, tuple(outputs), self._joined_with(joins)

    def as_subquery(self, name: str = "") -> Select:
        """Give the statement that reads one field, the key by default, for a place inside another one."""
        query = self.scoped()
        if name:
            outputs = (Output(query.expression(name)),)
        elif query.names is not None and len(query.names) == len(query.description.key) + 1:
            extra = next(each for each in query.names if each not in query.description.key)
            outputs = (Output(query.description.ref(extra)),)
        else:
            outputs = (Output(query.description.ref(query.description.key_name)),)
        return replace(query, is_ordered=query.limited is None or query.is_ordered).statement(
            outputs, TUPLES, query.joins
        )

    def where_condition(self, condition: Condition) -> Query:
        """Keep the records that meet a condition on the model's own columns."""
        return replace(self, conditions=(*self.conditions, condition))

    def fetch(self, grouped_by: str = "") -> Plan[Any]:
        """Give the records, with the relations that are included.

        With the name of a field that is read, give also lists of them by its values.
        """
        if self.is_empty:
            return self.description.empty()
        if self.reading is not None:
            return (yield from self.reading.fetch(replace(self, reading=None)))
        select = self.select()
        groups: dict[Any, Any] = {}
        if grouped_by:
            # A statement of records has their reader.
            select.reader = select.reader.grouped(grouped_by)  # type: ignore[attr-defined]
            records, groups = yield select
        else:
            records = yield select
        if self.database_alias:
            records.read_from(self.database_alias)
        if self.included and records:
            yield from load_paths(records, self.description, self.included)
        return (records, groups) if grouped_by else records


def _checked_path(description: Description, path: str) -> str:
    parts = split_path(path)
    for name in parts:
        relation = description.relations.get(name)
        if relation is None:
            raise unknown_name(name, description.name, description.relations, "relation")
        description = relation.target if relation.has_one_target else description
    return ".".join(parts)


def _whole(count: Any, what: str) -> int | None:
    if count is None:
        return None
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise InputError(f"{what} is {count!r}; it must be a whole number of at least 0.", status=422)
    return count
