"""How much is measured: everything for the record, or a quick look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Extent"]


@dataclass(frozen=True)
class Extent:
    """One run's size.

    `rounds` are repeated over all contestants in turn; one takes `seconds` under
    a server. `peers` are the names to measure beside the bare callable and ours,
    None for all; `libraries` those of the models, likewise. `scratch` is a folder for
    logs and copies.
    """

    rounds: int
    seconds: int
    peers: Sequence[str] | None
    scratch: Path
    libraries: Sequence[str] | None = None
    connections: int = 32
