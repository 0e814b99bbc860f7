"""A template that was found: what every render of it needs to know, found out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asok_engine.templates.head import HOOKS, PageHead
from asok_engine.templates.plain import Loops
from asok_engine.templates.rewrite import Variant

__all__ = ["Template"]

#: Renders what the engine has under a name; the last tells whether it escapes what is printed.
Run = Callable[[str, Mapping[str, Any], bool], str]


class Template:
    """A template of an environment, to be rendered any number of times.

    `names` are all that it can ask the context for by name, its parents and what it
    includes counted; None where only a render can tell.
    """

    __slots__ = ("_headed", "_headless", "_is_escaped", "_key", "_loops", "_run", "names")

    def __init__(
        self, key: str, loops: Loops, run: Run, *, is_escaped: bool, names: frozenset[str] | None
    ) -> None:
        self._key = key
        self._loops = loops
        self._run = run
        self._is_escaped = is_escaped
        self.names = names
        #: The names that the engine has for it, by the form that its loops have (`plain`).
        self._headless: dict[int | None, str] = {}
        self._headed: dict[int | None, str] = {}

    def render(self, context: Mapping[str, Any]) -> str:
        """Render it.

        Raises:
            TemplateError: it fails while it renders; an exception of user code is the cause.
            FrameworkError: what user code raised on purpose, such as a redirect, comes through as it is.
        """
        form = self._loops.form(context) if self._loops.prints else None
        if HOOKS.isdisjoint(context):
            key = self._headless.get(form) or self._named(form, headless=True)
            return self._run(key, context, self._is_escaped)
        page = PageHead(context)
        key = self._headed.get(form) or self._named(form, headless=False)
        return page.finish(self._run(key, page.into(context), self._is_escaped))

    def _named(self, form: int | None, *, headless: bool) -> str:
        key = self._key + Variant(form=form, headless=headless).suffix()
        (self._headless if headless else self._headed)[form] = key
        return key
