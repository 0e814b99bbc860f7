"""`app.config`: the settings of one application, live until it starts.

Reading gives the value of the moment (code, then the process environment, then
`.env`, then the default); writing is the source `code`. At the start the values are
frozen. It knows names and sources; what a setting does is decided elsewhere.

A key that is no setting may be the application's own: upper case, without the
prefix ASOK_, and not within a slip or two of a setting's name. Any other unknown
key is refused with the names that may have been meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from copy import copy
from pathlib import Path
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.settings.environment import Environment
from asok_engine.settings.locations import absolute_dsn, absolute_path
from asok_engine.settings.masking import MASK, looks_secret
from asok_engine.settings.problem import Problem, SettingsError, UnknownSetting
from asok_engine.settings.resolver import Layer, Resolved, Resolver
from asok_engine.settings.spelling import did_you_mean
from asok_engine.settings.table import Setting, Table

__all__ = ["Config"]


class Config(MutableMapping[str, Any]):
    """The settings of `table` for the project in `root`, and the application's own keys.

    A dictionary to its user: `config["KEY"]`, `get`, `in`, `update`, `setdefault`. A key and
    its other names (`KEY`, `ASOK_KEY`) are one. `process` replaces os.environ, for tests.
    """

    def __init__(self, table: Table, root: Path, process: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.environment = Environment(root / ".env", process)
        self._code = Layer("code")
        self._resolver = Resolver(table, self.environment, [self._code])
        self._own: dict[str, Any] = {}
        # Lists and dictionaries that were handed out, each with a copy of how it was:
        # `config["CSP"]["img-src"] = …` must count as a value given by code.
        self._handed: dict[str, tuple[Any, Any]] = {}
        self._frozen: dict[str, Resolved] | None = None

    # --- the dictionary -------------------------------------------------------------

    def __getitem__(self, key: str) -> Any:
        setting = self._resolver.table.find(key)
        if setting is not None:
            return self._resolved(setting).value
        if key in self._own:
            return self._own[key]
        raise UnknownSetting([self._unknown(key)])

    def __setitem__(self, key: str, value: Any) -> None:
        self._still_open(key)
        setting = self._resolver.table.find(key)
        if setting is not None:
            self._code.given[setting.name] = self._resolver.table.read(setting, value, f'app.config["{key}"]')
            self._handed.pop(setting.name, None)
            return
        if key not in self._own:
            self._admit(key)
        self._own[key] = value

    def __delitem__(self, key: str) -> None:
        self._still_open(key)
        setting = self._resolver.table.find(key)
        if setting is None:
            if key not in self._own:
                raise UnknownSetting([self._unknown(key)])
            del self._own[key]
            return
        self._handed.pop(setting.name, None)
        if setting.name not in self._code.given:
            raise KeyError(key)
        del self._code.given[setting.name]

    def __iter__(self) -> Iterator[str]:
        for setting in self._resolver.table.rows:
            yield setting.name
        yield from self._own

    def __len__(self) -> int:
        return len(self._resolver.table.rows) + len(self._own)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (self._resolver.table.find(key) is not None or key in self._own)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Give a value to a key that no source has set; return the key's value."""
        if self._resolver.table.find(key) is None:
            if key not in self._own:
                self[key] = default
        elif self.source(key) == "default":
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Forget everything that code has set."""
        self._still_open("the keys")
        self._code.given.clear()
        self._handed.clear()
        self._own.clear()

    def __repr__(self) -> str:
        given = [
            f"{item.setting.name}={item.shown()}"
            for setting in self._resolver.table.rows
            if (item := self._readable(setting)) is not None and item.source != "default"
        ]
        own = [f"{key}={MASK if looks_secret(key) else repr(value)}" for key, value in self._own.items()]
        return f"<Config {', '.join([*given, *own]) or 'all defaults'}>"

    # --- where values are from, and what they mean ------------------------------------

    @property
    def resolver(self) -> Resolver:
        """Values with their sources, and problems; for listings and checks."""
        self._sync()
        return self._resolver

    def source(self, key: str) -> str:
        """Tell where a setting's value is from: `code`, `environment NAME`, `.env NAME` or `default`."""
        if key in self._own:
            return "code"
        return self._resolved(self._resolver.row(key)).source

    def path(self, key: str) -> Path | None:
        """Give the path that a setting means, relative to the project; None when it is not set."""
        value = self[key]
        return None if value is None else absolute_path(value, self.root)

    def dsn(self, key: str) -> str | None:
        """Give the connection URL of a setting; a relative SQLite path is made absolute below the project."""
        value = self[key]
        return None if value is None else absolute_dsn(value, self.root)

    # --- the start --------------------------------------------------------------------

    def warnings(self) -> list[Problem]:
        """Find what is legal but weak, and names in the environment that look like a slip."""
        return self.resolver.warnings()

    def check_production(self) -> None:
        """Raise SettingsError, a RuntimeError, that names everything which forbids a start.

        Always: values of the wrong kind, out of bounds, or contradicting each other.
        When DEBUG is false also: SECRET_KEY missing, under 32 characters or a
        placeholder; APP_URL missing or not an absolute URL.
        """
        self.resolver.raise_errors()

    def freeze(self) -> None:
        """Keep the values as they are; a write raises UsageError from now on.

        Raises SettingsError naming every value that cannot be read.
        """
        if self._frozen is None:
            problems: list[Problem] = []
            frozen: dict[str, Resolved] = {}
            for setting in self._resolver.table.rows:
                try:
                    frozen[setting.name] = self._resolved(setting)
                except SettingsError as error:
                    problems.extend(error.problems)
            if problems:
                raise self._resolver.table.error(list(dict.fromkeys(problems)))
            self._frozen = frozen

    @property
    def frozen(self) -> bool:
        """Whether the application has started and the values stand."""
        return self._frozen is not None

    # --- inside -----------------------------------------------------------------------

    def _resolved(self, setting: Setting) -> Resolved:
        if self._frozen is not None:
            return self._frozen[setting.name]
        self._sync()
        resolved = self._resolver.resolve(setting)
        if resolved.source == "code" or not isinstance(resolved.value, (list, dict)):
            return resolved
        handed = self._handed.get(setting.name)
        if handed is not None and handed[1] == resolved.value:
            return Resolved(setting, handed[0], resolved.source)
        self._handed[setting.name] = (resolved.value, copy(resolved.value))
        return resolved

    def _sync(self) -> None:
        changed = [name for name, (value, before) in self._handed.items() if value != before]
        for name in changed:
            self._code.given.setdefault(name, self._handed.pop(name)[0])

    def _readable(self, setting: Setting) -> Resolved | None:
        try:
            return self._resolved(setting)
        except SettingsError:
            return None

    def _still_open(self, key: str) -> None:
        if self._frozen is not None:
            raise UsageError(
                f"app.config was asked to change {key} after the application had started.",
                fix="Set it in wsgi.py below `app = Asok()`, before serving, or in .env.",
            )

    def _unknown(self, key: str) -> Problem:
        near = self._resolver.table.near(key)
        fix = did_you_mean(near) or "Run asok settings for all names, or set a key of your own first."
        return Problem(key, f"app.config has no key {key!r}.", fix)

    def _admit(self, key: str) -> None:
        """Refuse a new key that is more likely a slip than the application's own."""
        table = self._resolver.table
        near = table.near(key)
        if near or key.upper().startswith(table.prefix):
            fix = (
                f"{did_you_mean(near)} A key of your own needs a name that is less close.".strip()
                if near
                else (f"Names with {table.prefix} are the framework's; choose another for a key of your own.")
            )
            raise UnknownSetting(
                [Problem(key, f"asok has no setting {key!r}, and the key is not taken as your own.", fix)]
            )
        if not key.isupper():
            raise UnknownSetting(
                [Problem(key, f"The key {key!r} is not upper case.", f"Write {key.upper()!r}.")]
            )
