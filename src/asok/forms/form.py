"""`Form`: fields, what was typed into them, what is wrong with it, and all of that as HTML.

A form without a request is a pattern; bound to a request it belongs to that
request alone. It reads what was posted to its own fields and nothing else, and
nothing it shows is trusted: every value is escaped, a password is never shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from asok import parts
from asok.forms.bound import BoundField
from asok.forms.elements import element, joined
from asok.forms.fields import KIND, FieldKinds, FormField
from asok.forms.models import FieldDescription, fields_for, fields_of_model
from asok.forms.reading import finish, read_value, shown
from asok.forms.scripts import script_element
from asok.keptinput import KeptInput
from asok.validation import Validator
from asok_engine.errors import UsageError, ValidationError
from asok_engine.templates.markup import Markup
from asok_engine.validation.plan import Lookup, LookupAsync
from asok_engine.validation.report import Report
from asok_engine.validation.rules import FieldRules
from asok_engine.wire.urls import is_local_target
from asok_engine.wire.values import Values

if TYPE_CHECKING:
    from asok.request import Request

__all__ = ["VALIDATE", "WHICH", "Form", "UnboundForm"]

#: The field that asks to check some fields only, and to do nothing: names with commas between.
VALIDATE = "_validate"
#: The field that says which of several forms of a page is sent: the prefix of its names.
WHICH = "_form"
_ASKING = frozenset({"GET", "HEAD"})
_SENDING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_MOST_CHECKED = 100


class UnboundForm(UsageError, RuntimeError):
    """A form was asked about a request and has none."""

    code = "unbound-form"


class Form(metaclass=FieldKinds):
    """A form.

    Written as a dict, `Form({"email": Form.email("Email", "required")}, request)`,
    or as a class whose attributes are the fields, `ContactForm(request)`.

    Args:
        fields: the fields by name; a form class may be given the request here.
        request: the request that it belongs to.
        prefix: stands before the names and ids of its fields, for two forms on a page.
        action: where it is sent; "" is the page that shows it.
        method: "get" for a form that only asks, such as a search: its fields stand in the address.
        instant: check each field on the server when it is left; else what the class says.
        lookup, lookup_async: answer the rule `unique`, as `Validator` takes them.
    """

    #: Whether each field is checked on the server when it is left, where scripts run.
    instant: ClassVar[bool] = False
    #: The block of the page that holds the form; an instant check then renders no more than that.
    block_name: ClassVar[str] = ""

    _declared: ClassVar[dict[str, FormField]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {name: value for name, value in vars(cls).items() if isinstance(value, FormField)}
        cls._declared = {**cls._declared, **own}
        for name in own:
            # Why: instances find fields through __getattr__, so a field may be called `data` or `errors`.
            delattr(cls, name)

    def __init__(
        self,
        fields: Mapping[str, FormField] | Request | None = None,
        request: Request | None = None,
        *,
        prefix: str = "",
        action: str = "",
        method: str = "post",
        instant: bool | None = None,
        lookup: Lookup | None = None,
        lookup_async: LookupAsync | None = None,
    ) -> None:
        if fields is not None and not isinstance(fields, Mapping):
            fields, request = None, fields
        given = {name: field for name, field in self._declared.items() if name not in (fields or {})}
        given |= fields or {}
        wrong = next((name for name, field in given.items() if not isinstance(field, FormField)), None)
        if wrong is not None:
            raise UsageError(
                f"The field {wrong!r} of a form is {given[wrong]!r}.",
                fix='Write Form.text("Label", "rules").',
            )
        self._fields = {name: field.copy() for name, field in given.items()}
        self.name_prefix = prefix
        self.sent_to = action
        self.sent_by = method.lower()
        self.is_instant = type(self).instant if instant is None else instant
        self._lookups = (lookup, lookup_async)
        self._source: Any = None
        self._bound = {name: BoundField(self, name, field) for name, field in self._fields.items()}
        self._request: Request | None = None
        self._begin(request)

    def _begin(self, request: Request | None) -> None:
        self._request = request
        self._found: Report | None = None
        self._posted: dict[str, Any] | None = None
        self._cleaned: dict[str, Any] = {}
        self._was_validated = False
        self._is_blank = False
        for bound in self._bound.values():
            bound._choices = None

    # --- made from a model ------------------------------------------------------------------

    @classmethod
    def from_model(
        cls,
        model: Any,
        request: Request | None = None,
        include_fields: list[str] | None = None,
        exclude_fields: list[str] | None = None,
        **options: Any,
    ) -> Self:
        """Make a form from the fields of a model.

        Keys, time stamps, hidden and protected fields are left out, and with a request those
        that the policy of the model does not let its visitor set. A foreign key offers the rows
        that the policy of their model shows to the visitor, 500 at most. Fields that the class
        declares itself stay as they are; they stand first, or where `include_fields` names them.
        """
        asked = (model, request, include_fields, exclude_fields)
        plan = cls._choices(*asked)
        return cls._of_model(*asked, {} if plan is None else parts.run(plan), options)

    @classmethod
    async def from_model_async(
        cls,
        model: Any,
        request: Request | None = None,
        include_fields: list[str] | None = None,
        exclude_fields: list[str] | None = None,
        **options: Any,
    ) -> Self:
        """Do what `from_model` does without blocking the event loop while rows are read."""
        asked = (model, request, include_fields, exclude_fields)
        plan = cls._choices(*asked)
        return cls._of_model(*asked, {} if plan is None else await parts.run_async(plan), options)

    @classmethod
    def _choices(
        cls, model: Any, request: Request | None, include: list[str] | None, exclude: list[str] | None
    ) -> Any:
        """Give the plan that reads which rows can be chosen, None where nobody is there to choose."""
        if request is None or not hasattr(model, "__description__"):
            return None
        names = fields_for(model, request, include, exclude, declared=cls._declared).keys()
        return parts.row_choices(model, names - cls._declared.keys(), request.principal)

    @classmethod
    def _of_model(
        cls,
        model: Any,
        request: Request | None,
        include: list[str] | None,
        exclude: list[str] | None,
        choices: Mapping[str, Any],
        options: dict[str, Any],
    ) -> Self:
        declared = cls._declared
        made = fields_for(model, request, include, exclude, declared=declared, choices=choices)
        if include is None:
            return cls({**declared, **made, **declared}, request, **options)
        known = {**made, **declared}
        return cls({name: known[name] for name in include if name in known}, request, **options)

    @staticmethod
    def field_for(description: FieldDescription) -> FormField | None:
        """Give the form field for one field of a model, None for one that no form has."""
        return fields_of_model([description]).get(description.name)

    # --- binding and filling ------------------------------------------------------------------

    def bind(self, request: Request) -> Self:
        """Give this form to a request, forgetting what was typed for another; chainable."""
        self._begin(request)
        return self

    def for_request(self, request: Request) -> Self:
        """Give a form of the same class and fields that belongs to a request; this one stays as it is."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._fields = {name: field.copy() for name, field in self._fields.items()}
        twin._bound = {name: BoundField(twin, name, field) for name, field in twin._fields.items()}
        twin._begin(request)
        return twin

    def fill(self, source: Any = None, /, **values: Any) -> Self:
        """Show the values of an object or a mapping until something is posted; chainable.

        `unique` lets the object keep its values.
        """
        if source is not None:
            self._source = source
        if values:
            self._source = {**_values_of(self._source, self._fields), **values}
        return self

    def reset(self) -> Self:
        """Forget what was typed, filled in and found wrong; chainable."""
        request = self._request
        self._begin(request)
        self._source = None
        self._is_blank = True
        return self

    # --- validation ---------------------------------------------------------------------------

    def validate(self, request: Request | None = None, csrf: bool = True, raise_error: bool = False) -> bool:
        """Check what was posted; false while nothing was, and when something is wrong.

        Also false when the page only asks to check some fields (`_validate`).

        Args:
            request: binds the form first.
            csrf: verify the CSRF token, once per request.
            raise_error: raise ValidationError (422) in the place of false.
        """
        if not self._prepare(request, csrf):
            return False
        validator = self._validator()
        validator.validate()
        return self._take(validator, raise_error)

    async def validate_async(
        self, request: Request | None = None, csrf: bool = True, raise_error: bool = False
    ) -> bool:
        """Check as `validate` does, and wait for async rules, the database and images."""
        if not self._prepare(request, csrf):
            return False
        validator = self._validator()
        await validator.validate_async()
        if any(field.kind.reads == "html" for field in self._fields.values()):
            return await asyncio.to_thread(self._take, validator, raise_error)
        return self._take(validator, raise_error)

    def _prepare(self, request: Request | None, csrf: bool) -> bool:
        if request is not None and request is not self._request:
            self.bind(request)
        if self._request is None:
            raise UnboundForm(
                "form.validate() was called on a form without a request.",
                fix="Make it with the request, or call form.validate(request).",
            )
        if not self.is_submitted:
            return False
        self._request.check_token(csrf)
        return True

    def _validator(self) -> Validator:
        lookup, lookup_async = self._lookups
        posted = self._read()
        # What other rules look at: `password_confirmation` need not be a field of the form.
        around = dict(self._sent())
        data = {**around, **{name: value for name, value in posted.items() if value is not None}}
        for name in self._fields:
            if posted.get(name) is None:
                data.pop(name, None)
        validator = Validator(
            data,
            translate=getattr(self._asked, "__", None),
            record=self._source,
            lookup=lookup,
            lookup_async=lookup_async,
        )
        return validator.add(self._rules())

    def _rules(self) -> Iterator[FieldRules]:
        for name, bound in self._bound.items():
            field = bound.field
            if field.kind.reads != "nothing" and not field.is_fixed:
                rules = field.rules_of(name, bound.closed_to())
                yield FieldRules(name, rules.calls, rules.messages, bound.label_text)

    def _take(self, validator: Validator, raise_error: bool) -> bool:
        checked = self.checked_only
        report = validator.report if checked is None else validator.report.only(checked)
        self._found, self._was_validated = report, True
        self._cleaned = {} if report else self._clean(validator.validated)
        self._asked.note_errors(report, is_check=checked is not None, form=self)
        if raise_error and (report or checked is not None):
            raise ValidationError(
                "Some fields are not filled in as they should be."
                if report
                else "These fields were checked.",
                errors=report.messages(),
                report=report,
            )
        return not report and checked is None

    @property
    def checked_only(self) -> frozenset[str] | None:
        """The fields that this request only asks to check; None when it is a submit."""
        text = self._asked.post_form.get(VALIDATE) if self.sent_by == "post" else None
        if text is None:
            return None
        names = text.split(",", _MOST_CHECKED)[:_MOST_CHECKED]
        return frozenset(name.strip().removeprefix(self.name_prefix) for name in names)

    def _clean(self, validated: Mapping[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, bound in self._bound.items():
            field = bound.field
            if field.kind.reads == "nothing" or field.is_fixed:
                continue
            value = finish(field.kind, validated.get(name), bound.choices, field.is_multiple)
            if (field.kind.is_file or field.kind.name == "password") and not value:
                # Why left out: an edit that brings no new file or password keeps the one that is there.
                continue
            if field.empty is not KIND and value in (None, "", [], ()):
                value = field.empty() if callable(field.empty) else field.empty
            result[name] = value
        return result

    # --- what was typed and what is wrong -----------------------------------------------------

    @property
    def is_submitted(self) -> bool:
        """Whether the request sends this form, and not another one of its page."""
        request = self._request
        if request is None:
            return False
        if self.sent_by == "get":
            return request.method in _ASKING and any(
                self.name_prefix + name in request.query for name in self._fields
            )
        if request.method not in _SENDING:
            return False
        sent = request.post_form.get(WHICH)
        if sent is not None or not self.name_prefix:
            return (sent or "") == self.name_prefix
        return any(name.startswith(self.name_prefix) for name in (*request.post_form, *request._files))

    @property
    def is_valid(self) -> bool:
        """Whether it was validated and nothing is wrong."""
        return self._was_validated and not self._report and self.checked_only is None

    @property
    def data(self) -> dict[str, Any]:
        """The values by field: checked and converted once it is valid, before that as they were typed.

        A file or a password that was left empty is not among them.
        """
        if self.is_valid:
            return dict(self._cleaned)
        return {
            name: self.value_of(name) for name, field in self._fields.items() if field.kind.reads != "nothing"
        }

    @property
    def errors(self) -> dict[str, str]:
        """The first message of each field that has one."""
        return self._report.first()

    @property
    def error_report(self) -> Report:
        """Every problem, with codes and parameters."""
        return self._report

    @property
    def has_errors(self) -> bool:
        """Whether something is wrong."""
        return bool(self._report)

    def has_error(self, name: str) -> bool:
        """Tell whether something is wrong with one field."""
        return bool(self._report.of(name))

    def error(self, name: str) -> str:
        """Give the first message of one field, "" without one."""
        return next((problem.message for problem in self._report.of(name)), "")

    def errors_of(self, name: str) -> list[str]:
        """Give all messages of one field."""
        return [problem.message for problem in self._report.of(name)]

    def add_error(self, name: str, message: str, code: str = "own") -> Self:
        """Say that something else is wrong with a field; the form is not valid any more."""
        self._report.add(name, code, message)
        if self._request is not None:
            self._request.note_errors(self._report, form=self)
        return self

    def value_of(self, name: str) -> Any:
        """Give what stands in a field: what was posted, else what it was filled with, else its default."""
        field = self._fields[name]
        if self.is_submitted and not self._is_blank and not field.is_fixed:
            return self._read().get(name)
        kept = self._kept()
        if kept is not None and not field.is_fixed and field.kind.reads != "nothing":
            return read_value(field.kind, self.name_prefix + name, kept.values, {}, field.is_multiple)
        found = _value_of(self._source, name)
        return field.default if found is None and not self._is_blank else found

    def _read(self) -> dict[str, Any]:
        if self._posted is None:
            request = self._asked
            self._posted = {
                name: read_value(
                    field.kind, self.name_prefix + name, self._sent(), request._files, field.is_multiple
                )
                for name, field in self._fields.items()
                if field.kind.reads != "nothing" and not field.is_fixed
            }
            if self.sent_by == "get":
                # A link says what differs; only controls are always sent.
                for name, value in self._posted.items():
                    default = self._fields[name].default
                    if value is None and default is not None and self._fields[name].kind.reads != "flag":
                        self._posted[name] = shown(self._fields[name].kind, default)
        return self._posted

    def _sent(self) -> Values:
        return self._asked.query if self.sent_by == "get" else self._asked.post_form

    @property
    def _report(self) -> Report:
        if self._found is None:
            kept = self._kept()
            self._found = Report() if kept is None else kept.report
        return self._found

    def _kept(self) -> KeptInput | None:
        """Give what was typed into this form before a redirect led here."""
        if self._request is None or self.is_submitted or self._is_blank:
            return None
        kept = self._request.kept_input()
        return kept if kept is not None and kept.form == self.form_key else None

    @property
    def form_key(self) -> str:
        """What tells this form from others of an application."""
        names = ",".join(self._fields)
        return f"{type(self).__name__}:{self.name_prefix}:{names}"[:400]

    def secret_names(self) -> list[str]:
        """Give the names, as they are posted, of fields whose value is never shown again."""
        kinds = ("password", "otp")
        return [self.name_prefix + name for name, field in self._fields.items() if field.kind.name in kinds]

    @property
    def _asked(self) -> Request:
        if self._request is None:
            raise UnboundForm("This form has no request.", fix="Bind it: form.bind(request).")
        return self._request

    # --- as HTML --------------------------------------------------------------------------------

    @property
    def csrf(self) -> Markup:
        """The field that shows for whom the form was made; nothing in one that asks or goes elsewhere."""
        stays_here = not self.sent_to or is_local_target(self.sent_to)
        if self._request is None or self.sent_by == "get" or not stays_here:
            return Markup("")
        return self._request.token_field()

    @property
    def hidden_fields(self) -> Markup:
        """Every hidden field, that of the token, and what tells this form from others of its page."""
        which = {"type": "hidden", "name": WHICH, "value": self.name_prefix}
        mark = element("input", which) if self.name_prefix and self.sent_by == "post" else None
        return joined([self.csrf, mark, *(bound for bound in self._bound.values() if bound.kind == "hidden")])

    @property
    def error_summary(self) -> Markup:
        """What is wrong, as a list of links to the fields; nothing while all is well."""
        if not self._report:
            return Markup("")
        items = []
        for problem in self._report:
            bound = self._bound.get(problem.path)
            text: object = problem.message
            if bound is not None:
                target = (
                    f"#{bound.id}-0"
                    if bound.field.kind.control in ("radios", "rating", "checks", "tree")
                    else (f"#{bound.id}_start" if bound.field.kind.control == "pair" else f"#{bound.id}")
                )
                named = bound.label_text if bound.label_text[-1:] in "?!.:" else f"{bound.label_text}:"
                text = element("a", {"href": target}, f"{named} {problem.message}")
            items.append(element("li", {}, text))
        return element(
            "div",
            {"class": "form-errors", "role": "alert", "tabindex": "-1"},
            joined(
                [
                    element("p", {}, self._word("form_errors", "Please check these fields:")),
                    element("ul", {}, joined(items)),
                ]
            ),
        )

    def render(self, submit: str | None = None, tag: bool = True, **attributes: Any) -> Markup:
        """Give the whole form: summary of errors, every field, a button.

        Args:
            submit: the text of the button.
            tag: write the `<form>` itself; without it, what stands inside.
            attributes: of the `<form>`.
        """
        word = submit if submit is not None else self._word("form_submit", "Send")
        visible = [bound for bound in self._bound.values() if bound.kind != "hidden"]
        button = element("button", {"type": "submit", "class": "form-submit"}, word)
        inner = joined([self.error_summary, self.hidden_fields, *visible, button, self.script_tag])
        if not tag:
            return inner
        return element("form", {**self.tag_attributes, **attributes}, joined(["", inner, ""]))

    @property
    def tag_attributes(self) -> dict[str, Any]:
        """The attributes that the `<form>` around its fields needs."""
        has_files = any(field.kind.is_file for field in self._fields.values())
        return {
            "method": self.sent_by,
            "action": self.sent_to or None,
            "enctype": "multipart/form-data" if has_files else None,
            "data-instant": self.is_instant,
            "data-block-name": self.block_name or None,
        }

    @property
    def script_tag(self) -> Markup:
        """The script of forms, where something here uses it; else nothing."""
        is_used = self.is_instant or any(
            field.kind.name in ("signature", "wysiwyg", "range")
            or "data_url" in field.attributes
            or "data-url" in field.attributes
            for field in self._fields.values()
        )
        return script_element() if is_used else Markup("")

    def _word(self, key: str, default: str) -> str:
        translate = getattr(self._request, "__", None)
        text = translate(key) if translate is not None else key
        return default if text == key else str(text)

    def __html__(self) -> Markup:
        return self.render()

    def __str__(self) -> str:
        return str(self.render())

    def __iter__(self) -> Iterator[BoundField]:
        return iter(self._bound.values())

    def __len__(self) -> int:
        return len(self._bound)

    def __contains__(self, name: object) -> bool:
        return name in self._bound

    def __getitem__(self, name: str) -> BoundField:
        return self._bound[name]

    def __getattr__(self, name: str) -> BoundField:
        bound = self.__dict__.get("_bound", {}).get(name)
        if bound is None:
            raise AttributeError(f"{type(self).__name__} has neither an attribute nor a field {name!r}")
        field: BoundField = bound
        return field

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {list(self._fields)}>"


def _value_of(source: Any, name: str) -> Any:
    if source is None:
        return None
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)


def _values_of(source: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(source, Mapping):
        return dict(source)
    return {name: _value_of(source, name) for name in names}
