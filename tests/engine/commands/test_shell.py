"""`shell` gives a prompt with the application, started and stopped around it."""

from __future__ import annotations

from pathlib import Path

from tests.processes import run_once

APP = """
class App:
    state = "loaded"
    def startup(self):
        self.state = "started"
    def shutdown(self):
        print("stopped")

app = App()
"""


def test_prompt_knows_the_started_application(tmp_path: Path) -> None:
    """`app` is there and has started; leaving stops it."""
    (tmp_path / "wsgi.py").write_text(APP)
    ran = run_once("asok.cli", "shell", "--plain", cwd=tmp_path, stdin="print(app.state)\n")
    assert ran.returncode == 0, ran.stderr
    assert "started\n" in ran.stdout
    assert ran.stdout.endswith("stopped\n")
    assert f"{tmp_path.name}: app is the application" in ran.stderr


def test_plain_application_needs_no_start(tmp_path: Path) -> None:
    """An application without startup is loaded as it is."""
    (tmp_path / "wsgi.py").write_text("app = 'plain'\n")
    ran = run_once("asok.cli", "shell", "--plain", cwd=tmp_path, stdin="print(app)\n")
    assert (ran.returncode, "plain\n" in ran.stdout) == (0, True)


def test_application_that_does_not_start_is_one_sentence(tmp_path: Path) -> None:
    """What its own code raised, with file and line."""
    (tmp_path / "wsgi.py").write_text(APP.replace('self.state = "started"', "1 / 0"))
    ran = run_once("asok.cli", "shell", "--plain", cwd=tmp_path, stdin="")
    assert ran.returncode == 1
    assert ran.stderr == (
        "error: The application does not start: ZeroDivisionError in wsgi.py line 5: division by zero.\n"
    )
