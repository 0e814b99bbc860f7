"""A form field within a form that has a request: its value, its problems, and its parts as HTML.

Each part prints itself and can be called with attributes. An attribute whose name
begins with the name of an inner part reaches that part: `option__class` each
option, `label__class` the label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from asok.forms.choices import Choice, flatten, read_choices
from asok.forms.controls import draw_control, draw_error, draw_group, draw_label
from asok.forms.fields import FormField
from asok_engine.templates.markup import Markup

if TYPE_CHECKING:
    from asok.forms.form import Form

__all__ = ["BoundField", "Part"]


class Part:
    """One part of a field: print it, or call it with attributes first."""

    __slots__ = ("_attributes", "_draw")

    def __init__(
        self, draw: Callable[[Mapping[str, Any]], Markup], attributes: Mapping[str, Any] | None = None
    ):
        self._draw = draw
        self._attributes = dict(attributes or {})

    def __call__(self, **attributes: Any) -> Part:
        return Part(self._draw, {**self._attributes, **attributes})

    def __html__(self) -> Markup:
        return self._draw(self._attributes)

    def __str__(self) -> str:
        return str(self._draw(self._attributes))

    def __bool__(self) -> bool:
        return bool(self._draw(self._attributes))


class BoundField:
    """One field of a form, with what was typed and what is wrong with it."""

    def __init__(self, form: Form, name: str, field: FormField) -> None:
        self.form = form
        self.field = field
        self.name = name
        self._choices: tuple[Choice, ...] | None = None

    @property
    def kind(self) -> str:
        """The name of its kind."""
        return self.field.kind.name

    @property
    def id(self) -> str:
        """The id of its control, and its name in HTML."""
        return self.form.name_prefix + self.name

    @property
    def value(self) -> Any:
        """What stands in it: what was posted, else what the form was filled with; "" for nothing."""
        value = self.form.value_of(self.name)
        return "" if value is None else value

    @property
    def errors(self) -> list[str]:
        """All messages, in the order of the rules."""
        return self.form.errors_of(self.name)

    @property
    def has_error(self) -> bool:
        """Whether something is wrong with it."""
        return bool(self.errors)

    @property
    def is_required(self) -> bool:
        """Whether it must be filled in."""
        return any(call.name == "required" for call in self.field.calls)

    @property
    def help(self) -> str:
        """What helps to fill it in."""
        return self.field.help

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What can be chosen; a function that gives choices is asked once per request."""
        if self._choices is None:
            self._choices = read_choices(self.field.choices)
        return self._choices

    def closed_to(self) -> tuple[str, ...] | None:
        """Give the only values that are accepted, as they travel; None where anything is."""
        if not self.field.kind.is_closed:
            return None
        return tuple(choice.text for choice in flatten(self.choices))

    @property
    def label(self) -> Part:
        """The label of its control."""
        return Part(lambda attributes: draw_label(self, attributes))

    @property
    def label_text(self) -> str:
        """The text of the label; without one, the name made readable."""
        return self.field.label or self.name.replace("_", " ").capitalize()

    @property
    def input(self) -> Part:
        """Its control."""
        return Part(lambda attributes: draw_control(self, attributes))

    @property
    def error(self) -> Part:
        """Its messages; prints nothing while there are none."""
        return Part(lambda attributes: draw_error(self, attributes))

    def __call__(self, **attributes: Any) -> Part:
        """Give the whole group; attributes go to the control, those with `label__` in front to the label."""
        return Part(lambda given: draw_group(self, given), attributes)

    def __html__(self) -> Markup:
        return draw_group(self, {})

    def __str__(self) -> str:
        return str(draw_group(self, {}))

    def __repr__(self) -> str:
        return f"<BoundField {self.name!r} {self.kind}>"
