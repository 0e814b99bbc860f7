"""The outgoing post: taken at once, sent soon, never lost in silence."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time

import pytest

from asok.auth import post as post_module
from asok.auth.post import Post
from asok_engine.backends.mail.contract import MailUnavailable, Message
from asok_engine.errors import BackendUnavailable, UsageError


class Slow:
    """A mailer that sends when it may; `fails` has it say that it cannot."""

    def __init__(self) -> None:
        self.may_send, self.is_asked = threading.Event(), threading.Event()
        self.sent: list[Message] = []
        self.fails = False

    def send(self, message: Message) -> None:
        self.is_asked.set()
        self.may_send.wait(5)
        if self.fails:
            raise MailUnavailable("away")
        self.sent.append(message)


def test_a_message_is_taken_before_it_is_sent() -> None:
    """Whoever asked does not wait; closing sends what waits, and the post can be opened again."""
    mailer = Slow()
    post = Post(mailer, "me@example.com")
    post.put("ada@example.com", "Hello", "Hi")
    assert mailer.sent == []
    mailer.may_send.set()
    post.close()
    assert mailer.sent == [Message("me@example.com", "ada@example.com", "Hello", "Hi")]
    post.put("ada@example.com", "Again", "Hi")
    asyncio.run(post.close_async())
    assert len(mailer.sent) == 2


def test_a_message_may_be_written_after_the_answer() -> None:
    """Not by whoever asked, and not at once; none is as good as one."""
    mailer = Slow()
    mailer.may_send.set()
    post = Post(mailer, "me@example.com")
    written: list[tuple[str, float]] = []

    def write() -> tuple[str, str, str]:
        written.append((threading.current_thread().name, time.monotonic()))
        return "ada@example.com", "Hello", "Hi"

    began = time.monotonic()
    post.put_later(write)
    post.put_later(lambda: None)
    assert written == []
    while len(mailer.sent) < 1 and time.monotonic() < began + 5:
        time.sleep(0.01)
    (thread, at) = written[0]
    assert thread.startswith("asok-mail")
    assert at - began >= post_module.REST_SECONDS
    post.close()
    assert [message.subject for message in mailer.sent] == ["Hello"]


def test_a_message_that_cannot_be_written_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """There is nobody left to hear of it."""
    post = Post(Slow(), "me@example.com")
    post.put_later(lambda: ("no address", "Hello", "Hi"))
    post.close()
    assert "no e-mail address" in caplog.text


def test_a_message_that_is_none_is_refused_at_once() -> None:
    """The page that made it hears of it."""
    with pytest.raises(UsageError):
        Post(Slow(), "me@example.com").put("ada", "Hello", "Hi")


def test_what_is_not_sent_is_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is away, and a stop that cannot wait; a full post refuses more (503)."""
    monkeypatch.setattr(post_module, "CLOSING_SECONDS", -1.0)
    monkeypatch.setattr(post_module, "MOST_WAITING", 3)
    monkeypatch.setattr(post_module, "REST_SECONDS", 0.0)
    mailer = Slow()
    mailer.fails = True
    post = Post(mailer, "me@example.com")
    for name in ("a", "b", "c"):
        post.put("ada@example.com", name, "Hi")
    with pytest.raises(BackendUnavailable, match="3 messages wait"):
        post.put("ada@example.com", "d", "Hi")
    caplog.set_level(logging.ERROR, "asok.mail")
    assert mailer.is_asked.wait(5)
    threading.Timer(0.2, mailer.may_send.set).start()
    post.close()
    lines = sorted(record.getMessage() for record in caplog.records)
    assert len(lines) == 3
    assert "'a' was not sent: away" in lines[0]
    assert "'c' was not sent: The application was stopped" in lines[2]


AT_THE_END = """
import asyncio, atexit
from asok.auth.post import Post

class Printed:
    def send(self, message):
        print("sent", message.subject)

post = Post(Printed(), "desk@example.com")
if {takes}:
    post.put("ada@example.com", "Hello", "There.")
atexit.register(lambda: asyncio.run(post.close_async()))
"""


@pytest.mark.parametrize("takes", [True, False])
def test_it_closes_while_the_interpreter_ends(takes: bool) -> None:
    """gunicorn ends an application there, where no thread can be begun: nothing fails, and all is sent."""
    code = AT_THE_END.format(takes=takes)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.stdout == ("sent Hello\n" if takes else "")
