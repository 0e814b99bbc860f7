"""The kinds of form fields: what each is in HTML, which rules it brings, how its value is read.

Every kind is a plain control that works without scripts. `control` names the
function of `controls.py` that draws it, `reads` how what was posted becomes a
value. A kind is data; nothing here knows a request.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

__all__ = ["KINDS", "Kind", "autocomplete_for"]


class Kind(Struct, frozen=True):
    """One kind of field."""

    name: str
    #: What draws it.
    control: str = "input"
    #: The type of its input.
    type: str = "text"
    #: Rules that it brings, in front of the field's own; one of a family is enough.
    rules: tuple[str, ...] = ()
    #: text (trimmed), raw, lines, flag, list, tags, file, files, pair, html, phone or nothing.
    reads: str = "text"
    #: What it is when it is empty.
    empty: Any = ""
    autocomplete: str = ""
    #: Attributes that the control always has.
    attributes: tuple[tuple[str, Any], ...] = ()
    #: Whether only its choices are accepted.
    is_closed: bool = False

    @property
    def is_group(self) -> bool:
        """Whether it has several controls, and so a legend in the place of a label."""
        return self.control in ("radios", "checks", "pair", "tree", "rating")

    @property
    def is_file(self) -> bool:
        """Whether it takes files."""
        return self.reads in ("file", "files")


_NUMBER: dict[str, Any] = {"rules": ("numeric",), "empty": None}

_ALL = (
    Kind("text"),
    Kind("email", type="email", rules=("email",), autocomplete="email"),
    Kind("password", type="password", rules=("max:1024",), reads="raw", autocomplete="current-password"),
    Kind("textarea", "textarea", reads="lines"),
    Kind("number", type="number", **_NUMBER),
    Kind("hidden", type="hidden"),
    Kind("select", "select", is_closed=True),
    Kind("dropdown", "select", is_closed=True),
    Kind("enum", "select", is_closed=True),
    Kind("cascading", "select", is_closed=True),
    Kind("radio", "radios", is_closed=True),
    Kind("checkbox", "check", "checkbox", reads="flag", empty=False),
    Kind("toggle", "check", "checkbox", reads="flag", empty=False, attributes=(("role", "switch"),)),
    Kind("transfer", "checks", reads="list", empty=(), is_closed=True),
    Kind("treeselect", "tree", is_closed=True),
    Kind("rating", "rating", rules=("integer",), empty=None),
    Kind("file", type="file", reads="file", empty=None),
    Kind(
        "image", type="file", rules=("image",), reads="file", empty=None, attributes=(("accept", "image/*"),)
    ),
    Kind("files", type="file", reads="files", empty=(), attributes=(("multiple", True),)),
    Kind(
        "dropzone",
        type="file",
        reads="files",
        empty=(),
        attributes=(("multiple", True), ("data-dropzone", True)),
    ),
    Kind("tags", reads="tags", empty=(), attributes=(("data-tags", True),)),
    Kind("autocomplete", "suggest", autocomplete="off"),
    Kind("phone", type="tel", rules=("tel",), reads="phone", autocomplete="tel"),
    Kind("tel", type="tel", rules=("tel",), autocomplete="tel"),
    Kind(
        "otp",
        rules=("digits:6",),
        reads="digits",
        autocomplete="one-time-code",
        attributes=(("inputmode", "numeric"), ("spellcheck", "false")),
    ),
    Kind("search", type="search"),
    Kind("url", type="url", rules=("url",), autocomplete="url"),
    Kind("color", type="color", rules=("color",)),
    Kind("range", "range", "range", **_NUMBER),
    Kind("date", type="date", rules=("date",), empty=None),
    Kind("datetime_local", type="datetime-local", rules=("datetime",), empty=None),
    Kind("time", type="time", rules=("time",), empty=None),
    Kind("month", type="month", rules=("month",)),
    Kind("daterange", "pair", "date", rules=("daterange",), reads="pair", empty=None),
    Kind("timerange", "pair", "time", rules=("timerange",), reads="pair", empty=None),
    Kind("json", "textarea", rules=("json",), empty=None, attributes=(("spellcheck", "false"),)),
    Kind("wysiwyg", "textarea", reads="html", attributes=(("data-wysiwyg", True),)),
    Kind("signature", rules=("signature",), attributes=(("data-signature", True), ("autocomplete", "name"))),
    Kind("title", "title", reads="nothing"),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}

#: What browsers fill in by themselves, by the name of a field (WCAG 2.2, 1.3.5 and HTML 4.10.18.7).
_AUTOCOMPLETE = {
    "name": "name",
    "full_name": "name",
    "first_name": "given-name",
    "last_name": "family-name",
    "username": "username",
    "nickname": "nickname",
    "company": "organization",
    "organization": "organization",
    "street": "street-address",
    "address": "street-address",
    "city": "address-level2",
    "region": "address-level1",
    "postcode": "postal-code",
    "postal_code": "postal-code",
    "zip": "postal-code",
    "country": "country",
    "birthday": "bday",
    "birth_date": "bday",
}


def autocomplete_for(kind: Kind, name: str, *, is_new_password: bool) -> str:
    """Give the autocomplete token of a field; "" for none."""
    if kind.name == "password":
        return "new-password" if is_new_password else kind.autocomplete
    if kind.autocomplete:
        return kind.autocomplete
    return _AUTOCOMPLETE.get(name, "") if kind.name in ("text", "date", "select", "textarea") else ""
