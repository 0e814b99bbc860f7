"""Serves the journeys' application with every server, once per module and server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import servers
from tests.journeys.asking import Site

SOURCE = Path(__file__).parent / "site"
WAY_OUT = "npm cannot bring axe-core here; what it judges is not looked at"


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core."""
    if shutil.which("npm") is None:
        pytest.skip(f"there is no npm: {WAY_OUT}")
    folder = tmp_path_factory.mktemp("axe")
    ran = subprocess.run(
        ["npm", "install", "axe-core", "--no-save", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    source = folder / "node_modules/axe-core/axe.min.js"
    if ran.returncode != 0 or not source.is_file():
        pytest.skip(f"{WAY_OUT}: {ran.stderr.strip()[-200:]}")
    return source.read_text(encoding="utf-8")


def make_folder(folder: Path) -> Path:
    """Copy the application to a folder of its own and give it a large file."""
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "src/partials/uploads/big.bin").write_bytes(bytes(range(256)) * 4096)
    return folder


@pytest.fixture(scope="module")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application in a folder of its own."""
    return make_folder(tmp_path_factory.mktemp("journey") / "site")


@pytest.fixture(scope="module", params=list(servers.KINDS))
def site(request: pytest.FixtureRequest, site_folder: Path) -> Iterator[Site]:
    """The application, served by one of the servers."""
    with ExitStack() as stack:
        server = stack.enter_context(servers.run_server(request.param, site_folder))
        yield Site(server.port, server.read_log, server.kind)


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn", "granian-rsgi"])
def hostile_server(request: pytest.FixtureRequest, site_folder: Path) -> Iterator[servers.ServerProcess]:
    """The application, served for hostile clients."""
    with servers.run_server(request.param, site_folder) as server:
        yield server


@pytest.fixture(scope="module")
def hostile_site(hostile_server: servers.ServerProcess) -> Site:
    """The hostile clients' view of it."""
    return Site(hostile_server.port, hostile_server.read_log)


@pytest.fixture
def hostile_memory(hostile_server: servers.ServerProcess) -> Callable[[], float]:
    """Give the growth of the server's memory, in MB, since the test began."""
    before = _resident(hostile_server.process.pid)
    return lambda: _resident(hostile_server.process.pid) - before


def _resident(pid: int) -> float:
    """Sum the resident memory of a process and its children, in MB."""
    total = 0.0
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        total += int(found[1]) / 1024 if found else 0.0
        for task in os.listdir(f"/proc/{pid}/task"):
            children = Path(f"/proc/{pid}/task/{task}/children").read_text().split()
            total += sum(_resident(int(child)) for child in children)
    except FileNotFoundError:
        return total
    return total
