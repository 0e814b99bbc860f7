"""A disk that is full while people upload: said once, nothing half written, and well again with space."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.engine.wire import pictures
from tests.journeys.test_forms import SITE
from tests.journeys.test_visitors import Visitor
from tests.processes import run_once

pytestmark = pytest.mark.servers

WITHOUT_TOKEN = "CSRF = False\n"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here; run the tests as root to see a disk fill up")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def files_below(folder: Path) -> list[str]:
    """Give the names of the files below a folder."""
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn"])
@pytest.mark.parametrize("full", ["while it arrives", "where it is stored"])
def test_full_disk_is_answered_and_forgotten(tmp_path: Path, small_disk: Path, kind: str, full: str) -> None:
    """507 with no traceback in it, then 200 for what fits (reliability 109)."""
    folder = tmp_path / "site"
    shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    page = folder / "src/pages/upload/page.py"
    page.write_text(WITHOUT_TOKEN + page.read_text().replace("|size:1M", ""))
    uploads = folder / "src/partials/uploads"
    if full == "while it arrives":
        environment = {"TMPDIR": str(small_disk)}
        uploads.mkdir()
    else:
        environment = {}
        uploads.symlink_to(small_disk)
    # Behind the end of a picture may stand anything; this makes it larger than the disk.
    large = pictures.png(64, 64) + b"\x00" * 2_500_000
    with servers.run_server(kind, folder, environment=environment) as server:
        for content, expected in ((large, 507), (pictures.png(64, 64), 200), (large, 507)):
            status, body = upload(server.port, content)
            assert status == expected, (status, body[:500], server.read_log()[-2000:])
            assert b"Traceback" not in body
        assert [name for name in files_below(uploads) if not name.endswith(".png")] == []
        assert len(files_below(uploads)) == 1
        assert files_below(small_disk) == ([] if full == "while it arrives" else files_below(uploads))


def upload(port: int, content: bytes) -> tuple[int, bytes]:
    """Send the form with a picture."""
    import http.client

    boundary = "cut"
    parts = (
        b'--cut\r\nContent-Disposition: form-data; name="title"\r\n\r\nLarge\r\n'
        b'--cut\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + content + b"\r\n--cut--\r\n"
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(
        "POST",
        "/upload",
        parts,
        {"Content-Type": f"multipart/form-data; boundary={boundary}", "Accept": "text/html"},
    )
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


NOTES = {
    "wsgi.py": "import os\n\nfrom asok import Asok\n\napp = Asok()\n"
    "app.config['SECRET_KEY'] = 'full-disks-and-nothing-else-0123456789'\n"
    "app.config['APP_URL'] = 'http://127.0.0.1'\n"
    "app.config['RATE_LIMIT'] = False\napp.config['CSRF'] = False\n"
    "app.config['SESSION_BACKEND'] = 'file'\napp.config['SESSION_SECURE'] = False\n"
    "app.config['SESSION_PATH'] = os.environ['SESSIONS']\n"
    "app.config['LOG_FILE'] = os.environ['LOG']\n",
    "src/models/note.py": "from asok import Field, Model\n\n\nclass Note(Model):\n    text = Field.Text()\n",
    "src/pages/notes/page.py": "from models.note import Note\n\n"
    "async def get(request):\n    return str(await Note.count_async())\n\n"
    "async def post(request):\n    await Note.create_async(text='x' * 100_000)\n    return 'made'\n",
    "src/pages/cart/page.py": "async def get(request):\n"
    "    return str(len(request.session.get('cart', '')))\n\n"
    "def post(request):\n    request.session['cart'] = 'x' * 100_000\n    return 'kept'\n",
    "src/pages/free/page.py": "def get(request):\n    return 'free'\n",
}


def fill(disk: Path) -> Path:
    """Leave no space on a disk; gives the file that takes it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4096):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn"])
@pytest.mark.parametrize("what", ["database", "sessions", "log"])
def test_full_disk_takes_nothing_that_was_there(
    tmp_path: Path, small_disk: Path, kind: str, what: str
) -> None:
    """A commit or a session that finds no space is refused whole; a log line that finds none harms nobody (109)."""
    folder = tmp_path / "notes"
    for name, text in NOTES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    places = {name: tmp_path / name for name in ("database", "sessions", "log")}
    places[what] = small_disk / "place"
    for path in places.values():
        path.mkdir()
    environment = {
        "DATABASE_URL": f"sqlite:///{places['database']}/notes.sqlite3",
        "SESSIONS": str(places["sessions"]),
        "LOG": str(places["log"] / "site.log"),
    }
    for words in ("make migration", "migrate"):
        run = run_once("asok.cli", *words.split(), cwd=folder, **environment)
        assert run.returncode == 0, run.stdout + run.stderr
    with servers.run_server(kind, folder, environment=environment, ready_path="/free") as server:
        visitor = Visitor(server.port)
        assert visitor.ask("POST", "/notes", "")[::2] == (200, "made")
        assert visitor.ask("POST", "/cart", "")[::2] == (200, "kept")
        filler = fill(small_disk)
        for _ in range(3):
            status, _, text = visitor.ask("POST", "/notes", "")
            assert status == (503 if what == "database" else 200), (status, server.read_log()[-1500:])
            assert "Traceback" not in text
            status, _, text = Visitor(server.port).ask("POST", "/cart", "")
            assert status == (503 if what == "sessions" else 200), (status, server.read_log()[-1500:])
            assert visitor.ask("GET", "/free")[2] == "free"
            assert visitor.ask("GET", "/cart")[2] == "100000"
            assert visitor.ask("GET", "/notes")[0] == 200
        made = int(visitor.ask("GET", "/notes")[2])
        assert made == (1 if what == "database" else 4)
        filler.unlink()
        assert visitor.ask("POST", "/notes", "")[::2] == (200, "made")
        assert visitor.ask("GET", "/notes")[2] == str(made + 1)
        assert Visitor(server.port).ask("POST", "/cart", "")[0] == 200
    with contextlib.closing(sqlite3.connect(places["database"] / "notes.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not [name for name in files_below(places["sessions"]) if name.endswith((".tmp", ".part"))]
