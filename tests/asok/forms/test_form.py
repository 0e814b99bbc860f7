"""Forms: bound to one request, validated, filled, shown, checked one field at a time."""

from __future__ import annotations

import asyncio
import enum
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from asok import Form
from asok.forms.form import UnboundForm
from asok.validation import register_rule
from asok_engine.errors import UsageError, ValidationError
from asok_engine.testing.client import TestClient
from asok_engine.validation.rulebook import Question
from tests.asok.effects.sites import make_app
from tests.asok.forms.posting import get, post, upload
from tests.engine.wire import pictures


class Contact(Form):
    """Two fields."""

    email = Form.email("E-mail", "required|email")
    note = Form.textarea("Note", "max:20")


class Longer(Contact):
    """Three fields."""

    age = Form.number("Age", "integer|min:18")


class Level(enum.Enum):
    LOW = 1


def test_form_reads_its_own_fields_and_no_others() -> None:
    """Mass assignment has no way in (reliability 95)."""
    form = Contact(post({"email": "a@b.co", "note": "hi", "is_admin": "1", "id": "7"}))
    assert form.validate()
    assert form.data == {"email": "a@b.co", "note": "hi"}


def test_query_is_no_part_of_a_form() -> None:
    """A link cannot fill in what was not sent."""
    form = Contact(post({}, query="email=a@b.co"))
    assert not form.validate()
    assert form.errors == {"email": "This field is required."}


def test_nothing_is_validated_before_it_is_sent() -> None:
    """GET shows the form."""
    form = Contact(get())
    assert not form.validate()
    assert not form.has_errors
    assert not form.is_valid


def test_every_value_has_its_type() -> None:
    """Ready for a model."""
    fields = {
        "whole": Form.number("a", "integer"),
        "number": Form.number("a"),
        "when": Form.date("a"),
        "agree": Form.checkbox("a"),
        "off": Form.toggle("a"),
        "tags": Form.tags("a"),
        "level": Form.enum("a", Level),
        "owner": Form.select("a", [(1, "One"), (2, "Two")]),
        "many": Form.transfer("a", [(1, "One"), (2, "Two")]),
        "stay": Form.daterange("a"),
        "open": Form.timerange("a"),
        "stars": Form.rating("a"),
        "extra": Form.json("a"),
        "empty": Form.number("a"),
        "blank": Form.text("a"),
        "head": Form.title("a"),
    }
    sent = [
        ("whole", "5"), ("number", "2.5"), ("when", "2026-01-02"), ("agree", "1"), ("tags", "x, y"), ("level", "1"),
        ("owner", "2"), ("many", "1"), ("many", "2"), ("stay_start", "2026-01-01"), ("stay_end", "2026-01-02"),
        ("open_start", "08:00"), ("open_end", "09:00"), ("stars", "4"), ("extra", '{"a": 1}'), ("empty", ""),
        ("blank", " "),
    ]  # fmt: skip
    form = Form(fields, post(sent))
    assert form.validate(), form.errors
    assert form.data == {
        "whole": 5,
        "number": 2.5,
        "when": date(2026, 1, 2),
        "agree": True,
        "off": False,
        "tags": ["x", "y"],
        "level": Level.LOW,
        "owner": 2,
        "many": [1, 2],
        "stay": (date(2026, 1, 1), date(2026, 1, 2)),
        "open": (time(8), time(9)),
        "stars": 4,
        "extra": {"a": 1},
        "empty": None,
        "blank": "",
    }


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        (Form.select("a", ["x"]), "y"),
        (Form.radio("a", ["x"]), "y"),
        (Form.transfer("a", ["x"]), "y"),
        (Form.cascading("a", {"g": ["x"]}), "g"),
        (Form.enum("a", Level), "LOW"),
        (Form.rating("a"), "6"),
        (Form.range("a", min=0, max=10), "11"),
        (Form.otp("a"), "12345"),
        (Form.number("a"), "abc"),
        (Form.url("a"), "javascript:x"),
        (Form.color("a"), "red"),
        (Form.json("a"), "{"),
        (Form.signature("a"), "data:image/png;base64,AAAA"),
        (Form.password("a"), "x" * 1025),
    ],
)
def test_control_that_was_tampered_with_is_refused(field: Any, sent: str) -> None:
    """What a browser would not let one send is checked all the same (ASVS 2.2.2)."""
    assert not Form({"f": field}, post({"f": sent})).validate()


def test_empty_field_gives_what_it_says() -> None:
    """A value, or a function that makes one."""
    fields = {"a": Form.text("A", empty=None), "b": Form.number("B", empty=lambda: 5), "c": Form.text("C")}
    form = Form(fields, post({"a": "", "b": "", "c": ""}))
    assert form.validate()
    assert form.data == {"a": None, "b": 5, "c": ""}


def test_field_that_is_only_shown_cannot_be_changed() -> None:
    """What is posted for a readonly field is not looked at."""
    form = Form({"id": Form.text("Id", readonly=True), "a": Form.text("A")}, post({"id": "9", "a": "b"}))
    form.fill({"id": "1"})
    assert form.validate()
    assert form.data == {"a": "b"}
    assert form["id"].value == "1"


def test_empty_password_and_file_are_left_out() -> None:
    """An edit without a new one keeps what is there."""
    fields = {"password": Form.password("P"), "photo": Form.image("I"), "a": Form.text("A")}
    form = Form(fields, post({"a": "b", "password": ""}))
    assert form.validate()
    assert form.data == {"a": "b"}
    photo = upload("a.png", pictures.png())
    form = Form(fields, post({"a": "b", "password": "new one"}, {"photo": [photo]}))
    assert form.validate()
    assert form.data == {"a": "b", "password": "new one", "photo": photo}


def test_text_in_the_place_of_a_file_is_no_file() -> None:
    """Under the same name, in a form of the wrong kind."""
    form = Form({"f": Form.file("F", "required")}, post({"f": "a.png"}))
    assert not form.validate()
    assert form.error("f") == "This field is required."


def test_broken_image_is_an_error_of_its_field() -> None:
    """In both worlds."""
    cut = upload("a.png", pictures.png(100, 100)[:60])
    form = Form({"f": Form.image("F")}, post({}, {"f": [cut]}))
    assert not form.validate()
    assert "cut off" in form.error("f")
    again = Form({"f": Form.image("F")}, post({}, {"f": [cut]}))
    assert not asyncio.run(again.validate_async())
    assert "cut off" in again.error("f")


def test_confirmation_need_not_be_a_field() -> None:
    """Rules see what else was posted."""
    fields = {"p": Form.password("P", "required|confirmed")}
    assert Form(fields, post({"p": "x", "p_confirmation": "x"})).validate()
    assert not Form(fields, post({"p": "x", "p_confirmation": "y"})).validate()


def test_form_without_a_request_says_so() -> None:
    """A `RuntimeError`, as documented; binding in any of three ways helps."""
    form = Contact()
    with pytest.raises(RuntimeError, match="without a request"):
        form.validate()
    with pytest.raises(UnboundForm):
        _ = form.checked_only
    sent = post({"email": "a@b.co"})
    assert form.validate(sent)
    assert Contact().bind(sent).validate()
    assert Contact({}, sent).validate()


def test_pattern_is_not_changed_by_its_requests() -> None:
    """Two people never share what they typed, and a subclass stays one."""
    pattern = Contact()
    one, two = pattern.for_request(post({"email": "one"})), pattern.for_request(post({"email": "two"}))
    one.validate()
    two.validate()
    assert (one.email.value, two.email.value) == ("one", "two")
    assert type(one) is Contact
    one.email.field.attributes["placeholder"] = "x"
    assert "placeholder" not in str(two.email)
    assert pattern._request is None


def test_binding_again_forgets() -> None:
    """What another request typed is gone."""
    form = Contact(post({"email": "x"}))
    form.validate()
    form.bind(get())
    assert (form.errors, form.email.value) == ({}, "")


def test_fields_are_inherited() -> None:
    """A form may be longer than its parent; the parent stays as it is."""
    assert [field.name for field in Longer(get())] == ["email", "note", "age"]
    assert len(Contact(get())) == 2
    assert "age" not in Contact(get())
    with pytest.raises(AttributeError, match="Contact has neither an attribute nor a field 'age'"):
        _ = Contact(get()).age


def test_filled_values_are_shown_until_something_is_sent() -> None:
    """From an object, a mapping, or names."""

    class Row:
        id, email, note = 3, "row@b.co", "n"

    assert Contact(get()).fill(Row()).email.value == "row@b.co"
    assert Contact(get()).fill({"email": "m@b.co"}).email.value == "m@b.co"
    assert Contact(get()).fill(Row(), note="other").note.value == "other"
    assert Contact(get()).fill(Row(), note="other").email.value == "row@b.co"
    assert Contact(get()).fill(note="x").data["note"] == "x"
    assert Contact(post({"email": ""})).fill(Row()).email.value == ""
    assert Form({"a": Form.text("A", default="d")}, get()).a.value == "d"


def test_record_that_is_edited_keeps_its_unique_values() -> None:
    """The lookup hears its key."""

    class User:
        id = 3

    asked: list[Question] = []

    def lookup(question: Question) -> bool:
        asked.append(question)
        return False

    fields = {"email": Form.email("E", "unique:User,email")}
    assert Form(fields, post({"email": "a@b.co"}), lookup=lookup).fill(User()).validate()
    assert asked == [Question("User", "email", "a@b.co", 3)]


def test_reset_empties_the_form() -> None:
    """As if the page was opened for the first time, filled values gone too."""
    form = Contact(post({"email": "a@b.co"})).fill({"note": "x"})
    form.validate()
    form.reset()
    assert (form.email.value, form.note.value, form.errors) == ("", "", {})


def test_problems_can_be_raised_and_added() -> None:
    """What only the handler knows belongs to a field as well."""
    with pytest.raises(ValidationError) as caught:
        Contact(post({})).validate(raise_error=True)
    assert caught.value.errors == {"email": ["This field is required."]}
    form = Contact(post({"email": "a@b.co"}))
    assert form.validate()
    form.add_error("email", "We know this address.")
    assert not form.is_valid
    assert form.has_error("email")
    assert form.errors_of("email") == ["We know this address."]
    assert [problem.code for problem in form.error_report] == ["own"]
    assert form._request is not None
    assert form._request.has_shown_errors


def test_check_of_some_fields_never_passes() -> None:
    """`_validate` shows what is wrong with those fields, and nothing is done (it is no submit)."""
    wrong = Contact(post({"email": "x", "note": "n" * 30, "_validate": "email"}))
    assert not wrong.validate()
    assert list(wrong.errors) == ["email"]
    right = Contact(post({"email": "a@b.co", "_validate": "email"}))
    assert not right.validate()
    assert right.errors == {}
    assert not right.is_valid
    assert right._request is not None
    assert not right._request.has_shown_errors
    with pytest.raises(ValidationError) as caught:
        Contact(post({"email": "a@b.co", "_validate": "email"})).validate(raise_error=True)
    assert caught.value.errors == {}


async def test_async_rules_are_awaited() -> None:
    """A rule may ask another service."""

    async def free(value: Any, argument: str, data: Any) -> bool:
        await asyncio.sleep(0)
        return value != "taken"

    register_rule("test_free", free, "Taken.")
    fields = {"name": Form.text("N", "test_free"), "html": Form.wysiwyg("H")}
    form = Form(fields, post({"name": "taken"}))
    assert not await form.validate_async()
    assert form.errors == {"name": "Taken."}
    clean = Form(fields, post({"name": "x", "html": "<b>a</b><script>"}))
    assert await clean.validate_async()
    assert clean.data["html"] == "<b>a</b>"
    assert not await Form(fields, get()).validate_async()


def test_whole_form_is_rendered() -> None:
    """Method, encoding for files, hidden fields, summary, button."""
    form = Form({"h": Form.hidden(default="7"), "f": Form.file("F", "required")}, post({}))
    form.validate()
    printed = form.render(submit="Go", id="it")
    assert printed.startswith('<form method="post" enctype="multipart/form-data" id="it">')
    assert '<a href="#f">F: This field is required.</a>' in printed
    assert '<button type="submit" class="form-submit">Go</button></form>' in printed
    assert 'type="hidden"' in form.hidden_fields
    assert "<form" not in form.render(tag=False)
    assert str(form) == form.render()
    assert "<script" not in printed


def test_summary_leads_to_the_control() -> None:
    """Of several, to the first."""
    fields = {
        "r": Form.radio("R", ["a"], "required"),
        "d": Form.daterange("D", "required"),
        "t": Form.text("T"),
    }
    form = Form(fields, post({}))
    form.validate()
    form.add_error("whole", "Something else.")
    summary = form.error_summary
    assert 'href="#r-0"' in summary
    assert 'href="#d_start"' in summary
    assert "<li>Something else.</li>" in summary
    assert str(form["r"]).count('id="r-0"') == 1
    assert Form(fields, get()).error_summary == ""


def test_script_is_loaded_where_something_uses_it() -> None:
    """Instant checks, sliders, signatures, suggestions, editors."""
    assert "<script" in Contact(get(), instant=True).render()
    assert "data-instant" in Contact(get(), instant=True).render()
    for field in (
        Form.range("a"),
        Form.signature("a"),
        Form.wysiwyg("a"),
        Form.autocomplete("a", data_url="/x"),
    ):
        assert "<script src=" in Form({"f": field}, get()).render()
    assert "<script" not in Contact(get()).render()


def test_two_forms_of_a_page_do_not_meet() -> None:
    """Names and ids have the prefix, data has not."""
    form = Contact(post({"b-email": "a@b.co", "email": "other"}), prefix="b-")
    assert form.validate()
    assert form.data["email"] == "a@b.co"
    assert 'name="b-email"' in str(form.email)
    assert 'id="b-email"' in str(form.email)


def test_form_that_only_asks_reads_the_address() -> None:
    """A search: typed values, no token, the address says what was asked."""
    fields = {
        "q": Form.search("Search"),
        "page": Form.number("Page", "integer|min:1"),
        "tag": Form.tags("Tags"),
    }
    request = get()
    request.query_string = "q=+lamp&page=2&x=1&_validate=q"
    form = Form(fields, request, method="get")
    assert form.validate()
    assert form.data == {"q": "lamp", "page": 2, "tag": []}
    assert 'value="lamp"' in str(form.q)
    assert form.render().startswith('<form method="get">')
    assert "csrf" not in form.hidden_fields
    wrong = get()
    wrong.query_string = "page=0"
    assert not Form(fields, wrong, method="get").validate()
    assert not Form(fields, get(), method="get").validate()
    assert not Form(fields, post({"q": "x"}), method="get").validate()


def test_address_that_leaves_a_field_out_means_its_default() -> None:
    """A link says what differs from the defaults; an empty value and a box that is not ticked are values."""
    fields = {
        "q": Form.search("Words"),
        "size": Form.select("Size", [(10, "Ten"), (50, "Fifty")], default=10),
        "all": Form.checkbox("All", default=True),
    }

    def asked(query: str) -> Form:
        request = get()
        request.query_string = query
        return Form(fields, request, method="get")

    form = asked("q=tea")
    assert form.validate(), form.errors
    assert form.data == {"q": "tea", "size": 10, "all": False}
    assert '<option value="10" selected>' in str(form.size.input)
    assert asked("size=50").value_of("size") == "50"
    assert asked("q=&size=").value_of("size") == ""
    assert Form(fields, post({"q": "tea"})).value_of("size") is None


def test_only_the_form_that_was_sent_is_validated() -> None:
    """Two forms of a page: the other one shows no errors, and keeps what it was filled with."""
    request = post({"_form": "b-", "b-email": "x"})
    first, second = Contact(request).fill({"email": "kept@b.co"}), Contact(request, prefix="b-")
    assert not first.validate()
    assert not second.validate()
    assert (first.errors, first.email.value) == ({}, "kept@b.co")
    assert list(second.errors) == ["email"]
    assert '<input type="hidden" name="_form" value="b-">' in second.hidden_fields
    assert "_form" not in first.hidden_fields
    by_hand = post({"email": "a@b.co"})
    assert Contact(by_hand).validate()
    assert not Contact(by_hand, prefix="b-").is_submitted
    assert Contact(post({"b-email": "a@b.co"}), prefix="b-").validate()


def test_words_of_the_form_come_from_the_locale() -> None:
    """`form_submit` and `form_errors`, where the request translates."""
    request = get()
    request.__dict__["__"] = lambda key: {"form_submit": "Envoyer"}.get(key, key)
    assert ">Envoyer</button>" in Contact(request).render()


def test_what_is_no_field_is_refused() -> None:
    """At once, with the way to write it."""
    with pytest.raises(UsageError, match="'a' of a form is 5"):
        Form({"a": 5})  # type: ignore[dict-item]
    assert repr(Contact()) == "<Contact ['email', 'note']>"
    assert Contact()


@pytest.mark.parametrize(
    ("action", "has_token"),
    [("", True), ("/save", True), ("save?x=a:b", True), ("https://pay.example/", False)]
    + [("//pay.example", False), ("/\\pay.example", False), ("/\t/pay.example", False), (" HTTPS:x", False)],
)
def test_form_that_stays_here_carries_a_token(tmp_path: Path, action: str, has_token: bool) -> None:
    """`form.render()` and `hidden_fields` bring it, so that what is sent passes the check; other sites get none."""
    source = (
        "from asok import Form\n\ndef render(request):\n"
        "    form = Form({'name': Form.text('Name', 'required'), 'h': Form.hidden(default='7')}, request,"
        f" action={action!r})\n"
        "    return 'thanks' if form.validate() else form.render()\n"
    )
    with TestClient(make_app(tmp_path, {"LOG_LEVEL": "CRITICAL"}, pages={"page.py": source})) as client:
        form = client.get("/").form()
        assert ("csrf_token" in form) is has_token
        assert form["h"] == "7"
        if not action:
            assert client.submit(form, {"name": "Ada"}).text == "thanks"
    with TestClient(make_app(tmp_path / "off", {"CSRF": False}, pages={"page.py": source})) as client:
        assert "csrf_token" not in client.get("/").form()
