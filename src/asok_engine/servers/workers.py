"""Child processes that serve one listening socket, and the sockets themselves.

The parent binds and keeps the socket, so connections wait in its backlog while a
child is replaced. A child also holds one end of a pipe: when the parent is gone,
however that came, the pipe ends and the child stops, so no child is left behind.
Nothing is known here of applications and settings: a child is a command line.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from asok_engine.errors import SetupError

__all__ = ["Child", "bind", "follow_parent"]

BACKLOG = 2048
_NEXT_PORTS = 100

Command = Callable[[int, int], Sequence[str]]


def bind(host: str, port: int, *, or_next: bool = False) -> socket.socket:
    """Bind and listen; port 0 takes any free one.

    With `or_next` a taken port is passed over for the next free one of the
    following 100. Raises SetupError when there is none, or the address is not ours.
    """
    last = min(port + _NEXT_PORTS, 65535) if or_next and port else port
    for candidate in range(port, last + 1):
        try:
            return _listen(host, candidate)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and candidate < last:
                continue
            raise _cannot_listen(host, port, last, error) from error
    raise AssertionError("unreachable")


def _cannot_listen(host: str, port: int, last: int, error: OSError) -> SetupError:
    if error.errno == errno.EADDRINUSE and last > port:
        return SetupError(
            f"The ports {port} to {last} of {host} are all in use.", fix="Choose one with --port."
        )
    if error.errno == errno.EADDRINUSE:
        return SetupError(
            f"Port {port} of {host} is in use by another process.",
            fix="Stop it, or choose another with --port.",
        )
    if error.errno == errno.EACCES:
        return SetupError(
            f"Port {port} may not be opened by this user.", fix="Choose one from 1024 on with --port."
        )
    return SetupError(
        f"Cannot listen on {host} port {port}: {error.strerror or error}.", fix="Check --host and --port."
    )


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class Child:
    """One child process that serves `listener`.

    `command` is given the numbers of two file descriptors, the socket and the
    reading end of the pipe, and says what to run.
    """

    def __init__(self, command: Command, listener: socket.socket) -> None:
        reading, self._writing = os.pipe()
        try:
            # Why the same process group: a debugger in the child needs the terminal.
            self._process = subprocess.Popen(
                command(listener.fileno(), reading), pass_fds=(listener.fileno(), reading)
            )
        except BaseException:
            os.close(self._writing)
            raise
        finally:
            os.close(reading)
        self.started_at = time.monotonic()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Give the exit code, negative for a signal; None while the child runs."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL."""
        if self._process.poll() is None:
            self._process.kill()

    def wait(self, seconds: float) -> int:
        """Wait for the end, kill after `seconds`; give the exit code."""
        try:
            code = self._process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1
        return code

    def stop(self, seconds: float) -> int:
        """Ask to stop, wait at most `seconds`, then kill."""
        self.ask_to_stop()
        return self.wait(seconds)


def follow_parent(descriptor: int, stop_seconds: float) -> None:
    """Stop this process when its parent has ended: SIGTERM at once, and an exit after `stop_seconds`."""

    def watch() -> None:
        os.read(descriptor, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(stop_seconds)
        os._exit(1)

    os.set_inheritable(descriptor, False)
    threading.Thread(target=watch, name="asok-parent", daemon=True).start()
