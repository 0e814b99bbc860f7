"""The description of one form field, and the functions that make one of each kind.

A description belongs to no request. `Form` has every function of `FieldKinds` as a
static method: `Form.text("Name", "required")`. Whatever else is given becomes an
attribute of the control.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, overload

from asok.forms.choices import Choices
from asok.forms.kinds import KINDS, Kind
from asok.validation import RULES
from asok_engine.errors import UsageError
from asok_engine.validation.rules import FieldRules, RuleCall, Rules, parse_rules

if TYPE_CHECKING:
    from asok.forms.bound import BoundField
    from asok.forms.form import Form

__all__ = ["KIND", "FieldKinds", "FormField", "Widget"]

#: Says that the kind decides.
KIND: Any = object()

#: Draws the control of a field by itself: gets the field and the attributes, gives HTML.
Widget = Callable[["BoundField", Mapping[str, Any]], Any]

#: One rule of each of these is enough; a kind brings its own only where none is given.
_FAMILIES = (
    frozenset({"integer", "numeric", "decimal"}),
    frozenset({"digits"}),
    frozenset({"daterange"}),
    frozenset({"max"}),
)


class FormField:
    """What one field of a form is: kind, label, rules, messages, choices, attributes.

    Raises:
        UsageError: there is no such kind, or no rule of a name that is written in `rules`.
    """

    def __init__(
        self,
        kind: str,
        label: str = "",
        rules: Rules = "",
        *,
        choices: Choices | None = None,
        messages: Mapping[str, str] | None = None,
        help: str = "",
        default: Any = None,
        empty: Any = KIND,
        widget: Widget | None = None,
        **attributes: Any,
    ) -> None:
        if kind not in KINDS:
            raise UsageError(
                f"There is no form field of the kind {kind!r}.",
                fix=f"The kinds are {', '.join(sorted(KINDS))}.",
            )
        self.kind: Kind = KINDS[kind]
        self.label = label
        self.choices = choices
        self.messages = dict(messages or {})
        self.help = help
        self.default = default
        self.empty = empty
        self.widget = widget
        self.attributes = attributes
        self.calls = _with_those_of_the_kind(self.kind, parse_rules(rules), attributes)
        for call in self.calls:
            # Now and not at the first request: the traceback has the line of the field.
            RULES.find(call.name)

    @property
    def is_multiple(self) -> bool:
        """Whether several values may be chosen."""
        return self.kind.reads == "list" or (bool(self.attributes.get("multiple")) and not self.kind.is_file)

    @property
    def is_fixed(self) -> bool:
        """Whether what is posted for it does not count: it is only shown."""
        return bool(self.attributes.get("readonly") or self.attributes.get("disabled"))

    def rules_of(self, name: str, closed_to: tuple[str, ...] | None) -> FieldRules:
        """Give its rules, with the choices as one of them where only they are accepted."""
        calls = self.calls
        if closed_to is not None and not any(call.name == "in" for call in calls):
            calls = (*calls, RuleCall("in", ", ".join(closed_to)[:200], closed_to))
        return FieldRules(name, calls, self.messages, self.label or name)

    def copy(self) -> FormField:
        """Give a description that can be changed without changing this one."""
        twin = object.__new__(FormField)
        twin.__dict__.update(self.__dict__)
        twin.attributes, twin.messages = dict(self.attributes), dict(self.messages)
        return twin

    if TYPE_CHECKING:
        # A class says `email = Form.email("Email")`; its instances have the field bound to a request.
        @overload
        def __get__(self, instance: None, owner: type[Form]) -> FormField: ...
        @overload
        def __get__(self, instance: Form, owner: type[Form]) -> BoundField: ...
        def __get__(self, instance: Form | None, owner: type[Form]) -> FormField | BoundField: ...

    def __repr__(self) -> str:
        return f"<FormField {self.kind.name} {self.label!r}>"


def _with_those_of_the_kind(
    kind: Kind, own: tuple[RuleCall, ...], attributes: Mapping[str, Any]
) -> tuple[RuleCall, ...]:
    names = {call.name for call in own}
    brought = []
    for call in parse_rules(list(kind.rules)):
        family = next((family for family in _FAMILIES if call.name in family), frozenset({call.name}))
        if names.isdisjoint(family):
            brought.append(call)
    if kind.name == "rating" and "between" not in names:
        brought.append(
            RuleCall("between", f"1,{attributes.get('max', 5)}", ("1", str(attributes.get("max", 5))))
        )
    if kind.name == "otp" and "digits" not in names and attributes.get("length"):
        brought = [RuleCall("digits", str(attributes["length"]), (str(attributes["length"]),))]
    if kind.control in ("input", "range") and kind.type in ("number", "range"):
        # Limits given as attributes hold on the server as well.
        brought += [
            RuleCall(name, str(attributes[name]), (str(attributes[name]),))
            for name in ("min", "max")
            if name in attributes and name not in names
        ]
    required = tuple(call for call in own if call.name.startswith("required"))
    return (*required, *brought, *(call for call in own if call not in required))


class FieldKinds(type):
    """Makes form fields: a function for each kind, reached through the class `Form` only.

    Why a metaclass: a form has fields called email, date or title, and `form.email`
    must be the field and not the function.

    All take `label` and `rules` first, those with choices take the choices between
    them. By name: `messages` per rule, `help`, `default`, `empty` (what an empty
    field gives, or a function that makes it), `widget`, and attributes of the control such
    as `placeholder` or `autocomplete`.
    """

    def text(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """One line of text."""
        return FormField("text", label, rules, **options)

    def email(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """An e-mail address."""
        return FormField("email", label, rules, **options)

    def password(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A password: taken as it is typed, never shown again, at most 1024 characters."""
        return FormField("password", label, rules, **options)

    def textarea(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """Several lines of text."""
        return FormField("textarea", label, rules, **options)

    def number(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A number; `integer` or `decimal:2` among the rules say which."""
        return FormField("number", label, rules, **options)

    def hidden(cls, rules: Rules = "", **options: Any) -> FormField:
        """A value that is not shown; it can be changed by whoever sends the form."""
        return FormField("hidden", "", rules, **options)

    def select(cls, label: str, choices: Choices, rules: Rules = "", **options: Any) -> FormField:
        """One of several choices, or more with `multiple=True`."""
        return FormField("select", label, rules, choices=choices, **options)

    def dropdown(cls, label: str, choices: Choices, rules: Rules = "", **options: Any) -> FormField:
        """The same as `select`."""
        return FormField("dropdown", label, rules, choices=choices, **options)

    def enum(cls, label: str, members: type[Enum], rules: Rules = "", **options: Any) -> FormField:
        """A member of an enum; the value is the member."""
        return FormField("enum", label, rules, choices=members, **options)

    def cascading(cls, label: str, choices: Choices, rules: Rules = "", **options: Any) -> FormField:
        """A choice within a group: `{"Europe": [("de", "Germany")]}`."""
        return FormField("cascading", label, rules, choices=choices, **options)

    def radio(cls, label: str, choices: Choices, rules: Rules = "", **options: Any) -> FormField:
        """One of several choices, all of them in sight."""
        return FormField("radio", label, rules, choices=choices, **options)

    def checkbox(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """Yes or no; `required` means yes."""
        return FormField("checkbox", label, rules, **options)

    def toggle(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """Yes or no, announced as a switch."""
        return FormField("toggle", label, rules, **options)

    def transfer(cls, label: str, choices: Choices, rules: Rules = "", **options: Any) -> FormField:
        """Any number of choices, each with a box to check; the value is a list."""
        return FormField("transfer", label, rules, choices=choices, **options)

    def treeselect(cls, label: str, choices: Choices, rules: Rules = "", **options: Any) -> FormField:
        """A choice from a tree of `(value, label, children)`; several with `multiple=True`."""
        return FormField("treeselect", label, rules, choices=choices, **options)

    def rating(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A whole number from 1 to `max`, 5 unless it is given."""
        return FormField("rating", label, rules, **options)

    def file(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """One file."""
        return FormField("file", label, rules, **options)

    def image(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """One image, whole and of a bearable size."""
        return FormField("image", label, rules, **options)

    def files(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """Several files; the value is a list."""
        return FormField("files", label, rules, **options)

    def dropzone(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """Several files, which browsers also let one drop on the control."""
        return FormField("dropzone", label, rules, **options)

    def tags(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """Words with commas between them; the value is a list."""
        return FormField("tags", label, rules, **options)

    def autocomplete(cls, label: str, choices: Choices = (), rules: Rules = "", **options: Any) -> FormField:
        """Text with suggestions; anything else can be typed. `data_url` gives suggestions while typing."""
        return FormField("autocomplete", label, rules, choices=choices, **options)

    def phone(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A telephone number; the value has digits and a leading + only."""
        return FormField("phone", label, rules, **options)

    def tel(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A telephone number as it is typed."""
        return FormField("tel", label, rules, **options)

    def otp(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A code of `length` digits, 6 unless it is given; blanks and dashes do not matter."""
        return FormField("otp", label, rules, **options)

    def search(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """Text to look for."""
        return FormField("search", label, rules, **options)

    def url(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """An http or https address."""
        return FormField("url", label, rules, **options)

    def color(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A color such as #3366ff."""
        return FormField("color", label, rules, **options)

    def range(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A number on a slider; `min` and `max` hold on the server as well."""
        return FormField("range", label, rules, **options)

    def date(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A date."""
        return FormField("date", label, rules, **options)

    def datetime_local(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A date and a time of day, without a time zone."""
        return FormField("datetime_local", label, rules, **options)

    def time(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A time of day."""
        return FormField("time", label, rules, **options)

    def month(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A month; the value is text such as 2026-11."""
        return FormField("month", label, rules, **options)

    def daterange(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A first and a last day; the value is a pair of dates."""
        return FormField("daterange", label, rules, **options)

    def timerange(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """Two times of a day; the value is a pair of times."""
        return FormField("timerange", label, rules, **options)

    def json(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """JSON as text; the value is what it says."""
        return FormField("json", label, rules, **options)

    def wysiwyg(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """HTML that a person writes; the value is cleaned, which needs `asok[sanitize]`."""
        return FormField("wysiwyg", label, rules, **options)

    def signature(cls, label: str = "", rules: Rules = "", **options: Any) -> FormField:
        """A signature: the typed name, or a drawing where the script of forms runs."""
        return FormField("signature", label, rules, **options)

    def title(cls, text: str, **options: Any) -> FormField:
        """A heading between fields; it has no value."""
        return FormField("title", text, **options)
