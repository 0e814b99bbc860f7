"""The reference of a file stays below its store."""

from __future__ import annotations

import pytest

from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.file import File, Image
from asok_engine.sql import types


@pytest.mark.parametrize("value", ["../secret", "a/../../b", "a\\..\\b", "~/x", "a\nb", "a\0"])
def test_path_out_of_the_store_is_refused(value: str) -> None:
    """Whoever opens the file joins it with the store's folder."""
    with pytest.raises(FieldProblem):
        File().clean(value)


def test_extensions_are_checked() -> None:
    """In any case; an image has those of images."""
    assert File(allowed_extensions=[".PDF"]).clean("docs/a.pdf") == "docs/a.pdf"
    assert Image("avatars").clean("avatars/a.PNG") == "avatars/a.PNG"
    for field, value in (
        (File(allowed_extensions=["pdf"]), "a.exe"),
        (Image(), "a.svg"),
        (Image(), "dir.png/a"),
    ):
        with pytest.raises(FieldProblem):
            field.clean(value)
    assert Image(nullable=True).clean(None) is None
    assert Image("x").upload_to == "x"
    assert File().column_type == types.string(500)
