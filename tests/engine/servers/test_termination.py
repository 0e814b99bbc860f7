"""A signal ends streams first and then reaches the server's own handler; in processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from asok_engine.dispatch.streams import Streams
from asok_engine.servers.termination import call_before_termination, hold_termination


def run(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script to its end."""
    head = """
        import os, signal, sys, threading
        from asok_engine.dispatch.streams import Streams
        from asok_engine.servers.termination import call_before_termination
        called = []
        """
    source = textwrap.dedent(head) + textwrap.dedent(script)
    return subprocess.run([sys.executable, "-c", source], timeout=20, capture_output=True, text=True)


def test_callback_comes_before_the_handler_that_was_there() -> None:
    """For SIGTERM and SIGINT; the server's handler stays in charge."""
    done = run(
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: called.append(number))
        assert call_before_termination(lambda: called.append("ours"))
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert called == ["ours", signal.SIGTERM, "ours", signal.SIGINT], called
        """
    )
    assert done.returncode == 0, done.stderr


def test_same_callback_is_installed_once() -> None:
    """However often an application starts, one signal calls it once; two applications are both called."""
    done = run(
        """
        signal.signal(signal.SIGTERM, lambda number, frame: called.append("server"))
        class Noted(Streams):
            def end(self):
                called.append("ends")
        first, second = Noted(), Noted()
        assert call_before_termination(first.end)
        for _ in range(50):
            assert not call_before_termination(first.end)
        assert call_before_termination(second.end)
        for _ in range(50):
            assert not call_before_termination(first.end)
            assert not call_before_termination(second.end)
        os.kill(os.getpid(), signal.SIGTERM)
        assert called == ["ends", "ends", "server"], called
        """
    )
    assert done.returncode == 0, done.stderr


def test_handler_that_a_server_sets_later_can_be_preceded_again() -> None:
    """A server that installs its handlers after the import is found at the first request."""
    done = run(
        """
        signal.signal(signal.SIGTERM, lambda number, frame: called.append("first"))
        ours = lambda: called.append("ours")
        call_before_termination(ours)
        signal.signal(signal.SIGTERM, lambda number, frame: called.append("second"))
        assert call_before_termination(ours)
        os.kill(os.getpid(), signal.SIGTERM)
        assert called == ["ours", "second"], called
        """
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_process_without_a_handler_ends_as_it_always_did(number: str) -> None:
    """A script or a shell is not kept alive by an application that it imports."""
    done = run(
        f"""
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        assert not call_before_termination(lambda: called.append("ours"))
        os.kill(os.getpid(), signal.{number})
        threading.Event().wait(5)
        """
    )
    assert done.returncode == -getattr(signal, number)


def test_ctrl_c_stays_a_keyboard_interrupt() -> None:
    """Python's own handler of SIGINT is not one of a server."""
    done = run(
        """
        # A shell starts what it runs in the background with the signal ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        assert not call_before_termination(lambda: called.append("ours"))
        try:
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(5)
        except KeyboardInterrupt:
            sys.exit(7)
        """
    )
    assert done.returncode == 7


def test_signal_ends_the_streams_of_a_site() -> None:
    """The real callback is safe in a signal handler."""
    done = run(
        """
        signal.signal(signal.SIGTERM, lambda number, frame: called.append("server"))
        streams = Streams()
        call_before_termination(streams.end)
        os.kill(os.getpid(), signal.SIGTERM)
        assert streams.ending(endless=True) and called == ["server"]
        """
    )
    assert done.returncode == 0, done.stderr


GRANIAN = """
    import asyncio
    from asok_engine.servers import termination
    loop, streams, sockets = asyncio.new_event_loop(), Streams(), ["a socket"]
    streams.still_open.append(lambda: bool(sockets))
    def stopped():
        called.append("granian")
        loop.stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped)
    assert termination.hold_termination(loop, streams)
    call_before_termination(streams.end)
    def closed():
        called.append("closed")
        sockets.clear()
    streams.when_ending.append(lambda: called.append("ending"))
    """


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("streams.when_ending.append(lambda: loop.call_later(0.2, closed))", ["ending", "closed", "granian"]),
        ("termination.HOLD_SECONDS = 0.1", ["ending", "granian"]),
        ("sockets.clear()", ["ending", "granian"]),
        ("loop.call_soon(os.kill, os.getpid(), signal.SIGTERM)", ["ending", "granian"]),
        ("loop.call_soon(os.kill, os.getpid(), signal.SIGINT)", ["ending", "granian"]),
    ],
    ids=["closed", "no answer", "no sockets", "second SIGTERM", "SIGINT"],
)
def test_granian_hears_of_sigterm_when_the_sockets_are_closed(script: str, expected: list[str]) -> None:
    """Within a bounded time, and at once where there is nothing to wait for or somebody asks again."""
    done = run(
        textwrap.dedent(GRANIAN)
        + f"loop.call_soon(os.kill, os.getpid(), signal.SIGTERM)\n{script}\n"
        + "import time\nbegan = time.monotonic()\nloop.run_forever()\n"
        + f"assert called == {expected!r} and time.monotonic() - began < 0.9, called\n"
    )
    assert done.returncode == 0, done.stderr


def test_other_threads_install_nothing() -> None:
    """Signals belong to the main thread."""
    before, result = signal.getsignal(signal.SIGTERM), []
    thread = threading.Thread(target=lambda: result.append(call_before_termination(Streams().end)))
    thread.start()
    thread.join(2)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: result.append(hold_termination(loop, Streams())))
    thread.start()
    thread.join(2)
    loop.close()
    assert result == [False, False]
    assert signal.getsignal(signal.SIGTERM) is before
    assert os.getpid()
