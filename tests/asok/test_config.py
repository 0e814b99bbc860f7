"""`app.config`: live until the start, one value under all its names, and no silent slip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from asok.config import Config
from asok.settings import TABLE
from asok_engine.errors import UsageError
from asok_engine.settings.problem import SettingsError, UnknownSetting

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


def config(folder: Path, file: str = "", **process: str) -> Config:
    """Make the config of a project with this `.env` in this process environment."""
    if file:
        (folder / ".env").write_text(file)
        (folder / ".env").chmod(0o600)
    return Config(TABLE, folder, process)


def test_the_documented_option_b_starts(tmp_path: Path) -> None:
    """Three lines in wsgi.py are a complete production configuration, over any `.env`."""
    it = config(tmp_path, "DEBUG=true\nSECRET_KEY=short\n")
    it["DEBUG"] = False
    it["SECRET_KEY"] = "your-ultra-secure-64-character-key-here"
    it["APP_URL"] = "https://myapp.com"
    it.check_production()
    it.freeze()
    assert (it["DEBUG"], it["APP_URL"], it["DOCS"]) == (False, "https://myapp.com", False)
    assert (it.source("DEBUG"), it.source("DOCS")) == ("code", "default")


def test_the_documented_option_a_starts(tmp_path: Path) -> None:
    """The same from `.env` alone."""
    it = config(
        tmp_path,
        "DEBUG=false\nSECRET_KEY=your-ultra-secure-64-character-key-here\n"
        "APP_URL=https://myapp.com\nDATABASE_URL=sqlite:///data/prod.db\n",
    )
    it.check_production()
    assert it.dsn("DATABASE_URL") == f"sqlite:///{tmp_path}/data/prod.db"
    assert it.source("APP_URL") == ".env APP_URL"


def test_code_beats_process_beats_file(tmp_path: Path) -> None:
    """Each source in turn, under whichever of its names it was set."""
    it = config(
        tmp_path, "GZIP_MIN_SIZE=3\nASOK_LOCALE=fr\nINDEX=start\n", ASOK_GZIP_MIN_SIZE="2", LOCALE="de"
    )
    assert (it["GZIP_MIN_SIZE"], it["LOCALE"], it["INDEX"]) == (2, "de", "start")
    it["ASOK_GZIP_MIN_SIZE"] = 1
    assert it["GZIP_MIN_SIZE"] == it["ASOK_GZIP_MIN_SIZE"] == 1
    assert it.source("GZIP_MIN_SIZE") == "code"
    del it["GZIP_MIN_SIZE"]
    assert (it["GZIP_MIN_SIZE"], it.source("GZIP_MIN_SIZE")) == (2, "environment ASOK_GZIP_MIN_SIZE")


def test_values_are_live_until_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A default that follows DEBUG follows it at any time before the start, and never after."""
    monkeypatch.delenv("DEBUG", raising=False)
    it = Config(TABLE, tmp_path)
    assert it["DOCS"] is False
    it["DEBUG"] = True
    assert it["DOCS"] is True
    monkeypatch.setenv("ASOK_DOCS", "off")
    assert it["DOCS"] is False
    it.freeze()
    monkeypatch.setenv("ASOK_DOCS", "on")
    assert it["DOCS"] is False


def test_a_write_after_the_start_says_that_it_is_too_late(tmp_path: Path) -> None:
    """Every way to change a value is closed, with where to put it instead."""
    it = config(tmp_path)
    it["DEBUG"] = True
    assert not it.frozen
    it.freeze()
    assert it.frozen
    for change in (
        lambda: it.__setitem__("DEBUG", False),
        lambda: it.update(GZIP=True),
        lambda: it.pop("DEBUG"),
        lambda: it.setdefault("GZIP", True),
        it.clear,
    ):
        with pytest.raises(UsageError, match="after the application had started.*wsgi.py"):
            change()
    assert (it["DEBUG"], it["GZIP"]) == (True, False)


def test_an_unknown_key_near_a_known_one_is_refused(tmp_path: Path) -> None:
    """A slip is told at the line that made it, and nothing is set."""
    it = config(tmp_path)
    for key in ("SECERT_KEY", "DEBG", "debug", "ASOK_DEBG", "ASOK_ANYTHING"):
        with pytest.raises(UnknownSetting):
            it[key] = "x"
        assert key not in it
    with pytest.raises(UnknownSetting, match="Did you mean SECRET_KEY"):
        it["SECERT_KEY"] = "x"
    with pytest.raises(UnknownSetting, match="not upper case.*'MY_KEY'"):
        it["my_key"] = "x"


def test_the_applications_own_keys_are_kept(tmp_path: Path) -> None:
    """Upper case and not close to a setting: the value is stored as it is."""
    it = config(tmp_path)
    it["STRIPE_SECRET"] = {"live": 1}
    it.update(FEATURES=["a"])
    assert it["STRIPE_SECRET"] == {"live": 1}
    assert it.source("FEATURES") == "code"
    assert {"STRIPE_SECRET", "FEATURES", "DEBUG"} <= set(it)
    assert len(it) == len(TABLE.rows) + 2
    del it["FEATURES"]
    assert it.get("FEATURES", "gone") == "gone"


def test_reading_an_unknown_key_is_a_key_error_with_a_suggestion(tmp_path: Path) -> None:
    """`get` gives its default, `in` says no, and the error says what was meant."""
    it = config(tmp_path)
    assert it.get("NOTHING", 5) == 5
    assert "NOTHING" not in it
    with pytest.raises(KeyError, match="Did you mean GZIP"):
        _ = it["GZPI"]


def test_it_is_a_dictionary_to_its_user(tmp_path: Path) -> None:
    """Iteration, items, update and setdefault work; setdefault gives way to every source."""
    it = config(tmp_path, "GZIP=true\n")
    it.update({"DEBUG": True}, INDEX="start")
    assert dict(it)["INDEX"] == "start"
    assert it.setdefault("GZIP", False) is True
    assert it.setdefault("GZIP_MIN_SIZE", 9) == it["GZIP_MIN_SIZE"] == 9
    assert it.setdefault("OWN", 1) == it.setdefault("OWN", 2) == 1
    assert it.pop("GZIP_MIN_SIZE") == 9
    assert it["GZIP_MIN_SIZE"] == 500
    it.clear()
    assert (it["DEBUG"], it["INDEX"], "OWN" in it) == (False, "page", False)


def test_a_changed_dictionary_counts_as_given(tmp_path: Path) -> None:
    """`config["CSP"]["img-src"] = …` is no silent nothing, and no change of everybody's default."""
    it = config(tmp_path, "CORS_ORIGINS=https://a.example\n")
    it["CSP"]["img-src"] = "https:"
    it["CORS_ORIGINS"].append("https://b.example")
    assert it["CSP"] == {"img-src": "https:"}
    assert it["CORS_ORIGINS"] == ["https://a.example", "https://b.example"]
    assert (it.source("CSP"), it.source("CORS_ORIGINS")) == ("code", "code")
    assert config(tmp_path)["CSP"] == {}


def test_a_wrong_value_is_told_where_it_is_written(tmp_path: Path) -> None:
    """The error names the key as it was written, and the old value stays."""
    it = config(tmp_path)
    with pytest.raises(SettingsError, match=r'app\.config\["ASOK_PORT"\]\); expected a whole number from 1'):
        it["ASOK_PORT"] = "eight"
    assert it["ASOK_PORT"] == 8000


def test_every_problem_of_a_production_start_is_raised_at_once(tmp_path: Path) -> None:
    """One RuntimeError names the key, the address and every wrong value."""
    it = config(tmp_path, "SECRET_KEY=too-short\nGZIP_MIN_SIZE=abc\n")
    it["APP_URL"] = "myapp"
    with pytest.raises(RuntimeError) as caught:
        it.check_production()
    text = str(caught.value)
    assert "SECRET_KEY has 9 characters" in text
    assert "APP_URL was given 'myapp'" in text
    assert "GZIP_MIN_SIZE was given 'abc' (.env GZIP_MIN_SIZE)" in text
    assert "too-short" not in text


def test_debug_needs_no_key_and_has_a_random_one(tmp_path: Path) -> None:
    """The key is the same in each application of the process, and its source is the default."""
    it = config(tmp_path, DEBUG="true")
    it.check_production()
    assert len(it["SECRET_KEY"]) >= 32
    assert it["SECRET_KEY"] == config(tmp_path, DEBUG="1")["SECRET_KEY"]
    assert it.source("SECRET_KEY") == "default"


def test_freezing_names_every_value_that_cannot_be_read(tmp_path: Path) -> None:
    """Nothing is frozen then, so the values can be corrected."""
    it = config(tmp_path, GZIP="perhaps", ASOK_PORT="0")
    with pytest.raises(SettingsError) as caught:
        it.freeze()
    assert [problem.name for problem in caught.value.problems] == ["ASOK_PORT", "GZIP"]
    assert not it.frozen


def test_a_slip_in_the_file_is_a_warning(tmp_path: Path) -> None:
    """The start can log it; the name and what was meant are in it."""
    [problem] = config(tmp_path, "DEBUG=true\nSESSON_TTL=5\n").warnings()
    assert str(problem) == ".env has SESSON_TTL, which asok does not read. Did you mean SESSION_TTL?"


def test_repr_shows_what_is_set_and_no_secret(tmp_path: Path) -> None:
    """Settings and own keys are masked; a value that cannot be read does not break it."""
    it = config(tmp_path, f"SECRET_KEY={KEY}\nREDIS_URL=redis://:hunter2@h/0\nGZIP=perhaps\n")
    it["STRIPE_API_KEY"] = "hunter3"
    text = repr(it)
    assert "SECRET_KEY=********" in text
    assert "redis://:********@h/0" in text
    assert not any(secret in text for secret in (KEY, "hunter2", "hunter3"))


def test_paths_are_relative_to_the_project(tmp_path: Path) -> None:
    """Wherever the process was started."""
    it = config(tmp_path)
    assert it.path("SESSION_PATH") == tmp_path / ".asok" / "sessions"
    assert it.path("LOG_FILE") is None
    it["LOG_FILE"] = Path("/var/log/shop.log")
    assert it.path("LOG_FILE") == Path("/var/log/shop.log")


def test_reading_settings_imports_no_command_line_and_no_dotenv() -> None:
    """The face stays quick to import; python-dotenv is loaded when there is a file to read."""
    code = (
        "import sys, pathlib; from asok.config import Config; from asok.settings import TABLE; "
        "Config(TABLE, pathlib.Path('/nonexistent'))['DEBUG']; "
        "print([name for name in ('click', 'dotenv', 'msgspec', 'dataclasses') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_listing_sees_what_code_has_changed(tmp_path: Path) -> None:
    """The resolver behind the config knows a dictionary that was changed in place."""
    it = config(tmp_path)
    it["CSP"]["img-src"] = "https:"
    assert [item.source for item in it.resolver.everything() if item.setting.name == "CSP"] == ["code"]
