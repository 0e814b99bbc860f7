"""The settings of asok: one row each, and nothing else that decides about them.

Every key is found in `app.config`, in the environment and in `.env`, with and
without the prefix `ASOK_`. Reference page, `.env` template, checks and messages
are made from these rows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from asok_engine.settings.kinds import (
    BOOL,
    BOOL_OR_DICT,
    CALLABLE,
    DICT,
    DSN,
    FILE,
    LIST,
    TEXT,
    choice,
    integer,
    number,
    optional,
)
from asok_engine.settings.printing import env_template, reference_page
from asok_engine.settings.problem import Problem
from asok_engine.settings.production import (
    MAKE_A_KEY,
    is_absolute_url,
    key_of_this_process,
    secret_key_problems,
)
from asok_engine.settings.table import Lookup, Setting, Table, section

__all__ = ["TABLE", "dotenv_text", "reference"]

_PORT = integer(1, 65535)
_SECONDS = integer(1)
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


# --- checks: a value of the right kind, and what it should have been --------------


def _locale(value: str) -> str | None:
    return None if _LOCALE.fullmatch(value) else "a language code such as en or pt-BR"


def _file_name(value: str) -> str | None:
    fine = re.fullmatch(r"[A-Za-z0-9][\w-]*", value, re.ASCII)
    return None if fine else "the name of a file without folder and extension"


def _class_name(value: str) -> str | None:
    return None if value.isidentifier() else "the name of a class"


def _url_path(value: str) -> str | None:
    fine = value.startswith("/") and not value.startswith("//") and not re.search(r"[\s?#\\]", value)
    return None if fine else "a path that begins with one /"


def _application_url(value: str) -> str | None:
    return None if is_absolute_url(value) else "an absolute http(s) URL such as https://example.com"


def _redis_url(value: str) -> str | None:
    fine = re.match(r"(rediss?|valkeys?|unix)://\S", value)
    return None if fine else "an address such as redis://localhost:6379/0"


def _database_url(value: str) -> str | None:
    fine = re.match(r"(sqlite|postgres(ql)?|mysql|mariadb)(\+\w+)?://", value)
    return None if fine else "an address that begins with sqlite://, postgresql:// or mysql://"


def _origins(value: list[str]) -> str | None:
    fine = all(item == "*" or re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s]+", item) for item in value)
    return None if fine else 'origins such as https://example.com (no path), or "*"'


def _proxies(value: list[str]) -> str | None:
    import ipaddress

    for item in value:
        try:
            if item not in ("*",):
                ipaddress.ip_network(item, strict=False)
        except ValueError:
            return 'IP addresses, networks such as 10.0.0.0/8, or "*"'
    return None


# --- defaults that follow other settings -------------------------------------------


def _debug(of: Lookup) -> bool:
    return bool(of("DEBUG"))


def _not_debug(of: Lookup) -> bool:
    return not of("DEBUG")


def _secret_key(of: Lookup) -> str | None:
    return key_of_this_process() if of("DEBUG") else None


def _allowed_hosts(of: Lookup) -> list[str]:
    return ["*"] if of("DEBUG") else []


def _sender(of: Lookup) -> str:
    url = of("APP_URL")
    host = urlsplit(url).hostname if url and is_absolute_url(url) else None
    return f"noreply@{host or 'localhost'}"


def _threads(of: Lookup) -> int:
    return min(32, (os.cpu_count() or 1) + 8)


# --- what must hold between settings -----------------------------------------------


def _production(of: Lookup) -> Iterator[Problem]:
    if of("DEBUG"):
        if str(of("ASOK_ENV") or "").lower() == "production":
            yield Problem(
                "DEBUG",
                "DEBUG is true while ASOK_ENV is production; debug pages show code and values to everybody.",
                "Set DEBUG=false.",
                "warning",
            )
        return
    yield from secret_key_problems(of("SECRET_KEY"))
    if not of("APP_URL"):
        yield Problem(
            "APP_URL",
            "Setting APP_URL is missing; production needs the absolute URL of the application.",
            "Set it in .env, for example: APP_URL=https://example.com",
        )


def _old_keys(of: Lookup) -> Iterator[Problem]:
    if of("SECRET_KEY_FALLBACKS") and any(not key.strip() for key in of("SECRET_KEY_FALLBACKS")):
        yield Problem("SECRET_KEY_FALLBACKS", "Setting SECRET_KEY_FALLBACKS has a blank key.", MAKE_A_KEY)


def _every_proxy(of: Lookup) -> Iterator[Problem]:
    if not of("DEBUG") and "*" in (of("TRUSTED_PROXIES") or ()):
        yield Problem(
            "TRUSTED_PROXIES",
            'TRUSTED_PROXIES is "*": whoever reaches the server directly can claim any address and host.',
            "List the addresses of your proxies.",
            "warning",
        )


def _every_origin(of: Lookup) -> Iterator[Problem]:
    if of("CORS_ALLOW_CREDENTIALS") and "*" in (of("CORS_ORIGINS") or ()):
        yield Problem(
            "CORS_ALLOW_CREDENTIALS",
            'CORS_ALLOW_CREDENTIALS is true and CORS_ORIGINS is "*"; browsers refuse the two together.',
            "List the origins that may send cookies.",
        )


def _cookies_across_sites(of: Lookup) -> Iterator[Problem]:
    if of("SESSION_SAMESITE") == "None" and not of("SESSION_SECURE"):
        yield Problem(
            "SESSION_SECURE",
            "SESSION_SAMESITE is None and SESSION_SECURE is false; browsers drop such a cookie.",
            "Set SESSION_SECURE=true, or SESSION_SAMESITE=Lax.",
            "warning",
        )


def _needs_redis(of: Lookup) -> Iterator[Problem]:
    if of("REDIS_URL"):
        return
    for name in ("SESSION_BACKEND", "ASOK_CACHE_BACKEND", "ASOK_QUEUE_BACKEND"):
        if of(name) == "redis":
            yield Problem(
                name,
                f"{name} is redis and REDIS_URL is not set.",
                "Set it, for example REDIS_URL=redis://localhost:6379/0",
            )


def _needs_bucket(of: Lookup) -> Iterator[Problem]:
    if (of("ASOK_STORAGE_BACKEND") == "s3" or of("ASOK_SERVE_STATIC_FROM_S3")) and not of("ASOK_S3_BUCKET"):
        yield Problem(
            "ASOK_S3_BUCKET",
            "Files are to be kept in S3 and ASOK_S3_BUCKET is not set.",
            "Set the bucket's name.",
        )


TABLE = Table(
    "asok",
    "ASOK_",
    [
        *section(
            "Core",
            Setting(
                "DEBUG", BOOL, False, "Show detailed error pages and reload on change; for development only."
            ),
            Setting(
                "SECRET_KEY",
                optional(TEXT),
                _secret_key,
                "Sign cookies, tokens and forms; production needs at least 32 characters.",
                secret=True,
                default_text="none; in DEBUG one that is kept in `.asok/development.key`",
            ),
            Setting(
                "SECRET_KEY_FALLBACKS",
                LIST,
                [],
                "Earlier secret keys that are still accepted while the key is being changed.",
                secret=True,
            ),
            Setting(
                "INDEX",
                TEXT,
                "page",
                "Name the entry file of a page folder, without extension.",
                check=_file_name,
            ),
            Setting(
                "LOCALE", TEXT, "en", "Give the language used when a visitor asks for none.", check=_locale
            ),
            Setting("PROJECT_NAME", TEXT, "Asok App", "Name the project for people."),
            Setting("VERSION", TEXT, "0.1.0", "Give the application's version."),
            Setting(
                "ASOK_WRITE_BYTECODE",
                BOOL,
                False,
                "Let Python write .pyc files beside the project's own code.",
            ),
            Setting(
                "AUTH_MODEL",
                TEXT,
                "User",
                "Name the model class of the people who sign in.",
                check=_class_name,
            ),
            Setting(
                "ASOK_ENV",
                optional(TEXT),
                None,
                'Name the deployment; "production" applies stricter rules.',
                example="production",
            ),
            Setting(
                "STRICT_VARIABLES",
                BOOL,
                True,
                "Treat an undefined template variable as an error instead of nothing.",
            ),
        ),
        *section(
            "Server and routing",
            Setting(
                "APP_URL",
                optional(TEXT),
                None,
                "Give the application's absolute URL, for links and allowed hosts; required in production.",
                check=_application_url,
                example="https://example.com",
            ),
            Setting(
                "ALLOWED_HOSTS",
                LIST,
                _allowed_hosts,
                "List the host names that are answered, such as .example.com; APP_URL's host is always one.",
                default_text='"*" in DEBUG, else empty',
                example="example.com,.example.org",
            ),
            Setting(
                "ASOK_PORT",
                _PORT,
                8000,
                "Give the port of the development server and of preview.",
                example="8000",
            ),
            Setting(
                "WS_PORT", _PORT, 8001, "Give the port of the stand-alone WebSocket server.", example="8001"
            ),
            Setting(
                "WS_ALLOWED_ORIGINS",
                optional(LIST),
                lambda of: of("CORS_ORIGINS"),
                "List the origins that may open a WebSocket.",
                default_text="`CORS_ORIGINS`",
                check=_origins,
                example="https://example.com",
            ),
            Setting(
                "WS_ADAPTER",
                choice("auto", "memory", "sqlite", "redis", "postgres"),
                "auto",
                "Choose what carries broadcasts between processes; auto takes Redis where REDIS_URL is set, "
                "else a file.",
            ),
            Setting(
                "MAX_CONTENT_LENGTH",
                integer(0),
                10485760,
                "Refuse request bodies above this many bytes with 413.",
                example="10485760",
            ),
            Setting(
                "TRUSTED_PROXIES",
                optional(LIST),
                None,
                'List the proxies (addresses or networks, or "*") whose X-Forwarded headers are believed.',
                check=_proxies,
                example="10.0.0.0/8",
            ),
            Setting("DOCS", BOOL, _debug, "Serve the documentation of the API.", default_text="`DEBUG`"),
            Setting("HEALTHCHECK", BOOL, True, "Answer /health for load balancers."),
            Setting(
                "ASYNC_THREADS",
                integer(1),
                _threads,
                "Bound the threads that run sync pages under an ASGI server.",
                default_text="the smaller of 32 and processors + 8",
                example="16",
            ),
            Setting(
                "SHUTDOWN_TIMEOUT",
                number(0.0),
                3.0,
                "Bound the seconds that a stop waits for requests and streams.",
                example="3.0",
            ),
        ),
        *section(
            "Sessions",
            Setting(
                "SESSION_BACKEND",
                choice("memory", "file", "redis"),
                "memory",
                "Say where sessions are kept: memory (one process), file (one machine) or redis.",
                example="file",
            ),
            Setting("SESSION_PATH", FILE, ".asok/sessions", "Give the folder of sessions kept in files."),
            Setting(
                "SESSION_MAX_AGE",
                _SECONDS,
                2592000,
                "Give the greatest age of a session in seconds; a remembered one has a cookie of that age.",
            ),
            Setting(
                "SESSION_TTL",
                _SECONDS,
                86400,
                "Give the seconds after which the server forgets an unused session.",
            ),
            Setting(
                "SESSION_SAMESITE",
                choice("Lax", "Strict", "None"),
                "Lax",
                "Give the SameSite attribute of the session cookie.",
                example="Lax",
            ),
            Setting(
                "SESSION_SECURE",
                BOOL,
                _not_debug,
                "Send the session cookie over HTTPS only.",
                default_text="true unless `DEBUG`",
            ),
            Setting(
                "REDIS_URL",
                optional(DSN),
                None,
                "Give the address of Redis for sessions, cache, rate limits and the queue.",
                check=_redis_url,
                example="redis://localhost:6379/0",
            ),
            Setting("MAGIC_LINK_TTL", _SECONDS, 3600, "Give the seconds for which a sign-in link is valid."),
        ),
        *section(
            "Cache",
            Setting(
                "ASOK_CACHE_BACKEND",
                choice("memory", "file", "redis"),
                "memory",
                "Say where the cache is kept: memory (one process), file (one machine) or redis.",
                example="file",
            ),
            Setting("ASOK_CACHE_PATH", FILE, ".asok/cache", "Give the folder of a cache kept in files."),
        ),
        *section(
            "Security and CORS",
            Setting("CSRF", BOOL, True, "Demand a token with every form and every changing request."),
            Setting(
                "CORS_ORIGINS",
                optional(LIST),
                None,
                'List the origins of other sites that may read answers; "*" for all.',
                check=_origins,
                example="https://example.com",
            ),
            Setting(
                "CORS_ALLOW_CREDENTIALS",
                BOOL,
                False,
                "Let the origins of CORS_ORIGINS send cookies and credentials.",
            ),
            Setting(
                "SECURITY_HEADERS",
                BOOL_OR_DICT,
                True,
                "Send the default security headers; a dictionary changes one by name, and none removes it.",
            ),
            Setting(
                "CSP",
                DICT,
                {},
                "Extend or override directives of the Content-Security-Policy.",
                example='\'{"img-src": "https:"}\'',
            ),
            Setting("CSP_UNSAFE_EVAL", BOOL, False, "Add 'unsafe-eval' to script-src of the policy."),
            Setting(
                "CSP_REPORT_URI",
                optional(TEXT),
                None,
                "Give the address to which browsers report violations of the policy.",
                example="/csp-report",
            ),
            Setting(
                "ETAG", BOOL, True, "Add an ETag to answers and reply 304 to a client that has the page."
            ),
            Setting("TOOLBAR", BOOL, _debug, "Show the developers' toolbar.", default_text="`DEBUG`"),
            Setting("RATE_LIMIT", BOOL, True, "Limit the requests of one address."),
            Setting(
                "RATE_LIMIT_PER_MINUTE",
                integer(1),
                100,
                "Give the requests per minute that one address may make.",
            ),
        ),
        *section(
            "Output",
            Setting("GZIP", BOOL, False, "Compress text answers for clients that accept it."),
            Setting(
                "GZIP_MIN_SIZE",
                integer(0),
                500,
                "Leave answers below this many bytes uncompressed.",
                example="500",
            ),
            Setting(
                "HTML_MINIFY",
                BOOL,
                _not_debug,
                "Collapse white space of templates.",
                default_text="true unless `DEBUG`",
            ),
            Setting("IMAGE_OPTIMIZATION", BOOL, False, "Make WebP versions of uploaded and served images."),
            Setting(
                "IMAGE_KEEP_ORIGINAL", BOOL, True, "Keep the uploaded image beside its optimised version."
            ),
        ),
        *section(
            "Files and uploads",
            Setting(
                "ASOK_STORAGE_BACKEND",
                choice("local", "s3"),
                "local",
                "Say where uploads are kept: local (a folder) or s3.",
                example="s3",
            ),
            Setting("ASOK_S3_BUCKET", optional(TEXT), None, "Name the S3 bucket.", example="my-bucket"),
            Setting(
                "ASOK_S3_REGION",
                optional(TEXT),
                None,
                "Name the S3 region.",
                aliases=["AWS_DEFAULT_REGION"],
                example="eu-central-1",
            ),
            Setting(
                "ASOK_S3_ENDPOINT",
                optional(TEXT),
                None,
                "Give the address of an S3-compatible service other than Amazon's.",
                check=_application_url,
                example="https://minio.example.com",
            ),
            Setting("AWS_ACCESS_KEY_ID", optional(TEXT), None, "Give the access key of S3.", secret=True),
            Setting("AWS_SECRET_ACCESS_KEY", optional(TEXT), None, "Give the secret key of S3.", secret=True),
            Setting(
                "ASOK_S3_CUSTOM_DOMAIN",
                optional(TEXT),
                None,
                "Give the host name that stands before file addresses, such as that of a CDN.",
                example="cdn.example.com",
            ),
            Setting("ASOK_SERVE_STATIC_FROM_S3", BOOL, False, "Take static files from the S3 bucket."),
        ),
        *section(
            "Background tasks",
            Setting(
                "ASOK_QUEUE_BACKEND",
                choice("local", "redis"),
                "local",
                "Say where tasks wait: local (threads of this process) or redis.",
                example="redis",
            ),
            Setting("BG_WORKERS", integer(1), 10, "Bound the threads of the local queue."),
            Setting(
                "ASOK_WORKER_CONCURRENCY",
                integer(1),
                1,
                "Give the tasks that one worker runs at the same time.",
            ),
            Setting(
                "ASOK_WORKER_QUEUES",
                TEXT,
                "high,default,low",
                "List the queues of a worker, the most urgent first.",
            ),
        ),
        *section(
            "Database",
            Setting(
                "DATABASE_URL",
                DSN,
                "sqlite:///db.sqlite3",
                "Give the address of the database; a relative SQLite path is below the project.",
                check=_database_url,
                example="postgresql://user:password@localhost:5432/name",
            ),
        ),
        *section(
            "Mail",
            Setting("MAIL_HOST", TEXT, "localhost", "Name the SMTP server."),
            Setting("MAIL_PORT", _PORT, 587, "Give the port of the SMTP server.", example="587"),
            Setting("MAIL_USERNAME", optional(TEXT), None, "Give the user name at the SMTP server."),
            Setting(
                "MAIL_PASSWORD", optional(TEXT), None, "Give the password at the SMTP server.", secret=True
            ),
            Setting(
                "MAIL_FROM",
                TEXT,
                _sender,
                "Give the sender of mail that names none.",
                default_text="noreply@ the host of `APP_URL`, or localhost",
                example="noreply@example.com",
            ),
            Setting("MAIL_TLS", BOOL, True, "Send mail over TLS only."),
        ),
        *section(
            "Logging",
            Setting(
                "LOG_LEVEL",
                choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
                "DEBUG",
                "Write log lines of this level and above.",
                example="INFO",
            ),
            Setting(
                "LOG_FILE", optional(FILE), None, "Write the log to this file too.", example="logs/app.log"
            ),
            Setting(
                "LOG_FORMAT",
                choice("text", "json"),
                "text",
                "Write log lines as text or as one JSON object each.",
                example="json",
            ),
        ),
        *section(
            "API, GraphQL and documentation",
            Setting("DOCS_PATH", TEXT, "/docs", "Give the path of the documentation.", check=_url_path),
            Setting(
                "OPENAPI_PATH",
                TEXT,
                "/openapi.json",
                "Give the path of the OpenAPI description.",
                check=_url_path,
            ),
            Setting(
                "OPENAPI_AUTHORIZE",
                optional(CALLABLE),
                None,
                "Decide with `(request) -> bool` who may read the OpenAPI description.",
            ),
            Setting(
                "API_TITLE",
                TEXT,
                lambda of: of("PROJECT_NAME"),
                "Give the title of the documentation.",
                default_text="`PROJECT_NAME`",
                example="My API",
            ),
            Setting(
                "API_LOGO",
                optional(TEXT),
                lambda of: of("SITE_LOGO"),
                "Give the address of the documentation's logo.",
                default_text="`SITE_LOGO`",
                example="/images/logo.svg",
            ),
            Setting(
                "SITE_LOGO",
                optional(TEXT),
                None,
                "Give the address of the site's logo.",
                example="/images/logo.svg",
            ),
            Setting("GRAPHQL_ENABLED", BOOL, False, "Link the GraphQL explorer from the documentation."),
            Setting("GRAPHQL_PATH", TEXT, "/graphql", "Give the path of that link.", check=_url_path),
            Setting(
                "GRAPHQL_AUTHORIZE",
                optional(CALLABLE),
                None,
                "Decide with `(request) -> bool` who may use GraphQL; without it mutations are refused.",
            ),
            Setting(
                "GRAPHQL_ALLOW_UNAUTHENTICATED_MUTATIONS",
                BOOL,
                False,
                "Allow mutations when GRAPHQL_AUTHORIZE is not set.",
            ),
            Setting(
                "GRAPHQL_MAX_COMPLEXITY", integer(1), 100, "Refuse GraphQL queries above this complexity."
            ),
            Setting("GRAPHQL_MAX_DEPTH", integer(1), 20, "Refuse GraphQL queries nested deeper than this."),
        ),
    ],
    bare_names=True,
    rules=[
        _production,
        _old_keys,
        _every_proxy,
        _every_origin,
        _cookies_across_sites,
        _needs_redis,
        _needs_bucket,
    ],
    # Names of the other face, and names that servers and shells use.
    foreign_names=["EMAIL_HOST", "EMAIL_PORT", "LOCALES"],
    planned={
        "API documentation": [
            *("DOCS", "DOCS_PATH", "OPENAPI_PATH", "OPENAPI_AUTHORIZE"),
            *("API_TITLE", "API_LOGO", "SITE_LOGO"),
        ],
        "the developers' toolbar": ["TOOLBAR"],
        "images": ["IMAGE_OPTIMIZATION", "IMAGE_KEEP_ORIGINAL"],
        "file storage": [
            *("ASOK_STORAGE_BACKEND", "ASOK_S3_BUCKET", "ASOK_S3_REGION", "ASOK_S3_ENDPOINT"),
            *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            *("ASOK_S3_CUSTOM_DOMAIN", "ASOK_SERVE_STATIC_FROM_S3"),
        ],
        "background tasks": [
            *("ASOK_QUEUE_BACKEND", "BG_WORKERS", "ASOK_WORKER_CONCURRENCY", "ASOK_WORKER_QUEUES"),
        ],
        "GraphQL": [
            *("GRAPHQL_ENABLED", "GRAPHQL_PATH", "GRAPHQL_AUTHORIZE"),
            *("GRAPHQL_ALLOW_UNAUTHENTICATED_MUTATIONS", "GRAPHQL_MAX_COMPLEXITY", "GRAPHQL_MAX_DEPTH"),
        ],
    },
)

_OPENING = """
Generated from the table of settings; do not edit by hand. How settings are given and
which source wins: [Settings](../howto/settings.md).

In code a setting is `app.config["NAME"]`. In the environment and in `.env` the first
name listed wins when several are set.
"""


def reference() -> str:
    """Give the reference page of these settings in Markdown."""
    return reference_page(TABLE, "Settings of asok", _OPENING)


def dotenv_text(values: Mapping[str, str], *, everything: bool = False) -> str:
    """Give the text of a new project's `.env` in which `values` are set.

    Common settings stand there as comments; with `everything` all of them do.
    """
    common = ["APP_URL", "DATABASE_URL", "REDIS_URL", "SESSION_BACKEND", "LOG_LEVEL", "ALLOWED_HOSTS"]
    return env_template(
        TABLE,
        values,
        only=None if everything else common,
        opening="Settings of this project on this machine. Keep it out of version control.\n"
        "Every setting: asok settings",
    )
