"""Has translated columns read in the language of the request: `title` is `title_fr` or `title_en`.

Composed only where a model has such columns.
"""

from __future__ import annotations

from typing import Any

from asok_engine.records.fields.translated import active_languages

__all__ = ["ActiveLanguages"]


class ActiveLanguages:
    """Sets the language of the request, and that of the application to fall back on."""

    def __init__(self, locale: str) -> None:
        self._locale = locale

    def guard(self, request: Any) -> None:
        """Set the languages for the context that answers this request of a page."""
        active_languages.set((request.lang, self._locale))
