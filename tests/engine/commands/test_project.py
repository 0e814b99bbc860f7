"""The project is found from anywhere inside it, and a failure to load says where."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asok_engine.commands.project import Project, find_project
from asok_engine.errors import SetupError


@pytest.fixture(autouse=True)
def forget_modules() -> Iterator[None]:
    """Leave sys.path and sys.modules as they were."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def test_nearest_folder_upwards_is_the_project(tmp_path: Path) -> None:
    """wsgi.py wins over asgi.py in a folder, and the nearer folder over both."""
    (tmp_path / "wsgi.py").touch()
    (tmp_path / "asgi.py").touch()
    deep = tmp_path / "src" / "pages"
    deep.mkdir(parents=True)
    assert find_project(start=deep) == Project(tmp_path.resolve(), "wsgi")
    (tmp_path / "src" / "asgi.py").touch()
    assert find_project(start=deep) == Project((tmp_path / "src").resolve(), "asgi")


def test_no_project_is_one_sentence(tmp_path: Path) -> None:
    """It says what was looked for, where, and what to do."""
    with pytest.raises(SetupError, match=r"No wsgi\.py here or above .*asok create NAME"):
        find_project(start=tmp_path)


def test_named_application_overrides(tmp_path: Path) -> None:
    """--app names module and attribute, from here or from the project's folder."""
    (tmp_path / "wsgi.py").touch()
    (tmp_path / "other.py").touch()
    deep = tmp_path / "deep"
    deep.mkdir()
    assert find_project("other:site", deep) == Project(tmp_path.resolve(), "other", "site")
    (deep / "other.py").touch()
    assert find_project("other:site", deep) == Project(deep.resolve(), "other", "site")
    for wrong in ("a-b:c", "a:b c", ":x"):
        with pytest.raises(SetupError, match="module:name"):
            find_project(wrong, deep)


def test_application_is_loaded_by_name(tmp_path: Path) -> None:
    """`app` and `application` are found; another name has to be given."""
    (tmp_path / "named_application.py").write_text("application = 1\nother = 2\n")
    assert Project(tmp_path, "named_application").load() == 1
    assert Project(tmp_path, "named_application", "other").load() == 2
    with pytest.raises(SetupError, match="has no missing"):
        Project(tmp_path, "named_application", "missing").load()
    with pytest.raises(SetupError, match="no module 'not_there'"):
        Project(tmp_path, "not_there").load()


def test_failure_in_the_project_says_where(tmp_path: Path) -> None:
    """Kind, file, line and text; the error itself is kept as cause."""
    (tmp_path / "loads_broken.py").write_text("import broken_syntax\n")
    (tmp_path / "broken_syntax.py").write_text("x = 1\ny = (\n")
    with pytest.raises(SetupError, match=r"SyntaxError in broken_syntax\.py line 2: '\(' was never closed"):
        Project(tmp_path, "loads_broken").load()
    (tmp_path / "divides.py").write_text("\n1 / 0\n")
    with pytest.raises(SetupError, match=r"ZeroDivisionError in divides\.py line 2: division") as caught:
        Project(tmp_path, "divides").load()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    (tmp_path / "lacks.py").write_text("import nowhere_to_be_found\n")
    with pytest.raises(SetupError, match=r"ModuleNotFoundError in lacks\.py line 1: .*nowhere_to_be_found"):
        Project(tmp_path, "lacks").load()
