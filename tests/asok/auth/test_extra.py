"""Whether the packages of the extra `auth` are here is asked once, and told where it matters."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asok.auth import google
from asok.auth.extra import INSTALL, missing_packages
from asok_engine.errors import SetupError
from tests.asok.auth.desk import make_desk


@pytest.fixture
def without_segno(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if segno were not installed."""
    monkeypatch.setitem(sys.modules, "segno", None)
    missing_packages.cache_clear()
    yield
    missing_packages.cache_clear()


def test_nothing_is_missing_where_the_extra_is_installed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the extra an application with people starts without a word about it."""
    assert missing_packages() == ()
    make_desk(tmp_path)
    assert "Two-factor" not in caplog.text


@pytest.mark.usefixtures("without_segno")
def test_missing_package_is_told_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line names what does not work, the package and what to run."""
    assert missing_packages() == ("segno",)
    make_desk(tmp_path)
    (line,) = [record.getMessage() for record in caplog.records if "Two-factor" in record.getMessage()]
    assert line == f"Two-factor codes and passkeys do not work without segno. Run: {INSTALL}"


def test_provider_without_its_packages_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the first visitor who signs in with it would find out."""
    monkeypatch.setitem(sys.modules, "joserfc", None)
    missing_packages.cache_clear()
    try:
        with pytest.raises(SetupError, match=r"with google does not work without joserfc\. Run: pip install"):
            make_desk(tmp_path, prepare=lambda app: app.add_provider(google("id", "secret")))
    finally:
        missing_packages.cache_clear()
