"""A settings table: one row per setting, and the names under which a row is found.

Pure. A row is the single source of a setting's name, type, default, environment
names, meaning and bounds; documentation, `.env` templates, checks and error texts
are made from it. The table reads values by its rows and says what is wrong with
one; where values come from is the resolver's business.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from asok_engine.settings.kinds import Kind
from asok_engine.settings.problem import Problem, SettingsError
from asok_engine.settings.spelling import did_you_mean, nearest

__all__ = ["Check", "Lookup", "Rule", "Setting", "Table", "section"]

# Gives the resolved value of another setting by its name.
Lookup: TypeAlias = Callable[[str], Any]
# Looks at a value that has the right kind; gives what was expected, or None when it is fine.
Check: TypeAlias = Callable[[Any], "str | None"]
# Looks at several settings together, at the start.
Rule: TypeAlias = Callable[[Lookup], Iterable[Problem]]


class Setting:
    """One row.

    `default` is a value, or a function of the other settings (then `default_text`
    says it in words). `aliases` are further names, in code and in the environment.
    `options` are the rows of a dictionary's keys; with `per_alias` the dictionary
    holds one such dictionary per alias, and `accepts_more(options)` tells when
    keys without a row are allowed. `example` is a value for messages and templates.
    """

    __slots__ = (
        "accepts_more",
        "aliases",
        "check",
        "default",
        "default_text",
        "example",
        "kind",
        "meaning",
        "name",
        "options",
        "per_alias",
        "secret",
        "section",
    )

    def __init__(
        self,
        name: str,
        kind: Kind,
        default: Any,
        meaning: str,
        *,
        aliases: Sequence[str] = (),
        secret: bool = False,
        check: Check | None = None,
        options: Sequence[Setting] = (),
        per_alias: bool = False,
        accepts_more: Callable[[Mapping[str, Any]], bool] | None = None,
        default_text: str = "",
        example: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.meaning = meaning
        self.section = ""
        self.aliases = tuple(aliases)
        self.secret = secret
        self.check = check
        self.options = tuple(options)
        self.per_alias = per_alias
        self.accepts_more = accepts_more
        self.default_text = default_text
        self.example = example

    def option(self, key: str) -> Setting | None:
        """Find the row of one of this dictionary's keys."""
        for row in self.options:
            if row.name == key:
                return row
        return None

    def default_value(self, of: Lookup) -> Any:
        """Give a fresh copy of the default; `of` resolves the settings it depends on."""
        if callable(self.default):
            return self.default(of)
        if isinstance(self.default, (list, dict)):
            return self.default.copy()
        return self.default

    def __repr__(self) -> str:
        return f"<Setting {self.name}: {self.kind.annotation}>"


def section(title: str, *rows: Setting) -> tuple[Setting, ...]:
    """Put rows under a heading of the listing and the reference page."""
    for row in rows:
        row.section = title
    return rows


class Table:
    """Every setting of a face.

    `prefix` is put before a name to make its first environment name. With
    `bare_names` the name without prefix works there too; otherwise only the
    aliases do. `error` is the class that a wrong value raises. `other_names` are
    variables with the prefix that are not settings; `foreign_names` are near to
    one of ours but belong to others, so a `.env` may hold them without a word.
    `planned` names, by the capability that they wait for, the rows that have no effect yet.
    """

    def __init__(
        self,
        face: str,
        prefix: str,
        rows: Sequence[Setting],
        *,
        bare_names: bool,
        error: type[SettingsError] = SettingsError,
        rules: Sequence[Rule] = (),
        other_names: Sequence[str] = (),
        foreign_names: Sequence[str] = (),
        planned: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self.face = face
        self.prefix = prefix
        self.rows = tuple(rows)
        self.error = error
        self.rules = tuple(rules)
        self.other_names = frozenset(other_names)
        self.foreign_names = frozenset(foreign_names)
        #: The capability that each row without an effect waits for.
        self.planned = {name: capability for capability, names in planned.items() for name in names}
        self.environment_names: dict[str, tuple[str, ...]] = {}
        self.by_environment_name: dict[str, Setting] = {}
        self._by_name: dict[str, Setting] = {}
        for row in self.rows:
            base = row.name.removeprefix(prefix)
            names = [prefix + base]
            if bare_names and prefix + base != f"{prefix}ENV":
                # ENV alone names a file that POSIX shells read.
                names.append(base)
            names.extend(row.aliases)
            self._know(row, [row.name, *names])
            self.environment_names[row.name] = () if _only_code(row) else tuple(names)
            for name in self.environment_names[row.name]:
                self.by_environment_name[name] = row
            for option in row.options:
                for name in option.aliases:
                    self.by_environment_name[name] = option

    def _know(self, row: Setting, names: Iterable[str]) -> None:
        for name in names:
            if self._by_name.setdefault(name, row) is not row:
                raise SettingsError(
                    [
                        Problem(
                            name, f"The name {name} belongs to {self._by_name[name].name} and to {row.name}."
                        )
                    ]
                )

    def find(self, name: str) -> Setting | None:
        """Find the row with this name or alias."""
        return self._by_name.get(name)

    def near(self, name: str) -> list[str]:
        """List names that somebody may have meant by `name`."""
        return nearest(name, self._by_name)

    def written_name(self, setting: Setting) -> str:
        """Give the name that documentation and templates use for this row in the environment."""
        names = self.environment_names[setting.name]
        for name in (setting.name, *setting.aliases):
            if name in names:
                return name
        return names[0] if names else setting.name

    def read(self, setting: Setting, value: Any, where: str) -> Any:
        """Read a value by its row; raises the table's error naming value, place and expectation."""
        problems: list[Problem] = []
        result = self._read(setting, setting.name, value, where, problems)
        if problems:
            raise self.error(problems)
        return result

    def _read(self, setting: Setting, name: str, value: Any, where: str, problems: list[Problem]) -> Any:
        try:
            result = setting.kind.read(value)
        except ValueError:
            problems.append(self._misfit(setting, name, value, where))
            return None
        if not setting.options or not isinstance(result, dict):
            return result
        if not setting.per_alias:
            return self._read_options(setting, name, result, where, problems)
        for alias, options in result.items():
            inner = f"{name}[{alias!r}]"
            if isinstance(options, Mapping):
                result[alias] = self._read_options(setting, inner, options, where, problems)
            else:
                problems.append(_wrong(inner, repr(options), where, "a dictionary of options"))
        return result

    def _read_options(
        self, setting: Setting, name: str, given: Mapping[str, Any], where: str, problems: list[Problem]
    ) -> dict[str, Any]:
        result: dict[str, Any] = {}
        known = [row.name for row in setting.options]
        for key, value in given.items():
            row = setting.option(key)
            if row is not None:
                result[key] = self._read(row, f"{name}[{key!r}]", value, where, problems)
                continue
            near = nearest(key, known)
            if setting.accepts_more is not None and not near and setting.accepts_more(given):
                result[key] = value
                continue
            problems.append(
                Problem(
                    name,
                    f"The setting {name} has no option {key!r} ({where}); it has {', '.join(known)}.",
                    did_you_mean(near) or "Remove it or correct its name.",
                )
            )
        return result

    def _misfit(self, setting: Setting, name: str, value: Any, where: str) -> Problem:
        text = "a secret value" if setting.secret or setting.kind.is_dsn else _short(value)
        return _wrong(name, text, where, setting.kind.expected, setting.example)

    def objection(self, setting: Setting, value: Any, where: str) -> Problem | None:
        """Give the row's objection to a value of the right kind, or None; for the start, not for reading."""
        if setting.check is None or value is None:
            return None
        expected = setting.check(value)
        if expected is None:
            return None
        text = "a secret value" if setting.secret or setting.kind.is_dsn else _short(value)
        return _wrong(setting.name, text, where, expected, setting.example)


def _only_code(row: Setting) -> bool:
    return row.kind.annotation.startswith("Callable")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _wrong(name: str, value: str, where: str, expected: str, example: str = "") -> Problem:
    variable = where.split()[-1] if where.startswith(("environment ", ".env ")) else name
    fix = f"Correct it, for example {variable}={example}." if example else f"Correct or remove {variable}."
    return Problem(name, f"The setting {name} was given {value} ({where}); expected {expected}.", fix)
