"""Options that commands about data share."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from asok_engine.commands.data_options import database_option


@pytest.mark.parametrize(("given", "alias"), [([], "default"), (["--database", "other"], "other")])
def test_database_is_named_by_its_alias(given: list[str], alias: str) -> None:
    """The default one where none is named."""

    @click.command()
    @database_option
    def show(database: str) -> None:
        click.echo(database)

    assert CliRunner().invoke(show, given).output == f"{alias}\n"
