"""What people see of a value: never a secret, never the password of an address."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.settings.kinds import BOOL_OR_DICT, DICT, DSN, LIST, TEXT, optional
from asok_engine.settings.masking import MASK, looks_secret, mask_dsn, masked, shown
from asok_engine.settings.table import Setting


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("sqlite:///db.sqlite3", "sqlite:///db.sqlite3"),
        ("postgresql://me:hunter2@db:5432/x", f"postgresql://me:{MASK}@db:5432/x"),
        ("redis://:hunter2@host:6379/0", f"redis://:{MASK}@host:6379/0"),
        ("mysql://me:hun@ter/2@db/x", f"mysql://me:{MASK}@db/x"),
        ("postgresql://me@db/x", "postgresql://me@db/x"),
        (
            "postgresql://db/x?user=me&password=hunter2&sslmode=require",
            f"postgresql://db/x?user=me&password={MASK}&sslmode=require",
        ),
        ("me:hunter2@db", MASK),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, safe: str) -> None:
    """Everything but the secret part stays, whatever characters the secret has."""
    assert mask_dsn(address) == safe
    assert masked(Setting("A", optional(DSN), None, "Give it."), address) == safe


def test_a_secret_is_shown_as_set_and_an_absent_one_as_absent() -> None:
    """One sees that there is a value and nothing of it, not even its length."""
    row = Setting("A", TEXT, "", "Keep.", secret=True)
    assert masked(row, "short") == masked(row, "a much longer secret") == MASK
    assert masked(row, None) is None
    assert shown(row, None) == "none"
    assert shown(Setting("A", LIST, [], "Keep.", secret=True), ["one", "two"]) == MASK


def test_secrets_inside_a_dictionary_are_masked() -> None:
    """Options follow their rows, unknown options their name, and aliases are looked into."""
    row = Setting("CACHES", DICT, {}, "Set.", per_alias=True, options=[Setting("url", DSN, "", "Give it.")])
    value = {"default": {"url": "redis://:hunter2@h/0", "api_token": "hunter2", "size": 3}}
    assert masked(row, value) == {"default": {"url": f"redis://:{MASK}@h/0", "api_token": MASK, "size": 3}}


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), ({"a": None}, '{"a": null}')],
)
def test_a_value_is_shown_as_one_would_write_it(value: Any, text: str) -> None:
    """What a listing shows can be put into `.env`."""
    assert shown(Setting("A", BOOL_OR_DICT, True, "Set."), value) == text


def test_lists_classes_and_functions_are_shown_by_name() -> None:
    """No address of an object in memory is in a listing."""
    assert shown(Setting("A", LIST, [], "List."), ["a", "b"]) == "a,b"
    assert shown(Setting("A", LIST, [], "List."), [Setting]) == "asok_engine.settings.table.Setting"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("STRIPE_API_KEY", True),
        ("DB_PASSWORD", True),
        ("auth_token", True),
        ("KEYBOARD", False),
        ("SITE", False),
    ],
)
def test_names_of_secrets_are_recognised(name: str, is_one: bool) -> None:
    """An application's own key is masked when its name says so."""
    assert looks_secret(name) is is_one
