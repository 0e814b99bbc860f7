"""The rules that every application has."""

from __future__ import annotations

from asok_engine.validation.checks.files import FILES
from asok_engine.validation.checks.measures import MEASURES
from asok_engine.validation.checks.presence import PRESENCE
from asok_engine.validation.checks.text import TEXT
from asok_engine.validation.checks.typing_rules import TYPING
from asok_engine.validation.checks.uniqueness import UNIQUENESS
from asok_engine.validation.rulebook import Rule

__all__ = ["STANDARD"]

#: By name, in the order in which the reference lists them.
STANDARD: dict[str, Rule] = {**PRESENCE, **TYPING, **MEASURES, **TEXT, **FILES, **UNIQUENESS}
