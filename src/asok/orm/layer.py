"""The data layer of one application: its models, its databases, and what a request does for them.

Made when an application starts whose project has models or names a database, and at
the latest when code first imports `Model`. An application without either never loads
this file, nor anything that it imports.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asok.config import Config
from asok.databases import open_databases
from asok.orm.discovery import load_models
from asok.orm.languages import ActiveLanguages
from asok_engine.dispatch.middleware.health import Check
from asok_engine.dispatch.middleware.statements import Statements
from asok_engine.records.fields.secret import use_secrets
from asok_engine.telemetry.hooks import statements_counted

__all__ = ["DataLayer"]


class DataLayer:
    """Loads the models of a folder and configures the databases of this process by the settings.

    `secrets` are what encrypted fields are sealed with: the newest first, then those
    that may still open what is stored.

    Raises:
        SetupError: a relation leads to no model, an address cannot be read, or a driver is missing.
    """

    def __init__(self, config: Config, *, models: Path, secrets: Sequence[str]) -> None:
        self._config = config
        use_secrets(secrets)
        self.models = load_models(models)
        self.databases = open_databases(config)

    def load_compilers(self) -> None:
        """Load what the first statement would otherwise wait for."""
        for database in self.databases:
            database.load_compiler()

    def languages(self) -> ActiveLanguages | None:
        """Give what sets the language of a request; None where no column is translated."""
        if not any(model.__description__.translated for model in self.models.values()):
            return None
        return ActiveLanguages(self._config["LOCALE"])

    def statements(self) -> Statements | None:
        """Give what counts the statements of a request; None where nobody would look at them."""
        has_copies = any(database.replicas for database in self.databases)
        in_debug: bool = self._config["DEBUG"]
        if not (in_debug or statements_counted or has_copies):
            return None
        return Statements(gives_advice=in_debug)

    def checks(self) -> dict[str, Check]:
        """Give what `/health` asks each database, by name."""
        return {
            "database" if database.alias == "default" else f"database {database.alias}": database.check
            for database in self.databases
        }

    async def close(self) -> None:
        """Close the databases."""
        for database in self.databases:
            await database.close_async()
