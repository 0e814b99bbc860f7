"""Forms, rules and uploads as an author would type them; checked with `mypy --strict` and never run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from asok import Form, Request, Response, Schema, UploadedFile, ValidationError, Validator, register_rule
from asok.forms.bound import BoundField
from asok.uploads import SavedFile


class ContactForm(Form):
    instant = True

    name = Form.text("Name", "required|min:2", placeholder="Ada")
    topic = Form.select("Topic", [("a", "A")], ["required"])
    photo = Form.image("Photo", "ext:png|size:2M", help="At most 2 MB")


class PersonSchema(Schema):
    name = "required|max:50"
    age: int


def starts(value: Any, argument: str, data: Mapping[str, Any]) -> bool:
    return str(value).startswith(argument)


register_rule("starts", starts, "Must start with {arg}.")


def render(request: Request) -> Response:
    form = ContactForm(request)
    assert_type(form, ContactForm)
    assert_type(form.name, BoundField)
    assert_type(form["name"], BoundField)
    if form.validate():
        assert_type(form.data, dict[str, Any])
        request.redirect("/")
    form.fill({"name": "Ada"}).add_error("name", "Taken.")
    assert_type(form.errors, dict[str, str])
    return request.html("page.html", form=form, label=form.name.label(class_="strong"))


async def post(request: Request) -> Response:
    form = ContactForm(request, prefix="c-")
    if not await form.validate_async():
        return request.json(form.errors, 422)
    photo = request.file("photo")
    assert_type(photo, UploadedFile | None)
    if photo is None:
        request.abort(400)
    saved = await photo.save_async("photos/", allowed_types=["image/*"])
    assert_type(saved, SavedFile)
    return request.json({"path": saved, "url": saved.url})


def put(request: Request) -> Response:
    try:
        data = request.validate({"age": "integer|min:18", "name": ("required", {"required": "Who?"})})
    except ValidationError as error:
        return request.json(error.errors, 422)
    assert_type(data, dict[str, Any] | None)
    assert_type(request.old("name"), str)
    assert_type(request.error("name"), str)
    assert_type(request.shared_form("newsletter"), Form)
    validator = Validator({"a": "b"}).rule("a", "required", label="A").rules({"b": "email"})
    assert_type(validator.validate(), bool)
    return request.json(PersonSchema(many=True).dump([data]))
