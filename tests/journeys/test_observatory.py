"""The desk in production settings behind TLS, judged by the MDN HTTP Observatory."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.journeys.test_desk import copy_desk
from tests.mailbox import make_certificate

pytestmark = pytest.mark.servers

#: The judge, from the registry of npm; what it would load after its installation is not needed here.
PACKAGE, VERSION = "@mdn/mdn-http-observatory", "1.4.8"
LISTS = {"hsts-preload.json": "{}", "tld-list.json": "[]"}
KEPT = Path(__file__).parents[2] / ".judges" / f"observatory-{VERSION}"
JUDGE = f"""
import {{ scan }} from "{PACKAGE}";
const result = await scan(process.argv[2]);
console.log(JSON.stringify(result));
process.exit(0);
"""
NGINX = """
daemon off; user {user}; pid {folder}/pid; error_log {folder}/log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; server_tokens off;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    # One port for both: who speaks http to it is sent to https.
    error_page 497 =301 https://$http_host$request_uri;
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""


@pytest.fixture(scope="module")
def judge() -> Path:
    """The folder with the judge, installed once per checkout."""
    missing = servers.missing_part("node") or servers.missing_part("npm") or servers.missing_part("nginx")
    if missing:
        pytest.skip(missing)
    if not (KEPT / "judge.mjs").exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / "package.json").write_text('{"private": true}')
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", f"{PACKAGE}@{VERSION}"]
        try:
            done = subprocess.run(command, cwd=KEPT, capture_output=True, text=True, timeout=240, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not bring {PACKAGE} within 240 s: no answer from its registry")
        if done.returncode:
            pytest.skip(f"npm could not bring {PACKAGE}: {done.stderr[-300:]}")
        for name, text in LISTS.items():
            (KEPT / "node_modules" / PACKAGE / "conf" / name).write_text(text)
        (KEPT / "judge.mjs").write_text(JUDGE)
    return KEPT


@contextlib.contextmanager
def tls_front(folder: Path, behind: int, port: int) -> Iterator[Path]:
    """Put nginx with TLS in front of a server; gives the certificate that signs itself."""
    folder.mkdir()
    certificate, key = make_certificate(folder)
    (folder / "conf").write_text(
        NGINX.format(
            user=getpass.getuser(),
            folder=folder,
            port=port,
            behind=behind,
            certificate=certificate,
            key=key,
        )
    )
    program = servers.find_program("nginx") or "nginx"
    process = subprocess.Popen([program, "-c", str(folder / "conf"), "-p", str(folder)])
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield certificate
    finally:
        process.terminate()
        process.wait(5)


def test_observatory_gives_the_desk_its_best_mark(judge: Path, tmp_path: Path) -> None:
    """A+ and 115 points, also for a page with a form and its cookie, with the defaults of a production start."""
    desk, port = copy_desk(tmp_path), servers.free_port()
    environment = {
        "DEBUG": "false",
        "SECRET_KEY": "observatory-and-nothing-else-0123456789",
        "APP_URL": f"https://127.0.0.1:{port}",
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    with (
        servers.run_server("uvicorn", desk, environment=environment, ready_path="/health") as server,
        tls_front(tmp_path / "nginx", server.port, port) as certificate,
    ):
        for path in ("", "/tickets/new", "/login"):
            done = subprocess.run(
                ["node", "judge.mjs", f"127.0.0.1:{port}{path}"],
                cwd=judge,
                env={**os.environ, "NODE_EXTRA_CA_CERTS": str(certificate)},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            result: dict[str, Any] = json.loads(done.stdout)
            told = {name: (test["scoreModifier"], test["result"]) for name, test in result["tests"].items()}
            assert all(test["pass"] for test in result["tests"].values()), told
            assert result["scan"]["grade"] == "A+"
            assert result["scan"]["score"] >= 115, told
            assert told["cookies"][1] != "cookies-not-found" or not path
