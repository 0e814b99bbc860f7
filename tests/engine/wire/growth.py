"""Whether work grows with its input and not faster.

Counts CPU time of this thread for an input and for one eight times as long, and
compares the two: eight is linear, sixty-four is quadratic. The bound lies between,
far from both, so a busy machine does not decide the answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

__all__ = ["grows_linearly"]

_TIMES_LONGER = 8
_BOUND = 28


def grows_linearly(call: Callable[[Any], object], make: Callable[[int], Any], size: int) -> bool:
    """Tell whether `call(make(8 * size))` costs about eight times `call(make(size))`."""
    small, large = make(size), make(_TIMES_LONGER * size)
    for _ in range(3):
        if _cost(call, large, 2) < _BOUND * _cost(call, small, 6):
            return True
    return False


def _cost(call: Callable[[Any], object], given: Any, rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.thread_time()
        call(given)
        best = min(best, time.thread_time() - start)
    # Why a floor: below it the clock measures itself.
    return max(best, 2e-5)
