"""From the fields of a model to the fields of a form.

A model is known by descriptions of its fields only. Keys, time stamps, vectors,
slugs that fill themselves, hidden and protected fields have no place in a form;
a password is the one hidden field that can be typed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from asok.forms.fields import FormField
from asok.forms.records import describe_record
from asok_engine.errors import UsageError
from asok_engine.validation.rules import RuleCall, parse_rules

__all__ = ["DescribedModel", "FieldDescription", "fields_for", "fields_of_model"]


@runtime_checkable
class FieldDescription(Protocol):
    """What a form wants to know of one field of a model.

    `kind` is the word of `Field.<Kind>` in lower case with underscores: string,
    text, email, foreign_key. `rules` and `label` may be empty, `choices` None.
    Beside these, `form_type`, `messages`, `precision`, `populate_from`, `help`,
    `attributes`, `floor`, `min_length` and `extensions` are read where they exist.
    """

    name: str
    kind: str
    nullable: bool
    max_length: int | None
    choices: Any
    label: str
    rules: Any
    hidden: bool
    protected: bool
    default: Any


@runtime_checkable
class DescribedModel(Protocol):
    """A model that describes its fields for forms."""

    @classmethod
    def form_fields(cls) -> Iterable[FieldDescription]:
        """Give the descriptions in the order in which they stand."""


_KINDS = {
    "string": "text",
    "text": "textarea",
    "searchable_text": "textarea",
    "email": "email",
    "tel": "tel",
    "url": "url",
    "color": "color",
    "integer": "number",
    "big_integer": "number",
    "small_integer": "number",
    "boolean": "checkbox",
    "float": "number",
    "decimal": "number",
    "date": "date",
    "datetime": "datetime_local",
    "time": "time",
    "enum": "select",
    "json": "json",
    "uuid": "text",
    "foreign_key": "select",
    "dropdown": "dropdown",
    "file": "file",
    "image": "image",
    "password": "password",
    "slug": "text",
    "encrypted_string": "text",
}
_NEVER = frozenset({"created_at", "updated_at", "soft_delete", "vector", "binary", "auto"})


def fields_of_model(
    model: Any,
    *,
    include: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    choices: Mapping[str, Sequence[Any]] | None = None,
) -> dict[str, FormField]:
    """Give the form fields for a model, for a class that describes its fields, or for descriptions, by name.

    `include` chooses and orders, `exclude` leaves out; `choices` are those of fields that do not
    know theirs. Raises UsageError for a name that no form can have.
    """
    if isinstance(model, DescribedModel):
        described = {description.name: description for description in model.form_fields()}
    elif hasattr(model, "__description__"):
        described = {
            description.name: description for description in describe_record(model, {*_KINDS, *_NEVER})
        }
    elif isinstance(model, Iterable):
        described = {description.name: description for description in model}
    else:
        raise UsageError(
            f"{model!r} does not describe its fields.", fix="Give a model, or a class with form_fields()."
        )
    unknown = [name for name in (*(include or ()), *(exclude or ())) if name not in described]
    if unknown:
        raise UsageError(
            f"The model has no field {unknown[0]!r} for a form.", fix=f"It has {', '.join(described)}."
        )
    for name, offered in (choices or {}).items():
        described[name].choices = offered
    left_out = set(exclude or ())
    made: dict[str, FormField] = {}
    for name in include if include is not None else described:
        field = None if name in left_out else _field(described[name])
        if field is not None:
            made[name] = field
        elif include is not None and name not in left_out:
            raise UsageError(
                f"No form changes the field {name!r}: it is a key or a time stamp, hidden or protected.",
                fix="Set it in code, or declare a field of that name in the form.",
            )
    return made


def fields_for(
    model: Any,
    request: Any,
    include: Sequence[str] | None,
    exclude: Sequence[str] | None,
    *,
    declared: Container[str],
    choices: Mapping[str, Sequence[Any]] | None = None,
) -> dict[str, FormField]:
    """Give the form fields for a model that the visitor of a request may set, as its policy says.

    Of `include`, those that a form has `declared` itself are not the model's. Without a
    request, or a policy, every field that forms can change is there.
    """
    asked = None if include is None else [name for name in include if name not in declared]
    made = fields_of_model(model, include=asked, exclude=exclude, choices=choices)
    policy = getattr(model, "__policy__", None)
    if policy is None or request is None:
        return made
    writable = policy(model).writable(request.principal)
    return {name: field for name, field in made.items() if name in writable}


def _field(description: FieldDescription) -> FormField | None:
    kind = description.kind
    is_password = kind == "password"
    if description.name == "id" or kind in _NEVER or kind not in _KINDS:
        return None
    if (description.hidden and not is_password) or (description.protected and not is_password):
        return None
    if kind == "slug" and getattr(description, "populate_from", None):
        return None
    form_kind = _form_kind(description)
    options: dict[str, Any] = {
        **(getattr(description, "attributes", None) or {}),
        "messages": getattr(description, "messages", None) or {},
        "help": getattr(description, "help", ""),
    }
    if form_kind in ("select", "dropdown", "radio"):
        options["choices"] = description.choices or ()
    if kind == "float" and (places := getattr(description, "precision", None)):
        options.setdefault("step", f"0.{'0' * (places - 1)}1")
    if kind == "uuid":
        options["readonly"] = True
    if description.nullable and form_kind not in ("checkbox", "toggle"):
        # Why not "": two rows without an address would be equal under a unique constraint.
        options["empty"] = None
    elif (make := getattr(description, "make_default", None)) is not None:
        options["empty"] = make
    default = description.default
    if default is not None and not callable(default):
        options["default"] = default
    return FormField(form_kind, description.label or _label(description.name), _rules(description), **options)


def _form_kind(description: FieldDescription) -> str:
    wanted = getattr(description, "form_type", None)
    if wanted:
        return str(wanted).replace("-", "_")
    if description.kind == "integer" and description.name.startswith(("is_", "has_")):
        return "checkbox"
    if description.choices and description.kind in ("string", "integer"):
        return "select"
    if description.kind == "foreign_key" and description.choices is None:
        # Nobody has said which rows may be chosen: a key can be typed.
        return "text"
    return _KINDS[description.kind]


def _label(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ").capitalize()


def _rules(description: FieldDescription) -> list[RuleCall]:
    if description.kind == "password":
        # Why none: an edit must not force a new password; a form that sets one declares the field.
        return []
    own = parse_rules(description.rules)
    names = {call.name for call in own}
    calls: list[RuleCall] = []

    def add(name: str, argument: str = "") -> None:
        if name not in names:
            calls.append(RuleCall(name, argument, tuple(argument.split(",")) if argument else ()))

    is_truth = description.kind == "boolean" or _form_kind(description) in ("checkbox", "toggle")
    if not description.nullable and description.default is None and not is_truth:
        add("required")
    if description.kind in ("integer", "big_integer", "small_integer") and not is_truth:
        add("integer")
    if description.kind == "decimal":
        precision = getattr(description, "precision", None)
        add("decimal", str(precision) if precision else "")
    floor = getattr(description, "floor", None)
    if floor is not None:
        add("min", str(floor))
    if description.kind in ("file", "image"):
        if getattr(description, "extensions", ()):
            add("ext", ",".join(description.extensions))  # type: ignore[attr-defined]
    elif not description.choices:
        if getattr(description, "min_length", None):
            add("min", str(description.min_length))  # type: ignore[attr-defined]
        if description.max_length:
            add("max", str(description.max_length))
    return [*calls, *own]
