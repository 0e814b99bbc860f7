"""The rows of asok: seed names and defaults, names that mean one row, and what must hold between settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest
from dotenv import dotenv_values

from asok.settings import TABLE, dotenv_text, reference
from asok_engine.settings.environment import Environment
from asok_engine.settings.resolver import Layer, Resolver

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"

#: The documented keys, with their documented defaults for DEBUG false.
DOCUMENTED: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": None,
    "INDEX": "page",
    "LOCALE": "en",
    "PROJECT_NAME": "Asok App",
    "VERSION": "0.1.0",
    "ASOK_WRITE_BYTECODE": False,
    "AUTH_MODEL": "User",
    "ASOK_ENV": None,
    "APP_URL": None,
    "ASOK_PORT": 8000,
    "WS_PORT": 8001,
    "WS_ALLOWED_ORIGINS": None,
    "MAX_CONTENT_LENGTH": 10485760,
    "TRUSTED_PROXIES": None,
    "ASOK_DOCS": False,
    "DOCS": False,
    "SESSION_BACKEND": "memory",
    "SESSION_PATH": ".asok/sessions",
    "SESSION_MAX_AGE": 2592000,
    "SESSION_TTL": 86400,
    "SESSION_SAMESITE": "Lax",
    "SESSION_SECURE": True,
    "REDIS_URL": None,
    "MAGIC_LINK_TTL": 3600,
    "ASOK_CACHE_BACKEND": "memory",
    "ASOK_CACHE_PATH": ".asok/cache",
    "CSRF": True,
    "CORS_ORIGINS": None,
    "SECURITY_HEADERS": True,
    "CSP": {},
    "CSP_UNSAFE_EVAL": False,
    "CSP_REPORT_URI": None,
    "ETAG": True,
    "TOOLBAR": False,
    "RATE_LIMIT": True,
    "RATE_LIMIT_PER_MINUTE": 100,
    "GZIP": False,
    "GZIP_MIN_SIZE": 500,
    "HTML_MINIFY": True,
    "IMAGE_OPTIMIZATION": False,
    "IMAGE_KEEP_ORIGINAL": True,
    "ASOK_STORAGE_BACKEND": "local",
    "ASOK_S3_BUCKET": None,
    "ASOK_S3_REGION": None,
    "ASOK_S3_ENDPOINT": None,
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "ASOK_S3_CUSTOM_DOMAIN": None,
    "ASOK_SERVE_STATIC_FROM_S3": False,
    "ASOK_QUEUE_BACKEND": "local",
    "BG_WORKERS": 10,
    "ASOK_WORKER_CONCURRENCY": 1,
    "ASOK_WORKER_QUEUES": "high,default,low",
    "DATABASE_URL": "sqlite:///db.sqlite3",
    "MAIL_HOST": "localhost",
    "MAIL_PORT": 587,
    "MAIL_USERNAME": None,
    "MAIL_PASSWORD": None,
    "MAIL_FROM": "noreply@localhost",
    "MAIL_TLS": True,
    "LOG_LEVEL": "DEBUG",
    "LOG_FILE": None,
    "LOG_FORMAT": "text",
    "DOCS_PATH": "/docs",
    "OPENAPI_PATH": "/openapi.json",
    "OPENAPI_AUTHORIZE": None,
    "API_TITLE": "Asok App",
    "API_LOGO": None,
    "SITE_LOGO": None,
    "GRAPHQL_ENABLED": False,
    "GRAPHQL_PATH": "/graphql",
    "GRAPHQL_AUTHORIZE": None,
    "GRAPHQL_ALLOW_UNAUTHENTICATED_MUTATIONS": False,
    "GRAPHQL_MAX_COMPLEXITY": 100,
    "GRAPHQL_MAX_DEPTH": 20,
}


def resolver(process: Mapping[str, str] | None = None, **code: Any) -> Resolver:
    """Make a resolver over a process environment and values of code."""
    return Resolver(TABLE, Environment(None, process or {}), [Layer("code", code)])


def complaints(**code: Any) -> list[tuple[str, str]]:
    """Give level and name of every problem of a production start with these values."""
    good = {"SECRET_KEY": KEY, "APP_URL": "https://example.com"}
    return [(problem.level, problem.name) for problem in resolver(**(good | code)).problems()]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_each_documented_key_is_there_with_its_default(name: str) -> None:
    """The contract's keys and defaults, one by one."""
    assert resolver().value(name) == DOCUMENTED[name]


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("ASOK_REDIS_URL", "REDIS_URL"),
        ("S3_BUCKET", "ASOK_S3_BUCKET"),
        ("AWS_DEFAULT_REGION", "ASOK_S3_REGION"),
        ("S3_REGION", "ASOK_S3_REGION"),
        ("ASOK_TOOLBAR", "TOOLBAR"),
        ("ASOK_DOCS", "DOCS"),
        ("ASOK_DEBUG", "DEBUG"),
        ("PORT", "ASOK_PORT"),
        ("CACHE_BACKEND", "ASOK_CACHE_BACKEND"),
        ("WRITE_BYTECODE", "ASOK_WRITE_BYTECODE"),
    ],
)
def test_other_names_mean_the_same_row(variable: str, name: str) -> None:
    """A key is found with the prefix, without it, and under its documented alias."""
    row = TABLE.find(name)
    assert row is not None
    assert TABLE.find(variable) is row
    assert variable in TABLE.environment_names[row.name]


def test_the_prefixed_name_wins_over_the_bare_one() -> None:
    """`ASOK_REDIS_URL` beats `REDIS_URL` in the same source."""
    assert (
        resolver({"REDIS_URL": "redis://b", "ASOK_REDIS_URL": "redis://a"}).value("REDIS_URL") == "redis://a"
    )


def test_defaults_follow_debug() -> None:
    """DOCS and TOOLBAR are DEBUG; HTML_MINIFY and SESSION_SECURE are its opposite; hosts are open."""
    debug = resolver({"DEBUG": "yes"})
    assert [debug.value(name) for name in ("DOCS", "TOOLBAR", "HTML_MINIFY", "SESSION_SECURE")] == [
        True,
        True,
        False,
        False,
    ]
    assert (debug.value("ALLOWED_HOSTS"), resolver().value("ALLOWED_HOSTS")) == (["*"], [])


def test_defaults_follow_other_settings() -> None:
    """Titles, logos, origins and the sender have a source when they are not set themselves."""
    it = resolver(
        PROJECT_NAME="Shop",
        SITE_LOGO="/l.svg",
        CORS_ORIGINS=["https://a.b"],
        APP_URL="https://shop.example:8443",
    )
    assert it.value("API_TITLE") == "Shop"
    assert it.value("API_LOGO") == "/l.svg"
    assert it.value("WS_ALLOWED_ORIGINS") == ["https://a.b"]
    assert it.value("MAIL_FROM") == "noreply@shop.example"


def test_the_thread_pool_is_bounded_by_default() -> None:
    """Processors plus eight, thirty-two at most."""
    assert resolver().value("ASYNC_THREADS") == min(32, (os.cpu_count() or 1) + 8)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("ASOK_PORT", "0"),
        ("WS_PORT", "70000"),
        ("GZIP_MIN_SIZE", "-1"),
        ("MAX_CONTENT_LENGTH", "10MB"),
        ("SESSION_BACKEND", "mongo"),
        ("SESSION_SAMESITE", "lenient"),
        ("LOG_LEVEL", "LOUD"),
        ("RATE_LIMIT_PER_MINUTE", "0"),
        ("SHUTDOWN_TIMEOUT", "-1"),
        ("HTML_MINIFY", "maybe"),
        ("APP_URL", "example.com"),
        ("INDEX", "../page"),
        ("LOCALE", "english please"),
        ("AUTH_MODEL", "models.User"),
        ("REDIS_URL", "http://localhost"),
        ("DATABASE_URL", "oracle://x"),
        ("CORS_ORIGINS", "example.com"),
        ("TRUSTED_PROXIES", "10.0.0.1,nonsense"),
        ("DOCS_PATH", "docs"),
    ],
)
def test_a_value_out_of_bounds_stops_a_start(variable: str, text: str) -> None:
    """Each bound is an error that names its variable, in DEBUG as well."""
    [error] = resolver({"DEBUG": "true", variable: text}).errors()
    assert error.name == variable
    assert f"environment {variable}" in error.message
    assert "expected" in error.message


def test_every_default_passes_its_own_checks() -> None:
    """A project that sets what production demands has no problem at all, and DEBUG demands nothing."""
    assert complaints() == []
    assert resolver({"DEBUG": "true"}).problems() == []


def test_production_names_secret_key_and_app_url_together() -> None:
    """Both are missing from nothing, and both are told at once."""
    assert [problem.name for problem in resolver().errors()] == ["SECRET_KEY", "APP_URL"]
    assert complaints(SECRET_KEY="x" * 31) == [("error", "SECRET_KEY")]
    assert complaints(SECRET_KEY="changeme-changeme-changeme-changeme") == [("error", "SECRET_KEY")]
    assert complaints(APP_URL="/shop") == [("error", "APP_URL")]


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ({"DEBUG": True, "ASOK_ENV": "production"}, ("warning", "DEBUG")),
        ({"TRUSTED_PROXIES": ["*"]}, ("warning", "TRUSTED_PROXIES")),
        ({"SESSION_SAMESITE": "None", "SESSION_SECURE": False}, ("warning", "SESSION_SECURE")),
        ({"CORS_ORIGINS": ["*"], "CORS_ALLOW_CREDENTIALS": True}, ("error", "CORS_ALLOW_CREDENTIALS")),
        ({"SESSION_BACKEND": "redis"}, ("error", "SESSION_BACKEND")),
        ({"ASOK_CACHE_BACKEND": "redis"}, ("error", "ASOK_CACHE_BACKEND")),
        ({"ASOK_STORAGE_BACKEND": "s3"}, ("error", "ASOK_S3_BUCKET")),
        ({"SECRET_KEY_FALLBACKS": [" "]}, ("error", "SECRET_KEY_FALLBACKS")),
    ],
)
def test_settings_that_do_not_fit_together_are_told(code: dict[str, Any], complaint: tuple[str, str]) -> None:
    """What is weak is a warning and what cannot work is an error (reliability case 149)."""
    assert complaints(**code) == [complaint]


def test_the_new_projects_file_reads_back_and_starts_in_debug() -> None:
    """The scaffold's `.env` is made of rows: what it sets is set, and no line of it is a stranger."""
    text = dotenv_text({"DEBUG": "true", "SECRET_KEY": KEY})
    values = {
        name: value for name, value in dotenv_values(stream=StringIO(text)).items() if value is not None
    }
    assert values == {"DEBUG": "true", "SECRET_KEY": KEY}
    assert "# APP_URL=https://example.com" in text
    assert resolver(values).problems() == []


def test_the_full_file_has_every_row_that_the_environment_can_set() -> None:
    """Uncommented as it stands, each line is read without an error."""
    text = dotenv_text({}, everything=True)
    lines = [
        line.removeprefix("# ")
        for line in text.splitlines()
        if line.startswith("# ") and "=" in line.split(" ")[1]
    ]
    assert len(lines) == sum(1 for names in TABLE.environment_names.values() if names)
    values = {
        name: value for name, value in dotenv_values(stream=StringIO("\n".join(lines))).items() if value
    }
    assert [problem for problem in resolver(values).errors() if problem.name != "SECRET_KEY"] == []


def test_the_reference_names_the_guide() -> None:
    """A reader of the page finds which source wins."""
    assert "../howto/settings.md" in reference()
