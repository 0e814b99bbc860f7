"""A form is read as a browser would send it untouched."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.testing.forms import find_forms
from asok_engine.testing.response import TestResponse

PAGE = """
<input name="outside" value="1">
<form id="search"><input name="q"></form>
<form method="post" action="save?x=1">
  <input type="hidden" name="csrf_token" value="t&amp;k">
  <input name="name" value="Ada"><input name="empty"><input value="nameless">
  <input type="checkbox" name="a" checked><input type="checkbox" name="b" value="2">
  <input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
  <input name="off" value="x" disabled><input type="file" name="f"><input type="submit" name="go" value="Go">
  <textarea name="note">
first &lt;b&gt;</textarea>
  <select name="one"><option>First<option value="2">Second</select>
  <select name="two"><option value="a">A</option><option value="b" selected>B</option></select>
  <select name="many" multiple><option selected>x</option><option>y</option><option selected>z</option></select>
  <select name="none"></select>
</form>
"""


def test_fields_are_what_a_browser_would_send() -> None:
    """Hidden fields, defaults, chosen boxes; no buttons, no files, nothing disabled."""
    search, form = find_forms(PAGE, "http://localhost/tickets/new")
    assert (search.action, search.method, search.id) == ("http://localhost/tickets/new", "GET", "search")
    assert (form.action, form.method) == ("http://localhost/tickets/save?x=1", "POST")
    assert form.fields == [
        ("csrf_token", "t&k"),
        ("name", "Ada"),
        ("empty", ""),
        ("a", "on"),
        ("r", "2"),
        ("note", "first <b>"),
        ("one", "First"),
        ("two", "b"),
        ("many", "x"),
        ("many", "z"),
    ]
    assert form["name"] == "Ada"
    assert "name" in form
    assert "outside" not in form


def test_field_that_is_not_there_names_those_that_are() -> None:
    """The mistake in a test is found by reading its message."""
    with pytest.raises(KeyError, match="csrf_token"):
        find_forms(PAGE, "http://localhost/")[1]["nam"]


def test_answer_gives_its_forms_by_number_and_by_id() -> None:
    """A form that is not there is named together with those that are."""
    answer = TestResponse(
        status_code=200,
        fields=[("Content-Type", "text/html; charset=utf-8")],
        body=PAGE.encode(),
        method="GET",
        url="http://localhost/",
        host="localhost",
        now=0.0,
    )
    assert answer.form() is answer.forms[0]
    assert answer.form(1)["name"] == "Ada"
    assert answer.form("search") is answer.forms[0]
    for wrong in (2, "sarch"):
        with pytest.raises(UsageError, match="search"):
            answer.form(wrong)
