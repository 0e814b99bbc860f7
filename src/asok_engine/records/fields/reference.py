"""A field that names a row of another table by its key: a foreign key."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

from asok_engine.errors import SetupError
from asok_engine.records.fields.field import Field, FieldOptions
from asok_engine.records.registry import registry
from asok_engine.records.relations.belongs_to import BelongsTo
from asok_engine.records.relations.relation import Target, resolve_target
from asok_engine.sql.tables import ForeignKey as Constraint
from asok_engine.sql.tables import OnDelete
from asok_engine.sql.types import ColumnType

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["ForeignKey", "OnDeleteRule"]

Value = TypeVar("Value")
OnDeleteRule = Literal["CASCADE", "SET_NULL", "RESTRICT", "PROTECT", "NO_ACTION"]
_RULES: dict[str, OnDelete] = {
    "CASCADE": "cascade",
    "SET_NULL": "set null",
    "RESTRICT": "restrict",
    "PROTECT": "restrict",
    "NO_ACTION": "no action",
}


class ForeignKey(Field[Value]):
    """The key of a record of another model; a record is accepted in its place.

    `author_id` brings along the relation `author`, unless the class has that name
    already; `relation` gives it another name, and `related_name` names the way back.
    When the record that it leads to is deleted, one that cannot be without it goes along
    (CASCADE), and a nullable one stays without it (SET_NULL); `on_delete` says otherwise.
    """

    @overload
    def __init__(
        self: ForeignKey[Any],
        target: Target,
        *,
        on_delete: OnDeleteRule | None = None,
        to_field: str = "",
        relation: str = "",
        related_name: str = "",
        constraint: bool = True,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: ForeignKey[Any | None],
        target: Target,
        *,
        on_delete: OnDeleteRule | None = None,
        to_field: str = "",
        relation: str = "",
        related_name: str = "",
        constraint: bool = True,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        target: Target,
        *,
        on_delete: OnDeleteRule | None = None,
        to_field: str = "",
        relation: str = "",
        related_name: str = "",
        constraint: bool = True,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        options.setdefault("index", True)
        super().__init__(nullable=nullable, **options)
        if on_delete is None:
            on_delete = "SET_NULL" if nullable else "CASCADE"
        to = target if isinstance(target, str) else getattr(target, "__name__", "a model")
        if on_delete not in _RULES:
            near = next((rule for rule in _RULES if rule == str(on_delete).upper().replace(" ", "_")), "")
            raise SetupError(
                f"The foreign key to {to} has on_delete={on_delete!r}, which is no rule.",
                fix=f"Write {near!r}." if near else f"It can be {', '.join(_RULES)}.",
            )
        if on_delete == "SET_NULL" and not nullable:
            raise SetupError(
                f"The foreign key to {to} has on_delete='SET_NULL' and must be nullable for that.",
                fix="Add nullable=True.",
            )
        self._target = target
        self.on_delete = on_delete
        self.to_field = to_field
        self.relation = relation
        self.related_name = related_name
        self.has_constraint = constraint
        self.model: type[Record] = None  # type: ignore[assignment]

    def bound_to(self, model: type[Record]) -> ForeignKey[Value]:
        """Give this field for a model; "self" means that one."""
        bound = copy.copy(self)
        bound.model = model
        return bound

    @property
    def relation_name(self) -> str:
        """The name of the relation that the field brings along, "" for none."""
        if self.relation:
            return self.relation
        # Why only the ending: `video_idea_id` leads to `video_idea` (asok 3.4 C8).
        return self.name.removesuffix("_id") if self.name.endswith("_id") and self.name != "_id" else ""

    def make_relation(self) -> BelongsTo[Any]:
        """Make the relation to the target."""
        return BelongsTo(self._target, self.name, self.to_field)

    @property
    def target_given(self) -> Target:
        """The target as it was declared: a model, a name or a function."""
        return self._target

    @property
    def target(self) -> type[Record]:
        """The model that the key belongs to."""
        return resolve_target(self._target, self.model)

    def points_to(self, model: Any) -> bool:
        """Tell whether the field is a foreign key to this model; False while its target is not known."""
        if isinstance(self._target, str) and self._target != "self":
            return registry.lookup(self._target, self.model) is model
        return self.target is model

    @property
    def target_field(self) -> Field[Any]:
        """The field of the target that is named, its key by default."""
        description = self.target.__description__
        return description.field(self.to_field or description.key_name)

    @property
    def column_type(self) -> ColumnType:
        """The type of the key that is named."""
        type_: ColumnType = self.target_field.column_type
        return type_

    def type_test(self, value: str) -> str | None:
        """A key in the form of the key that is named."""
        test: str | None = self.target_field.type_test(value)
        return test

    def coerce(self, value: Any) -> Any:
        """Accept a key, or a record of the target."""
        field = self.target_field
        if hasattr(value, "__description__") and not isinstance(value, type):
            value = value.__dict__.get(field.name)
            if value is None:
                raise self.problem("unsaved", "leads to a record that was not saved")
        return field.comparable(value)

    def foreign_key(self) -> Constraint | None:
        """The constraint of the table."""
        if not self.has_constraint:
            return None
        description = self.target.__description__
        if description.database != self.model.__description__.database:
            # No database can hold a key into another one.
            return None
        return Constraint(
            (self.column,),
            description.table_name,
            (self.target_field.column,),
            _RULES[self.on_delete],
            target_schema=description.options.schema,
        )
