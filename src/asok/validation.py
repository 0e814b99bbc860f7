"""Validation as applications use it: `Validator`, `register_rule`, `Schema`.

The rules and how they are judged are the engine's. Here they get the clock, the
rules of the application, and who answers questions about rows.
"""

from __future__ import annotations

import asyncio
import enum
import inspect
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar, Self

import asok
from asok_engine.errors import ValidationError
from asok_engine.validation.messages import Translate
from asok_engine.validation.plan import Lookup, LookupAsync, Plan, Validated, run, run_async, validate_plan
from asok_engine.validation.report import Report
from asok_engine.validation.rulebook import Question, Rulebook
from asok_engine.validation.rules import FieldRules, Rules, parse_rules
from asok_engine.validation.standard import STANDARD

__all__ = ["RULES", "FieldSpecification", "Schema", "Validator", "read_specification", "register_rule"]

#: The rules of this process: the standard ones, and those of the application.
RULES = Rulebook(STANDARD)

#: Rules of a field, alone or with messages: `"required|min:2"`, `("required", {"required": "..."})`.
FieldSpecification = Rules | tuple[Rules, Mapping[str, str]]


def register_rule(
    name: str, check: Callable[[Any, str, Mapping[str, Any]], Any], message: str = "This is not accepted."
) -> None:
    """Add a rule for every form and validator of this process.

    `check(value, argument, data)` is plain or async and gives true or false;
    `message` may have the placeholders `{arg}` and `{field}`. An async rule needs
    `validate_async`.
    """
    RULES.register(name, check, message)


def read_specification(name: str, given: FieldSpecification) -> FieldRules:
    """Read the rules of one field, with messages where they are given."""
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Mapping):
        return FieldRules(name, parse_rules(given[0]), dict(given[1]))
    return FieldRules(name, parse_rules(given))


class Validator:
    """Checks data against rules.

    Args:
        data: what was sent, by field: a form, a decoded JSON object, any mapping.
        files: uploaded files by field, one or a list each.
        translate: gives the text of a locale for a key such as `v_required`.
        record: what is edited, so that `unique` lets it keep its own values.
        lookup: answers `unique` in the place of the application's models: is given a Question,
            tells whether such a row exists.
        lookup_async: the same for `validate_async`.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        files: Mapping[str, Any] | None = None,
        translate: Translate | None = None,
        *,
        record: Any = None,
        lookup: Lookup | None = None,
        lookup_async: LookupAsync | None = None,
    ) -> None:
        self._data = {**data, **{name: _one_or_all(file) for name, file in (files or {}).items()}}
        self._translate = translate
        self._record = record
        self._lookup = lookup
        self._lookup_async = lookup_async
        self._fields: list[FieldRules] = []
        #: What is wrong, with codes and parameters.
        self.report = Report()
        #: The values of the fields with rules, as the typing rules made them.
        self.validated: dict[str, Any] = {}

    def rules(self, rules: Mapping[str, FieldSpecification]) -> Self:
        """Add the rules of several fields; chainable."""
        self._fields.extend(read_specification(name, given) for name, given in rules.items())
        return self

    def rule(
        self, field: str, rules: Rules, messages: Mapping[str, str] | None = None, *, label: str = ""
    ) -> Self:
        """Add the rules of one field; chainable."""
        return self.add([FieldRules(field, parse_rules(rules), dict(messages or {}), label)])

    def add(self, fields: Iterable[FieldRules]) -> Self:
        """Add rules that have been read already; chainable."""
        self._fields.extend(fields)
        return self

    def validate(self) -> bool:
        """Check everything; false when something is wrong, which is then in `errors`."""
        return self._take(run(self._plan(), self._lookup or _row_exists))

    async def validate_async(self) -> bool:
        """Check everything as `validate` does, and wait for async rules and for the database."""
        lookup = self._lookup_async or _row_exists_async
        return self._take(await run_async(self._plan(), lookup, asyncio.to_thread))

    @property
    def errors(self) -> dict[str, str]:
        """The first message of each field."""
        return self.report.first()

    @property
    def all_errors(self) -> dict[str, list[str]]:
        """Every message of each field, in the order of the rules."""
        return self.report.messages()

    def error(self) -> ValidationError:
        """Give the error that answers 422 with all messages."""
        return ValidationError(
            "Some fields are not filled in as they should be.", errors=self.all_errors, report=self.report
        )

    def _plan(self) -> Plan:
        return validate_plan(
            self._fields,
            self._data,
            rulebook=RULES,
            now=lambda: datetime.now().astimezone(),
            translate=self._translate,
            record=self._record,
        )

    def _take(self, result: Validated) -> bool:
        self.report, self.validated = result.report, result.values
        return not result.report


# Why through the face: it loads what knows models when the first of these is asked, and not before.
def _row_exists(question: Question) -> bool:
    return asok.row_exists(question)


async def _row_exists_async(question: Question) -> bool:
    return await asok.row_exists_async(question)


def _one_or_all(file: Any) -> Any:
    if isinstance(file, Sequence) and not isinstance(file, str | bytes):
        return file[0] if len(file) == 1 else list(file)
    return file


class Schema:
    """Which fields go out and which come in: `dump` an object, `load` data.

    A subclass names its fields as class attributes: fields of models, rules as text
    (`name = "required|max:50"`), or annotations. Nothing else leaves or enters.
    """

    #: The names and the rules of the fields, in order.
    fields: ClassVar[dict[str, FieldRules]] = {}
    _hidden: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.fields = dict(cls.fields)
        hidden = set(cls._hidden)
        annotated = [name for name in inspect.get_annotations(cls) if _is_field(name, None)]
        for name in dict.fromkeys([*annotated, *vars(cls)]):
            given = vars(cls).get(name)
            if not _is_field(name, given):
                continue
            rules = given if isinstance(given, str | list | tuple) else getattr(given, "rules", None)
            cls.fields[name] = read_specification(name, rules or "")
            if getattr(given, "hidden", False):
                hidden.add(name)
        cls._hidden = frozenset(hidden)

    def __init__(self, many: bool = False, request: Any = None) -> None:
        self._many = many
        self._request = request

    def dump(self, source: Any) -> Any:
        """Give the fields of an object or a mapping as JSON can hold them; a list with `many`.

        A field whose model hides it, such as a password, never goes out.
        """
        if self._many:
            return [self._dumped(item) for item in source]
        return self._dumped(source)

    def load(self, data: Any) -> Any:
        """Give the fields that data has, checked and converted by their rules; a list with `many`.

        Raises ValidationError with every problem.
        """
        if self._many:
            if not isinstance(data, Sequence) or isinstance(data, str):
                raise ValidationError("A list was expected.")
            return [self._loaded(item) for item in data]
        return self._loaded(data)

    def _dumped(self, source: Any) -> dict[str, Any]:
        names = [name for name in self.fields if name not in self._hidden]
        if isinstance(source, Mapping):
            return {name: _plain(source.get(name)) for name in names}
        return {name: _plain(getattr(source, name, None)) for name in names}

    def _loaded(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise ValidationError(f"{type(data).__name__} was sent where an object was expected.")
        kept = {name: data[name] for name in self.fields if name in data}
        validator = Validator(kept).add(self.fields.values())
        if not validator.validate():
            raise validator.error()
        return {**kept, **validator.validated}


def _is_field(name: str, value: Any) -> bool:
    return (
        not name.startswith("_")
        and name != "fields"
        and not isinstance(value, property | classmethod | staticmethod)
        and (not callable(value) or hasattr(value, "rules"))
    )


def _plain(value: Any) -> Any:
    """Give a value as JSON can hold it."""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(inner) for inner in value]
    return value
