"""Signals of models: functions that hear of saves and deletions, as `@post_save(Post)`.

A receiver is plain or async and gets `sender`, `instance` and, for saves, `created`. It
runs inside the transaction of the deed, and what it raises stops the deed.
"""

from __future__ import annotations

from asok_engine.records.signals import Signal, post_delete, post_save, pre_delete, pre_save

__all__ = ["Signal", "post_delete", "post_save", "pre_delete", "pre_save"]
