"""Virtual environments, one for each contestant, made when they are first needed.

Each holds what one file of `requirements/` lists, and nothing of another
contestant. They live in `benchmarks/.venvs` and are made anew when their list
changes. Ours holds this checkout as it is when a run begins, so that a change in the
middle of the run is not measured. Uses uv where it is installed, else venv and pip.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["BENCHMARKS", "CHECKOUT", "python_of", "size_of", "versions_of"]

BENCHMARKS = Path(__file__).resolve().parent.parent
CHECKOUT = BENCHMARKS.parent
FOLDER = BENCHMARKS / ".venvs"
#: What stands in the list of ours instead of a package's name.
OURS = "{checkout}"


@functools.cache
def python_of(name: str) -> Path:
    """Give the interpreter of an environment, making it first where it is missing or outdated.

    What it holds is listed in `requirements/<name>.txt`.
    """
    lines = (BENCHMARKS / "requirements" / f"{name}.txt").read_text().splitlines()
    listed = [line.strip() for line in lines if line.strip()]
    folder = FOLDER / name.replace("/", "-")
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    mark = hashlib.sha256("\n".join([sys.version, *listed]).encode()).hexdigest()
    holds_ours = any(OURS in line for line in listed)
    ready = python.exists() and stamp.exists() and stamp.read_text() == mark
    if ready and not holds_ours:
        return python
    print(
        f"  {'installing this checkout into' if ready else 'making'} {folder.name}",
        file=sys.stderr,
        flush=True,
    )
    if not ready:
        shutil.rmtree(folder, ignore_errors=True)
        _make(folder)
    _install(python, [line.replace(OURS, str(CHECKOUT)) for line in listed], anew=holds_ours)
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
        again = ["--refresh-package", "asok", "--reinstall-package", "asok"] if anew else []
        _run(
            [uv, "pip", "install", "--quiet", "--compile-bytecode", *again, "--python", str(python), *wanted]
        )
    else:
        again = ["--force-reinstall"] if anew else []
        _run([sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *again, *wanted])


def _run(command: list[str]) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, text=True, capture_output=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.strip()[-2000:]}")
