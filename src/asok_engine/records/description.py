"""A model as data: fields, relations, key, table, options, and the statements prepared for it.

Made once when the class is made; whatever needs other models (types of foreign
keys, the table) is worked out at first use. Statements for the common deeds are
prepared here per set of columns and kept, so that a deed only fills in values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from inspect import getattr_static
from typing import TYPE_CHECKING, Any

from asok_engine.errors import SetupError
from asok_engine.records.errors import unknown_name
from asok_engine.records.fields.field import UNSET, Field, FieldRef
from asok_engine.records.fields.translated import Translated, active_languages, find_translated
from asok_engine.records.options import Options, read_options, table_name
from asok_engine.records.quick import QuickRow, QuickRows, quick_row, quick_rows
from asok_engine.records.relations.relation import Relation
from asok_engine.records.rows import Layout, Origin, RecordReader, Records
from asok_engine.sql.change import delete_shape, update_shape
from asok_engine.sql.expressions import Condition, Parameter, all_of
from asok_engine.sql.insert import insert_shape
from asok_engine.sql.select import Output, Select
from asok_engine.sql.sources import Source
from asok_engine.sql.statements import Shape
from asok_engine.sql.tables import Column, ForeignKey, FullText, Index, Table, Unique

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["HOOKS", "Description", "describe"]

#: The hooks that a model may define as methods.
HOOKS = (
    "before_save",
    "after_save",
    "before_create",
    "after_create",
    "before_update",
    "after_update",
    "before_delete",
    "after_delete",
)


class Description:
    """What is known of one model."""

    def __init__(
        self,
        model: type[Record],
        fields: Mapping[str, Field[Any]],
        relations: Mapping[str, Relation[Any]],
        options: Options,
        translated: Mapping[str, Translated],
    ) -> None:
        self.model = model
        self.name = model.__name__
        self.fields = dict(fields)
        self.relations = dict(relations)
        self.options = options
        #: Names that stand for a field of the active language.
        self.translated = dict(translated)
        #: Functions from query to query that hold unless a query says otherwise, by name.
        self.scopes: dict[str, Callable[[Any], Any]] = {}
        self.is_abstract = options.abstract
        self.database = options.database
        self.table_name = options.table_name or table_name(model.__name__)
        #: The names of the fields that make the key.
        self.key = options.primary_key or tuple(
            name for name, field in self.fields.items() if field.primary_key
        )
        #: The foreign keys that point here, with the generation of the registry that they belong to.
        self.incoming_kept: tuple[int, list[Any]] | None = None
        self._shapes: dict[Any, Shape] = {}
        self._readers: dict[Any, RecordReader] = {}
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self.refresh()

    def refresh(self) -> None:
        """Work out again what follows from the fields; for a field that joins after the class was made."""
        defaults = {name: field for name, field in self.fields.items() if field.has_default}
        #: Values of fields that were not given, where a default is a plain value.
        self.plain_defaults: dict[str, Any] = {
            name: field.default for name, field in defaults.items() if not field.makes_default
        }
        self.plain_defaults |= {
            name: None
            for name, field in self.fields.items()
            if name not in defaults and (field.nullable or field.is_counted)
        }
        self.made_defaults = tuple(field for field in defaults.values() if field.makes_default)
        self.names = frozenset(self.fields)
        self.all_names = tuple(self.fields)
        self.counted = next((field.name for field in self.fields.values() if field.is_counted), "")
        #: The fields that the database fills where a record has no value for them.
        self.filled_by_server = tuple(
            name
            for name, field in self.fields.items()
            if field.server_default is not None and not field.is_counted
        )
        self.stamps_at_save = tuple(field for field in self.fields.values() if field.sets_at_save)
        self.stamps_at_create = tuple(field for field in self.fields.values() if field.sets_at_create)
        self.prepares = tuple(field for field in self.fields.values() if field.is_heavy)
        self.populated = tuple(field for field in self.fields.values() if field.populate_from)
        self.references = tuple(each for each in self.relations.values() if each.holds_key)
        self.hooks = frozenset(name for name in HOOKS if hasattr(self.model, name))
        self._shapes.clear()
        self._readers.clear()
        self._layouts.clear()
        for name, attribute in vars(Description).items():
            if isinstance(attribute, cached_property):
                self.__dict__.pop(name, None)

    @property
    def key_name(self) -> str:
        """The name of the only key field.

        Raises:
            SetupError: the key has several fields.
        """
        if len(self.key) != 1:
            raise SetupError(f"{self.name} has the key {self.key!r}; this needs a key of one field.")
        return self.key[0]

    def has_field(self, name: str) -> bool:
        """Tell whether `field` would give one."""
        return name in self.fields or name in self.translated or (name == "pk" and len(self.key) == 1)

    def field(self, name: str) -> Field[Any]:
        """Give a field by name; `pk` is the only key field.

        Raises:
            UnknownName: there is none.
        """
        field = self.fields.get(name)
        if field is None and name == "pk":
            return self.fields[self.key_name]
        if field is None and name in self.translated:
            return self.fields[self.translated[name].field_of(active_languages.get())]
        if field is None:
            raise unknown_name(name, self.name, [*self.fields, *self.relations])
        return field

    def own_field(self, name: str) -> Field[Any]:
        """Give a field by name; a relation to one record stands for the field with its key.

        Raises:
            UnknownName: there is none.
        """
        relation = self.relations.get(name)
        return self.field(relation.local_name if relation is not None and relation.local_name else name)

    @cached_property
    def refs(self) -> dict[str, FieldRef]:
        """The expressions of all fields in the table itself."""
        return {name: field.ref(self.source) for name, field in self.fields.items()}

    def ref(self, name: str) -> FieldRef:
        """Give the expression of a field in the table itself."""
        ref = self.refs.get(name)
        return self.refs[self.field(name).name] if ref is None else ref

    @cached_property
    def column_fields(self) -> dict[str, Field[Any]]:
        """The fields by the names of their columns."""
        return {field.column: field for field in self.fields.values()}

    @cached_property
    def soft_delete(self) -> str:
        """The name of the field that says when a record was softly deleted, "" for none."""
        return next((name for name, field in self.fields.items() if field.marks_deletion), "")

    @cached_property
    def quick_row(self) -> QuickRow | None:
        """The quick way from values to the columns of an insert."""
        return quick_row(self)

    @cached_property
    def quick_rows(self) -> QuickRows | None:
        """The quick way from records, or dicts for new ones, to the columns of inserts."""
        return quick_rows(self)

    @cached_property
    def quick_names(self) -> tuple[str, ...]:
        """The fields whose columns `quick_row` gives."""
        return tuple(name for name in self.fields if name != self.counted)

    def scope_conditions(self, place: Any) -> list[Condition]:
        """Give what soft delete demands of the rows at a place inside a statement."""
        marker = self.soft_delete
        return [place.ref(marker).is_null()] if marker else []

    def new_list(self) -> Records[Any]:
        """Make a list for records of this model."""
        return self.model.list_class()

    def empty(self) -> Records[Any]:
        """Give a result without records."""
        result = self.new_list()
        result.origin = Origin(Layout.of(()), None)
        return result

    @cached_property
    def table(self) -> Table:
        """The table as data; the types of foreign keys are those of the keys that they name."""
        if self.is_abstract:
            raise SetupError(
                f"{self.name} is abstract and has no table.", fix="Use a model that inherits it."
            )
        columns = [
            Column(
                field.column,
                field.column_type,
                nullable=field.nullable,
                server_default=field.server_default,
                autoincrement=field.is_counted,
            )
            for field in self.fields.values()
        ]
        own = self.options
        uniques = [Unique((field.column,)) for field in self.fields.values() if field.unique]
        uniques += [Unique(self.columns_of(names)) for names in own.unique_together]
        uniques += [each for each in own.constraints if isinstance(each, Unique)]
        indexes = [
            Index((field.column,)) for field in self.fields.values() if field.index and not field.unique
        ]
        indexes += [self._index(index) for index in own.indexes]
        return Table(
            self.table_name,
            tuple(columns),
            primary_key=self.columns_of(self.key),
            indexes=tuple(dict.fromkeys(indexes)),
            uniques=tuple(dict.fromkeys(uniques)),
            checks=tuple(each for each in own.constraints if not isinstance(each, Unique)),
            foreign_keys=tuple(self._foreign_keys()),
            full_texts=tuple(self._full_texts()),
            database=self.database,
            schema=own.schema,
        )

    def check(self) -> None:
        """Work out what follows from other models, so that a slip is found now.

        Raises:
            SetupError: a foreign key or a relation leads to no model, or to one that does not fit.
        """
        for relation in self.relations.values():
            if relation.has_one_target:
                _ = relation.target
                relation.tables()
        _ = self.table

    def columns_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Give the columns of fields; a relation stands for its foreign key."""
        made = []
        for name in names:
            relation = self.relations.get(name)
            made.append(self.field(relation.local_name if relation else name).column)
        return tuple(made)

    def _index(self, index: Index) -> Index:
        names = [name.removeprefix("-") for name in index.columns]
        columns = self.columns_of(names)
        signs = ["-" if name.startswith("-") else "" for name in index.columns]
        directed = tuple(sign + column for sign, column in zip(signs, columns, strict=True))
        return Index(directed, index.name, index.unique, index.where, index.using, index.operators)

    def _foreign_keys(self) -> Iterable[ForeignKey]:
        for field in self.fields.values():
            key = field.foreign_key()
            if key is not None:
                yield key

    def _full_texts(self) -> Iterable[FullText]:
        columns = tuple(
            field.column for field in self.fields.values() if field.is_searchable and not field.hidden
        )
        if columns:
            yield FullText(columns)

    @cached_property
    def source(self) -> Source:
        """The table as the source of statements."""
        return Source(self.table)

    def reader(self, names: Sequence[str] | None = None) -> RecordReader:
        """Give the reader of these fields, of all of them for None."""
        key = ("fields", None if names is None else tuple(names))
        reader = self._readers.get(key)
        if reader is None:
            fields = self.fields.values() if names is None else [self.fields[name] for name in names]
            reader = self._readers[key] = RecordReader(self.model, tuple(fields))
        return reader

    def stored_layout(self, names: tuple[str, ...]) -> Layout:
        """Give the layout of rows as records have written them."""
        layout = self._layouts.get(names)
        if layout is None:
            layout = self._layouts[names] = Layout.of([self.fields[name] for name in names])
        return layout

    def kept_reader(self, key: Any, make: Any) -> RecordReader:
        """Give the reader that is kept under a key, made by `make()` at the first call."""
        reader = self._readers.get(key)
        if reader is None:
            if len(self._readers) > 500:
                self._readers.clear()
            reader = self._readers[key] = make()
        return reader

    def outputs(self, names: Sequence[str] | None = None) -> tuple[Output, ...]:
        """Give the columns of these fields as outputs, of all of them for None."""
        return tuple(Output(self.ref(name)) for name in (self.fields if names is None else names))

    def find_shape(self, names: tuple[str, ...]) -> Shape:
        """Give the statement that reads the records whose fields `names` have given values; at most two."""
        shape = self._shapes.get(("find", names))
        if shape is None:
            wanted = [self.ref(name) == Parameter(UNSET, self.field(name).column_type) for name in names]
            where = all_of([*wanted, *self.scope_conditions(self)])
            select = Select(self.source, self.outputs(), self.reader(), where=where)
            shape = Shape(select.template, is_cheap=names == self.key, table_name=self.table.name)
            self._keep(("find", names), shape)
        return shape

    def insert_shape(self, names: tuple[str, ...], rows: int = 1) -> Shape:
        """Give the statement that inserts rows with values for the fields `names`."""
        shape = self._shapes.get(("insert", names, rows))
        if shape is None:
            key = self.fields[self.counted].column if self.counted and self.counted not in names else ""
            shape = insert_shape(self.source, self.columns_of(names), rows=rows, key=key)
            self._keep(("insert", names, rows), shape)
        return shape

    def update_shape(self, names: tuple[str, ...], keys: tuple[str, ...]) -> Shape:
        """Give the statement that changes the fields `names` of the row with given values of `keys`."""
        shape = self._shapes.get(("update", names, keys))
        if shape is None:
            shape = update_shape(self.source, self.columns_of(names), self.columns_of(keys))
            self._keep(("update", names, keys), shape)
        return shape

    def delete_shape(self, keys: tuple[str, ...]) -> Shape:
        """Give the statement that deletes the row with given values of `keys`."""
        shape = self._shapes.get(("delete", keys))
        if shape is None:
            shape = delete_shape(self.source, self.columns_of(keys))
            self._keep(("delete", keys), shape)
        return shape

    def kept_shape(self, key: Any, make: Callable[[], Shape]) -> Shape:
        """Give the statement that is kept under a key, made by `make()` at the first call."""
        shape = self._shapes.get(key)
        if shape is None:
            shape = make()
            self._keep(key, shape)
        return shape

    def _keep(self, key: Any, shape: Shape) -> None:
        # A model with many fields can be changed in many combinations; the memory for them is bounded.
        if len(self._shapes) > 500:
            self._shapes.clear()
        self._shapes[key] = shape

    def __repr__(self) -> str:
        return f"<Description of {self.name}, {len(self.fields)} fields>"


def describe(model: type[Record]) -> Description:
    """Collect what a class and its bases say, and make its description.

    Raises:
        SetupError: two of them do not fit together.
    """
    attributes = vars(model)
    options = read_options(model.__name__, attributes.get("Meta"), attributes)
    fields: dict[str, Field[Any]] = {}
    relations: dict[str, Any] = {}
    for base in reversed(model.__mro__[1:]):
        inherited = base.__dict__.get("__description__")
        if inherited is not None:
            fields |= inherited.fields
            relations |= inherited.relations
            _inherit(options, inherited.options)
    implied = {each.local_name: each.name for each in relations.values() if each.is_implied}
    made_again = {implied[name] for name in implied if name in attributes}
    for name in made_again:
        # What a foreign key of the base implied may lead elsewhere by the subclass's own.
        del relations[name]
    for name in list(attributes):
        # A subclass takes a field away by giving the name another meaning.
        if name in fields:
            del fields[name]
        if name in relations:
            del relations[name]
        value = attributes[name]
        if isinstance(value, Field):
            fields[name] = value
        elif isinstance(value, Relation):
            relations[name] = value
            if value.field_name and not isinstance(attributes.get(value.field_name), Field):
                field = value.make_field()
                field.__set_name__(model, value.field_name)
                setattr(model, value.field_name, field)
                fields[value.field_name] = field
    if not options.abstract and not options.primary_key and not any(f.primary_key for f in fields.values()):
        key = model.default_key()
        if key is not None and "id" not in attributes:
            key.__set_name__(model, "id")
            model.id = key  # type: ignore[attr-defined]
            fields = {"id": key, **fields}
    for relation in relations.values():
        for name, field in relation.own_fields().items():
            if name not in fields:
                field.__set_name__(model, name)
                setattr(model, name, field)
                fields[name] = field
    fields = {name: field.bound_to(model) for name, field in fields.items()}
    for field in fields.values():
        name = field.relation_name
        if not name or name in relations or name in fields:
            continue
        if name in made_again or not hasattr(model, name):
            relations[name] = relation = field.make_relation()
            relation.is_implied = True
            relation.__set_name__(model, name)
            setattr(model, name, relation)
    translated = {each.name: each for each in find_translated(fields, dir(model))}
    for name, each in translated.items():
        setattr(model, name, each)
    bound = {name: relation.bound_to(model) for name, relation in relations.items()}
    inherited_translated = {
        name: value for name in dir(model) if isinstance(value := getattr_static(model, name), Translated)
    }
    return Description(model, fields, bound, options, {**inherited_translated, **translated})


def _inherit(options: Options, inherited: Options) -> None:
    """Take over what an abstract base says, where the model itself says nothing."""
    plain = Options()
    for name in ("ordering", "unique_together", "indexes", "database", "schema", "version", "app_label"):
        if getattr(options, name) == getattr(plain, name):
            setattr(options, name, getattr(inherited, name))
    options.extra = {**inherited.extra, **options.extra}
