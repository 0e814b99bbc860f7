"""`aksara.conf`: the settings of aksara in code, `from aksara.conf import Settings, configure, settings`.

`settings` is one live object; every change is seen by whoever holds it. Sources in
order: `configure()`, the dictionary `AKSARA` of the project's settings module,
`AKSARA_*` variables, their bare aliases, the same names in `.env`, the default. What
a setting is, is a row in `aksara.settings`; what it does is decided elsewhere.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

from aksara.exceptions import ImproperlyConfigured
from aksara.settings import TABLE
from asok_engine.settings.environment import Environment
from asok_engine.settings.locations import absolute_dsn, absolute_path
from asok_engine.settings.masking import masked
from asok_engine.settings.problem import Problem
from asok_engine.settings.resolver import Layer, Resolver
from asok_engine.settings.spelling import did_you_mean, nearest

__all__ = [
    "Settings",
    "check_settings",
    "configure",
    "project_dsn",
    "project_path",
    "project_root",
    "reset_settings",
    "resolver",
    "settings",
]


class _UpperCaseNames:
    """The names in upper case, for type checkers; each reads the field of that name."""

    # The fields that were named in code, so that only they beat other sources.
    _given: set[str]

    DEBUG: bool
    SECRET_KEY: str | None
    ALLOWED_HOSTS: list[str]
    ROOT_URLCONF: str | None
    DATABASE_URL: str
    DATABASE_POOL: dict[str, Any]
    MEDIA_ROOT: str
    MEDIA_URL: str
    MEDIA_STORAGE: str
    MEDIA_S3_BUCKET: str | None
    MEDIA_S3_REGION: str | None
    MEDIA_S3_ENDPOINT_URL: str | None
    MEDIA_S3_ACCESS_KEY: str | None
    MEDIA_S3_SECRET_KEY: str | None
    MEDIA_PUBLIC_BASE_URL: str | None
    EMAIL_BACKEND: str
    DEFAULT_FROM_EMAIL: str
    EMAIL_HOST: str
    EMAIL_PORT: int
    EMAIL_HOST_USER: str | None
    EMAIL_HOST_PASSWORD: str | None
    EMAIL_USE_TLS: bool
    EMAIL_USE_SSL: bool
    EMAIL_TIMEOUT: float
    SUPPORTED_LOCALES: list[str]
    DEFAULT_LOCALE: str
    LOCALE_PATHS: list[str]
    USE_TZ: bool
    TIME_ZONE: str
    TASKS_ENABLED: bool
    TASK_POLL_INTERVAL_SECONDS: float
    TASK_MAX_ATTEMPTS: int
    TASK_RETRY_DELAY_SECONDS: float
    TASK_RETRY_BACKOFF_BASE: float
    TASK_RETRY_MAX_DELAY_SECONDS: float
    TASK_CONCURRENCY: int
    TASK_STALE_LOCK_TIMEOUT_SECONDS: float
    TASK_LOCK_RECOVERY_INTERVAL_SECONDS: float
    TASK_RESULT_TTL_SECONDS: float | None
    TASK_CLEANUP_INTERVAL_SECONDS: float
    TASK_CRON_CHECK_INTERVAL_SECONDS: float
    INSTALLED_APPS: list[str]
    MIDDLEWARE: list[Any]
    DEFAULT_PERMISSION_CLASSES: list[Any]
    DEFAULT_AUTHENTICATION_CLASSES: list[Any]
    DEFAULT_PAGINATION_CLASS: str | type[Any] | None
    PAGE_SIZE: int
    MAX_PAGE_SIZE: int
    AUTH_TOKEN_EXPIRY: int
    AUTH_REFRESH_TOKEN_EXPIRY: int
    AUTH_ALGORITHM: str
    AUTH_PRIVATE_KEY: str | None
    AUTH_PUBLIC_KEY: str | None
    CORS_ORIGINS: list[str]
    CORS_ALLOW_CREDENTIALS: bool
    CORS_ALLOW_METHODS: list[str]
    CORS_ALLOW_HEADERS: list[str]
    REDIS_URL: str | None
    CACHE: dict[str, Any]
    LOGGING: dict[str, Any]
    LOG_QUERIES: bool
    AI_MODE: bool
    AI_PROVIDER: str
    AI_API_KEY: str | None
    AI_MODEL: str | None
    AI_SAFETY: dict[str, Any]
    MULTI_TENANT: bool
    TENANT_MODEL: str | None
    TENANT_HEADER: str
    TENANT_SUBDOMAIN: bool
    SECURITY: dict[str, Any]
    ADMIN_SITE_TITLE: str
    ADMIN_SITE_HEADER: str
    ADMIN_URL_PREFIX: str
    STATIC_URL: str
    STATIC_ROOT: str | None


@dataclass(kw_only=True, repr=False)
class Settings(_UpperCaseNames):
    """Settings given in code: `configure(Settings(debug=True, page_size=50))`.

    What is named here beats every other source; what is left out does not, and shows
    its default. Names in upper case read the same fields. Raises ImproperlyConfigured
    for a name that is no setting.
    """

    debug: bool = False
    secret_key: str | None = None
    allowed_hosts: list[str] = field(default_factory=list)
    root_urlconf: str | None = None
    database_url: str = "sqlite:///db.sqlite3"
    database_pool: dict[str, Any] = field(default_factory=dict)
    media_root: str = "media"
    media_url: str = "/media/"
    media_storage: str = "filesystem"
    media_s3_bucket: str | None = None
    media_s3_region: str | None = None
    media_s3_endpoint_url: str | None = None
    media_s3_access_key: str | None = None
    media_s3_secret_key: str | None = None
    media_public_base_url: str | None = None
    email_backend: str = "console"
    default_from_email: str = "webmaster@localhost"
    email_host: str = "localhost"
    email_port: int = 25
    email_host_user: str | None = None
    email_host_password: str | None = None
    email_use_tls: bool = False
    email_use_ssl: bool = False
    email_timeout: float = 10.0
    supported_locales: list[str] = field(default_factory=lambda: ["en"])
    default_locale: str = "en"
    locale_paths: list[str] = field(default_factory=lambda: ["locale"])
    use_tz: bool = True
    time_zone: str = "UTC"
    tasks_enabled: bool = True
    task_poll_interval_seconds: float = 1.0
    task_max_attempts: int = 3
    task_retry_delay_seconds: float = 5.0
    task_retry_backoff_base: float = 2.0
    task_retry_max_delay_seconds: float = 3600.0
    task_concurrency: int = 1
    task_stale_lock_timeout_seconds: float = 300.0
    task_lock_recovery_interval_seconds: float = 60.0
    task_result_ttl_seconds: float | None = None
    task_cleanup_interval_seconds: float = 3600.0
    task_cron_check_interval_seconds: float = 30.0
    installed_apps: list[str] = field(default_factory=list)
    middleware: list[Any] = field(default_factory=list)
    default_permission_classes: list[Any] = field(default_factory=lambda: ["aksara.api.permissions.AllowAny"])
    default_authentication_classes: list[Any] = field(default_factory=list)
    default_pagination_class: str | type[Any] | None = None
    page_size: int = 20
    max_page_size: int = 100
    auth_token_expiry: int = 86400
    auth_refresh_token_expiry: int = 604800
    auth_algorithm: str = "HS256"
    auth_private_key: str | None = None
    auth_public_key: str | None = None
    cors_origins: list[str] = field(default_factory=list)
    cors_allow_credentials: bool = False
    cors_allow_methods: list[str] = field(
        default_factory=lambda: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    )
    cors_allow_headers: list[str] = field(default_factory=lambda: ["*"])
    redis_url: str | None = None
    cache: dict[str, Any] = field(default_factory=dict)
    logging: dict[str, Any] = field(default_factory=dict)
    log_queries: bool = False
    ai_mode: bool = False
    ai_provider: str = "openai"
    ai_api_key: str | None = None
    ai_model: str | None = None
    ai_safety: dict[str, Any] = field(default_factory=dict)
    multi_tenant: bool = False
    tenant_model: str | None = None
    tenant_header: str = "X-Tenant-ID"
    tenant_subdomain: bool = False
    security: dict[str, Any] = field(default_factory=dict)
    admin_site_title: str = "Admin"
    admin_site_header: str = "Administration"
    admin_url_prefix: str = "/admin"
    static_url: str = "/static/"
    static_root: str | None = None

    def __new__(cls, **given: Any) -> Self:
        for name in given:
            if name not in _FIELDS:
                raise ImproperlyConfigured([_unknown(name)])
        self = super().__new__(cls)
        object.__setattr__(self, "_given", set(given))
        return self

    def __post_init__(self) -> None:
        for row in TABLE.rows:
            name = row.name.lower()
            if name not in self._given:
                object.__setattr__(self, name, row.default_value(lambda other: getattr(self, other.lower())))
        object.__setattr__(self, "_is_made", True)

    def given(self) -> dict[str, Any]:
        """Give the values that were named, by their names in lower case."""
        return {name: getattr(self, name) for name in _FIELDS if name in self._given}

    def __repr__(self) -> str:
        given = self.given()
        shown = [
            f"{name}={masked(row, given[name])!r}"
            for row in TABLE.rows
            if (name := row.name.lower()) in given
        ]
        return f"Settings({', '.join(shown)})"

    # Hidden from type checkers, which would take them for leave to use any name.
    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            name = name.lower()
            if name not in _FIELDS:
                raise ImproperlyConfigured([_unknown(name)])
            if self.__dict__.get("_is_made"):
                self._given.add(name)
            object.__setattr__(self, name, value)

        def __getattr__(self, name: str) -> Any:
            if name.isupper() and name.lower() in _FIELDS:
                return getattr(self, name.lower())
            raise AttributeError(name if name.startswith("_") else str(_unknown(name)))


_FIELDS = frozenset(row.name.lower() for row in TABLE.rows)


def _unknown(name: str) -> Problem:
    near = nearest(name, _FIELDS)
    if name.isupper():
        near = [one.upper() for one in near]
    fix = did_you_mean(near) or "Run aksara settings for all names."
    return Problem(name, f"aksara has no setting {name!r}.", fix)


# --- the live object ----------------------------------------------------------------


class _Sources:
    """What `settings` reads: the layers, and the values resolved since the last change."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.configured = Layer("configure()")
        self.root = Path()
        self._resolver: Resolver | None = None
        self._values: dict[str, Any] = {}
        self._imported: str | None = None
        self._is_loading = False

    def resolver(self) -> Resolver:
        with self.lock:
            if self._resolver is not None:
                return self._resolver
            environment = Environment(_dotenv_file(Path.cwd()))
            if self._is_loading:
                # The settings module itself asks; its dictionary does not exist yet.
                return Resolver(TABLE, environment, [self.configured])
            self._is_loading = True
            try:
                layers = [self.configured, *self._project(environment)]
            finally:
                self._is_loading = False
            self._resolver = Resolver(TABLE, environment, layers)
            return self._resolver

    def _project(self, environment: Environment) -> list[Layer]:
        """Load the dictionary of the settings module, and find the project's folder on the way."""
        self.root = environment.file.parent if environment.file is not None else Path.cwd()
        wanted = environment.get("AKSARA_SETTINGS_MODULE", "").strip()
        name = wanted or "settings"
        was_there = name in sys.modules
        with environment.visible(), _working_directory_on_path():
            module = _imported(name, is_wanted=bool(wanted))
        if module is None:
            return []
        if not was_there:
            self._imported = name
        given = getattr(module, "AKSARA", None)
        if given is None and not wanted:
            return []
        if not isinstance(given, dict):
            found = "no AKSARA" if given is None else f"an AKSARA that is a {type(given).__name__}"
            raise _wrong_module(f"The settings module {name} has {found}.", "Define AKSARA = {...} in it.")
        file = getattr(module, "__file__", None)
        if file:
            self.root = Path(file).resolve().parents[name.count(".")]
        # os.getenv gives None for what is not set; the next source is asked then.
        values = {key: value for key, value in given.items() if value is not None}
        return [Layer(f"AKSARA of {name}", _read(values, f"AKSARA of {name}"))]

    def value(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            value = self.resolver().value(name.upper())
            if not self._is_loading:
                self._values[name] = value
            return value

    def change(self, given: dict[str, Any]) -> None:
        with self.lock:
            self.configured.given = given
            self._values = {}

    def forget(self) -> None:
        with self.lock:
            self.change({})
            self._resolver = None
            if self._imported is not None:
                sys.modules.pop(self._imported, None)
                importlib.invalidate_caches()
                self._imported = None


_SOURCES = _Sources()


class _LiveSettings(Settings):
    """The one object behind the name `settings`: it holds nothing and reads the sources."""

    def __init__(self) -> None:
        pass

    def __getattribute__(self, name: str) -> Any:
        if name in _FIELDS:
            return _SOURCES.value(name)
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        configure(**{name: value})

    def given(self) -> dict[str, Any]:
        return {name.lower(): value for name, value in _SOURCES.configured.given.items()}

    def __repr__(self) -> str:
        set_ones = [item for item in _SOURCES.resolver().everything() if item.source != "default"]
        text = ", ".join(f"{item.setting.name.lower()}={item.masked()!r}" for item in set_ones)
        return f"<settings {text or 'with all defaults'}>"


settings: Settings = _LiveSettings()


def configure(replacement: Settings | None = None, /, **given: Any) -> Settings:
    """Set settings in code; return the live `settings`.

    `configure(Settings(...))` replaces what earlier calls have set by the fields named in
    it; `configure(key=value)` adds to it. Names may be in lower or upper case. Raises
    ImproperlyConfigured, and changes nothing, when a name or a value is wrong.
    """
    if replacement is not None and not isinstance(replacement, Settings):
        raise ImproperlyConfigured(
            [
                Problem(
                    "configure",
                    f"configure() was given a {type(replacement).__name__}; expected Settings(...).",
                    "For a dictionary write configure(**dictionary).",
                )
            ]
        )
    with _SOURCES.lock:
        before = (
            _SOURCES.configured.given if replacement is None else _read(replacement.given(), "configure()")
        )
        _SOURCES.change(before | _read(given, "configure()"))
    return settings


def reset_settings() -> Settings:
    """Forget what code has set, and read environment, `.env` and settings module again; return `settings`."""
    _SOURCES.forget()
    return settings


def resolver() -> Resolver:
    """Give the resolver behind `settings`: values with their sources, and problems."""
    return _SOURCES.resolver()


def check_settings() -> None:
    """Raise ImproperlyConfigured that names everything which forbids a start; for the application's start."""
    _SOURCES.resolver().raise_errors()


def project_root() -> Path:
    """Give the project's folder: of the settings module, else of the `.env`, else the working directory."""
    _SOURCES.resolver()
    return _SOURCES.root


def project_path(value: str) -> Path:
    """Give the path that a setting such as `media_root` means, relative to the project."""
    return absolute_path(value, project_root())


def project_dsn(value: str) -> str:
    """Give a connection URL in which a relative SQLite path is made absolute below the project."""
    return absolute_dsn(value, project_root())


# --- reading the project --------------------------------------------------------------


def _read(given: dict[str, Any], where: str) -> dict[str, Any]:
    """Read values of code by their rows; raises ImproperlyConfigured naming all that are wrong."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in given.items():
        row = TABLE.find(key.upper()) if isinstance(key, str) else None
        if row is None:
            problems.append(_unknown(str(key)))
            continue
        try:
            values[row.name] = TABLE.read(row, value, where)
        except ImproperlyConfigured as error:
            problems.extend(error.problems)
    if problems:
        raise ImproperlyConfigured(problems)
    return values


def _dotenv_file(folder: Path) -> Path | None:
    """Find the nearest `.env` from `folder` upwards, within the project."""
    for place in (folder, *folder.parents):
        if (place / ".env").is_file():
            return place / ".env"
        if (place / "pyproject.toml").exists() or (place / ".git").exists():
            return None
    return None


@contextmanager
def _working_directory_on_path() -> Iterator[None]:
    here = str(Path.cwd())
    if here in sys.path or "" in sys.path:
        yield
        return
    sys.path.insert(0, here)
    try:
        yield
    finally:
        if here in sys.path:
            sys.path.remove(here)


def _imported(name: str, *, is_wanted: bool) -> ModuleType | None:
    """Import the settings module; None when there is none and nobody asked for it."""
    try:
        if not is_wanted and name not in sys.modules and importlib.util.find_spec(name) is None:
            return None
        return importlib.import_module(name)
    except (ImportError, KeyError, ValueError) as error:
        raise _wrong_module(
            f"The settings module {name} cannot be imported ({type(error).__name__}: {error}).",
            "Correct it; a KeyError names a variable that neither the environment nor .env sets.",
        ) from error


def _wrong_module(message: str, fix: str) -> ImproperlyConfigured:
    return ImproperlyConfigured([Problem("AKSARA_SETTINGS_MODULE", message, fix)])
