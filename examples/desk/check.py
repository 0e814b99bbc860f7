"""Starts the desk, walks every page as visitor, customer, agent and manager would, opens tickets, stops it.

Exit code 0: all is well.

    python examples/desk/check.py

Makes a database of its own from the migrations and the seed, unless DATABASE_URL names
one. Follows the links of every page found, and asks for the error pages, the stream,
the live events and the static files as well. Needs no server to be running.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

DESK = Path(__file__).parent
#: Of the people that the seed makes in DEBUG.
PASSWORD = "tickets and tea at four"
LINK = re.compile(r'(?:href|src|action)="(/[^"#]*)"')
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')

#: Addresses that no page links to, and the status that is right for each.
ALSO = {
    "/nowhere": 404,
    "/tickets/999999": 404,
    "/tickets/99999999999999999999": 404,
    "/tickets/1/attachments/1": 404,
    "/tickets?state=lost": 400,
    "/tickets?password=x": 400,
    "/tickets?sort=customer.email": 400,
    "/tickets?page=99": 404,
    "/docs/no-such-guide": 404,
    "/report": 200,
    "/people": 302,
    "/account": 302,
    "/account/two-factor": 302,
    "/confirm": 302,
    "/login/code": 302,
    "/auth/verify?token=x": 200,
    "/auth/reset?token=x": 200,
    "/auth/magic/callback?token=x": 200,
    "/auth/passkeys": 405,
    "/health": 200,
    "/css/": 404,
    "/css/../../wsgi.py": 404,
}


def free_port() -> int:
    """Give a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(
    port: int, path: str, form: Mapping[str, str] | None = None, cookie: str = ""
) -> tuple[int, Mapping[str, str], str]:
    """Ask for a path, or post a form to it; give status, headers and text."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Accept": "text/html,*/*", "Cookie": cookie}
    try:
        if form is None:
            link.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            link.request("POST", path, urlencode(form), headers)
        answer = link.getresponse()
        return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
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


def walk(port: int, also: Mapping[str, int], cookie: str = "") -> list[str]:
    """Ask for every address that can be found; print a line for each, give what is wrong."""
    wrong: list[str] = []
    waiting, seen = ["/", *also], set()
    while waiting:
        path = waiting.pop(0).replace("&amp;", "&")
        if path in seen or path == "/activity/events":
            continue
        seen.add(path)
        began = time.perf_counter()
        status, headers, text = ask(port, path, cookie=cookie)
        took = (time.perf_counter() - began) * 1000
        print(f"{status}  {took:7.1f} ms  {path}")
        if status != also.get(path, 200):
            wrong.append(f"{path} answered {status}, {also.get(path, 200)} is right")
        if "Traceback" in text:
            wrong.append(f"{path} shows a traceback")
        if headers.get("Content-Type", "").startswith("text/html"):
            waiting.extend(LINK.findall(text))
    if len(seen) < 40:
        wrong.append(f"only {len(seen)} addresses were found")
    return wrong


def listen(port: int) -> list[str]:
    """Hear the live events for a moment; give what is wrong."""
    count = events(port)
    print(f"200  {count:7d} ev  /activity/events")
    return [] if count >= 3 else ["/activity/events gave too few events"]


def opened(port: int, path: str, cookie: str = "") -> tuple[str, str]:
    """Open a page with a form; give the cookie to send it with, and its token."""
    _, headers, page = ask(port, path, cookie=cookie)
    token = TOKEN.search(page)
    given = headers.get("Set-Cookie", "").partition(";")[0]
    return cookie or given, token[1] if token else ""


def sign_in(port: int, name: str) -> str:
    """Sign one of the people of the seed in; give the cookie of the session."""
    cookie, token = opened(port, "/login")
    form = {"email": f"{name}@example.com", "password": PASSWORD, "csrf_token": token}
    status, headers, _ = ask(port, "/login", form, cookie)
    print(f"{status}  {name} signs in")
    cookies = (each.partition(";")[0] for each in headers.get_all("Set-Cookie", []))
    return next((each for each in cookies if each.startswith("asok_session=")), "")


def look_after(port: int) -> list[str]:
    """Have a customer ask for the desk alone, an agent answer, a manager look; give what is wrong."""
    people = {name: sign_in(port, name) for name in ("anneke.de.vries", "priya.raman", "ines.brandt")}
    if not all(people.values()):
        return [f"{name} cannot sign in" for name, cookie in people.items() if not cookie]
    customer, agent, manager = people.values()
    cookie, token = opened(port, "/tickets/new", customer)
    form = {"subject": "For the desk alone", "priority": "2", "text": "Do not tell.", "csrf_token": token}
    address = ask(port, "/tickets/new", form, cookie)[1].get("Location", "")
    print(f"303  a private ticket: {address}")
    cookie, token = opened(port, address, agent)
    form = {"_action": "edit", "_form": "edit_", "edit_state": "solved", "edit_priority": "1"}
    edited = ask(port, address, {**form, "edit_agent_id": "", "csrf_token": token}, cookie)[0]
    print(f"{edited}  an agent solves it")
    wrong = [] if edited == 303 else [f"an agent who edits a ticket is answered {edited}"]
    wanted = {customer: 200, agent: 200, manager: 200, "": 404}
    for cookie, status in wanted.items():
        if (got := ask(port, address, cookie=cookie)[0]) != status:
            wrong.append(f"a private ticket is answered {got}, {status} is right")
    if ask(port, "/people", cookie=customer)[0] != 403:
        wrong.append("a customer sees the people")
    pages = {f"/account{path}": 200 for path in ("", "/email", "/password", "/two-factor", "/sessions")}
    return wrong + walk(
        port,
        {**pages, "/account/passkeys": 200, "/account/tokens": 200, "/confirm": 200, "/people/1": 200},
        manager,
    )


def open_ticket(port: int) -> list[str]:
    """Post a new ticket, first with a mistake, and look for it; give what is wrong."""
    cookie, token = opened(port, "/tickets/new")
    form = {
        "subject": "Hm",
        "priority": "4",
        "text": "Is anybody there?",
        "name": "Check",
        "email": "check@example.com",
        "csrf_token": token,
    }
    status, _, page = ask(port, "/tickets/new", form, cookie)
    print(f"{status}  a subject of two letters")
    if status != 422 or "Is anybody there?" not in page:
        return [f"a ticket with a subject of two letters was answered with {status}"]
    status, headers, _ = ask(port, "/tickets/new", {**form, "subject": "The check was here"}, cookie)
    address = headers.get("Location", "")
    print(f"{status}  a new ticket: {address}")
    if status != 303:
        return [f"a new ticket was answered with {status}"]
    if "Is anybody there?" not in ask(port, address)[2]:
        return [f"{address} does not show what was posted"]
    if "The check was here" not in ask(port, "/tickets?q=check+was&sort=-priority")[2]:
        return ["the list does not find the new ticket"]
    return []


def check(environment: Mapping[str, str]) -> list[str]:
    """Fill the database, start, walk, stop; give what is wrong."""
    asok = [sys.executable, "-m", "asok.cli"]
    for words in (["migrate"], ["db", "seed"]):
        if subprocess.run([*asok, *words], cwd=DESK, env=environment, check=False).returncode:
            return [f"asok {' '.join(words)} failed"]
    port = free_port()
    process = subprocess.Popen(
        [*asok, "dev", "--port", str(port)],
        cwd=DESK,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait(port, process)
        return walk(port, ALSO) + listen(port) + open_ticket(port) + look_after(port)
    except (RuntimeError, OSError) as error:
        return [str(error)]
    finally:
        process.terminate()
        process.wait(10)


def main() -> int:
    """Check the desk, say what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        # The demo's own tickets are left alone.
        wrong = check({"DATABASE_URL": f"sqlite:///{folder}/check.sqlite3", **os.environ})
    for line in wrong:
        print(f"wrong: {line}", file=sys.stderr)
    print("The desk is well." if not wrong else f"{len(wrong)} things are wrong.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
