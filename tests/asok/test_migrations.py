"""Migration files of asok find their words in the face."""

from __future__ import annotations

import asok_engine.migrations as engine
from asok import migrations


def test_face_has_every_word_of_the_engine() -> None:
    """A file of one face can be moved to the other."""
    for name in engine.__all__:
        assert getattr(migrations, name) is getattr(engine, name)
