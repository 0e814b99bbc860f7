"""From a table and its sources to values, each with the name of its source.

Sources in order: the layers that code has filled, the process environment, the
`.env` file, the default. Nothing is cached here: a resolver gives the value of the
moment, and whoever starts an application keeps a snapshot. It also finds every
problem at once, for `--check` and for the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from asok_engine.settings.environment import Environment
from asok_engine.settings.masking import masked, shown
from asok_engine.settings.problem import Problem, SettingsError, UnknownSetting
from asok_engine.settings.spelling import did_you_mean, nearest
from asok_engine.settings.table import Setting, Table

__all__ = ["Layer", "Resolved", "Resolver"]


class Layer:
    """Values that code has given, by the settings' own names, under a label such as `code`."""

    def __init__(self, label: str, given: Mapping[str, Any] | None = None) -> None:
        self.label = label
        self.given: dict[str, Any] = dict(given or {})

    def __repr__(self) -> str:
        return f"<Layer {self.label}: {', '.join(self.given) or 'empty'}>"


class Resolved(NamedTuple):
    """A setting, its value, and its source: a layer's label, `environment X`, `.env X` or `default`."""

    setting: Setting
    value: Any
    source: str

    def masked(self) -> Any:
        """Give the value with secrets replaced."""
        return masked(self.setting, self.value)

    def shown(self) -> str:
        """Give the value as short text with secrets replaced."""
        return shown(self.setting, self.value)

    def __repr__(self) -> str:
        return f"<{self.setting.name}={self.shown()} from {self.source}>"


class Resolver:
    """Gives the value of each setting; `layers` come first to last before the environment."""

    def __init__(self, table: Table, environment: Environment, layers: Sequence[Layer] = ()) -> None:
        self.table = table
        self.environment = environment
        self.layers = tuple(layers)

    def resolve(self, setting: Setting) -> Resolved:
        """Resolve one row; raises the table's error when its value is not of its kind."""
        for layer in self.layers:
            if setting.name in layer.given:
                return Resolved(setting, layer.given[setting.name], layer.label)
        found = self.environment.find(self.table.environment_names[setting.name])
        if found is not None:
            return Resolved(setting, self.table.read(setting, found.text, found.where), found.where)
        return Resolved(setting, setting.default_value(self.value), "default")

    def value(self, name: str) -> Any:
        """Give the value of a setting by any of its names; raises UnknownSetting."""
        return self.resolve(self.row(name)).value

    def row(self, name: str) -> Setting:
        """Give the row of a name; raises UnknownSetting with the names that may have been meant."""
        setting = self.table.find(name)
        if setting is None:
            fix = did_you_mean(self.table.near(name)) or f"Run: {self.table.face} settings"
            raise UnknownSetting([Problem(name, f"{self.table.face} has no setting {name!r}.", fix)])
        return setting

    def everything(self) -> Iterator[Resolved]:
        """Resolve every row, in the table's order."""
        return map(self.resolve, self.table.rows)

    def options(self, name: str) -> dict[str, Any]:
        """Give a dictionary setting completed by the defaults of its options.

        An option that the dictionary leaves out takes its own environment name,
        if it has one, then its default. With aliases there is always a `default`.
        """
        setting = self.row(name)
        value: dict[str, Any] = self.value(setting.name)
        if not setting.per_alias:
            return self._completed(setting, value)
        return {alias: self._completed(setting, given) for alias, given in ({"default": {}} | value).items()}

    def _completed(self, setting: Setting, given: Mapping[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for row in setting.options:
            found = self.environment.find(row.aliases) if row.aliases and row.name not in given else None
            result[row.name] = (
                self.table.read(row, found.text, found.where) if found else row.default_value(self.value)
            )
        return result | dict(given)

    def with_layer(self, layer: Layer) -> Resolver:
        """Make a resolver in which `layer` beats every other source."""
        return Resolver(self.table, self.environment, (layer, *self.layers))

    # --- problems -------------------------------------------------------------------

    def problems(self) -> list[Problem]:
        """Find everything that is wrong or weak, errors first."""
        found = [*self.errors(), *self.warnings()]
        return sorted(dict.fromkeys(found), key=lambda problem: problem.level)

    def errors(self) -> list[Problem]:
        """Find everything that must stop a start."""
        return [problem for problem in self._findings() if problem.level == "error"]

    def warnings(self) -> list[Problem]:
        """Find what is legal but weak, and names in the environment that look like a slip."""
        found = [problem for problem in self._findings() if problem.level == "warning"]
        found.extend(self.environment.unreadable_lines())
        found.extend(self._exposed_file())
        found.extend(self._strangers())
        found.extend(self._contradictions())
        return found

    def raise_errors(self) -> None:
        """Raise the table's error with every error at once, if there is one.

        Names in `.env` that look like a slip, and lines that cannot be read, are told with them:
        they may be why a setting is missing.
        """
        errors = self.errors()
        if errors:
            raise self.table.error([*errors, *self.environment.unreadable_lines(), *self._strangers()])

    def _findings(self) -> list[Problem]:
        found: list[Problem] = []
        for setting in self.table.rows:
            try:
                resolved = self.resolve(setting)
                if setting.options:
                    self.options(setting.name)
            except SettingsError as error:
                found.extend(error.problems)
                continue
            if resolved.source == "default" and callable(setting.default):
                # It is another setting's value, and its row has objected already.
                continue
            objection = self.table.objection(setting, resolved.value, resolved.source)
            if objection is not None:
                found.append(objection)
        for rule in self.table.rules:
            # A rule that needs a value which cannot be read has nothing to add.
            try:
                found.extend(rule(self.value))
            except SettingsError:
                continue
        return list(dict.fromkeys(found))

    def _exposed_file(self) -> Iterator[Problem]:
        try:
            in_debug = bool(self.value("DEBUG"))
        except SettingsError:
            in_debug = False
        if not in_debug and self.environment.is_world_readable():
            yield Problem(
                ".env",
                f"{self.environment.file} can be read by every user of this machine.",
                "Run: chmod 600 .env",
                "warning",
            )

    def _strangers(self) -> Iterator[Problem]:
        for name in self.environment.process_values:
            if name.startswith(self.table.prefix):
                yield from self._stranger(name, "The environment", close=False)
        for name in self.environment.file_values:
            if name not in self.table.foreign_names:
                yield from self._stranger(name, ".env", close=True)

    def _stranger(self, name: str, where: str, *, close: bool) -> Iterator[Problem]:
        table = self.table
        if name in table.by_environment_name or name in table.other_names:
            return
        setting = table.find(name)
        if setting is not None and table.environment_names[setting.name]:
            fix = f"Write {table.environment_names[setting.name][0]}."
        elif setting is not None:
            fix = "Set it in code; it is a function."
        else:
            near = nearest(name, table.by_environment_name)
            if not name.startswith(table.prefix) and not (close and near):
                return
            fix = did_you_mean(near) or "Remove it or correct its name."
        yield Problem(name, f"{where} has {name}, which {table.face} does not read.", fix, "warning")

    def _contradictions(self) -> Iterator[Problem]:
        for setting in self.table.rows:
            names = self.table.environment_names[setting.name]
            for values, where in (
                (self.environment.process_values, "The environment"),
                (self.environment.file_values, ".env"),
            ):
                present = [name for name in names if name in values]
                if len({values[name] for name in present}) > 1:
                    yield Problem(
                        setting.name,
                        f"{where} sets {' and '.join(present)} to different values; {present[0]} wins.",
                        f"Keep one of them for the setting {setting.name}.",
                        "warning",
                    )
