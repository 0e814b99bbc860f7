"""What this process has imported the application for: to serve it, or to run a command on it.

What begins by itself when an application is imported, such as a server on a port of
its own, must not begin under `asok routes` or a migration. A command says so before it
imports; a process that nobody has told anything serves.
"""

from __future__ import annotations

__all__ = ["for_a_command", "serves", "to_serve"]

_serves = True


def for_a_command() -> None:
    """Say that the application is imported to be looked at or worked on."""
    global _serves
    _serves = False


def to_serve() -> None:
    """Say that the application is imported to be served, which is also what is assumed."""
    global _serves
    _serves = True


def serves() -> bool:
    """Tell whether this process is one that serves the application."""
    return _serves
