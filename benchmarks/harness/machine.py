"""The machine of a run, described without naming it."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path

from harness.contestants import Contestant
from harness.environments import python_of, versions_of

__all__ = ["describe", "versions"]

SERVERS = ("uvicorn", "uvloop", "httptools", "gunicorn", "granian")


def describe() -> str:
    """Give date, processor, cores, kernel and Python in one sentence."""
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Measured on {time.strftime('%-d %B %Y')} on a shared virtual machine: "
        f"{os.cpu_count()} cores ({model}), "
        f"{memory:.0f} GB, {platform.system()} {platform.release().partition('-')[0]}, "
        f"{platform.python_implementation()} {platform.python_version()}. "
        f"Load average at the start: {os.getloadavg()[0]:.1f}."
    )


def versions(contestants: Iterable[Contestant]) -> str:
    """Give the versions of the frameworks and servers that were measured."""
    servers: dict[str, str] = {}
    parts = []
    for one in contestants:
        installed = versions_of(python_of(one.environment))
        if one.package:
            parts.append(f"{one.name.partition(' ')[0]} {installed[one.package]}")
        servers |= {name: installed[name] for name in SERVERS if name in installed and name not in servers}
    served = ", ".join(f"{name} {version}" for name, version in sorted(servers.items()))
    return f"Frameworks: {', '.join(parts)}. Servers: {served}."
