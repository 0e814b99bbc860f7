"""Draws fields as HTML that everybody can use: labels, legends, described errors.

Every control has a label of its own or stands in a fieldset with a legend. What
is wrong, and what helps, is tied to it with `aria-describedby`. What the rules ask
for stands in attributes too, so a browser can say it before anything is sent.
Sources: WCAG 2.2; HTML 4.10; WAI-ARIA 1.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from asok.forms.choices import Choice, as_text
from asok.forms.elements import element, joined, merged
from asok.forms.kinds import autocomplete_for
from asok.forms.reading import END, START, shown
from asok_engine.templates.markup import Markup
from asok_engine.validation.checks.typing_rules import split_pair

if TYPE_CHECKING:
    from asok.forms.bound import BoundField

__all__ = ["draw_control", "draw_error", "draw_group", "draw_label"]

#: The parts that an attribute can be meant for.
_PARTS = ("label", "input", "error", "help", "option", "group")
_TEXTUAL = frozenset({"text", "email", "password", "search", "tel", "url"})
_MEASURED = frozenset({"number", "range", "date", "datetime-local", "time", "month"})
#: What a field says for itself and not to its control.
_OWN = frozenset({"length", "empty_label", "start_label", "end_label"})


def _for_part(attributes: Mapping[str, Any], part: str) -> dict[str, Any]:
    return {
        key.removeprefix(f"{part}__"): value
        for key, value in attributes.items()
        if key.startswith(f"{part}__")
    }


def _own(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in attributes.items() if not key.startswith(tuple(f"{p}__" for p in _PARTS))
    }


# --- around the control -----------------------------------------------------------------


def draw_label(field: BoundField, attributes: Mapping[str, Any]) -> Markup:
    """Draw the label, or the legend of a field with several controls."""
    kind = field.field.kind
    if kind.reads == "nothing":
        return Markup("")
    mark = (
        element("span", {"class": "form-required", "aria-hidden": "true"}, " *") if field.is_required else ""
    )
    text = joined([field.label_text, mark], "")
    if kind.is_group:
        return element("legend", merged({"class": "form-label"}, attributes), text)
    return element("label", merged({"for": field.id, "class": "form-label"}, attributes), text)


def draw_error(field: BoundField, attributes: Mapping[str, Any]) -> Markup:
    """Draw what is wrong; several messages stand below each other."""
    messages = field.errors
    if not messages:
        return Markup("")
    inner = messages[0] if len(messages) == 1 else joined(element("div", {}, text) for text in messages)
    return element("div", merged({"class": "form-error", "id": f"{field.id}-error"}, attributes), inner)


def _draw_help(field: BoundField, attributes: Mapping[str, Any]) -> Markup:
    if not field.help:
        return Markup("")
    return element("div", merged({"class": "form-help", "id": f"{field.id}-help"}, attributes), field.help)


def draw_group(field: BoundField, attributes: Mapping[str, Any]) -> Markup:
    """Draw label, help, control and errors in one block."""
    kind = field.field.kind
    if kind.name == "hidden":
        return draw_control(field, attributes)
    if kind.control == "title":
        return _title(field, attributes)
    label = draw_label(field, _for_part(attributes, "label"))
    help_text = _draw_help(field, _for_part(attributes, "help"))
    control = draw_control(field, attributes)
    error = draw_error(field, _for_part(attributes, "error"))
    around: dict[str, Any] = {"class": "form-group has-error" if field.has_error else "form-group"}
    around = merged(around, _for_part(attributes, "group"))
    if kind.is_group:
        around = {**around, "id": field.id, **_described(field)}
        if kind.control in ("radios", "rating") and field.is_required:
            around |= {"role": "radiogroup", "aria-required": "true"}
        return element("fieldset", around, joined([label, help_text, control, error]))
    parts = (
        [control, label, help_text, error] if kind.control == "check" else [label, help_text, control, error]
    )
    return element("div", around, joined(parts))


def _title(field: BoundField, attributes: Mapping[str, Any]) -> Markup:
    return element("h2", merged({"class": "form-title"}, _own(attributes)), field.label_text)


def _described(field: BoundField) -> dict[str, Any]:
    ids = [f"{field.id}-help"] if field.help else []
    if field.has_error:
        ids.append(f"{field.id}-error")
    return {"aria-describedby": " ".join(ids) or None}


# --- the control itself -------------------------------------------------------------------


def draw_control(field: BoundField, attributes: Mapping[str, Any]) -> Markup:
    """Draw the control, or all controls of a field that has several."""
    kind, own = field.field.kind, _own(attributes)
    given = {key: value for key, value in field.field.attributes.items() if key not in _OWN}
    settled = _by_rules(field) | dict(kind.attributes)
    if not kind.is_group:
        settled |= {"aria-invalid": "true" if field.has_error else None, **_described(field)}
        if field.has_error:
            settled["class"] = "input-error"
    token = autocomplete_for(
        kind,
        field.name,
        is_new_password=any(
            call.name in ("confirmed", "same", "password_strength") for call in field.field.calls
        ),
    )
    if token and "autocomplete" not in settled:
        settled["autocomplete"] = token
    final = merged(merged(merged(settled, given), own), _for_part(attributes, "input"))
    if field.field.widget is not None:
        return Markup(field.field.widget(field, {"id": field.id, "name": field.id, **final}))
    return _CONTROLS[kind.control](field, final, _for_part(attributes, "option"))


def _by_rules(field: BoundField) -> dict[str, Any]:
    """Give the attributes that say in HTML what the rules ask for."""
    kind = field.field.kind
    result: dict[str, Any] = {}
    for call in field.field.calls:
        if call.name == "required" and (not kind.is_group or kind.control == "pair"):
            result["required"] = True
        elif call.name in ("min", "max") and kind.type in _MEASURED:
            result[call.name] = call.argument
        elif call.name == "between" and kind.type in _MEASURED and len(call.arguments) == 2:
            result["min"], result["max"] = (str(part) for part in call.arguments)
        elif call.name in ("min", "max") and (kind.type in _TEXTUAL or kind.control == "textarea"):
            if kind.name not in ("tags", "signature", "phone") and kind.reads != "html":
                result[f"{call.name}length"] = call.argument
        elif call.name == "integer" and kind.type in ("number", "range"):
            result["step"] = "1"
        elif call.name == "decimal" and kind.type == "number":
            result["step"] = f"0.{'0' * (int(call.argument) - 1)}1" if call.argument.strip("0") else "any"
        elif call.name == "numeric" and kind.type == "number":
            result["step"] = "any"
        elif call.name == "ext" and kind.is_file:
            result["accept"] = ",".join(f".{str(part).strip().lstrip('.')}" for part in call.arguments)
        elif call.name == "digits" and call.argument.isdigit():
            result["maxlength"] = str(int(call.argument) + 4) if kind.name == "otp" else call.argument
    return result


def _input(field: BoundField, attributes: dict[str, Any], option: dict[str, Any]) -> Markup:
    kind = field.field.kind
    value = None if kind.is_file or kind.name == "password" else shown(kind, field.value)
    return element(
        "input", {"type": kind.type, "id": field.id, "name": field.id, "value": value, **attributes}
    )


def _textarea(field: BoundField, attributes: dict[str, Any], option: dict[str, Any]) -> Markup:
    text = shown(field.field.kind, field.value)
    # A line break right behind the start tag is dropped by browsers (HTML 13.1.2.5).
    text = f"\n{text}" if text.startswith("\n") else text
    return element("textarea", {"id": field.id, "name": field.id, "rows": "5", **attributes}, text)


def _range(field: BoundField, attributes: dict[str, Any], option: dict[str, Any]) -> Markup:
    slider = _input(field, attributes, option)
    output = element(
        "output", {"for": field.id, "class": "form-output"}, shown(field.field.kind, field.value)
    )
    return joined([slider, output])


def _check(field: BoundField, attributes: dict[str, Any], option: dict[str, Any]) -> Markup:
    is_on = field.value not in (None, False, "", "0", "false", "off")
    fixed = {"type": "checkbox", "id": field.id, "name": field.id, "value": "1", "checked": is_on}
    return element("input", fixed | attributes)


def _picked(field: BoundField) -> set[str]:
    value = field.value
    if value is None or value == "":
        return set()
    return {as_text(part) for part in value} if isinstance(value, list | tuple | set) else {as_text(value)}


def _select(field: BoundField, attributes: dict[str, Any], option: dict[str, Any]) -> Markup:
    picked = _picked(field)
    options = [_option(choice, picked, option) for choice in field.choices]
    if not field.field.is_multiple and not any(
        choice.text == "" and not choice.is_group for choice in field.choices
    ):
        empty = field.field.attributes.get("empty_label", "")
        options.insert(0, element("option", {"value": ""}, empty))
    fixed = {"id": field.id, "name": field.id, "multiple": field.field.is_multiple}
    attributes.pop("multiple", None)
    return element("select", fixed | attributes, joined(options))


def _option(choice: Choice, picked: set[str], option: dict[str, Any]) -> Markup:
    if choice.is_group:
        inner = joined(_option(child, picked, option) for child in choice.children)
        return element("optgroup", {"label": choice.label}, inner)
    return element(
        "option", merged({"value": choice.text, "selected": choice.text in picked}, option), choice.label
    )


def _suggest(field: BoundField, attributes: dict[str, Any], option: dict[str, Any]) -> Markup:
    listed = f"{field.id}-list"
    options = joined(element("option", merged({"value": choice.text}, option)) for choice in field.choices)
    return joined(
        [_input(field, {"list": listed, **attributes}, option), element("datalist", {"id": listed}, options)]
    )


def _boxes(
    field: BoundField,
    kind: str,
    choices: Iterable[Choice],
    attributes: dict[str, Any],
    option: dict[str, Any],
) -> Markup:
    """Draw one box or button for each choice, each with its label."""
    picked = _picked(field)
    shared = {key: value for key, value in attributes.items() if key not in ("required", "autocomplete")}
    shared["required"] = kind == "radio" and field.is_required
    parts = []
    for number, choice in enumerate(choices):
        box_id = f"{field.id}-{number}"
        box = element(
            "input",
            {
                "type": kind,
                "id": box_id,
                "name": field.id,
                "value": choice.text,
                "checked": choice.text in picked,
            }
            | shared,
        )
        label = element("label", {"for": box_id}, choice.label)
        parts.append(element("div", merged({"class": "form-option"}, option), joined([box, label], " ")))
    return joined(parts)


def _radios(field: BoundField, attributes: dict[str, Any], option: dict[str, Any]) -> Markup:
    return _boxes(field, "radio", field.choices, attributes, option)


def _checks(field: BoundField, attributes: dict[str, Any], option: dict[str, Any]) -> Markup:
    return _boxes(field, "checkbox", field.choices, attributes, option)


def _rating(field: BoundField, attributes: dict[str, Any], option: dict[str, Any]) -> Markup:
    highest = int(attributes.pop("max", 5))
    choices = [Choice(number, str(number)) for number in range(1, highest + 1)]
    return _boxes(field, "radio", choices, attributes, option)


def _tree(field: BoundField, attributes: dict[str, Any], option: dict[str, Any]) -> Markup:
    kind = "checkbox" if field.field.is_multiple else "radio"
    attributes = {key: value for key, value in attributes.items() if key not in ("multiple", "required")}
    attributes["required"] = kind == "radio" and field.is_required
    return _branch(field, kind, field.choices, _picked(field), attributes, option, field.id)


def _branch(
    field: BoundField,
    kind: str,
    choices: Iterable[Choice],
    picked: set[str],
    attributes: dict[str, Any],
    option: dict[str, Any],
    above: str,
) -> Markup:
    items = []
    for number, choice in enumerate(choices):
        box_id = f"{above}-{number}"
        name: object = element("span", {"class": "form-branch"}, choice.label)
        if not choice.is_group:
            box = element(
                "input",
                {
                    "type": kind,
                    "id": box_id,
                    "name": field.id,
                    "value": choice.text,
                    "checked": choice.text in picked,
                }
                | attributes,
            )
            name = joined([box, element("label", {"for": box_id}, choice.label)], " ")
        below = (
            _branch(field, kind, choice.children, picked, attributes, option, box_id)
            if choice.children
            else ""
        )
        items.append(element("li", merged({"class": "form-option"}, option), joined([name, below])))
    return element("ul", {"class": "form-tree"}, joined(items))


def _pair(field: BoundField, attributes: dict[str, Any], option: dict[str, Any]) -> Markup:
    kind, value = field.field.kind, field.value
    start, end = (split_pair(value) if value else None) or ("", "")
    words = field.field.attributes
    parts = []
    for suffix, inner, word in ((START, start, "start_label"), (END, end, "end_label")):
        text = words.get(word) or ("From" if suffix == START else "To")
        label = element("label", {"for": field.id + suffix}, text)
        fixed = {
            "type": kind.type,
            "id": field.id + suffix,
            "name": field.id + suffix,
            "value": shown(kind, inner),
        }
        invalid = {"aria-invalid": "true" if field.has_error else None, **_described(field)}
        parts.append(
            element(
                "div",
                merged({"class": "form-option"}, option),
                joined([label, element("input", fixed | invalid | attributes)], " "),
            )
        )
    return joined(parts)


_CONTROLS: dict[str, Callable[[BoundField, dict[str, Any], dict[str, Any]], Markup]] = {
    "input": _input,
    "textarea": _textarea,
    "range": _range,
    "check": _check,
    "select": _select,
    "suggest": _suggest,
    "radios": _radios,
    "checks": _checks,
    "rating": _rating,
    "tree": _tree,
    "pair": _pair,
    "title": lambda field, attributes, option: element("h2", {"class": "form-title"}, field.label_text),
}
