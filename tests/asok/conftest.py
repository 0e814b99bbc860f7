"""What an application does to its process is taken back after each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from asok_engine.telemetry.logs import reset_logging


@pytest.fixture(autouse=True)
def _process_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logging, the import path, loaded pages and the switch for bytecode are as they were."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    yield
    reset_logging()
