"""Virtual environments, one for each contestant, made when they are first needed.

Each holds what one file of `requirements/` lists, and nothing of another
contestant. Ours holds this checkout. They live in `benchmarks/.venvs` and are made
anew when their list changes. Uses uv where it is installed, else venv and pip.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["BENCHMARKS", "CHECKOUT", "python_of", "size_of", "versions_of"]

BENCHMARKS = Path(__file__).resolve().parent.parent
CHECKOUT = BENCHMARKS.parent
FOLDER = BENCHMARKS / ".venvs"
#: What stands in the list of ours instead of a package's name.
OURS = "{checkout}"


def python_of(name: str, requirements: Sequence[str] | None = None, *, editable: bool = True) -> Path:
    """Give the interpreter of an environment, making it first where it is missing or outdated.

    Without `requirements` they are read from `requirements/<name>.txt`. Ours is
    installed anew each time where it is not `editable`.
    """
    listed = _listed(name) if requirements is None else list(requirements)
    folder = FOLDER / name
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    mark = hashlib.sha256("\n".join([sys.version, *listed]).encode()).hexdigest()
    holds_ours = any(OURS in line for line in listed)
    ready = python.exists() and stamp.exists() and stamp.read_text() == mark
    if ready and (editable or not holds_ours):
        return python
    if not ready:
        print(f"  making the environment {name}", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _make(folder)
    wanted = []
    for line in listed:
        if OURS in line and editable:
            wanted.append("--editable")
        wanted.append(line.replace(OURS, str(CHECKOUT)))
    _install(python, wanted, anew=ready and holds_ours)
    stamp.write_text(mark)
    return python


def versions_of(python: Path) -> dict[str, str]:
    """Give the installed distributions by lower-case name."""
    program = (
        "import importlib.metadata as m, json; "
        "print(json.dumps({d.name.lower(): d.version for d in m.distributions() if d.name}))"
    )
    found: dict[str, str] = json.loads(subprocess.check_output([str(python), "-c", program], text=True))
    return found


def size_of(python: Path) -> float:
    """Give the megabytes of an environment's packages, without compiled bytecode."""
    files = (python.parent.parent / "lib").rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file() and file.suffix != ".pyc") / 1e6


def _listed(name: str) -> list[str]:
    lines = (BENCHMARKS / "requirements" / f"{name}.txt").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _uv() -> str | None:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else shutil.which("uv")


def _make(folder: Path) -> None:
    uv = _uv()
    if uv is not None:
        _run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)])
    else:
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])


def _install(python: Path, wanted: list[str], *, anew: bool) -> None:
    uv = _uv()
    if uv is not None:
        again = ["--reinstall-package", "asok"] if anew else []
        _run(
            [uv, "pip", "install", "--quiet", "--compile-bytecode", *again, "--python", str(python), *wanted]
        )
    else:
        again = ["--force-reinstall", "--no-deps"] if anew else []
        _run([sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *again, *wanted])


def _run(command: list[str]) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, text=True, capture_output=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.strip()[-2000:]}")
