"""`Relation`: the relations of a model, as `Relation.HasMany("Comment")`.

A target is a model, its name, or a function that gives it. Type checkers learn the
target from a class, and from an annotation where a name stands for it:

    comments: Relation.HasMany[Comment] = Relation.HasMany("Comment")

A foreign key `author_id` brings the relation `author` along; an annotation alone
tells its type: `author: Relation.BelongsTo[User]`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from asok.orm.modellist import ModelList
from asok_engine.records.relations import belongs_to, has, many_to_many, morph

__all__ = ["BelongsTo", "BelongsToMany", "HasMany", "HasOne", "MorphMany", "MorphOne", "MorphTo"]

R = TypeVar("R")


class HasMany(has.HasMany[ModelList[R]], Generic[R]):
    """The records of another model that point here by their foreign key."""

    @overload
    def __init__(self: HasMany[Any], target: str, foreign_key: str = "", local_key: str = "") -> None: ...

    @overload
    def __init__(
        self, target: type[R] | Callable[[], type[R]], foreign_key: str = "", local_key: str = ""
    ) -> None: ...

    def __init__(self, target: Any, foreign_key: str = "", local_key: str = "") -> None:
        super().__init__(target, foreign_key, local_key)


class HasOne(has.HasOne[R | None], Generic[R]):
    """The one record of another model that points here by its foreign key, or None."""

    @overload
    def __init__(self: HasOne[Any], target: str, foreign_key: str = "", local_key: str = "") -> None: ...

    @overload
    def __init__(
        self, target: type[R] | Callable[[], type[R]], foreign_key: str = "", local_key: str = ""
    ) -> None: ...

    def __init__(self, target: Any, foreign_key: str = "", local_key: str = "") -> None:
        super().__init__(target, foreign_key, local_key)


class BelongsTo(belongs_to.BelongsTo[R]):
    """The record that the own foreign key names; `BelongsTo[User | None]` where it may be empty."""

    @overload
    def __init__(self: BelongsTo[Any], target: str, foreign_key: str = "", owner_key: str = "") -> None: ...

    @overload
    def __init__(
        self, target: type[R] | Callable[[], type[R]], foreign_key: str = "", owner_key: str = ""
    ) -> None: ...

    def __init__(self, target: Any, foreign_key: str = "", owner_key: str = "") -> None:
        super().__init__(target, foreign_key, owner_key)


class BelongsToMany(many_to_many.ManyToMany[ModelList[R]], Generic[R]):
    """The records of another model that a pivot joins with this one.

    The pivot is named after both models, in alphabetical order (`post_tag`), with a
    column for the key of each (`post_id`, `tag_id`), unless other names are given.
    `through` is a model of the pivot, where it has one.
    """

    @overload
    def __init__(
        self: BelongsToMany[Any],
        target: str,
        pivot_table: str = "",
        pivot_fk: str = "",
        pivot_other_fk: str = "",
        *,
        through: Any = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        target: type[R] | Callable[[], type[R]],
        pivot_table: str = "",
        pivot_fk: str = "",
        pivot_other_fk: str = "",
        *,
        through: Any = None,
    ) -> None: ...

    def __init__(
        self,
        target: Any,
        pivot_table: str = "",
        pivot_fk: str = "",
        pivot_other_fk: str = "",
        *,
        through: Any = None,
    ) -> None:
        super().__init__(target, pivot_table, pivot_fk, pivot_other_fk, through)


class MorphTo(morph.MorphTo[R]):
    """One record of whatever model the fields `<name>_type` and `<name>_id` name; they are added."""


class MorphMany(morph.MorphMany[ModelList[R]], Generic[R]):
    """The records of another model whose `MorphTo` of this name leads here."""

    @overload
    def __init__(
        self: MorphMany[Any], target: str, name: str, type_field: str = "", id_field: str = ""
    ) -> None: ...

    @overload
    def __init__(
        self, target: type[R] | Callable[[], type[R]], name: str, type_field: str = "", id_field: str = ""
    ) -> None: ...

    def __init__(self, target: Any, name: str, type_field: str = "", id_field: str = "") -> None:
        super().__init__(target, name, type_field, id_field)


class MorphOne(morph.MorphOne[R | None], Generic[R]):
    """The one record of another model whose `MorphTo` of this name leads here, or None."""

    @overload
    def __init__(
        self: MorphOne[Any], target: str, name: str, type_field: str = "", id_field: str = ""
    ) -> None: ...

    @overload
    def __init__(
        self, target: type[R] | Callable[[], type[R]], name: str, type_field: str = "", id_field: str = ""
    ) -> None: ...

    def __init__(self, target: Any, name: str, type_field: str = "", id_field: str = "") -> None:
        super().__init__(target, name, type_field, id_field)
