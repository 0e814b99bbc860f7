"""The base of every model of both faces: an object with the values of one row.

Values stand in the object's `__dict__`, under the names of the fields. Two slots
beside it (`rows.Kept`) remember the row that the object was read from and where that
came from; they are empty until the record is in the database. What a record can do is a plan
(`records/plans`); a face gives the plans their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from asok_engine.errors import UsageError
from asok_engine.records.description import Description, describe
from asok_engine.records.errors import RecordNotFound, SeveralRecords, unknown_name
from asok_engine.records.fields.field import Field
from asok_engine.records.fields.number import BigInteger
from asok_engine.records.paths import RelationPath
from asok_engine.records.plans.load import load_for_peers
from asok_engine.records.registry import registry
from asok_engine.records.relations.relation import Relation
from asok_engine.records.reverse import add_ways_back
from asok_engine.records.rows import Kept, Records
from asok_engine.records.steps import Plan

__all__ = ["Record", "assign", "made_of"]

Result = TypeVar("Result")
Made = TypeVar("Made", bound="Record")


class Record(Kept):
    """One row as an object.

    Keyword arguments are values of fields and relations; what is not given gets its
    default.
    """

    __slots__ = ()

    __description__: ClassVar[Description]
    #: A loaded relation to many is its list, and nothing around it.
    lists_are_plain: ClassVar[bool] = True
    #: What the records of one result, or of a relation to many, come in.
    list_class: ClassVar[type[Records[Any]]] = Records
    #: What is raised where one record is asked for and there is none, or several.
    not_found_error: ClassVar[type[RecordNotFound]] = RecordNotFound
    several_error: ClassVar[type[SeveralRecords]] = SeveralRecords
    __abstract__ = True

    def __init__(self, /, **values: Any) -> None:
        self._begin(values)

    def _begin(self, values: Mapping[str, Any]) -> None:
        """Become a record that is not in the database, with these values and the defaults of the others."""
        description = self.__description__
        self._row = None
        self._origin = None
        known = description.names
        if values.keys() <= known:
            self.__dict__ = {**description.plain_defaults, **values}
        else:
            self.__dict__ = dict(description.plain_defaults)
            assign(self, values)
        for field in description.made_defaults:
            if field.name not in values:
                self.__dict__[field.name] = field.make_default()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__description__ = describe(cls)
        add_ways_back(cls)
        registry.add(cls)

    @classmethod
    def default_key(cls) -> Field[Any] | None:
        """Give the key of a model that names none: a number that the database counts."""
        return BigInteger[int](primary_key=True, counted=True)

    @classmethod
    def run_plan(cls, plan: Plan[Result]) -> Result:
        """Perform a plan for something that is read where no plan can be awaited, such as a relation.

        Faces connect this with the database.
        """
        plan.close()
        raise UsageError(f"{cls.__name__} is connected with no database.")

    @classmethod
    def path_of(cls, relation: Relation[Any]) -> Any:
        """Give what a relation is on the class: the beginning of a path for conditions."""
        return RelationPath(cls.__description__, (relation.name,), relation)

    @classmethod
    def unloaded(cls, record: Record, relation: Relation[Any]) -> Any:
        """Give a relation that was not loaded: load it for all records of the same result."""
        return cls.run_plan(load_for_peers(record, relation))

    @classmethod
    def records_of(cls, record: Record, relation: Relation[Any]) -> Any:
        """Give what a relation to many is on a record: the list of its records, loaded at need."""
        if relation.name in record.__dict__:
            return record.__dict__[relation.name]
        return cls.unloaded(record, relation)

    @property
    def pk(self) -> Any:
        """The value of the key; a tuple where the key has several fields, None while there is none."""
        key = self.__description__.key
        if len(key) == 1:
            return self.__dict__.get(key[0])
        return tuple(self.__dict__.get(name) for name in key)

    @property
    def is_stored(self) -> bool:
        """Tell whether the record is in the database, as far as this object knows."""
        return self._row is not None

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Record) or type(self) is not type(other):
            return NotImplemented
        key = self.pk
        return key is not None and key == other.pk

    def __hash__(self) -> int:
        key = self.pk
        return object.__hash__(self) if key is None else hash((type(self), key))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.pk!r}>"


def made_of(model: type[Made], items: Iterable[Made | Mapping[str, Any]]) -> list[Made]:
    """Give records: those that are some already, and new ones of the values in dicts."""
    if model.__init__ is not Record.__init__:
        return [model(**item) if isinstance(item, Mapping) else item for item in items]
    new, begin, made = object.__new__, Record._begin, []
    for item in items:
        if type(item) is dict or isinstance(item, Mapping):
            # What a call of the model does, without three copies of the values on the way.
            record = new(model)
            begin(record, item)
            made.append(record)
        else:
            made.append(item)
    return made


def assign(record: Record, values: Mapping[str, Any]) -> None:
    """Set fields and relations of a record by name.

    Raises:
        UnknownName: the model has no such field or relation.
    """
    description = record.__description__
    for name, value in values.items():
        if name in description.fields:
            record.__dict__[name] = value
        elif name in description.relations or name in description.translated:
            setattr(record, name, value)
        elif name == "pk":
            record.__dict__[description.key_name] = value
        else:
            known = [*description.fields, *description.relations]
            raise unknown_name(name, type(record).__name__, known)
