"""Starts the desk, walks every page as a visitor would, stops it. Exit code 0 when all is well.

    python examples/desk/check.py

Follows the links of every page found, and asks for the error pages, the stream,
the live events and the static files as well. Needs no server to be running.
"""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

DESK = Path(__file__).parent
LINK = re.compile(r'(?:href|src|action)="(/[^"#]*)"')

#: Addresses that no page links to, and the status that is right for each.
ALSO = {
    "/nowhere": 404,
    "/tickets/1": 404,
    "/tickets?status=lost": 400,
    "/docs/no-such-guide": 404,
    "/report": 200,
    "/health": 200,
    "/css/": 404,
    "/css/../../wsgi.py": 404,
}


def free_port() -> int:
    """Give a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str) -> tuple[int, str, str]:
    """GET a path; give status, content type and text."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        link.request("GET", path, headers={"Accept": "text/html,*/*"})
        answer = link.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read().decode("utf-8", "replace")
    finally:
        link.close()


def wait(port: int, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    """Wait until the desk answers; raises when it ends or takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the desk ended with exit code {process.returncode} before it answered")
        try:
            ask(port, "/health")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the desk did not answer within {seconds:.0f} s")


def events(port: int) -> int:
    """Read the live events for a moment; give how many came."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        link.request("GET", "/activity/events")
        answer = link.getresponse()
        received = b""
        while received.count(b"\n\n") < 4 and (piece := answer.read1(4096)):
            received += piece
        return received.count(b"data: ")
    finally:
        link.close()


def walk(port: int) -> list[str]:
    """Ask for every address that can be found; print a line for each, give what is wrong."""
    wrong: list[str] = []
    waiting, seen = ["/", *ALSO], set()
    while waiting:
        path = waiting.pop(0)
        if path in seen or path == "/activity/events":
            continue
        seen.add(path)
        began = time.perf_counter()
        status, kind, text = ask(port, path)
        took = (time.perf_counter() - began) * 1000
        print(f"{status}  {took:7.1f} ms  {path}")
        if status != ALSO.get(path, 200):
            wrong.append(f"{path} answered {status}, {ALSO.get(path, 200)} is right")
        if "Traceback" in text:
            wrong.append(f"{path} shows a traceback")
        if kind.startswith("text/html"):
            waiting.extend(LINK.findall(text))
    count = events(port)
    print(f"200  {count:7d} ev  /activity/events")
    if count < 3:
        wrong.append("/activity/events gave too few events")
    if len(seen) < 20:
        wrong.append(f"only {len(seen)} addresses were found")
    return wrong


def main() -> int:
    """Start, walk, stop."""
    port = free_port()
    command = [sys.executable, "-m", "asok.cli", "dev", "--port", str(port)]
    process = subprocess.Popen(command, cwd=DESK, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(port, process)
        wrong = walk(port)
    except (RuntimeError, OSError) as error:
        wrong = [str(error)]
    finally:
        process.terminate()
        process.wait(10)
    for line in wrong:
        print(f"wrong: {line}", file=sys.stderr)
    print("The desk is well." if not wrong else f"{len(wrong)} things are wrong.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
