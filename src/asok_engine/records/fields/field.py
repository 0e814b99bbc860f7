"""What every kind of field is: a name, a column, rules for values, and a descriptor.

On the model's class a field is an expression (`Post.views > 10`); on a record its
value stands in the record's own `__dict__`, so reading it is a plain attribute.
A kind of field says its column type, how a value is coerced, and, where the column
holds another form than the record, how to get there and back. Type checkers see the
value's type on records and an expression on the class.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar, overload

from asok_engine.errors import SetupError, UsageError
from asok_engine.records.errors import FieldProblem, NotLoaded, RefusedValue, UnknownName
from asok_engine.sql.expressions import Expression, Parameter, Ref
from asok_engine.sql.sources import Source
from asok_engine.sql.tables import ForeignKey, ServerDefault
from asok_engine.sql.types import ColumnType

__all__ = ["UNSET", "Field", "FieldOptions", "FieldRef"]

Value = TypeVar("Value")
Code = Callable[[Any], Any]
_AGENT_OPTIONS = frozenset(("ai_description", "ai_sensitive", "ai_agent_writable"))


def _near_option(kind: type[Field[Any]], name: str) -> str:
    """Say which option was probably meant."""
    options = {*inspect.signature(kind.__init__).parameters, *inspect.signature(Field.__init__).parameters}
    near = get_close_matches(name, sorted(options - {"self"}), n=1)
    return f" Did you mean {near[0]}?" if near else ""


class _Unset:
    """The sign of a value that was not given."""

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


#: A value that was not given, which None would be.
UNSET: Any = _Unset()


class FieldOptions(TypedDict, total=False):
    """What every kind of field takes by keyword."""

    #: A value, or a function without arguments that makes one.
    default: Any
    #: What the database puts where an insert gives nothing.
    server_default: ServerDefault
    unique: bool
    index: bool
    primary_key: bool
    #: Left out when a record is turned into a dict or shown.
    hidden: bool
    #: Not accepted from forms and other mass assignment.
    protected: bool
    label: str
    help_text: str
    #: Rules for forms, in the form of the validation room.
    rules: Any
    messages: Mapping[str, str]
    #: The values that are allowed: a list, or pairs of value and label.
    choices: Any
    form_type: str
    #: Attributes for the form's input.
    attrs: Mapping[str, Any]
    #: Functions that raise ValueError for a value that is not allowed.
    validators: Sequence[Callable[[Any], object]]
    #: The column's name where it is not the field's.
    column: str
    #: Kept for whoever shows or serves the field: an API, an admin, an agent.
    extra: Mapping[str, Any]
    #: Another name of `index`.
    db_index: bool
    #: What an agent is told, must not see, and may write; kept in `extra`.
    ai_description: str
    ai_sensitive: bool
    ai_agent_writable: bool


class FieldRef(Ref, eq=False):
    """A field's column in a statement; what it is compared with is coerced as the field's value."""

    field: Field[Any] | None = None

    def operand(self, value: Any) -> Expression:
        """Make a parameter of the field's own type.

        Raises:
            RefusedValue: the field can never have this value.
        """
        if isinstance(value, Expression):
            return value
        assert self.field is not None
        try:
            return Parameter(self.field.comparable(value), self.column_type)
        except FieldProblem as problem:
            raise RefusedValue(self.field.name, problem) from problem


class Field(Generic[Value]):
    """One field of a model, of a kind that a subclass says."""

    #: The form of a value in its column, from the record's form; None where they are the same.
    to_column: Code | None = None
    #: The form of a value on the record, from the column's; None where they are the same.
    from_column: Code | None = None
    #: What tells values apart that are equal and not the same, as True and 1 are; None where none are.
    exact_form: Code | None = None
    #: False where a condition on the column cannot work, as with encrypted text.
    is_comparable: bool = True
    #: The database makes the value at insert.
    is_counted: bool = False
    #: The value says when the record was softly deleted.
    marks_deletion: bool = False
    #: A value is worked on before it is written, for so long that it does not belong on an event loop.
    is_heavy: bool = False
    #: The field that this one is made of when it is empty, "" for none.
    populate_from: str = ""
    #: The column takes part in the model's full-text search.
    is_searchable: bool = False
    #: Set by the framework at each save, or at the first one.
    sets_at_save: bool = False
    sets_at_create: bool = False

    def __init__(
        self,
        *,
        nullable: bool = False,
        default: Any = UNSET,
        server_default: ServerDefault = None,
        unique: bool = False,
        index: bool = False,
        primary_key: bool = False,
        hidden: bool = False,
        protected: bool = False,
        label: str = "",
        help_text: str = "",
        rules: Any = None,
        messages: Mapping[str, str] | None = None,
        choices: Any = None,
        form_type: str = "",
        attrs: Mapping[str, Any] | None = None,
        validators: Sequence[Callable[[Any], object]] = (),
        column: str = "",
        extra: Mapping[str, Any] | None = None,
        db_index: bool = False,
        **agent: Any,
    ) -> None:
        unknown = agent.keys() - _AGENT_OPTIONS
        if unknown:
            near = _near_option(type(self), min(unknown))
            raise TypeError(f"{type(self).__name__} takes no {', '.join(sorted(unknown))}.{near}")
        self.nullable = nullable
        self.default = default
        self.server_default = server_default
        self.unique = unique
        self.index = index or db_index
        self.primary_key = primary_key
        self.hidden = hidden
        self.protected = protected
        self.label = label
        self.help_text = help_text
        self.rules = rules
        self.messages = dict(messages or {})
        self.choices = _choices(choices)
        self.form_type = form_type
        self.attrs = dict(attrs or {})
        self.validators = tuple(validators)
        self.column = column
        self.extra = {**(extra or {}), **agent}
        self.name = ""

    @property
    def column_type(self) -> ColumnType:
        """The type of the column."""
        raise UsageError(f"{type(self).__name__} says no column type; use a kind of field.")

    @property
    def has_default(self) -> bool:
        """Tell whether a record may be made without a value for this field."""
        return self.default is not UNSET

    @property
    def makes_default(self) -> bool:
        """Tell whether each record needs a default of its own, not one that all share."""
        return callable(self.default) or isinstance(self.default, list | dict | set)

    def make_default(self) -> Any:
        """Give the value of a record that was made without one."""
        return self.default() if callable(self.default) else copy.deepcopy(self.default)

    def coerce(self, value: Any) -> Any:
        """Give the value in the field's own type.

        Raises:
            FieldProblem: it cannot be that.
        """
        return value

    def quick_test(self, value: str) -> str | None:
        """Give an expression in Python that is true when `clean` would leave a value as it is, None for none.

        `value` is the name of the variable that holds it; it is not None.
        """
        test = self.type_test(value)
        return None if self.choices or self.validators else test

    def type_test(self, value: str) -> str | None:
        """Give the part of `quick_test` that the kind of field decides."""
        return None

    def clean(self, value: Any) -> Any:
        """Coerce and check a value as it is saved.

        Raises:
            FieldProblem: what is wrong, in one sentence.
        """
        if value is None:
            if self.nullable:
                return None
            raise self.problem("required", "is required")
        value = self.coerce(value)
        if self.choices and value not in self.choices:
            raise self.problem("choice", f"must be one of {', '.join(map(str, self.choices))}")
        for validate in self.validators:
            self._validate(validate, value)
        return value

    def _validate(self, validate: Callable[[Any], object], value: Any) -> None:
        try:
            validate(value)
        except FieldProblem:
            raise
        except ValueError as error:
            raise self.problem("invalid", str(error)) from error

    def is_prepared(self, value: Any) -> bool:
        """Tell whether the work on a value was done; only for heavy fields."""
        return True

    def prepare(self, value: Any) -> Any:
        """Do the work on a value; only for heavy fields."""
        return value

    def comparable(self, value: Any) -> Any:
        """Give the form in which a value is compared with the column.

        Raises:
            FieldProblem: it is nothing that the column could hold.
            UnknownName: the column's form says nothing of its value.
        """
        if not self.is_comparable:
            # Why 400: the name may have come from outside.
            raise UnknownName(
                f"The field {self.name!r} keeps its values in a form that cannot be compared.",
                fix="Look for another field, such as a hash of the value.",
            )
        if value is None:
            return None
        value = self.coerce(value)
        return value if self.to_column is None else self.to_column(value)

    def check_stored(self, value: Any) -> None:
        """Let the column have this value, which a file gives in the column's own form.

        For kinds whose column holds another form than was given; all others accept what fits the column.

        Raises:
            FieldProblem: it is no such form.
        """

    def problem(self, code: str, message: str, **parameters: Any) -> FieldProblem:
        """Make a problem, in the field's own words where it has some for this code."""
        return FieldProblem(code, self.messages.get(code, message), **parameters)

    def ref(self, source: Source) -> FieldRef:
        """Give the expression of this field in a source."""
        return FieldRef(source, self.column, self.column_type, None, self)

    @property
    def relation_name(self) -> str:
        """The name of the relation that the field brings along, "" for none."""
        return ""

    def make_relation(self) -> Any:
        """Make the relation that the field brings along."""
        raise UsageError(f"{self!r} brings no relation along.")

    def bound_to(self, model: Any) -> Field[Value]:
        """Give this field for a model; a kind that depends on its model gives a copy."""
        return self

    def foreign_key(self) -> ForeignKey | None:
        """Give the constraint of a field that names rows of another table."""
        return None

    def __set_name__(self, owner: type, name: str) -> None:
        if not self.name:
            self.name = name
            self.column = self.column or name
        elif self.name != name:
            raise SetupError(
                f"One field object stands in {owner.__name__} as {self.name!r} and as {name!r}.",
                fix="Make a field for each name.",
            )

    @overload
    def __get__(self, instance: None, owner: type) -> FieldRef: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return owner.__description__.ref(self.name)
        # A record with a value never comes here: the value in its __dict__ goes before.
        raise NotLoaded(
            f"{owner.__name__}.{self.name} was not loaded.",
            fix=f"Read it with the others, leave it out of only() and defer(), or refresh({self.name!r}).",
        )

    if TYPE_CHECKING:

        def __set__(self, instance: object, value: Value) -> None: ...

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def _choices(choices: Any) -> dict[Any, str]:
    """Give the allowed values with their labels, in order."""
    if not choices:
        return {}
    if isinstance(choices, Mapping):
        return dict(choices)
    made: dict[Any, str] = {}
    entries: Iterable[Any] = choices
    for entry in entries:
        if isinstance(entry, tuple | list) and len(entry) == 2:
            made[entry[0]] = str(entry[1])
        else:
            made[entry] = str(entry)
    return made
