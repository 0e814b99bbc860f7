"""The settings of aksara: one row each, and nothing else that decides about them.

A row is a field of `aksara.conf.Settings` in lower case. In the environment its
name has the prefix `AKSARA_`; the few aliases are those that hosts set anyway.
Reference page, `.env` template, checks and messages are made from these rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aksara.exceptions import ImproperlyConfigured
from asok_engine.settings.kinds import (
    BOOL,
    DICT,
    DSN,
    FILE,
    LIST,
    REFERENCE,
    REFERENCES,
    TEXT,
    choice,
    choices,
    integer,
    number,
    optional,
)
from asok_engine.settings.printing import env_template, reference_page
from asok_engine.settings.problem import Problem
from asok_engine.settings.production import is_absolute_url, key_of_this_process, secret_key_problems
from asok_engine.settings.table import Lookup, Setting, Table, section

__all__ = ["TABLE", "dotenv_text", "reference"]

_PORT = integer(1, 65535)
_SECONDS = integer(1)
_INTERVAL = number(0.0, exclusive=True)
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


# --- checks: a value of the right kind, and what it should have been --------------


def _locale(value: str) -> str | None:
    return None if _LOCALE.fullmatch(value) else "a language code such as en or pt-BR"


def _locales(value: list[str]) -> str | None:
    if value and all(_LOCALE.fullmatch(item) for item in value):
        return None
    return "one or more language codes such as en or pt-BR"


def _time_zone(value: str) -> str | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "a time zone such as UTC or Europe/Berlin"
    return None


def _module(value: str) -> str | None:
    return None if all(part.isidentifier() for part in value.split(".")) else "the dotted name of a module"


def _model(value: str) -> str | None:
    parts = value.split(".")
    fine = len(parts) >= 2 and all(part.isidentifier() for part in parts)
    return None if fine else "the name of an application and a model, such as tenants.Tenant"


def _url_prefix(value: str) -> str | None:
    path = value.startswith("/") and not value.startswith("//") and not re.search(r"[\s?#\\]", value)
    return None if path or is_absolute_url(value) else "a path that begins with one /, or an absolute URL"


def _url_path(value: str) -> str | None:
    fine = value.startswith("/") and not value.startswith("//") and not re.search(r"[\s?#\\]", value)
    return None if fine else "a path that begins with one /"


def _absolute_url(value: str) -> str | None:
    return None if is_absolute_url(value) else "an absolute http(s) URL such as https://cdn.example.com"


def _redis_url(value: str) -> str | None:
    fine = re.match(r"(rediss?|valkeys?|unix)://\S", value)
    return None if fine else "an address such as redis://localhost:6379/0"


def _database_url(value: str) -> str | None:
    fine = re.match(r"(sqlite|postgres(ql)?|mysql|mariadb)(\+\w+)?://", value)
    return None if fine else "an address that begins with sqlite://, postgresql:// or mysql://"


def _header(value: str) -> str | None:
    return None if re.fullmatch(r"[A-Za-z0-9-]+", value) else "the name of a header such as X-Tenant-ID"


def _methods(value: list[str]) -> str | None:
    return None if all(re.fullmatch(r"[A-Z]+", item) for item in value) else "HTTP methods in upper case"


def _origins(value: list[str]) -> str | None:
    fine = all(item == "*" or re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s]+", item) for item in value)
    return None if fine else 'origins such as https://example.com (no path), or "*"'


def _has_own_backend(options: Mapping[str, Any]) -> bool:
    return "." in str(options.get("backend", ""))


# --- defaults that follow other settings -------------------------------------------


def _secret_key(of: Lookup) -> str | None:
    return key_of_this_process() if of("DEBUG") else None


def _allowed_hosts(of: Lookup) -> list[str]:
    return ["*"] if of("DEBUG") else []


# --- what must hold between settings -----------------------------------------------


def _production(of: Lookup) -> Iterator[Problem]:
    if of("DEBUG"):
        return
    yield from secret_key_problems(of("SECRET_KEY"), advised_length=50)
    if not of("ALLOWED_HOSTS"):
        yield Problem(
            "ALLOWED_HOSTS",
            "ALLOWED_HOSTS is empty and DEBUG is false; every request will be refused.",
            "List the host names of the application.",
            "warning",
        )


def _every_origin(of: Lookup) -> Iterator[Problem]:
    if of("CORS_ALLOW_CREDENTIALS") and "*" in of("CORS_ORIGINS"):
        yield Problem(
            "CORS_ALLOW_CREDENTIALS",
            'CORS_ALLOW_CREDENTIALS is true and CORS_ORIGINS has "*"; browsers refuse the two together.',
            "List the origins that may send cookies.",
        )


def _one_kind_of_tls(of: Lookup) -> Iterator[Problem]:
    if of("EMAIL_USE_TLS") and of("EMAIL_USE_SSL"):
        yield Problem(
            "EMAIL_USE_SSL",
            "EMAIL_USE_TLS and EMAIL_USE_SSL are both true; a connection has one kind of TLS.",
            "Keep EMAIL_USE_TLS for port 587 or EMAIL_USE_SSL for port 465.",
        )


def _needs_bucket(of: Lookup) -> Iterator[Problem]:
    if of("MEDIA_STORAGE") == "s3" and not of("MEDIA_S3_BUCKET"):
        yield Problem(
            "MEDIA_S3_BUCKET", "MEDIA_STORAGE is s3 and MEDIA_S3_BUCKET is not set.", "Set the bucket's name."
        )


def _page_sizes(of: Lookup) -> Iterator[Problem]:
    if of("PAGE_SIZE") > of("MAX_PAGE_SIZE"):
        yield Problem(
            "PAGE_SIZE",
            f"PAGE_SIZE is {of('PAGE_SIZE')} and MAX_PAGE_SIZE only {of('MAX_PAGE_SIZE')}.",
            "Raise MAX_PAGE_SIZE or lower PAGE_SIZE.",
        )


def _pool_sizes(of: Lookup) -> Iterator[Problem]:
    pool = {"min_size": 5, "max_size": 20} | of("DATABASE_POOL")
    if pool["min_size"] > pool["max_size"]:
        yield Problem(
            "DATABASE_POOL",
            f"DATABASE_POOL has min_size {pool['min_size']} and max_size only {pool['max_size']}.",
            "Raise max_size or lower min_size.",
        )


def _default_locale(of: Lookup) -> Iterator[Problem]:
    supported = {item.lower().replace("_", "-") for item in of("SUPPORTED_LOCALES")}
    if of("DEFAULT_LOCALE").lower().replace("_", "-") not in supported:
        yield Problem(
            "DEFAULT_LOCALE",
            f"DEFAULT_LOCALE is {of('DEFAULT_LOCALE')!r}, which SUPPORTED_LOCALES does not list.",
            "Add it to SUPPORTED_LOCALES.",
            "warning",
        )


TABLE = Table(
    "aksara",
    "AKSARA_",
    [
        *section(
            "Core",
            Setting(
                "DEBUG",
                BOOL,
                False,
                "Show detailed error pages; for development only.",
                aliases=["DEBUG"],
            ),
            Setting(
                "SECRET_KEY",
                optional(TEXT),
                _secret_key,
                "Sign sessions, tokens and forms; production needs at least 32 characters, 50 are advised.",
                aliases=["SECRET_KEY"],
                secret=True,
                default_text="none; in DEBUG a random key per process",
            ),
            Setting(
                "ALLOWED_HOSTS",
                LIST,
                _allowed_hosts,
                "List the host names that are answered, such as example.com or .example.com.",
                aliases=["ALLOWED_HOSTS"],
                default_text='"*" in DEBUG, else empty',
                example="example.com,.example.org",
            ),
            Setting(
                "ROOT_URLCONF",
                optional(TEXT),
                None,
                "Name the module of the routes; without it one is looked for.",
                check=_module,
                example="myapp.urls",
            ),
        ),
        *section(
            "Database",
            Setting(
                "DATABASE_URL",
                DSN,
                "sqlite:///db.sqlite3",
                "Give the address of the database; a relative SQLite path is below the project.",
                aliases=["DATABASE_URL"],
                check=_database_url,
                example="postgresql://user:password@localhost:5432/name",
            ),
            Setting(
                "DATABASE_POOL",
                DICT,
                {},
                "Set the pool of connections.",
                example="'{\"min_size\": 5}'",
                options=[
                    Setting(
                        "min_size",
                        integer(0),
                        5,
                        "Open this many connections at the start.",
                        aliases=["AKSARA_POOL_MIN_SIZE"],
                    ),
                    Setting(
                        "max_size",
                        integer(1),
                        20,
                        "Never open more connections than this.",
                        aliases=["AKSARA_POOL_MAX_SIZE", "AKSARA_POOL_SIZE"],
                    ),
                    Setting(
                        "max_queries", integer(1), 50000, "Replace a connection after this many queries."
                    ),
                    Setting(
                        "max_inactive_connection_lifetime",
                        number(0.0),
                        300,
                        "Close a connection that was idle for this many seconds.",
                    ),
                ],
            ),
        ),
        *section(
            "Media",
            Setting("MEDIA_ROOT", FILE, "media", "Give the folder of files kept on this machine."),
            Setting(
                "MEDIA_URL", TEXT, "/media/", "Give the address prefix of those files.", check=_url_prefix
            ),
            Setting(
                "MEDIA_STORAGE",
                choice("filesystem", "s3", or_dotted=True),
                "filesystem",
                "Say where uploads are kept: filesystem, s3, or a class of your own.",
                example="s3",
            ),
            Setting("MEDIA_S3_BUCKET", optional(TEXT), None, "Name the S3 bucket.", example="my-app-media"),
            Setting("MEDIA_S3_REGION", optional(TEXT), None, "Name the S3 region.", example="us-east-1"),
            Setting(
                "MEDIA_S3_ENDPOINT_URL",
                optional(TEXT),
                None,
                "Give the address of an S3-compatible service other than Amazon's.",
                check=_absolute_url,
                example="https://minio.example.com",
            ),
            Setting(
                "MEDIA_S3_ACCESS_KEY", optional(TEXT), None, "Give the access key of the bucket.", secret=True
            ),
            Setting(
                "MEDIA_S3_SECRET_KEY", optional(TEXT), None, "Give the secret key of the bucket.", secret=True
            ),
            Setting(
                "MEDIA_PUBLIC_BASE_URL",
                optional(TEXT),
                None,
                "Give the address that stands before file names, such as that of a CDN.",
                check=_absolute_url,
                example="https://cdn.example.com/media",
            ),
        ),
        *section(
            "Mail",
            Setting(
                "EMAIL_BACKEND",
                choice("console", "locmem", "smtp", or_dotted=True),
                "console",
                "Say what sends mail: console prints it, locmem keeps it, smtp sends it; or your own class.",
                example="smtp",
            ),
            Setting(
                "DEFAULT_FROM_EMAIL", TEXT, "webmaster@localhost", "Give the sender of mail that names none."
            ),
            Setting("EMAIL_HOST", TEXT, "localhost", "Name the SMTP server."),
            Setting("EMAIL_PORT", _PORT, 25, "Give the port of the SMTP server.", example="587"),
            Setting("EMAIL_HOST_USER", optional(TEXT), None, "Give the user name at the SMTP server."),
            Setting(
                "EMAIL_HOST_PASSWORD",
                optional(TEXT),
                None,
                "Give the password at the SMTP server.",
                secret=True,
            ),
            Setting("EMAIL_USE_TLS", BOOL, False, "Upgrade the connection to TLS before sending (STARTTLS)."),
            Setting("EMAIL_USE_SSL", BOOL, False, "Begin the connection with TLS."),
            Setting("EMAIL_TIMEOUT", _INTERVAL, 10.0, "Give up on the SMTP server after this many seconds."),
        ),
        *section(
            "Languages and time zones",
            Setting(
                "SUPPORTED_LOCALES",
                LIST,
                ["en"],
                "List the languages that a visitor can get.",
                check=_locales,
            ),
            Setting(
                "DEFAULT_LOCALE",
                TEXT,
                "en",
                "Give the language used when none of a visitor's is supported.",
                check=_locale,
            ),
            Setting("LOCALE_PATHS", LIST, ["locale"], "List the folders of translation catalogues."),
            Setting("USE_TZ", BOOL, True, "Store times in UTC and show them in the zone of the request."),
            Setting(
                "TIME_ZONE",
                TEXT,
                "UTC",
                "Give the time zone used when a request names none.",
                check=_time_zone,
                example="Europe/Berlin",
            ),
        ),
        *section(
            "Background tasks",
            Setting("TASKS_ENABLED", BOOL, True, "Run a worker of tasks inside the application."),
            Setting(
                "TASK_POLL_INTERVAL_SECONDS",
                _INTERVAL,
                1.0,
                "Look for new tasks this often when there are none.",
            ),
            Setting("TASK_MAX_ATTEMPTS", integer(1), 3, "Try a task this often before it has failed."),
            Setting(
                "TASK_RETRY_DELAY_SECONDS", number(0.0), 5.0, "Wait this long before the second attempt."
            ),
            Setting(
                "TASK_RETRY_BACKOFF_BASE",
                number(1.0),
                2.0,
                "Multiply the delay by this after each failed attempt; 1.0 keeps it constant.",
            ),
            Setting("TASK_RETRY_MAX_DELAY_SECONDS", number(0.0), 3600.0, "Never wait longer than this."),
            Setting("TASK_CONCURRENCY", integer(1), 1, "Run this many tasks at the same time."),
            Setting(
                "TASK_STALE_LOCK_TIMEOUT_SECONDS",
                _INTERVAL,
                300.0,
                "Take a running task for crashed after this long without a sign of life.",
            ),
            Setting(
                "TASK_LOCK_RECOVERY_INTERVAL_SECONDS", _INTERVAL, 60.0, "Look for crashed tasks this often."
            ),
            Setting(
                "TASK_RESULT_TTL_SECONDS",
                optional(_INTERVAL),
                None,
                "Delete finished tasks after this long; none keeps them.",
                example="604800",
            ),
            Setting(
                "TASK_CLEANUP_INTERVAL_SECONDS", _INTERVAL, 3600.0, "Look for tasks to delete this often."
            ),
            Setting(
                "TASK_CRON_CHECK_INTERVAL_SECONDS", _INTERVAL, 30.0, "Look for recurring tasks this often."
            ),
        ),
        *section(
            "Applications",
            Setting("INSTALLED_APPS", LIST, [], "List the applications whose models and views are loaded."),
            Setting("MIDDLEWARE", REFERENCES, [], "List the middleware classes, the outermost first."),
        ),
        *section(
            "API",
            Setting(
                "DEFAULT_PERMISSION_CLASSES",
                REFERENCES,
                ["aksara.api.permissions.AllowAny"],
                "List the permissions of views that name none.",
            ),
            Setting(
                "DEFAULT_AUTHENTICATION_CLASSES",
                REFERENCES,
                [],
                "List the ways to sign in at views that name none, in the order they are tried.",
            ),
            Setting(
                "DEFAULT_PAGINATION_CLASS",
                optional(REFERENCE),
                None,
                "Name the pagination of views that name none.",
                example="aksara.api.pagination.PageNumberPagination",
            ),
            Setting("PAGE_SIZE", integer(1), 20, "Give the rows of a page of results."),
            Setting("MAX_PAGE_SIZE", integer(1), 100, "Bound the rows of a page that a client may ask for."),
        ),
        *section(
            "Authentication",
            Setting(
                "AUTH_TOKEN_EXPIRY", _SECONDS, 86400, "Give the seconds for which an access token is valid."
            ),
            Setting(
                "AUTH_REFRESH_TOKEN_EXPIRY",
                _SECONDS,
                604800,
                "Give the seconds for which a refresh token is valid.",
            ),
            Setting(
                "AUTH_ALGORITHM",
                choice(
                    *("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
                    *("ES256", "ES384", "ES512", "EdDSA"),
                ),
                "HS256",
                "Name the algorithm that signs JSON Web Tokens.",
                example="HS256",
            ),
            Setting(
                "AUTH_PRIVATE_KEY",
                optional(TEXT),
                None,
                "Give the key that signs JSON Web Tokens with RS*, PS*, ES* or EdDSA, as PEM text.",
                secret=True,
            ),
            Setting(
                "AUTH_PUBLIC_KEY",
                optional(TEXT),
                None,
                "Give a key that checks them: of a service that signs, or of the private key of before.",
            ),
        ),
        *section(
            "CORS",
            Setting(
                "CORS_ORIGINS",
                LIST,
                [],
                'List the origins of other sites that may read answers; "*" for all.',
                aliases=["CORS_ORIGINS"],
                check=_origins,
                example="https://example.com",
            ),
            Setting("CORS_ALLOW_CREDENTIALS", BOOL, False, "Let those origins send cookies and credentials."),
            Setting(
                "CORS_ALLOW_METHODS",
                LIST,
                ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
                "List the methods that those origins may use.",
                check=_methods,
            ),
            Setting(
                "CORS_ALLOW_HEADERS",
                LIST,
                ["*"],
                'List the headers that those origins may send; "*" for all.',
            ),
        ),
        *section(
            "Cache and logging",
            Setting(
                "REDIS_URL",
                optional(DSN),
                None,
                "Give the address of Redis for caches, rate limits and queues that name none.",
                aliases=["REDIS_URL"],
                check=_redis_url,
                example="redis://localhost:6379/0",
            ),
            Setting(
                "CACHE",
                DICT,
                {},
                "Set the caches, each under its alias; `default` is always there.",
                example='\'{"default": {"backend": "redis"}}\'',
                per_alias=True,
                accepts_more=_has_own_backend,
                options=[
                    Setting(
                        "backend",
                        choice("memory", "file", "redis", or_dotted=True),
                        "memory",
                        "Say where the cache is kept: memory, file, redis, or a class of your own.",
                    ),
                    Setting(
                        "url",
                        optional(DSN),
                        lambda of: of("REDIS_URL"),
                        "Give the address of Redis.",
                        default_text="`REDIS_URL`",
                    ),
                    Setting(
                        "ttl",
                        optional(number(0.0, exclusive=True)),
                        None,
                        "Forget values after this many seconds.",
                    ),
                    Setting("key_prefix", TEXT, "", "Put this before every key.", default_text="empty"),
                    Setting("max_size", integer(1), 10000, "Keep this many values in memory at most."),
                ],
            ),
            Setting(
                "LOGGING",
                DICT,
                {},
                "Set what is logged, how, and where to.",
                example='\'{"level": "INFO", "format": "json"}\'',
                options=[
                    Setting(
                        "level",
                        choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
                        "INFO",
                        "Write log lines of this level and above.",
                        aliases=["AKSARA_LOG_LEVEL"],
                    ),
                    Setting(
                        "format",
                        choice("text", "json"),
                        "text",
                        "Write log lines as text or as one JSON object each.",
                        aliases=["AKSARA_LOG_FORMAT"],
                    ),
                    Setting("handlers", choices("console", "file"), ["console"], "Say where log lines go."),
                    Setting("file_path", optional(FILE), None, "Give the file of the handler `file`."),
                ],
            ),
            Setting("LOG_QUERIES", BOOL, False, "Write every database query to the log."),
        ),
        *section(
            "AI",
            Setting("AI_MODE", BOOL, False, "Switch on everything that has to do with AI."),
            Setting(
                "AI_PROVIDER",
                choice("openai", "anthropic", "echo"),
                "openai",
                "Name the provider; echo answers with the question, for tests.",
                example="anthropic",
            ),
            Setting(
                "AI_API_KEY",
                optional(TEXT),
                None,
                "Give the key for the provider.",
                aliases=["AI_API_KEY"],
                secret=True,
            ),
            Setting(
                "AI_MODEL", optional(TEXT), None, "Name the model.", default_text="the provider's own default"
            ),
            Setting(
                "AI_SAFETY",
                DICT,
                {},
                "Bound what AI may do.",
                example="'{\"read_only_mode\": true}'",
                options=[
                    Setting("read_only_mode", BOOL, False, "Refuse every write."),
                    Setting("require_confirmation", BOOL, False, "Ask a person before a change is made."),
                    Setting("audit_log", BOOL, False, "Record every call."),
                    Setting("audit_log_file", optional(FILE), None, "Give the file of those records."),
                    Setting(
                        "rate_limit_requests", optional(integer(1)), None, "Bound the calls in a window."
                    ),
                    Setting("rate_limit_window", integer(1), 3600, "Give the seconds of that window."),
                    Setting("max_tokens", optional(integer(1)), None, "Bound the tokens of one call."),
                ],
            ),
        ),
        *section(
            "Tenants",
            Setting("MULTI_TENANT", BOOL, False, "Keep the rows of tenants apart."),
            Setting(
                "TENANT_MODEL",
                optional(TEXT),
                None,
                "Name the model of tenants.",
                check=_model,
                example="tenants.Tenant",
            ),
            Setting(
                "TENANT_HEADER", TEXT, "X-Tenant-ID", "Name the header that names the tenant.", check=_header
            ),
            Setting(
                "TENANT_SUBDOMAIN", BOOL, False, "Take the tenant from the host name when there is no header."
            ),
        ),
        *section(
            "Security, admin and static files",
            Setting(
                "SECURITY",
                DICT,
                {},
                "Set the security headers of every answer.",
                example="'{\"SECURE_HSTS_SECONDS\": 31536000}'",
                options=[
                    Setting("SECURE_SSL_REDIRECT", BOOL, False, "Redirect plain http to https."),
                    Setting(
                        "SECURE_HSTS_SECONDS", integer(0), 0, "Let browsers insist on https for this long."
                    ),
                    Setting("SECURE_HSTS_INCLUDE_SUBDOMAINS", BOOL, False, "Include all subdomains in that."),
                    Setting(
                        "SECURE_CONTENT_TYPE_NOSNIFF", BOOL, True, "Forbid browsers to guess content types."
                    ),
                    Setting(
                        "SECURE_BROWSER_XSS_FILTER", BOOL, False, "Send the old header X-XSS-Protection."
                    ),
                    Setting(
                        "X_FRAME_OPTIONS",
                        choice("DENY", "SAMEORIGIN"),
                        "DENY",
                        "Say who may show pages in a frame: nobody or the site itself.",
                    ),
                ],
            ),
            Setting("ADMIN_SITE_TITLE", TEXT, "Admin", "Give the title of the admin's pages."),
            Setting("ADMIN_SITE_HEADER", TEXT, "Administration", "Give the heading of the admin's pages."),
            Setting("ADMIN_URL_PREFIX", TEXT, "/admin", "Give the path of the admin.", check=_url_path),
            Setting(
                "STATIC_URL", TEXT, "/static/", "Give the address prefix of static files.", check=_url_prefix
            ),
            Setting(
                "STATIC_ROOT",
                optional(FILE),
                None,
                "Give the folder into which static files are collected.",
                example="/var/www/myapp/static",
            ),
        ),
    ],
    bare_names=False,
    error=ImproperlyConfigured,
    rules=[
        _production,
        _every_origin,
        _one_kind_of_tls,
        _needs_bucket,
        _page_sizes,
        _pool_sizes,
        _default_locale,
    ],
    other_names=["AKSARA_SETTINGS_MODULE"],
    # Names of the other face, and names that tools read.
    foreign_names=["MAIL_HOST", "MAIL_PORT"],
    planned={
        "the API application": [
            *("ALLOWED_HOSTS", "ROOT_URLCONF", "MIDDLEWARE", "DEFAULT_PERMISSION_CLASSES"),
            *("DEFAULT_AUTHENTICATION_CLASSES", "DEFAULT_PAGINATION_CLASS", "PAGE_SIZE", "MAX_PAGE_SIZE"),
            *("CORS_ORIGINS", "CORS_ALLOW_CREDENTIALS", "CORS_ALLOW_METHODS", "CORS_ALLOW_HEADERS"),
            *("REDIS_URL", "CACHE", "LOGGING", "SECURITY", "STATIC_URL", "STATIC_ROOT"),
        ],
        "file storage": [
            *("MEDIA_ROOT", "MEDIA_URL", "MEDIA_STORAGE", "MEDIA_S3_BUCKET", "MEDIA_S3_REGION"),
            *("MEDIA_S3_ENDPOINT_URL", "MEDIA_S3_ACCESS_KEY", "MEDIA_S3_SECRET_KEY", "MEDIA_PUBLIC_BASE_URL"),
        ],
        "mail": [
            *("EMAIL_BACKEND", "DEFAULT_FROM_EMAIL", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER"),
            *("EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS", "EMAIL_USE_SSL", "EMAIL_TIMEOUT"),
        ],
        "languages": ["SUPPORTED_LOCALES", "DEFAULT_LOCALE", "LOCALE_PATHS"],
        "background tasks": [
            *("TASKS_ENABLED", "TASK_POLL_INTERVAL_SECONDS", "TASK_MAX_ATTEMPTS", "TASK_RETRY_DELAY_SECONDS"),
            *("TASK_RETRY_BACKOFF_BASE", "TASK_RETRY_MAX_DELAY_SECONDS", "TASK_CONCURRENCY"),
            *("TASK_STALE_LOCK_TIMEOUT_SECONDS", "TASK_LOCK_RECOVERY_INTERVAL_SECONDS"),
            *("TASK_RESULT_TTL_SECONDS", "TASK_CLEANUP_INTERVAL_SECONDS", "TASK_CRON_CHECK_INTERVAL_SECONDS"),
        ],
        "AI tools": ["AI_MODE", "AI_PROVIDER", "AI_API_KEY", "AI_MODEL", "AI_SAFETY"],
        "tenants": ["MULTI_TENANT", "TENANT_MODEL", "TENANT_HEADER", "TENANT_SUBDOMAIN"],
        "the admin": ["ADMIN_SITE_TITLE", "ADMIN_SITE_HEADER", "ADMIN_URL_PREFIX"],
    },
)

_OPENING = """
Generated from the table of settings; do not edit by hand. How settings are given and
which source wins: [Settings](../howto/settings.md).

In code a setting is the field of that name in lower case: `configure(page_size=50)`, or
a key of the dictionary `AKSARA` in the project's settings module. In the environment
and in `.env` the first name listed wins when several are set.
"""


def reference() -> str:
    """Give the reference page of these settings in Markdown."""
    return reference_page(TABLE, "Settings of aksara", _OPENING)


def dotenv_text(values: Mapping[str, str], *, everything: bool = False) -> str:
    """Give the text of a new project's `.env` in which `values` are set.

    Common settings stand there as comments; with `everything` all of them do.
    """
    common = ["DATABASE_URL", "ALLOWED_HOSTS", "CORS_ORIGINS", "REDIS_URL"]
    return env_template(
        TABLE,
        values,
        only=None if everything else common,
        opening="Settings of this project on this machine. Keep it out of version control.\n"
        "Every setting: aksara settings",
    )
