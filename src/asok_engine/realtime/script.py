"""The browser's side: the text of `asokWS`, as it is served to pages.

The source stands beside this file in `assets` and is served as it is; a comment at
its head says how it is used.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["content"]


@cache
def content() -> bytes:
    """Give the script."""
    return files("asok_engine.realtime").joinpath("assets/asok-ws.js").read_bytes()
