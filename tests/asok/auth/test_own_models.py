"""The project's own model of what is kept for people: found, or told how to be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok import auth
from asok.auth.own_models import has_own_model, models_about, own_model
from asok_engine.errors import SetupError
from tests.asok.auth.desk import make_desk

HEAD = "from asok import Field, auth\n\n\n"


def models(root: Path, text: str) -> dict[str, type]:
    """Give the models of a desk with one more file."""
    return dict(make_desk(root, files={"src/models/passkey.py": HEAD + text}).models)


def test_the_one_model_that_inherits_is_found(tmp_path: Path) -> None:
    """Whatever it is called, and with fields of its own."""
    found = models(tmp_path, "class Key(auth.Passkey):\n    note = Field.String(default='')\n")
    assert own_model(found, auth.Passkey, found["User"]) is found["Key"]


def test_model_of_other_people_is_named_by_its_field(tmp_path: Path) -> None:
    """A project whose AUTH_MODEL is Member says whose the passkeys are; the full name, since tests have others."""
    text = 'class Passkey(auth.Passkey):\n    user_id = Field.ForeignKey("models.user.Member")\n'
    found = models(tmp_path, text)
    assert own_model(found, auth.Passkey, found["Member"]) is found["Passkey"]
    with pytest.raises(SetupError, match=r'user_id = Field\.ForeignKey\("User"\)'):
        own_model(found, auth.Passkey, found["User"])


def test_missing_model_is_told_with_its_lines(tmp_path: Path) -> None:
    """One error says which file to write and what to run."""
    found = models(tmp_path, "")
    with pytest.raises(
        SetupError, match=r"src/models/passkey\.py: from asok import auth, then class Passkey"
    ):
        own_model(found, auth.Passkey, found["User"])


def test_two_models_are_one_too_many(tmp_path: Path) -> None:
    """Nobody guesses which one is meant."""
    text = "class One(auth.Passkey):\n    pass\n\n\nclass Two(auth.Passkey):\n    pass\n"
    found = models(tmp_path, text)
    with pytest.raises(SetupError, match="One and Two inherit from"):
        own_model(found, auth.Passkey, found["User"])


def test_whether_there_is_one_is_told_without_an_error(tmp_path: Path) -> None:
    """For what does without: an application need not have passkeys."""
    assert not has_own_model({"Passkey": auth.Passkey}, auth.Passkey)
    assert has_own_model(models(tmp_path, "class Key(auth.Passkey):\n    pass\n"), auth.Passkey)


def test_models_of_other_people_are_not_about_these(tmp_path: Path) -> None:
    """Whoever counts what somebody has does not stop at a model that is somebody else's."""
    text = 'class Passkey(auth.Passkey):\n    user_id = Field.ForeignKey("models.user.Member")\n'
    found = models(tmp_path, text)
    assert models_about(found, auth.Passkey, found["Member"]) == [found["Passkey"]]
    assert models_about(found, auth.Passkey, found["User"]) == []
