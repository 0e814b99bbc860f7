"""The face `aksara`: its names, where they come from, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import aksara


def test_every_public_name_can_be_imported() -> None:
    """What `__all__` promises is there, and `dir` shows it."""
    for name in aksara.__all__:
        assert getattr(aksara, name) is not None
        assert name in dir(aksara)


def test_unknown_name_is_an_attribute_error() -> None:
    """A slip is reported as for any module."""
    with pytest.raises(AttributeError, match="Modle"):
        aksara.Modle  # noqa: B018


def test_importing_the_face_and_declaring_a_model_loads_nothing_heavy() -> None:
    """No driver, no server, no SQLAlchemy is loaded before the first statement."""
    program = (
        "import sys\n"
        "from aksara import Model, fields, Q, F, atomic, post_save\n"
        "class User(Model):\n"
        "    name = fields.String()\n"
        "class Post(Model):\n"
        "    author = fields.ForeignKey(User, related_name='posts')\n"
        "Post.objects.filter(Q(author__name='Ada') | ~Q(pk=None)).order_by('-created_at')\n"
        "heavy = {'uvicorn', 'click', 'redis', 'sqlalchemy', 'alembic', 'asyncpg', 'psycopg', 'pymysql'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
