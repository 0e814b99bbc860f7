"""`aksara.conf`: which source wins, what counts as given, and the settings module of a project."""

from __future__ import annotations

import copy
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aksara import conf
from aksara.conf import Settings, check_settings, configure, reset_settings, settings
from aksara.exceptions import ImproperlyConfigured
from aksara.settings import TABLE

KEY = "0123456789abcdefghijklmnopqrstuvwxyz" * 2

SEED_MODULE = """
import os

AKSARA = {
    # Core
    "DEBUG": os.getenv("DEBUG", "false").lower() == "true",
    "SECRET_KEY": os.environ["SECRET_KEY"],
    "ALLOWED_HOSTS": os.getenv("ALLOWED_HOSTS", "").split(","),

    # Database
    "DATABASE_URL": os.environ["DATABASE_URL"],
    "DATABASE_POOL": {
        "min_size": 5,
        "max_size": 20,
    },

    # Apps
    "INSTALLED_APPS": [
        "users",
        "posts",
        "aksara.contrib.admin",
    ],

    # API
    "DEFAULT_PERMISSION_CLASSES": [
        "aksara.api.permissions.IsAuthenticated",
    ],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "aksara.api.authentication.TokenAuthentication",
    ],
    "PAGE_SIZE": 20,

    # CORS
    "CORS_ORIGINS": os.getenv("CORS_ORIGINS", "").split(","),
    "CORS_ALLOW_CREDENTIALS": True,

    # Cache
    "CACHE": {
        "default": {
            "backend": "redis",
            "url": os.environ.get("REDIS_URL", "redis://localhost:6379/0"),
            "ttl": 300,
        }
    },

    # Logging
    "LOGGING": {
        "level": "INFO",
        "format": "json",
    },

    # AI
    "AI_MODE": os.getenv("AI_MODE", "false").lower() == "true",
    "AI_API_KEY": os.getenv("AI_API_KEY"),
    "AI_SAFETY": {
        "read_only_mode": True,
        "audit_log": True,
    },
}
"""

Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Make an empty project the working directory, with files and variables; nothing of it stays."""
    for name in (*TABLE.by_environment_name, "AKSARA_SETTINGS_MODULE", "AI_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def make(files: dict[str, str] | None = None, **variables: str) -> Path:
        for name, text in (files or {}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        for name, text in variables.items():
            monkeypatch.setenv(name, text)
        reset_settings()
        return tmp_path

    make()
    yield make
    reset_settings()


def test_each_source_beats_the_next(project: Project) -> None:
    """configure, the dictionary, AKSARA_*, the bare alias, `.env`, the default: in this order."""
    module = {"settings.py": "AKSARA = {'DATABASE_URL': 'sqlite:///module'}\n"}
    assert settings.database_url == "sqlite:///db.sqlite3"
    project({".env": "AKSARA_DATABASE_URL=sqlite:///file\n"})
    assert settings.database_url == "sqlite:///file"
    project(DATABASE_URL="sqlite:///bare")
    assert settings.database_url == "sqlite:///bare"
    project(AKSARA_DATABASE_URL="sqlite:///prefixed")
    assert settings.database_url == "sqlite:///prefixed"
    project(module)
    assert settings.database_url == "sqlite:///module"
    configure(database_url="sqlite:///configured")
    assert settings.database_url == "sqlite:///configured"
    sources = [conf.resolver().resolve(row).source for row in TABLE.rows if row.name == "DATABASE_URL"]
    assert sources == ["configure()"]


def test_an_explicit_field_beats_the_environment_even_when_it_is_the_default(project: Project) -> None:
    """`Settings(debug=False)` is false whatever AKSARA_DEBUG says; fields left out are not touched by it."""
    project(AKSARA_DEBUG="true", AKSARA_PAGE_SIZE="7", AKSARA_TASK_MAX_ATTEMPTS="9")
    configure(Settings(debug=False, task_max_attempts=3))
    assert (settings.debug, settings.task_max_attempts, settings.page_size) == (False, 3, 7)


def test_a_new_settings_object_replaces_and_a_keyword_adds(project: Project) -> None:
    """The second `configure(Settings(...))` forgets the first; keywords are put on top."""
    project()
    configure(Settings(page_size=7, time_zone="Europe/Berlin"))
    configure(PAGE_SIZE=8)
    assert (settings.page_size, settings.time_zone) == (8, "Europe/Berlin")
    assert configure(Settings(media_root="files"), log_queries=True) is settings
    assert (settings.page_size, settings.time_zone) == (20, "UTC")
    assert (settings.media_root, settings.log_queries) == ("files", True)


def test_reset_reads_everything_again(project: Project) -> None:
    """What code has set is gone, and files and variables of the moment count."""
    folder = project({"settings.py": "AKSARA = {'PAGE_SIZE': 1}\n"})
    configure(page_size=2)
    (folder / "settings.py").write_text("AKSARA = {'page_size': 3}\n")
    assert reset_settings() is settings
    assert settings.page_size == 3


def test_lower_and_upper_case_read_alike(project: Project) -> None:
    """On the live object and on one's own."""
    project(AKSARA_MEDIA_ROOT="files")
    assert settings.MEDIA_ROOT == settings.media_root == "files"
    assert Settings(page_size=3).PAGE_SIZE == 3
    for row in TABLE.rows:
        assert getattr(settings, row.name) == getattr(settings, row.name.lower())


def test_the_documented_example_runs_as_it_stands(project: Project) -> None:
    """The complete settings.py, with its two required variables: blank items dropped, None not set."""
    project({"settings.py": SEED_MODULE}, SECRET_KEY=KEY, DATABASE_URL="postgresql://u:p@localhost/db")
    assert (settings.debug, settings.secret_key) == (False, KEY)
    assert settings.database_url == "postgresql://u:p@localhost/db"
    assert (settings.allowed_hosts, settings.cors_origins) == ([], [])
    assert settings.installed_apps == ["users", "posts", "aksara.contrib.admin"]
    assert settings.cache == {
        "default": {"backend": "redis", "url": "redis://localhost:6379/0", "ttl": 300.0}
    }
    assert settings.logging == {"level": "INFO", "format": "json"}
    assert settings.ai_safety == {"read_only_mode": True, "audit_log": True}
    assert (settings.ai_mode, settings.ai_api_key, settings.cors_allow_credentials) == (False, None, True)
    check_settings()


def test_the_example_finds_its_variables_in_the_file_too(project: Project) -> None:
    """`os.environ["SECRET_KEY"]` in the module sees `.env`, and the process does not keep it."""
    project(
        {
            "settings.py": SEED_MODULE,
            ".env": f"SECRET_KEY={KEY}\nDATABASE_URL=sqlite:///x.db\nCORS_ORIGINS=https://a.b\n",
        }
    )
    assert (settings.secret_key, settings.cors_origins) == (KEY, ["https://a.b"])
    assert "SECRET_KEY" not in os.environ


def test_none_in_the_dictionary_asks_the_next_source(project: Project) -> None:
    """`os.getenv` of what is not set does not hide AKSARA_AI_API_KEY; None given to configure does."""
    project({"settings.py": "AKSARA = {'AI_API_KEY': None}\n"}, AKSARA_AI_API_KEY="k")
    assert settings.ai_api_key == "k"
    configure(ai_api_key=None)
    assert settings.ai_api_key is None


def test_another_module_can_be_named(project: Project) -> None:
    """AKSARA_SETTINGS_MODULE names it, in the process or in `.env`."""
    project({"shop/config.py": "AKSARA = {'PAGE_SIZE': 5}\n", ".env": "AKSARA_SETTINGS_MODULE=shop.config\n"})
    assert settings.page_size == 5
    assert conf.project_root() == Path.cwd()


def test_a_settings_module_of_somebody_else_is_left_alone(project: Project) -> None:
    """Without AKSARA in it, a module called settings means nothing to us."""
    project({"settings.py": "OTHER = 1\n"}, AKSARA_PAGE_SIZE="6")
    assert settings.page_size == 6


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"settings.py": "import os\nAKSARA = {'DEBUG': os.environ['NOT_SET_ANYWHERE']}\n"},
            "KeyError: 'NOT_SET_ANYWHERE'",
        ),
        ({"settings.py": "AKSARA = ['DEBUG']\n"}, "an AKSARA that is a list"),
        ({"settings.py": "import a_module_that_is_not_there\n"}, "a_module_that_is_not_there"),
        ({".env": "AKSARA_SETTINGS_MODULE=nowhere\n"}, "nowhere cannot be imported"),
        ({"mine.py": "", ".env": "AKSARA_SETTINGS_MODULE=mine\n"}, "mine has no AKSARA"),
        ({"settings.py": "AKSARA = {'PAGE_SISE': 5}\n"}, "Did you mean PAGE_SIZE?"),
        (
            {"settings.py": "AKSARA = {'PAGE_SIZE': 'many'}\n"},
            "PAGE_SIZE was given 'many' (AKSARA of settings)",
        ),
    ],
)
def test_a_settings_module_that_cannot_be_used_says_why(
    project: Project, files: dict[str, str], said: str
) -> None:
    """It is never skipped in silence."""
    project(files)
    with pytest.raises(ImproperlyConfigured) as caught:
        check_settings()
    assert said in str(caught.value)
    assert caught.value.fix


def test_a_settings_module_may_read_and_configure_settings(project: Project) -> None:
    """While it is being imported it sees the other sources, and nothing of that moment is kept."""
    project(
        {
            "settings.py": "from aksara.conf import configure, settings\n"
            "AKSARA = {'PAGE_SIZE': settings.page_size + 1}\nconfigure(max_page_size=77)\n"
        },
        AKSARA_PAGE_SIZE="10",
    )
    assert (settings.page_size, settings.max_page_size) == (11, 77)


def test_every_wrong_name_and_value_is_told_and_nothing_changes(project: Project) -> None:
    """One error for all of them, with the names that were meant."""
    project()
    with pytest.raises(ImproperlyConfigured) as caught:
        configure(page_size=5, debugg=True, MEDIA_ROT="x", email_port="many")
    text = str(caught.value)
    assert "Did you mean debug?" in text
    assert "Did you mean MEDIA_ROOT?" in text
    assert "EMAIL_PORT was given 'many' (configure()); expected a whole number from 1 to 65535" in text
    assert settings.page_size == 20
    with pytest.raises(ImproperlyConfigured, match="write configure"):
        configure({"debug": True})  # type: ignore[arg-type]


def test_settings_refuses_names_that_are_no_settings(project: Project) -> None:
    """When it is made, when it is assigned to, and when it is read."""
    project()
    with pytest.raises(ImproperlyConfigured, match="Did you mean debug"):
        Settings(debgu=True)  # type: ignore[call-arg]
    with pytest.raises(ImproperlyConfigured, match="Did you mean page_size"):
        Settings().page_sise = 5  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="Did you mean media_root"):
        _ = settings.media_rot  # type: ignore[attr-defined]


def test_assignment_counts_as_given(project: Project) -> None:
    """On one's own object before it is configured, and on the live one at once."""
    project(AKSARA_DEBUG="true")
    mine = Settings()
    mine.debug = False
    configure(mine)
    assert settings.debug is False
    settings.page_size = 9
    assert (settings.page_size, settings.debug) == (9, False)


def test_untouched_settings_show_the_defaults() -> None:
    """`Settings()` agrees with the table for every row, and computed defaults follow what was given."""
    mine = Settings()
    for row in TABLE.rows:
        assert getattr(mine, row.name.lower()) == row.default_value(
            lambda name: getattr(mine, name.lower())
        ), row.name
    assert mine.given() == {}
    assert Settings(debug=True).allowed_hosts == ["*"]
    assert Settings().allowed_hosts is not Settings().allowed_hosts


def test_what_was_given_survives_copying() -> None:
    """A copied, deep-copied or pickled object still gives only what was named."""
    mine = Settings(page_size=3, debug=False)
    for other in (copy.copy(mine), copy.deepcopy(mine), pickle.loads(pickle.dumps(mine))):
        assert other == mine
        assert other.given() == {"page_size": 3, "debug": False}


def test_no_repr_shows_a_secret(project: Project) -> None:
    """Neither one's own object nor the live one."""
    project(DATABASE_URL="postgresql://u:hunter2@h/d", AI_API_KEY="hunter3")
    cache: dict[str, Any] = {"default": {"url": "redis://:hunter4@h/0"}}
    mine = Settings(secret_key=KEY, cache=cache)
    configure(mine)
    for text in (repr(mine), repr(settings)):
        assert "secret_key='********'" in text
        assert not any(secret in text for secret in (KEY, "hunter2", "hunter3", "hunter4"))
    assert "postgresql://u:********@h/d" in repr(settings)


def test_production_without_a_good_key_does_not_start(project: Project) -> None:
    """Missing or short is ImproperlyConfigured; DEBUG has a random one."""
    project(AKSARA_PAGE_SIZE="no")
    with pytest.raises(ImproperlyConfigured) as caught:
        check_settings()
    assert [problem.name for problem in caught.value.problems] == ["PAGE_SIZE", "SECRET_KEY"]
    configure(page_size=5, debug=True)
    check_settings()
    assert settings.secret_key is not None
    assert len(settings.secret_key) >= 50


def test_the_file_is_looked_for_upwards_within_the_project(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a folder of the project its `.env` is found; that of a folder above the project is not."""
    folder = project(
        {".env": "AKSARA_PAGE_SIZE=4\n", "inner/deep/x": "", "other/pyproject.toml": "", "other/in/x": ""}
    )
    monkeypatch.chdir(folder / "inner" / "deep")
    reset_settings()
    assert settings.page_size == 4
    assert conf.project_root() == folder
    assert conf.project_dsn(settings.database_url) == f"sqlite:///{folder}/db.sqlite3"
    assert conf.project_path(settings.media_root) == folder / "media"
    monkeypatch.chdir(folder / "other" / "in")
    reset_settings()
    assert settings.page_size == 20
