"""`Model`: the base of an API's models: a UUID as the key, the moments of making and changing, `objects`.

Everything that asks the database is awaited. Nothing is worked out here: each deed is
a plan of the engine under its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

from aksara.databases import database_options
from aksara.exceptions import DoesNotExist, MultipleObjectsReturned
from aksara.queries import Manager
from aksara.relations import CASCADE as CASCADE
from aksara.relations import PROTECT as PROTECT
from aksara.relations import RESTRICT as RESTRICT
from aksara.relations import SET_NULL as SET_NULL
from aksara.relations import RelatedManager, Unloaded
from asok_engine.database.databases import databases
from asok_engine.database.running import run, run_async
from asok_engine.records.export import to_dict
from asok_engine.records.fields.field import Field
from asok_engine.records.fields.identity import UUID
from asok_engine.records.fields.moment import CreatedAt, SoftDelete, UpdatedAt
from asok_engine.records.plans.delete import delete, force_delete, restore
from asok_engine.records.plans.load import load_for_peers
from asok_engine.records.plans.refresh import refresh
from asok_engine.records.plans.save import save
from asok_engine.records.record import Record
from asok_engine.records.relations.relation import Relation
from asok_engine.records.steps import Plan
from asok_engine.sql.tables import Check as CheckConstraint
from asok_engine.sql.tables import Index
from asok_engine.sql.tables import Unique as UniqueConstraint

__all__ = ["CheckConstraint", "Index", "Model", "SoftDeleteModel", "UniqueConstraint"]

# Models may be used without an application: by a script, in a shell.
databases.add_last_resort(database_options)
Result = TypeVar("Result")


def _own_error(model: type[Any], name: str) -> Any:
    """Make the error class of a model below those of the models that it inherits."""
    bases = tuple(dict.fromkeys(getattr(base, name) for base in model.__bases__ if hasattr(base, name)))
    return type(name, bases, {"__module__": model.__module__, "__qualname__": f"{model.__qualname__}.{name}"})


class Model(Record):
    """A row of a table as an object; a subclass says with fields what the table has.

    Without a key of its own a model has `id`, a random UUID. The table is named after the
    class (`BlogPost`: `blog_posts`). `Meta` takes ordering, unique_together, indexes,
    constraints, table_name, database and others; `abstract = True` makes a base for models.
    """

    __abstract__ = True

    if TYPE_CHECKING:
        #: The key, unless the model has another one.
        id: Field[Any]

    lists_are_plain: ClassVar[bool] = False

    created_at = CreatedAt()
    updated_at = UpdatedAt()

    #: The set of all records.
    objects = Manager()
    #: What `get` raises when there is no record; each model has its own, below that of its base.
    DoesNotExist: ClassVar[type[DoesNotExist]] = DoesNotExist
    #: What `get` raises when there are several.
    MultipleObjectsReturned: ClassVar[type[MultipleObjectsReturned]] = MultipleObjectsReturned

    def __init_subclass__(cls, **options: Any) -> None:
        cls.DoesNotExist = cls.not_found_error = _own_error(cls, "DoesNotExist")
        cls.MultipleObjectsReturned = cls.several_error = _own_error(cls, "MultipleObjectsReturned")
        super().__init_subclass__(**options)

    # --- what the engine asks -----------------------------------------------------------------

    @classmethod
    def default_key(cls) -> Field[Any]:
        """Give the key of a model that names none: a random UUID."""
        return UUID[Any](primary_key=True)

    @classmethod
    def run_plan(cls, plan: Plan[Result]) -> Result:
        """Perform a plan for a relation that plain code reads."""
        return run(plan)

    @classmethod
    def unloaded(cls, record: Record, relation: Relation[Any]) -> Any:
        """Give what can be awaited for a relation; plain code gets it loaded, for all of the same result."""
        if asyncio._get_running_loop() is None:
            return run(load_for_peers(record, relation))
        return Unloaded(record, relation)

    @classmethod
    def records_of(cls, record: Record, relation: Relation[Any]) -> Any:
        """Give the set that a relation to many is on a record."""
        return RelatedManager(record, relation)

    def __await__(self) -> Generator[Any, None, Self]:
        """Give the record itself, so that `await post.author` is right whether it was loaded or not."""
        return self._itself().__await__()

    async def _itself(self) -> Self:
        return self

    # --- deeds --------------------------------------------------------------------------------

    async def save(self, *, update_fields: Sequence[str] | None = None, using: str = "") -> Self:
        """Write the record: insert it, or update what has changed since it was read.

        `update_fields` limits an update to these.

        Raises:
            ValidationError: a value is missing or not accepted, told per field.
            StaleRecord: the row is gone.
        """
        return cast("Self", await run_async(save(self, using, update_fields)))

    async def delete(self, *, using: str = "") -> int:
        """Delete the record, or mark it where the model deletes softly; give the number of rows.

        Raises:
            RestrictedError: another record needs this one.
        """
        return await run_async(delete(self, using))

    async def refresh_from_db(self, fields: Sequence[str] = ()) -> Self:
        """Read the row again, or some of its fields; loaded relations are dropped.

        Raises:
            DoesNotExist: the row is gone.
        """
        return cast("Self", await run_async(refresh(self, *fields)))

    def to_dict(self, *names: str) -> dict[str, Any]:
        """Give the values that are not hidden, or those of these names; moments in the active time zone."""
        return to_dict(self, only=names)

    def is_prefetched(self, name: str) -> bool:
        """Tell whether a relation has been loaded."""
        return self.__description__.relations[name].name in self.__dict__

    def get_related(self, name: str) -> Any:
        """Give what a relation has, the record or the set, where it has been loaded; see `is_prefetched`."""
        return getattr(self, name)


class SoftDeleteModel(Model):
    """A model whose records are marked by `delete` and left out of its sets from then on."""

    __abstract__ = True

    deleted_at = SoftDelete()

    async def undelete(self) -> Self:
        """Take the mark away."""
        return cast("Self", await run_async(restore(self)))

    async def hard_delete(self) -> int:
        """Delete the row."""
        return await run_async(force_delete(self))
