"""What is hidden, what stays readable, and that nothing raises."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.security.redaction import (
    HIDDEN,
    Redactor,
    is_secret_name,
    mask,
    mask_locals,
    mask_mapping,
    mask_text,
    mask_url,
)


@pytest.mark.parametrize(
    "name",
    [
        *"password PASSWORD userPassword user_password new-password passwd pwd passphrase".split(),
        *"token access_token refreshToken X-CSRF-Token csrf_token csrftoken csrfmiddlewaretoken".split(),
        *"secret SECRET_KEY client_secret AWS_SECRET_ACCESS_KEY ".split(),
        *"key api_key apiKey apikey X-Api-Key private_key signing_key ENCRYPTION_KEY SECRETKEY".split(),
        *"Authorization Proxy-Authorization Cookie Set-Cookie".split(),
        *"session session_id sessionid asok_session sid".split(),
        *"credentials jwt otp_code pin salt MAIL_PASSWORD db.password".split(),
    ],
)
def test_secret_names_are_known(name: str) -> None:
    """Names of secrets are recognised in every spelling that people use."""
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *"name username email id url path primary_key foreign_key public_key ".split(),
        *"cache_key key_prefix keys aws_region".split(),
        *"keyboard monkey tokenize SESSION_TTL session_cookie_name csrf_header token_count".split(),
        *"secret_name MAX_KEYS pinned author authority sidebar password_min_length x".split(),
        "",
        "__",
        "x" * 10_000,
    ],
)
def test_other_names_stay_readable(name: str) -> None:
    """A name that merely resembles or speaks about a secret is shown."""
    assert not is_secret_name(name)


def test_a_value_with_a_secret_name_is_hidden() -> None:
    """Text, numbers and containers alike; the length is not told."""
    assert [mask("password", value) for value in ("x", "x" * 99, 1234, ["a"], {"a": 1})] == [HIDDEN] * 5


def test_nothing_is_shown_as_nothing() -> None:
    """None, true, false and empty text hold no secret and tell that a setting is missing."""
    assert [mask("SECRET_KEY", value) for value in (None, True, False, "")] == [None, True, False, ""]


def test_other_values_are_themselves() -> None:
    """A harmless value is not copied or changed."""
    value = [1, 2]
    assert mask("rows", value) is value
    assert mask("name", "Ann") == "Ann"
    assert mask("DATABASE_URL", "postgres://u:p@h/db") == f"postgres://u:{HIDDEN}@h/db"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://u:p@h/db", "postgres://u:*@h/db"),
        ("postgresql+asyncpg://u:p@h:5432/db?x=1", "postgresql+asyncpg://u:*@h:5432/db?x=1"),
        ("redis://:p@h:6379/0", "redis://:*@h:6379/0"),
        ("redis://h:6379/0", "redis://h:6379/0"),
        ("mysql://u:p@ss/w#rd?@h/db", "mysql://u:*@h/db"),
        ("postgres://u@h/db?password=p", "postgres://u@h/db?password=*"),
        ("https://user:p@h/a?token=abc&x=1", "https://user:*@h/a?token=*&x=1"),
        ("https://h/a?mail=b@c", "https://h/a?mail=b@c"),
        ("sqlite:///db.sqlite3", "sqlite:///db.sqlite3"),
        ("host=h user=u password=p dbname=d", "host=h user=u password=* dbname=d"),
        ("", ""),
        ("not a url", "not a url"),
    ],
)
def test_addresses_lose_their_password_only(url: str, shown: str) -> None:
    """The rest of the address stays, because it is what a reader looks for."""
    assert mask_url(url) == shown.replace("*", HIDDEN)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot connect to postgres://u:p@h/db now", "cannot connect to postgres://u:*@h/db now"),
        ("GET /reset?token=abc.def&next=/", "GET /reset?token=*&next=/"),
        ('{"api_key": "abc", "n": 1}', '{"api_key": "*", "n": 1}'),
        ("Authorization: Bearer abcdefghijklmnop.q-r_s", "Authorization: Bearer *"),
        ("password='hunter2'", "password='*'"),
        ("the password is wrong", "the password is wrong"),
        ("token_count=5", "token_count=5"),
        ("12:30 at http://h/a?b=c", "12:30 at http://h/a?b=c"),
    ],
)
def test_secrets_in_free_text_are_found_by_their_form(text: str, shown: str) -> None:
    """Addresses, pairs and authorization schemes lose their secret, prose stays."""
    assert mask_text(text) == shown.replace("*", HIDDEN)


def test_known_values_are_hidden_wherever_they_stand() -> None:
    """A value of the settings is hidden in any text; a very short one would blank out words and is not."""
    redactor = Redactor({"s3cr3t-value", "s3cr3t-value-longer", "db"})
    assert redactor.mask("message", "x s3cr3t-value-longer y s3cr3t-value db") == f"x {HIDDEN} y {HIDDEN} db"
    assert redactor.mask_text("s3cr3t-value") == HIDDEN
    assert "s3cr3t" not in repr(redactor)
    assert redactor.mask("token", "anything") == HIDDEN
    assert redactor.mask("n", 5) == 5


def test_mappings_are_masked_to_the_bottom() -> None:
    """Secrets in nested mappings and lists are hidden; the original is not touched."""
    original = {"user": "ann", "auth": {"password": "p", "list": [{"api_key": "k", "n": 1}]}, "token": ["t"]}
    assert mask_mapping(original) == {
        "user": "ann",
        "auth": {"password": HIDDEN, "list": [{"api_key": HIDDEN, "n": 1}]},
        "token": HIDDEN,
    }
    assert original["token"] == ["t"]


def test_a_mapping_that_holds_itself_ends() -> None:
    """A circle is cut off at the depth."""
    circle: dict[str, Any] = {}
    circle["me"] = circle
    assert "…" in repr(mask_mapping(circle))


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Deep:
    def __repr__(self) -> str:
        return repr(self)


class list_(list):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        raise RuntimeError("no iteration")


list_.__name__ = "list"


@dataclass
class Settings:
    SECRET_KEY: str
    debug: bool = True


def test_locals_are_shown_with_their_secrets_hidden() -> None:
    """By name, inside dictionaries, inside the repr of objects, and by value; the rest is readable."""
    known = "known-secret-value"
    shown = mask_locals(
        {
            "name": "ann",
            "password": "p",
            "form": {"password": "p", "n": 1},
            "settings": Settings("key-of-the-house"),
            "line": f"signed with {known}",
            "data": known.encode(),
            "rows": [1, 2, 3],
            "__builtins__": {},
        },
        secrets={known},
    )
    assert shown["name"] == "'ann'"
    assert shown["rows"] == "[1, 2, 3]"
    assert shown["password"] == HIDDEN
    assert "n': 1" in shown["form"]
    assert "__builtins__" not in shown
    everything = repr(shown)
    assert "'p'" not in everything
    assert "key-of-the-house" not in everything
    assert known not in everything


def test_a_secret_at_the_edge_of_a_cut_does_not_show_its_beginning() -> None:
    """Text is masked before it is cut, wherever in it the secret stands."""
    secret = "the-secret-of-the-settings"
    for start in range(90, 130):
        shown = mask_locals({"text": "x" * start + secret + "y" * 500}, secrets={secret}, max_chars=120)[
            "text"
        ]
        assert "the-s" not in shown


def test_objects_that_cannot_say_what_they_are_do_not_stop_the_page() -> None:
    """A broken, an endless and a lying __repr__ are shown as something."""
    shown = mask_locals({"broken": Broken(), "deep": Deep(), "liar": list_([1]), "nested": {"b": [Broken()]}})
    assert set(shown) == {"broken", "deep", "liar", "nested"}
    assert "Broken" in shown["broken"]


def test_the_page_stays_small_whatever_the_variables_are() -> None:
    """Many variables, long texts, big lists and deep nesting give a bounded result in a bounded time."""
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    variables = {f"v{n}": n for n in range(10_000)}
    variables = {
        "text": "password=" * 1_000_000,
        "many": list(range(1_000_000)),
        "map": {n: n for n in range(100_000)},
        "deep": deep,
        "number": 10**4000,
        **variables,
    }
    began = time.process_time()
    shown = mask_locals(variables, max_items=50, max_chars=200)
    assert time.process_time() - began < 1.0
    assert len(shown) == 51
    assert all(len(text) < 260 for text in shown.values())
    while deep:
        deep = deep[0]


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300), st.text(max_size=60))
def test_nothing_raises_and_masking_twice_changes_nothing(text: str, name: str) -> None:
    """Any name and text can be masked, and what is masked stays as it is."""
    is_secret_name(name)
    mask(name, text)
    once = mask_text(text)
    assert mask_text(once) == once
    mask_url(text)


def test_the_work_grows_with_the_text_and_not_faster() -> None:
    """A quarter of a megabyte made to be hard to read is masked in far less than a second."""
    for hard in (
        "a" * 250_000,
        "://a:" * 50_000,
        "token" * 50_000,
        "password= " * 25_000,
        "Bearer " * 35_000,
    ):
        began = time.process_time()
        mask_text(hard)
        mask_url(hard)
        assert time.process_time() - began < 1.0
