"""Every kind as HTML: labelled, described, and the same for somebody who cannot see it."""

from __future__ import annotations

import enum
from html.parser import HTMLParser
from typing import Any

import pytest

from asok import Form
from asok.forms.fields import FormField
from asok.forms.kinds import KINDS
from asok_engine.templates.markup import Markup
from tests.asok.forms.posting import get, post

PAIRS = [("a", "A"), ("b", "<B>")]


class Level(enum.Enum):
    LOW = 1


def example(kind: str, rules: str = "required", **options: Any) -> FormField:
    """Make a field of a kind."""
    if kind == "title":
        return Form.title("Label")
    if kind == "hidden":
        return Form.hidden(rules)
    if kind == "enum":
        return Form.enum("Label", Level, rules)
    if kind == "cascading":
        return Form.cascading("Label", {"Group": PAIRS}, rules)
    if kind == "treeselect":
        return Form.treeselect("Label", [("a", "A", PAIRS[1:])], rules, **options)
    if kind in ("select", "dropdown", "radio", "transfer", "autocomplete"):
        return getattr(Form, kind)("Label", PAIRS, rules, **options)  # type: ignore[no-any-return]
    return getattr(Form, kind)("Label", rules, help="Help", **options)  # type: ignore[no-any-return]


class Elements(HTMLParser):
    """Every start tag with its attributes, and whether everything that was opened is closed."""

    VOID = {"input", "br", "hr", "img", "link", "meta"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.opened: list[str] = []
        self.feed(text)
        assert self.opened == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"an attribute twice in <{tag} {names}>"
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def of(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in tags]


@pytest.mark.parametrize("kind", KINDS)
def test_every_control_has_a_label_and_its_error(kind: str) -> None:
    """By `for` and `id`, in a fieldset with a legend where it has several, described by what is wrong."""
    form = Form({"f": example(kind)}, post({}))
    form.validate()
    elements = Elements(str(form.f))
    controls = [c for c in elements.of("input", "select", "textarea") if c.get("type") != "hidden"]
    labelled = {label["for"] for label in elements.of("label")}
    assert all(control["id"] in labelled for control in controls)
    ids = [attributes["id"] for _, attributes in elements.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    if kind in ("title", "hidden"):
        return
    described = [attributes for _, attributes in elements.tags if attributes.get("aria-describedby")]
    assert described, "nothing says what is wrong"
    for attributes in described:
        assert set(str(attributes["aria-describedby"]).split()) <= set(ids)
        assert "f-error" in str(attributes["aria-describedby"])
    is_group = KINDS[kind].is_group
    assert len(elements.of("fieldset")) == is_group
    assert len(elements.of("legend")) == is_group


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_in_it_needs_a_looser_policy(kind: str) -> None:
    """No style, no handler, no script in the page."""
    elements = Elements(str(Form({"f": example(kind)}, get()).f))
    for tag, attributes in elements.tags:
        assert tag not in ("style", "script")
        assert not any(name == "style" or name.startswith("on") for name in attributes)


@pytest.mark.parametrize(
    "kind", sorted(set(KINDS) - {"title", "password", "file", "image", "files", "dropzone"})
)
def test_what_was_typed_is_shown_as_text(kind: str) -> None:
    """Whatever it is (reliability 100)."""
    evil = '"><script>x</script>'
    names = {"f": evil, "f_start": evil, "f_end": evil}
    form = Form({"f": example(kind)}, post(names))
    form.validate()
    assert "<script>x" not in str(form.f)
    Elements(str(form.f))


def test_password_and_file_are_never_shown_again() -> None:
    """Neither typed nor filled in."""
    form = Form({"p": Form.password("P"), "f": Form.file("F")}, post({"p": "secret", "f": "x"}))
    assert "secret" not in str(form.p)
    assert "value" not in str(form.p)
    assert "value" not in str(Form({"p": Form.password("P")}, get()).fill({"p": "hash"}).p)
    assert "value" not in str(form.f)


def control(field: FormField, value: Any = None) -> dict[str, str | None]:
    """Give the attributes of the first control."""
    form = Form({"f": field}, get())
    if value is not None:
        form.fill({"f": value})
    return Elements(str(form.f.input)).of("input", "textarea", "select")[0]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (Form.text("T", "required|min:2|max:9"), {"required": None, "minlength": "2", "maxlength": "9"}),
        (Form.textarea("T", "max:9", rows=3), {"maxlength": "9", "rows": "3"}),
        (Form.number("N", "integer|min:1|max:5"), {"min": "1", "max": "5", "step": "1", "type": "number"}),
        (Form.number("N", "between:1,5"), {"min": "1", "max": "5", "step": "any"}),
        (Form.number("N", "decimal:2"), {"step": "0.01"}),
        (Form.number("N", "decimal"), {"step": "any"}),
        (Form.number("N", step="0.5"), {"step": "0.5"}),
        (Form.date("D", "min:2026-01-01"), {"min": "2026-01-01"}),
        (Form.file("F", "ext:png, jpg"), {"accept": ".png,.jpg", "type": "file"}),
        (Form.image("F"), {"accept": "image/*"}),
        (Form.files("F"), {"multiple": None}),
        (Form.otp("O"), {"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "10"}),
        (Form.toggle("T"), {"role": "switch", "type": "checkbox"}),
        (Form.password("P", "confirmed"), {"autocomplete": "new-password"}),
        (Form.password("P", autocomplete="off"), {"autocomplete": "off"}),
        (
            Form.text("T", placeholder="p", data_x="1", class_="c"),
            {"placeholder": "p", "data-x": "1", "class": "c"},
        ),
        (Form.text("T", readonly=True), {"readonly": None}),
    ],
)
def test_control_says_what_the_rules_ask_for(field: FormField, expected: dict[str, str | None]) -> None:
    """A browser can tell before anything is sent."""
    found = control(field)
    assert {name: found.get(name, "absent") for name in expected} == expected


def test_chosen_options_are_chosen() -> None:
    """In lists, groups, boxes, trees; a list of one choice begins with nothing."""
    for kind in ("select", "dropdown", "cascading", "radio", "transfer", "treeselect"):
        form = Form({"f": example(kind)}, get()).fill({"f": ["b"] if kind == "transfer" else "b"})
        chosen = [
            a["value"]
            for a in Elements(str(form.f)).of("option", "input")
            if "selected" in a or "checked" in a
        ]
        assert chosen == ["b"], kind
    assert "<option" + ' value=""></option>' in str(Form({"f": example("select")}, get()).f)
    several = Form({"f": Form.select("S", PAIRS, multiple=True)}, get()).fill({"f": ["a", "b"]})
    assert str(several.f).count(" selected") == 2
    assert 'value=""' not in str(several.f)


def test_options_take_attributes() -> None:
    """`option__class` reaches each of them."""
    for kind in ("select", "radio", "transfer", "treeselect", "autocomplete"):
        assert str(Form({"f": example(kind)}, get()).f.input(option__class="o")).count('o"') >= 2, kind


def test_tree_of_several_choices_has_boxes() -> None:
    """And nested lists, as screen readers tell them."""
    printed = str(Form({"f": example("treeselect", multiple=True)}, get()).f)
    assert printed.count('type="checkbox"') == 2
    assert printed.count("<ul") == 2


def test_range_of_dates_shows_both() -> None:
    """Each with its own label."""
    form = Form({"f": Form.daterange("D", start_label="Arrival")}, get()).fill(
        {"f": ("2026-01-01", "2026-01-02")}
    )
    elements = Elements(str(form.f))
    assert [c["value"] for c in elements.of("input")] == ["2026-01-01", "2026-01-02"]
    assert ">Arrival</label>" in str(form.f)


def test_text_that_begins_with_a_line_break_keeps_it() -> None:
    """Browsers drop the first one behind the tag."""
    assert ">\n\na</textarea>" in str(Form({"f": Form.textarea("T")}, get()).fill({"f": "\na"}).f)


def test_slider_shows_its_value() -> None:
    """In an output that is tied to it."""
    assert '<output for="f" class="form-output">5</output>' in str(
        Form({"f": Form.range("R", min=0, max=9)}, get()).fill({"f": 5}).f
    )


def test_widget_of_an_application_draws_the_control() -> None:
    """It gets the field and the attributes, and stands in the same group."""

    def stars(field: Any, attributes: Any) -> str:
        return Markup('<my-stars name="{}" value="{}"></my-stars>').format(attributes["name"], field.value)

    printed = str(Form({"f": Form.number("N", widget=stars)}, get()).fill({"f": 3}).f)
    assert '<my-stars name="f" value="3"></my-stars>' in printed
    assert "<label" in printed


def test_several_messages_stand_below_each_other() -> None:
    """Every failing rule is said."""
    form = Form({"f": Form.text("T", "alpha|min:9")}, post({"f": "1"}))
    form.validate()
    assert str(form.f.error).count("<div>") == 2
