"""What a request knows of forms: `validate`, `old`, `error`, `errors`, and the status of a page with errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asok import Form
from asok.forminput import ShownErrors
from asok.request import Request
from asok.testing import TestClient
from asok_engine.errors import UsageError, ValidationError
from tests.asok.effects.sites import make_app
from tests.asok.forms.posting import get, post, upload
from tests.engine.dispatch.exchanges import MemoryExchange


def test_values_come_back_typed_and_nothing_else_does() -> None:
    """What no rule names is not taken (reliability 95)."""
    request = post({"age": "18", "is_admin": "1"})
    assert request.validate({"age": "integer"}) == {"age": 18}
    assert request.errors == {}


def test_wrong_values_raise_or_give_none() -> None:
    """Either way `error` and `errors` say what."""
    request = post({"age": "x"})
    with pytest.raises(ValidationError) as caught:
        request.validate({"age": "integer", "name": "required"})
    assert list(caught.value.errors) == ["age", "name"]
    assert request.validate({"age": "integer"}, raise_error=False) is None
    assert request.error("age") == "Enter a whole number."
    assert request.error("name") == ""
    assert dict(ShownErrors(request)) == {"age": "Enter a whole number."}
    assert len(ShownErrors(request)) == 1


def test_query_does_not_fill_in_what_the_body_left_out() -> None:
    """A link must not send half of a form."""
    with pytest.raises(ValidationError):
        post({}, query="name=x").validate({"name": "required"})
    request = get()
    request.query_string = "q=5"
    assert request.validate({"q": "integer"}) == {"q": 5}


def test_files_and_given_data_are_checked() -> None:
    """Files stand beside fields; `data` stands in the place of both."""
    request = post({}, {"doc": [upload("a.txt", b"hi")]})
    assert request.validate({"doc": "required|ext:txt"}) is not None
    assert request.validate({"a": "integer"}, data={"a": "5"}) == {"a": 5}


def test_json_body_is_checked() -> None:
    """An object by its keys; anything else has none."""

    def sent(body: object) -> Request:
        exchange = MemoryExchange([("host", "testserver"), ("content-type", "application/json")])
        request = Request.from_exchange(exchange, "POST", "/", "")
        request._body = json.dumps(body).encode()
        return request

    assert sent({"age": 18}).validate({"age": "required|integer|min:18"}) == {"age": 18}
    with pytest.raises(ValidationError):
        sent({"age": False}).validate({"age": "integer"})
    with pytest.raises(ValidationError):
        sent([1]).validate({"age": "required"})


def test_form_class_and_form_are_validated() -> None:
    """The values are those of the form."""

    class Age(Form):
        age = Form.number("Age", "required|integer")

    assert post({"age": "5"}).validate(Age) == {"age": 5}
    request = post({"age": "x"})
    assert request.validate(Age(request), raise_error=False) is None
    assert request.errors == {"age": "Enter a whole number."}
    assert post({"age": "5"}).validate(Age()) == {"age": 5}
    with pytest.raises(ValidationError):
        post({}).validate(Age)
    with pytest.raises(UsageError, match="was given 5"):
        post({}).validate(5)  # type: ignore[arg-type]


async def test_async_validation_gives_the_same() -> None:
    """With rules and with a form."""

    class Age(Form):
        age = Form.number("Age", "required|integer")

    assert await post({"age": "5"}).validate_async({"age": "integer"}) == {"age": 5}
    assert await post({"age": "5"}).validate_async(Age) == {"age": 5}
    assert await post({"age": "x"}).validate_async(Age, raise_error=False) is None
    with pytest.raises(ValidationError):
        await post({}).validate_async({"age": "required"})


def test_old_input_is_text_and_never_a_secret() -> None:
    """What was typed, for showing it again."""
    request = post({"name": "Ana", "password": "x", "new_Password": "y", "csrf_token": "t"})
    assert request.old("name") == "Ana"
    assert request.old("missing", "none") == "none"
    assert [request.old(name) for name in ("password", "new_Password", "csrf_token")] == ["", "", ""]


PAGE = """
from asok import Form

class Contact(Form):
    name = Form.text("Name", "required|min:2")

def render(request):
    form = Contact(request)
    if form.validate():
        return "thanks"
    {status}
    return request.html("page.html", form=form)
"""


@pytest.mark.parametrize(("status", "expected"), [("pass", 422), ("request.status(200)", 200)])
def test_page_with_errors_is_no_success(tmp_path: Path, status: str, expected: int) -> None:
    """422 with the errors and what was typed, unless the handler says otherwise; 200 while nothing was sent."""
    app = make_app(
        tmp_path,
        {"LOG_LEVEL": "CRITICAL", "CSRF": False},
        pages={
            "page.py": PAGE.format(status=status),
            "page.html": "{{ form.name }}|{{ errors.name }}|{{ old('name') }}",
        },
    )
    with TestClient(app) as client:
        assert client.get("/").status_code == 200
        answer = client.post("/", data={"name": "<"})
        assert answer.status_code == expected
        assert 'value="&lt;"' in answer.text
        assert answer.text.endswith("|Enter at least 2 characters.|&lt;")
        assert client.post("/", data={"name": "Ana"}).text == "thanks"


def test_raised_error_is_a_problem_for_programs(tmp_path: Path) -> None:
    """422 with every message by field."""
    app = make_app(
        tmp_path,
        {"LOG_LEVEL": "CRITICAL", "CSRF": False},
        pages={
            "page.py": "def post(request):\n    return request.json(request.validate({'a': 'required|integer'}))\n"
        },
    )
    with TestClient(app) as client:
        answer = client.post("/", json={"a": "x"}, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json["errors"]) == (422, {"a": ["Enter a whole number."]})
        assert client.post("/", json={"a": 5}).json == {"a": 5}


def test_shared_form_is_bound_to_each_request(tmp_path: Path) -> None:
    """`app.share(form=...)` takes a form or a class of forms, and each keeps its class."""
    app = make_app(
        tmp_path,
        {"LOG_LEVEL": "CRITICAL", "CSRF": False},
        pages={
            "page.py": "def render(request):\n"
            "    form = request.shared_form('letter')\n"
            "    form.validate()\n"
            "    assert request.shared_form('letter') is form\n"
            "    return request.html('page.html')\n",
            "page.html": "{{ letter.email.value }}|{{ letter.error('email') }}|{{ other.email.id }}",
        },
    )

    class Letter(Form):
        email = Form.email("E-mail", "required|email")

    app.share(letter=Letter({}), other=Letter)
    with TestClient(app) as client:
        first = client.post("/", data={"email": "wrong"})
        assert first.text.startswith("wrong|Enter an e-mail")
        assert first.text.endswith("|email")
        assert client.get("/").text == "||email"


KEEPING = {
    "page.py": """
from asok import Form

class Contact(Form):
    name = Form.text("Name", "required|min:2")
    tags = Form.select("Tags", ["a", "b", "c"], multiple=True)
    pin = Form.otp("Code")

class Other(Form):
    name = Form.text("Name", "required")

def get(request):
    return request.html("page.html", form=Contact(request), other=Other(request, prefix="o-"))

def post(request):
    if not Contact(request).validate():
        request.back()
    return "thanks"
""",
    "page.html": "<form method='post'></form>{{ form.name }}{{ form.tags.value }}|{{ other.name.error }}|"
    "{{ errors.name }}|{{ old('name') }}|{{ form.pin }}",
    "rules/page.py": "def get(request):\n    return request.html('page.html')\n\n"
    "def post(request):\n    return request.json(request.validate({'name': 'required|min:2'}))\n",
    "rules/page.html": "<form method='post'></form>{{ errors.name }}|{{ old('name') }}",
}


def test_errors_and_input_follow_a_redirect(tmp_path: Path) -> None:
    """The form on the next page shows them once, another form does not, and no code is shown again."""
    app = make_app(tmp_path, {"LOG_LEVEL": "CRITICAL", "SESSION_SECURE": False}, pages=KEEPING)
    with TestClient(app) as client:
        form = client.get("/").form()
        sent = client.submit(
            form, [("name", "<"), ("tags", "a"), ("tags", "c"), ("pin", "7319405862")], follow=False
        )
        assert sent.status_code == 302
        shown = client.get("/")
        assert shown.status_code == 200
        assert 'value="&lt;"' in shown.text
        assert "[&#x27;a&#x27;, &#x27;c&#x27;]" in shown.text.replace("&quot;", "&#x27;")
        assert "]||Enter at least 2 characters.|&lt;|" in shown.text
        assert "7319405862" not in shown.text
        again = client.get("/").text
        assert "Enter at least" not in again
        assert 'value=""' in again


def test_refused_form_leads_back_to_its_page(tmp_path: Path) -> None:
    """A raised ValidationError answers a browser with the form it came from, and a program with 422."""
    app = make_app(tmp_path, {"LOG_LEVEL": "CRITICAL", "SESSION_SECURE": False}, pages=KEEPING)
    with TestClient(app) as client:
        form = client.get("/rules").form()
        back = {"Referer": "http://localhost/rules", "Accept": "text/html"}
        sent = client.submit(form, {"name": "x"}, headers=back, follow=False)
        assert (sent.status_code, sent.headers["location"]) == (303, "http://localhost/rules")
        assert client.get("/rules").text.endswith("Enter at least 2 characters.|x")
        form = client.get("/rules").form()
        plain = client.submit(form, {"name": "x"}, headers={"Accept": "text/html"}, follow=False)
        assert plain.status_code == 422
        assert "<li>name: Enter at least 2 characters.</li>" in plain.text
        program = client.submit(
            form, {"name": "x"}, headers={**back, "Accept": "application/json"}, follow=False
        )
        assert (program.status_code, program.json["errors"]) == (
            422,
            {"name": ["Enter at least 2 characters."]},
        )


def test_visitor_without_a_session_costs_none(tmp_path: Path) -> None:
    """A page that asks for errors stays good for shared caches while there are none."""
    pages = {
        "page.py": "def get(request):\n    return request.html('page.html')\n",
        "page.html": "{{ errors.a }}{{ old('a') }}",
    }
    with TestClient(make_app(tmp_path, {"LOG_LEVEL": "CRITICAL"}, pages=pages)) as client:
        answer = client.get("/")
    assert "set-cookie" not in answer.headers
    assert "private" not in answer.headers.get("cache-control", "")


def test_validation_verifies_the_token_where_it_is_demanded(tmp_path: Path) -> None:
    """Of pages that do not switch the check off, and not with `csrf=False`."""
    code = "CSRF = False\nfrom asok import Form\n\n\ndef post(request):\n    {first}\n    return str(Form({{'a': Form.text('A')}}, request).validate())\n"
    pages = {
        "page.py": code.format(first="pass"),
        "checked/page.py": "from asok_engine.errors import ForbiddenError\n\n\ndef get(request):\n    request.method = 'POST'\n"
        "    assert request.validate({'a': 'max:5'}, data={'a': 'x'}, csrf=False) == {'a': 'x'}\n"
        "    try:\n        request.validate({'a': 'max:5'}, data={'a': 'x'})\n"
        "    except ForbiddenError:\n        return 'refused'\n    return 'passed'\n",
    }
    with TestClient(make_app(tmp_path, {"LOG_LEVEL": "CRITICAL"}, pages=pages)) as client:
        assert client.post("/", data={"a": "x"}).text == "True"
        assert client.get("/checked").text == "refused"
