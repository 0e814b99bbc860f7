"""A new project appears whole, private where it must be, or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from asok_engine.commands.create import check_name, create_project, title_of
from asok_engine.errors import SetupError, UsageError


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    (folder / "src" / "pages").mkdir(parents=True)
    (folder / "dot_gitignore").write_text(".env\n")
    (folder / "wsgi.py.template").write_text('"""__TITLE__ is __NAME__."""\n')
    (folder / "src" / "pages" / "page.html").write_text("{{ kept }} __TITLE__")
    return folder


def env(secret: str) -> str:
    return f"SECRET_KEY={secret}\n"


def test_files_are_written_with_names_and_words_replaced(templates: Path, tmp_path: Path) -> None:
    """Template marks vanish, template syntax of pages is left alone, empty folders are kept."""
    made = create_project(
        "my-blog", templates, env_text=env, folders=["src/models", "src/pages"], parent=tmp_path
    )
    assert made == tmp_path / "my-blog"
    assert (made / "wsgi.py").read_text() == '"""My Blog is my-blog."""\n'
    assert (made / ".gitignore").read_text() == ".env\n"
    assert (made / "src/pages/page.html").read_text() == "{{ kept }} My Blog"
    assert (made / "src/models/.gitkeep").exists()
    assert not (made / "src/pages/.gitkeep").exists()


def test_secret_is_fresh_and_private(templates: Path, tmp_path: Path) -> None:
    """Each project has a key of its own, in a file for its owner alone."""
    one = create_project("one", templates, env_text=env, parent=tmp_path)
    two = create_project("two", templates, env_text=env, parent=tmp_path)
    assert stat.S_IMODE((one / ".env").stat().st_mode) == 0o600
    assert (one / ".env").read_text() != (two / ".env").read_text()
    assert len((one / ".env").read_text().strip().partition("=")[2]) >= 64
    assert stat.S_IMODE(one.stat().st_mode) & 0o700 == 0o700


def test_existing_content_is_never_touched(templates: Path, tmp_path: Path) -> None:
    """An empty folder is used, anything else refused as it is."""
    (tmp_path / "empty").mkdir()
    assert create_project("empty", templates, env_text=env, parent=tmp_path).is_dir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(SetupError, match="full exists and is not empty"):
        create_project("full", templates, env_text=env, parent=tmp_path)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_failure_leaves_nothing_behind(templates: Path, tmp_path: Path) -> None:
    """When a step fails, the half-made folder is gone."""

    def failing(secret: str) -> str:
        raise ValueError("no text")

    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ValueError, match="no text"):
        create_project("half", templates, env_text=failing, parent=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("1blog", "begins with '1'"),
        ("../blog", r"begins with '\.'"),
        ("my blog", "contains ' '"),
        ("a/b", "contains '/'"),
        ("blög", "contains 'ö'"),
        ("asok", "name of a package"),
        ("a" * 61, "61 characters"),
    ],
)
def test_bad_names_are_refused_with_the_reason(name: str, reason: str) -> None:
    """The message says what is wrong and gives an example."""
    with pytest.raises(UsageError, match=f"{reason}.*my-blog"):
        check_name(name)


def test_titles_read_well() -> None:
    """Dashes and underscores become spaces."""
    assert title_of("help-desk_two") == "Help Desk Two"
