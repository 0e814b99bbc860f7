"""A text in several languages, kept in one column each: `title_en`, `title_fr`, read as `title`.

Which language is read is said by the face, in `active_languages`: the wanted one
first, then those to fall back on. Without any text in them, the first that is there
is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, overload

from asok_engine.records.fields.field import Field, FieldRef
from asok_engine.records.fields.text import String

__all__ = ["Translated", "active_languages", "find_translated"]

#: The languages of this request, the wanted one first.
active_languages: ContextVar[tuple[str, ...]] = ContextVar("active_languages", default=("en",))

#: Two letters of ISO 639-1 that are no common ending of a field's name.
_LANGUAGES = re.compile(
    "ar|az|b[gns]|c[as]|d[ae]|e[lnstu]|f[air]|g[alu]|h[eiruy]|i[dst]|ja|k[akmno]|l[tv]|m[klnrsy]|n[beln]|p[alt]"
    "|r[ou]|s[ikqlrvw]|t[aehr]|u[krz]|vi|xh|z[hu]"
)
_NAME = re.compile(r"(.+?)_([a-z]{2}(?:_[a-z]{2})?)")


class Translated:
    """The text of the active language; setting it sets that language's column."""

    def __init__(self, name: str, fields: Mapping[str, str]) -> None:
        self.name = name
        #: The field of each language.
        self.fields = dict(fields)

    def field_of(self, languages: Sequence[str]) -> str:
        """Give the field of the first language that there is a column for."""
        for language in languages:
            short = language.replace("-", "_").lower()
            for each in (short, short.partition("_")[0]):
                if each in self.fields:
                    return self.fields[each]
        return next(iter(self.fields.values()))

    @overload
    def __get__(self, instance: None, owner: type) -> FieldRef: ...

    @overload
    def __get__(self, instance: object, owner: type) -> str: ...

    def __get__(self, instance: Any, owner: Any) -> Any:
        languages = active_languages.get()
        if instance is None:
            return owner.__description__.ref(self.field_of(languages))
        wanted = [self.field_of((language,)) for language in languages]
        for name in (*wanted, *self.fields.values()):
            text = instance.__dict__.get(name)
            if text:
                return text
        return None

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field_of(active_languages.get())] = value


def find_translated(fields: Mapping[str, Field[Any]], taken: Iterable[str]) -> list[Translated]:
    """Find fields of text that differ by a language at their end, where the name before it is free."""
    groups: dict[str, dict[str, str]] = {}
    for name, field in fields.items():
        match = _NAME.fullmatch(name)
        if match and isinstance(field, String) and _LANGUAGES.fullmatch(match[2][:2]):
            groups.setdefault(match[1], {})[match[2]] = name
    known = {*fields, *taken}
    return [Translated(name, group) for name, group in groups.items() if len(group) > 1 and name not in known]
