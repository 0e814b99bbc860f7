"""Code of a command that is loaded when it is first called, so that listing and help load none of it.

As the commands themselves it is named `module:attribute`. Everything else is imported
at the top of the file that uses it, as everywhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

__all__ = ["later"]


def later(name: str) -> Callable[..., Any]:
    """Give a function that imports `module:attribute` at its first call and calls it."""
    module, _, attribute = name.partition(":")

    def call(*arguments: Any, **named: Any) -> Any:
        return getattr(importlib.import_module(module), attribute)(*arguments, **named)

    return call
