"""Imports go downstairs, stand at the top of a file, and importing a face stays light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import PACKAGES, ROOT, Source, dotted, listing, shipped, walk_with_owner

#: Modules that import our own modules by name at run time, with the reason.
LAZY_FACES = {
    "asok": "the face gives each name when it is first used, so that importing it stays quick",
    "aksara": "the face gives each name when it is first used, so that importing it stays quick",
    "asok.parts": "what a composition may do without is imported when it asks for it",
    "asok_engine.telemetry.logs": "the file handler is imported when a log file is named",
    "asok.cli": "a command's module is imported when the command is run, so that --help stays quick",
    "asok_engine.database.drivers.loading": "a driver is imported when the first database of its kind is opened",
    "aksara.cli": "a command's module is imported when the command is run, so that --help stays quick",
}

#: What importing a face may not bring along: each is loaded when it is first needed.
HEAVY = (
    "click",
    "uvicorn",
    "granian",
    "sqlalchemy",
    "redis",
    "asyncpg",
    "psycopg",
    "pymysql",
    "asyncmy",
    "watchfiles",
    "jinja2",
    "dotenv",
    "rich",
)


def hidden_imports(source: Source) -> Iterator[str]:
    """Find imports of our own packages inside functions, also through importlib with a fixed name."""
    for node, owner in walk_with_owner(source.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ["asok_engine"] if node.level else [node.module or ""]
        elif isinstance(node, ast.Call) and dotted(node.func) in ("importlib.import_module", "__import__"):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                names = [first.value]
        if owner and any(name.split(".")[0] in PACKAGES for name in names):
            yield (
                f"{source.at(node)}: {owner} imports {', '.join(names)} inside itself. Import it on top of "
                "the file; if that is a circle, the code belongs on another floor or takes it as an argument."
            )


def test_no_own_import_is_hidden_in_a_function() -> None:
    """A dependency between rooms is visible at the top of the file."""
    complaints = [
        line for source in shipped() if source.module not in LAZY_FACES for line in hidden_imports(source)
    ]
    assert not complaints, listing(complaints)


@pytest.mark.parametrize(
    "text",
    [
        "def load():\n    from asok_engine.wire import headers\n",
        "def load():\n    import asok.app\n",
        "class A:\n    def load(self):\n        from . import sibling\n",
        "import importlib\ndef load():\n    return importlib.import_module('aksara.conf')\n",
    ],
)
def test_hidden_import_is_found(text: str) -> None:
    """The check itself sees every way of hiding an import."""
    assert len(list(hidden_imports(Source("src/asok/made_up.py", text)))) == 1


def test_import_at_the_top_and_of_libraries_is_no_complaint() -> None:
    """Only our own packages count, and only inside functions."""
    text = (
        "import asok.app\nfrom asok_engine import errors\ndef load():\n    import redis\n    return redis\n"
    )
    assert not list(hidden_imports(Source("src/asok/made_up.py", text)))


def test_modules_that_load_by_name_exist() -> None:
    """The list of lazy modules names nothing that is gone."""
    known = {source.module for source in shipped()}
    assert set(LAZY_FACES) <= known, (
        f"not in src: {sorted(set(LAZY_FACES) - known)}; take them off LAZY_FACES"
    )


def run_linter(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter in a folder that holds pyproject.toml or .importlinter."""
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(program), "--no-cache", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_imports_go_downstairs() -> None:
    """The floors of ARCHITECTURE.md, as written in pyproject.toml, hold."""
    result = run_linter(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_room_of_the_engine_stands_on_a_floor() -> None:
    """A folder of the engine that no floor names would be free to import anything."""
    floors = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    engine = next(contract for contract in floors if contract.get("containers") == ["asok_engine"])
    named = {room.strip(" ()") for layer in engine["layers"] for room in layer.replace(":", "|").split("|")}
    rooms = {source.module.split(".")[1] for source in shipped() if source.module.startswith("asok_engine.")}
    assert rooms <= named, (
        f"{sorted(rooms - named)} of asok_engine stand on no floor: add them to tool.importlinter in "
        "pyproject.toml and to ARCHITECTURE.md, and write a decision record"
    )


def test_upstairs_import_is_found(tmp_path: Path) -> None:
    """The linter, set up as ours is, fails on a room that imports a higher one."""
    house = tmp_path / "asok_engine"
    for room in ("wire", "servers"):
        (house / room).mkdir(parents=True)
        (house / room / "__init__.py").write_text("")
    (house / "__init__.py").write_text("")
    (house / "wire" / "made_up.py").write_text("from asok_engine import servers\n")
    (tmp_path / ".importlinter").write_text(
        "[importlinter]\nroot_packages=\n  asok_engine\n"
        "[importlinter:contract:floors]\nname=floors\ntype=layers\n"
        "containers=\n  asok_engine\nlayers=\n  servers\n  wire\n"
    )
    result = run_linter(tmp_path, "--config", str(tmp_path / ".importlinter"))
    assert result.returncode == 1
    assert "asok_engine.wire is not allowed to import asok_engine.servers" in result.stdout


def modules_after(code: str) -> set[str]:
    """Run code in a fresh interpreter; give the names of all modules that are loaded then."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    ["import asok_engine", "import asok", "import aksara", "from asok import Asok; Asok", "import asok.cli"],
)
def test_importing_a_face_loads_nothing_heavy(code: str) -> None:
    """Servers, command line, databases and their drivers are imported when they are first used."""
    allowed = {"click"} if code == "import asok.cli" else set()
    loaded = (set(HEAVY) - allowed) & modules_after(code)
    assert not loaded, f"`{code}` loads {sorted(loaded)}; import them in the function that needs them"


def test_loaded_modules_are_seen() -> None:
    """The check itself sees what a piece of code loads."""
    assert "click" in modules_after("import click")
