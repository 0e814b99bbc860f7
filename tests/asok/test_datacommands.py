"""The commands of `asok` about tables and rows work on a project as `asok create` makes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import run_once


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One fresh project."""
    parent = tmp_path_factory.mktemp("made")
    assert run_once("asok.cli", "create", "shop", cwd=parent).returncode == 0
    return parent / "shop"


_MODEL = """
from asok import Field, Model


class Post(Model):
    title = Field.String(max_length=80, unique=True)
    views = Field.Integer(default=0)
"""


def test_tables_follow_the_models_of_a_project(made: Path) -> None:
    """From a model to a table, a change, rows out and in, and back; each is one command."""
    (made / "src/models/post.py").write_text(_MODEL)

    def asok(*arguments: str, code: int = 0) -> str:
        ran = run_once("asok.cli", *arguments, cwd=made)
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    assert "src/migrations/0001_create_posts.py" in asok("make", "migration")
    assert "1 migration done" in asok("migrate")
    (made / "src/models/post.py").write_text(_MODEL + "    likes = Field.Integer(default=7)\n")
    assert "models have changes without a migration" in asok("migrate", "--check", code=1)
    assert "0002_likes.py" in asok("make", "migration", "likes")
    assert "1 migration done" in asok("migrate")
    assert "agree" in asok("migrate", "--check")
    (made / "src/seeds.py").write_text(
        "from models.post import Post\n\nasync def seed():\n    await Post.create_async(title='a', views=1)\n"
    )
    assert run_once("asok.cli", "db", "seed", cwd=made / "src").returncode == 0
    assert '"likes": 7' in asok("db", "dump", "posts")
    (made / "src/models/post.py").write_text(
        _MODEL.replace("views", "reads") + "    likes = Field.Integer(default=7)\n"
    )
    assert "--rename posts.views=reads" in asok("make", "migration", code=1)
    asok("make", "migration", "--rename", "posts.views=reads")
    assert "0003" in asok("migrate", code=1)
    assert "0003" in asok("migrate", "--allow-unsafe")
    assert '"reads": 1' in asok("db", "dump", "posts")
    assert "0001_create_posts" in asok("migrate", "--to", "zero", "--allow-unsafe")


def test_serving_and_creating_load_nothing_of_models() -> None:
    """What has to do with tables is loaded by the commands about tables."""
    code = (
        "import sys, asok.commands; "
        "print('HEAVY', sorted({'asok_engine.migrations', 'asok_engine.records.record'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "HEAVY []"


def test_help_of_data_commands_loads_no_sql_library() -> None:
    """What a command can do is shown at once."""
    code = (
        "import sys; from asok.cli import cli; from asok_engine.commands.console import run\n"
        "for words in (['migrate', '--help'], ['make', 'migration', '--help'], ['db', 'dump', '--help']): run(cli, words)\n"
        "print('HEAVY', sorted({'sqlalchemy', 'alembic', 'psycopg', 'pymysql'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "HEAVY []"
