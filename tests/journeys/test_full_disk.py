"""A disk that is full while people upload: said once, nothing half written, and well again with space."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.engine.wire import pictures
from tests.journeys.test_forms import SITE

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
