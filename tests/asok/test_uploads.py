"""Uploads in an application: saved by content, cleaned, private or served as data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asok.testing import TestClient, TestResponse
from tests.asok.effects.sites import make_app
from tests.engine.wire import pictures
from tests.engine.wire.test_archives import packed

SAVE = """
def post(request):
    saved = request.file("photo").save({arguments})
    return request.json({{"path": saved, "url": saved.url, "there": saved.path.is_file()}})
"""
SAVE_ASYNC = SAVE.replace("def post", "async def post").replace(
    'request.file("photo").save(', 'await request.file("photo").save_async('
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>evil()</script><path d="M0 0"/></svg>'


def upload(
    folder: Path, arguments: str, name: str, content: bytes, *, then: str = "", source: str = SAVE
) -> list[TestResponse]:
    """Upload one file to a page that saves it, and ask for `then`; `{url}` and `{path}` are those of the answer."""
    app = make_app(
        folder,
        {"LOG_LEVEL": "CRITICAL", "CSRF": False},
        pages={
            "page.py": source.format(arguments=arguments),
            "get/[name:path]/page.py": "def get(request):\n    return request.send_file(request.params['name'])\n",
        },
        files={"src/partials/uploads/.keep": ""},
    )
    with TestClient(app) as client:
        first = client.post("/", files={"photo": (name, content, "image/png")})
        answers = [first]
        if then:
            answers.append(client.get(then.format(**first.json)))
        return answers


def test_file_gets_a_generated_name_with_its_extension(tmp_path: Path) -> None:
    """The client's name decides nothing but the extension, which its content must have."""
    saved, served = upload(tmp_path, "'avatars/'", "../../me.png", pictures.png(), then="{url}")
    assert re.fullmatch(r"avatars/[0-9a-f]{32}\.png", saved.json["path"])
    assert saved.json["there"]
    assert served.body == pictures.png()


def test_upload_is_served_as_data(tmp_path: Path) -> None:
    """nosniff, attachment, and a policy under which nothing runs (reliability 105)."""
    _, served = upload(tmp_path, "", "a.svg", SVG, then="{url}")
    assert served.headers["content-disposition"] == "attachment"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in served.headers["content-security-policy"]
    assert b"evil" not in served.body
    assert b"M0 0" in served.body


def test_async_handler_saves_without_holding_the_loop(tmp_path: Path) -> None:
    """The same method with `_async` and `await`."""
    (saved,) = upload(tmp_path, "'a/'", "a.png", pictures.png(), source=SAVE_ASYNC)
    assert saved.json["there"]


def test_private_file_is_not_served_but_can_be_sent(tmp_path: Path) -> None:
    """No address leads to it; `send_file` does, after the handler's own check."""
    saved, sent = upload(tmp_path, "'docs/', private=True", "a.txt", b"secret", then="/get/{path}")
    assert saved.json["url"] == ""
    assert saved.json["path"].startswith(".private/docs/")
    assert (sent.status_code, sent.body) == (200, b"secret")
    assert sent.headers["x-content-type-options"] == "nosniff"
    _, served = upload(tmp_path / "2", "private=True", "a.txt", b"secret", then="/uploads/{path}")
    assert served.status_code == 404


def test_name_can_be_kept_and_is_made_harmless(tmp_path: Path) -> None:
    """From the destination, or from the client."""
    saved = upload(tmp_path / "1", "'a/logo.png', secure_filename=False", "x.png", pictures.png())[0]
    assert saved.json["path"] == "a/logo.png"
    saved = upload(tmp_path / "2", "'a', secure_filename=False", "mein föto (1).png", pictures.png())[0]
    assert saved.json["path"] == "a/mein_f_to_1_.png"


@pytest.mark.parametrize(
    ("arguments", "name", "content", "said"),
    [
        ("", "a.png", b"<script>alert(1)</script>", "not allowed"),
        ("", "a.png", pictures.gif(), "does not match"),
        ("", "a.php.png", pictures.png(), "not allowed"),
        ("'x.php', validate=False", "a.png", pictures.png(), "not allowed"),
        ("'x.gif'", "a.png", pictures.png(), "does not match"),
        ("allowed_types=['image/gif']", "a.png", pictures.png(), "not allowed"),
        ("", "a.png", pictures.png(100, 100)[:60], "cut off"),
        ("", "a.png", pictures.bomb_png(), "pixels"),
        ("", "a.zip", packed(("../x", b"x")), "lead out"),
        ("", "a.docx", packed(("zeros", b"\x00" * 30_000_000)), "larger"),
    ],
)
def test_what_should_not_be_stored_is_refused(
    tmp_path: Path, arguments: str, name: str, content: bytes, said: str
) -> None:
    """400 with a sentence, and nothing on the disk (reliability 105 to 107)."""
    (answer,) = upload(tmp_path, arguments, name, content)
    assert answer.status_code == 400
    assert said in answer.text
    assert [path.name for path in (tmp_path / "src/partials/uploads").rglob("*") if path.is_file()] == [
        ".keep"
    ]


def test_content_may_stay_unchecked(tmp_path: Path) -> None:
    """What an application knows better, it may say."""
    saved, served = upload(tmp_path, "validate=False", "a.png", b"not a picture", then="{url}")
    assert saved.json["there"]
    assert served.body == b"not a picture"
