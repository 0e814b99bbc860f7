"""`aksara migrate`: its help is quick, and it works on the project here."""

from __future__ import annotations

import subprocess
import sys


def test_help_loads_nothing_of_databases() -> None:
    """Neither records nor drivers nor an event loop: the options are all that is shown."""
    code = (
        "import sys; from aksara.cli import cli; from asok_engine.commands.console import run\n"
        "for words in (['migrate', '--help'], ['status', '--help'],): run(cli, words)\n"
        "heavy = ('asok_engine.records', 'asok_engine.database', 'asok_engine.migrations', 'asyncio', 'msgspec')\n"
        "print('HEAVY', sorted(name for name in sys.modules if name.startswith(heavy)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--database ALIAS" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "HEAVY []"
