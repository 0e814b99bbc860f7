"""A probe tells what a parent needs of an application that it does not load itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok_engine.commands.child import child_command, probe
from asok_engine.commands.project import Project

APP = """
class Config(dict):
    def source(self, name):
        return "code"
    def check_production(self):
        if len(self["SECRET_KEY"]) < 32:
            from asok_engine.errors import SetupError
            raise SetupError("SECRET_KEY is short.")

class App:
    config = Config(DEBUG=False, ASOK_PORT=4321, SHUTDOWN_TIMEOUT=1.5, SECRET_KEY="x" * 32)
    def __rsgi__(self): ...

app = App()
print("noise on stdout")
"""


def test_facts_come_from_the_loaded_application(tmp_path: Path) -> None:
    """Settings that code has made are seen; what the project prints does not disturb."""
    (tmp_path / "wsgi.py").write_text(APP)
    facts = probe(Project(tmp_path, "wsgi"))
    assert (facts.port, facts.shutdown_seconds, facts.speaks) == (4321, 1.5, ("rsgi", "asgi", "wsgi"))
    assert facts.error == facts.production_problem == ""


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('"x" * 32', '"x"'), "SECRET_KEY is short."),
        (("DEBUG=False", "DEBUG=True"), "DEBUG is on (code), and debug pages show code"),
    ],
)
def test_what_keeps_from_production_is_told(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    """Weak settings and debug pages are found before anything is served."""
    (tmp_path / "wsgi.py").write_text(APP.replace(*change))
    assert problem in probe(Project(tmp_path, "wsgi")).production_problem


def test_failures_of_the_project_are_facts(tmp_path: Path) -> None:
    """Broken code and a process that ends do not reach the parent."""
    (tmp_path / "wsgi.py").write_text("x = (\n")
    assert "SyntaxError in wsgi.py line 1" in probe(Project(tmp_path, "wsgi")).error
    (tmp_path / "wsgi.py").write_text("import os; os._exit(9)\n")
    assert "exit code 9" in probe(Project(tmp_path, "wsgi")).error


def test_command_names_the_descriptors() -> None:
    """A child is told which socket to serve and which pipe to watch."""
    line = child_command(Project(Path("/p"), "wsgi"), "serve", shutdown_seconds=2)(11, 12)
    assert '"listener": 11' in line[-1]
    assert '"lifeline": 12' in line[-1]
