"""The forms of a page as a test fills them in: fields with their values, and where they go.

Reads what a browser would send if nobody touched the form (HTML 4.10.21.4), hidden
fields such as the form token included, so that a test sends what a person's browser
would. It knows nothing of scripts and sends nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

__all__ = ["PageForm", "find_forms"]

_UNSENT = frozenset({"submit", "button", "image", "reset", "file"})


@dataclass
class PageForm:
    """One form of a page; `fields` are the names and values that it sends as it stands."""

    action: str
    method: str = "GET"
    id: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        for key, value in self.fields:
            if key == name:
                return value
        raise KeyError(f"{name!r}; the form has {', '.join(key for key, _ in self.fields) or 'no fields'}")

    def __contains__(self, name: object) -> bool:
        return any(key == name for key, _ in self.fields)


def find_forms(html: str, url: str) -> list[PageForm]:
    """Give the forms of a page, in order; `url` is the page's own, for forms that name no action."""
    reader = _Reader(url)
    reader.feed(html)
    reader.close()
    return reader.forms


class _Reader(HTMLParser):
    """Collects forms and their fields."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.forms: list[PageForm] = []
        self._form: PageForm | None = None
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []
        self._is_multiple = False
        # What is being read as text, and into which name it goes.
        self._text: list[str] | None = None
        self._name = ""
        self._option: tuple[str | None, bool] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self._url, given.get("action") or self._url)
            self._form = PageForm(action, given.get("method", "get").upper(), given.get("id", ""))
            self.forms.append(self._form)
        if self._form is None or "disabled" in given:
            return
        name = given.get("name", "")
        if tag == "input" and name:
            kind = given.get("type", "text").lower()
            if kind in ("checkbox", "radio"):
                if "checked" in given:
                    self._form.fields.append((name, given.get("value", "on")))
            elif kind not in _UNSENT:
                self._form.fields.append((name, given.get("value", "")))
        elif tag == "textarea" and name:
            self._name, self._text = name, []
        elif tag == "select" and name:
            self._select, self._options, self._is_multiple = name, [], "multiple" in given
        elif tag == "option" and self._select is not None:
            self._end_option()
            self._option, self._text = (given.get("value"), "selected" in given), []

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._text is not None and self._form is not None:
            self._form.fields.append((self._name, "".join(self._text).removeprefix("\n")))
            self._text = None
        elif tag == "option":
            self._end_option()
        elif tag == "select" and self._select is not None and self._form is not None:
            self._end_option()
            chosen = [value for value, selected in self._options if selected]
            if not self._is_multiple:
                # Without a choice a browser sends the first one.
                chosen = chosen[-1:] or [value for value, _ in self._options[:1]]
            self._form.fields += [(self._select, value) for value in chosen]
            self._select = None

    def _end_option(self) -> None:
        if self._option is None:
            return
        value, selected = self._option
        text = " ".join("".join(self._text or ()).split())
        self._options.append((text if value is None else value, selected))
        self._option = self._text = None
