"""Templates on disk and an environment over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from asok_engine.templates.environment import Environment

Site = Callable[..., Environment]
Render = Callable[..., str]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Write files below a folder and give an environment over it."""

    def make(files: Mapping[str, str] | None = None, **options: Any) -> Environment:
        for name, source in (files or {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return Environment(options.pop("roots", [tmp_path]), **options)

    return make


@pytest.fixture
def render() -> Render:
    """Render a source with the values given by name."""
    environment = Environment()

    def draw(source: str, /, **context: Any) -> str:
        return environment.render_string(source, context)

    return draw
