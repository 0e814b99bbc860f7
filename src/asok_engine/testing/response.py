"""What a test client gives back: a whole answer, or one that is still coming.

Reading is as plain as a test wants it: `response.status_code`, `response.text`,
`"word" in response`. Nothing here knows how the answer was produced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.testing.cookiejar import Cookie, parse_set_cookie
from asok_engine.testing.forms import PageForm, find_forms

__all__ = ["StreamedResponse", "TestHeaders", "TestResponse"]


class TestHeaders(Mapping[str, str]):
    """The fields of an answer, by name in any case; a repeated field joins with ", "."""

    __test__ = False

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._fields = [(name.title(), value) for name, value in fields]

    def getlist(self, name: str) -> list[str]:
        """Give every value of a field, in order."""
        wanted = name.title()
        return [value for key, value in self._fields if key == wanted]

    def __getitem__(self, name: str) -> str:
        values = self.getlist(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.getlist(name))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self._fields))

    def __len__(self) -> int:
        return len({name for name, _ in self._fields})

    def __repr__(self) -> str:
        return f"<headers {self._fields!r}>"


class _Answer:
    __test__ = False

    def __init__(
        self,
        *,
        status_code: int,
        fields: Sequence[tuple[str, str]],
        method: str,
        url: str,
        host: str,
        now: float,
    ) -> None:
        self.status_code = status_code
        self.headers = TestHeaders(fields)
        self.method = method
        #: The whole address that was asked, after redirects that were followed.
        self.url = url
        self._set: dict[str, Cookie] = {}
        for field in self.headers.getlist("Set-Cookie"):
            cookie = parse_set_cookie(field, host, "/", now)
            if cookie is not None:
                self._set[cookie.name] = cookie

    @property
    def status(self) -> str:
        """The status as a line, for example "404 Not Found"."""
        try:
            return f"{self.status_code} {HTTPStatus(self.status_code).phrase}"
        except ValueError:
            return str(self.status_code)

    @property
    def cookies(self) -> dict[str, str]:
        """The values of the cookies that this answer sets."""
        return {name: cookie.value for name, cookie in self._set.items()}

    def cookie(self, name: str) -> Cookie | None:
        """Give a cookie that this answer sets, with its attributes."""
        return self._set.get(name)

    @property
    def content_type(self) -> str:
        """The Content-Type field, or an empty string."""
        return self.headers.get("Content-Type", "")

    @property
    def charset(self) -> str:
        """The charset that the content type names, or utf-8."""
        for parameter in self.content_type.split(";")[1:]:
            name, _, value = parameter.strip().partition("=")
            if name.lower() == "charset" and value:
                return value.strip('"')
        return "utf-8"


class TestResponse(_Answer):
    """A whole answer.

    `history` holds the redirects that were followed to get here, `error` the
    exception that the application answered with a 5xx status, if there was one.
    """

    def __init__(
        self,
        *,
        status_code: int,
        fields: Sequence[tuple[str, str]],
        body: bytes,
        method: str,
        url: str,
        host: str,
        now: float,
        error: BaseException | None = None,
        history: Sequence[TestResponse] = (),
    ) -> None:
        super().__init__(status_code=status_code, fields=fields, method=method, url=url, host=host, now=now)
        self.body = body
        self.error = error
        self.history = list(history)

    @cached_property
    def text(self) -> str:
        """The body as text; bytes that are not in its charset are shown as the replacement character."""
        return self.body.decode(self.charset, "replace")

    @property
    def json(self) -> Any:
        """The body read as JSON; raises UsageError, which shows the body, when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise UsageError(
                f"{self.method} {self.url} answered {self.status} with "
                f"{self.content_type or 'no content type'}, which is not JSON: {self.text[:200]!r}."
            ) from error

    @cached_property
    def forms(self) -> list[PageForm]:
        """The forms of this page, in order, with what they would send as they stand."""
        return find_forms(self.text, self.url)

    def form(self, which: int | str = 0) -> PageForm:
        """Give a form of this page, for `client.submit`: by its number, or by its id.

        Raises UsageError, which names what the page has, when it has no such form.
        """
        forms = self.forms
        if isinstance(which, int):
            if which < len(forms):
                return forms[which]
        else:
            for form in forms:
                if form.id == which:
                    return form
        raise UsageError(
            f"{self.method} {self.url} answered {self.status} without a form {which!r}; it has {len(forms)}"
            f"{': ' + ', '.join(form.id or form.action for form in forms) if forms else ''}."
        )

    def __contains__(self, part: str | bytes) -> bool:
        return part in self.body if isinstance(part, bytes) else part in self.text

    def __repr__(self) -> str:
        return f"<{self.status}, {len(self.body)} bytes of {self.content_type or 'no type'}>"


class StreamedResponse(_Answer):
    """An answer whose body is still coming; iterate over it for the pieces as they come."""

    def __init__(
        self,
        pieces: Callable[[], bytes | None],
        *,
        status_code: int,
        fields: Sequence[tuple[str, str]],
        method: str,
        url: str,
        host: str,
        now: float,
    ) -> None:
        super().__init__(status_code=status_code, fields=fields, method=method, url=url, host=host, now=now)
        self._next = pieces

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._next()) is not None:
            yield piece

    def lines(self) -> Iterator[str]:
        """Give the body line by line, without line ends, as soon as each is whole."""
        rest = b""
        for piece in self:
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line.removesuffix(b"\r").decode(self.charset, "replace")
        if rest:
            yield rest.decode(self.charset, "replace")

    def read(self) -> bytes:
        """Wait for what is left of the body and give it whole."""
        return b"".join(self)
