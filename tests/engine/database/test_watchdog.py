"""The thread that looks at clocks: it comes back when asked to, and holds nothing alive."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref

from asok_engine.database.watchdog import watch


class Counting:
    """Counts how often it was looked at."""

    def __init__(self) -> None:
        self.times = 0
        self.enough = threading.Event()

    def tick(self, now: float) -> float:
        """Ask to be looked at again soon."""
        self.times += 1
        if self.times >= 3:
            self.enough.set()
        return 0.01


def test_what_is_watched_is_looked_at_again_and_again() -> None:
    """Each tick says when the next one is due."""
    counting = Counting()
    watch(counting)
    assert counting.enough.wait(5)


def test_garbage_is_not_kept() -> None:
    """What nobody else holds is gone, although it was watched."""
    counting = Counting()
    watch(counting)
    counting.enough.wait(5)
    gone = weakref.ref(counting)
    del counting
    deadline = time.monotonic() + 5
    while gone() is not None and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    assert gone() is None


def test_forked_process_has_a_watchdog_of_its_own() -> None:
    """A thread does not survive a fork; the next to be watched begins a new one."""
    watch(Counting())
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        counting = Counting()
        watch(counting)
        os.write(writer, b"1" if counting.enough.wait(5) else b"0")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 1) == b"1"
    os.close(reader)
    os.close(writer)
