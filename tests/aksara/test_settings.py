"""The rows of aksara: how many the contract has, their defaults, bounds, and what must hold between them."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest
from dotenv import dotenv_values

from aksara.exceptions import ImproperlyConfigured
from aksara.settings import TABLE, dotenv_text, reference
from asok_engine.settings.environment import Environment
from asok_engine.settings.resolver import Layer, Resolver

KEY = "0123456789abcdefghijklmnopqrstuvwxyz" * 2


def resolver(process: Mapping[str, str] | None = None, **code: Any) -> Resolver:
    """Make a resolver over a process environment and values of code."""
    return Resolver(TABLE, Environment(None, process or {}), [Layer("code", code)])


def complaints(**code: Any) -> list[tuple[str, str]]:
    """Give level and name of every problem of a production start with these values."""
    good = {"SECRET_KEY": KEY, "ALLOWED_HOSTS": ["example.com"]}
    return [(problem.level, problem.name) for problem in resolver(**(good | code)).problems()]


def test_the_contract_has_73_settings_and_26_options() -> None:
    """And three more rows: the Redis address that its list of variables names, and the keys of AUTH_ALGORITHM."""
    more = {"REDIS_URL", "AUTH_PRIVATE_KEY", "AUTH_PUBLIC_KEY"}
    assert more <= {row.name for row in TABLE.rows}
    assert len(TABLE.rows) - len(more) == 73
    assert sum(len(row.options) for row in TABLE.rows) == 26


def test_the_bare_names_are_those_that_the_contract_lists() -> None:
    """Everything else in the environment needs the prefix."""
    bare = {
        name for names in TABLE.environment_names.values() for name in names if not name.startswith("AKSARA_")
    }
    assert bare == {
        "DEBUG",
        "SECRET_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "ALLOWED_HOSTS",
        "CORS_ORIGINS",
        "AI_API_KEY",
    }


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("AKSARA_EMAIL_PORT", "70000"),
        ("AKSARA_EMAIL_BACKEND", "pigeon"),
        ("AKSARA_EMAIL_TIMEOUT", "0"),
        ("AKSARA_MEDIA_STORAGE", "floppy"),
        ("AKSARA_MEDIA_URL", "media/"),
        ("AKSARA_TIME_ZONE", "Mars/Olympus"),
        ("AKSARA_DEFAULT_LOCALE", "english please"),
        ("AKSARA_SUPPORTED_LOCALES", ""),
        ("AKSARA_TASK_MAX_ATTEMPTS", "0"),
        ("AKSARA_TASK_RETRY_BACKOFF_BASE", "0.5"),
        ("AKSARA_TASK_RESULT_TTL_SECONDS", "soon"),
        ("AKSARA_AUTH_ALGORITHM", "none"),
        ("AKSARA_AI_PROVIDER", "oracle"),
        ("AKSARA_TENANT_HEADER", "X Tenant"),
        ("AKSARA_TENANT_MODEL", "Tenant"),
        ("AKSARA_ADMIN_URL_PREFIX", "admin"),
        ("AKSARA_CORS_ALLOW_METHODS", "get"),
        ("AKSARA_DATABASE_POOL", '{"min_size": "x"}'),
        ("AKSARA_LOGGING", "[1]"),
        ("CORS_ORIGINS", "example.com"),
        ("DATABASE_URL", "oracle://x"),
    ],
)
def test_a_value_out_of_bounds_stops_a_start(variable: str, text: str) -> None:
    """Each bound is an error that names its variable, in DEBUG as well."""
    errors = resolver({"DEBUG": "true", variable: text}).errors()
    assert any(f"environment {variable}" in error.message and "expected" in error.message for error in errors)


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ({"SECRET_KEY": None}, ("error", "SECRET_KEY")),
        ({"SECRET_KEY": KEY[:31]}, ("error", "SECRET_KEY")),
        ({"SECRET_KEY": KEY[:49]}, ("warning", "SECRET_KEY")),
        ({"ALLOWED_HOSTS": []}, ("warning", "ALLOWED_HOSTS")),
        ({"EMAIL_USE_TLS": True, "EMAIL_USE_SSL": True}, ("error", "EMAIL_USE_SSL")),
        ({"MEDIA_STORAGE": "s3"}, ("error", "MEDIA_S3_BUCKET")),
        ({"PAGE_SIZE": 500}, ("error", "PAGE_SIZE")),
        ({"DATABASE_POOL": {"min_size": 50}}, ("error", "DATABASE_POOL")),
        ({"DEFAULT_LOCALE": "fr"}, ("warning", "DEFAULT_LOCALE")),
        ({"CORS_ORIGINS": ["*"], "CORS_ALLOW_CREDENTIALS": True}, ("error", "CORS_ALLOW_CREDENTIALS")),
    ],
)
def test_settings_that_do_not_fit_together_are_told(code: dict[str, Any], complaint: tuple[str, str]) -> None:
    """What is weak is a warning and what cannot work is an error."""
    assert complaints(**code) == [complaint]


@pytest.mark.setting("aksara.DEBUG")
def test_every_default_passes_its_own_checks() -> None:
    """A project that sets what production demands has no problem, and DEBUG demands nothing."""
    assert complaints() == []
    assert resolver({"DEBUG": "true"}).problems() == []


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("DATABASE_POOL", {"min_sise": 1}, "min_size"),
        ("LOGGING", {"levl": "INFO"}, "level"),
        ("AI_SAFETY", {"audit_logs": True}, "audit_log"),
        ("SECURITY", {"SECURE_HSTS_SECOND": 1}, "SECURE_HSTS_SECONDS"),
        ("CACHE", {"default": {"backnd": "redis"}}, "backend"),
    ],
)
def test_a_slip_in_an_options_name_says_what_was_meant(name: str, value: Any, meant: str) -> None:
    """Dictionaries are checked as settings are."""
    row = TABLE.find(name)
    assert row is not None
    with pytest.raises(ImproperlyConfigured, match=rf"Did you mean {meant}\?"):
        TABLE.read(row, value, "code")


def test_options_are_completed_by_their_defaults_and_variables() -> None:
    """An empty dictionary has every option; Redis' address reaches the cache that names none."""
    it = resolver({"AKSARA_POOL_SIZE": "7", "AKSARA_LOG_LEVEL": "debug", "REDIS_URL": "redis://h/1"})
    assert it.options("DATABASE_POOL") == {
        "min_size": 5,
        "max_size": 7,
        "max_queries": 50000,
        "max_inactive_connection_lifetime": 300,
    }
    assert it.options("LOGGING") == {
        "level": "DEBUG",
        "format": "text",
        "handlers": ["console"],
        "file_path": None,
    }
    assert it.options("CACHE")["default"]["url"] == "redis://h/1"


def test_the_new_projects_file_reads_back() -> None:
    """What it sets is set, under the name that hosts use too."""
    text = dotenv_text({"DEBUG": "true", "SECRET_KEY": KEY})
    values = {
        name: value for name, value in dotenv_values(stream=StringIO(text)).items() if value is not None
    }
    assert values == {"DEBUG": "true", "SECRET_KEY": KEY}
    assert resolver(values).problems() == []
    assert "AKSARA_PAGE_SIZE=20" in dotenv_text({}, everything=True)


def test_the_reference_names_the_guide() -> None:
    """A reader of the page finds which source wins."""
    assert "../howto/settings.md" in reference()
