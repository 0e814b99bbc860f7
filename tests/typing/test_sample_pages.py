"""An application written with the public names of the pages face passes the strict type check."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

SAMPLES = ["sample_pages.py", "sample_forms.py"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_sample_application_passes_the_strict_check(name: str) -> None:
    """No annotation of ours makes the author of a page write `Any` or `type: ignore`."""
    said, failed, code = api.run(["--strict", str(Path(__file__).with_name(name))])
    assert (code, failed) == (0, ""), said


@pytest.mark.slow
def test_strict_check_finds_a_mistake(tmp_path: Path) -> None:
    """The names have types: a slip in a call is found before it runs."""
    page = tmp_path / "page.py"
    page.write_text(
        "from asok import Request, Response\n\n\n"
        "def get(request: Request) -> Response:\n"
        "    return request.html(5)\n"
    )
    said, _, code = api.run(["--strict", str(page)])
    assert code == 1
    assert "page.py:5" in said
    assert "arg-type" in said
