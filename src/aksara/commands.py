"""The commands of `aksara` that need the face: its settings table.

Everything else about commands is the engine's. This module is imported when one
of its commands runs.
"""

from __future__ import annotations

from aksara.conf import resolver
from asok_engine.commands.settings import settings_command

__all__ = ["settings"]

settings = settings_command("aksara", resolver)
