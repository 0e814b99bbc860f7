"""Models are found where they are, with what their relations bring along."""

from __future__ import annotations

import gc
import sys
from enum import Enum
from pathlib import Path
from types import ModuleType

import pytest

from asok_engine.commands.models import (
    bundled_folders,
    import_models,
    make_model_command,
    model_source,
    registered_fills,
    registered_tables,
    snake_case,
)
from asok_engine.errors import SetupError
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.structure import JSON, Array
from asok_engine.records.fields.text import String
from asok_engine.records.record import Record
from tests.engine.commands.data import call

pytestmark = pytest.mark.usefixtures("no_other_models")


def test_module_that_fails_is_named_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence instead of a traceback; an error of the framework stays as it is."""
    (tmp_path / "models_bad").mkdir()
    (tmp_path / "models_bad" / "post.py").write_text("\n1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(
        SetupError, match=r"^The models cannot be imported: ZeroDivisionError in models_bad/post\.py line 2"
    ):
        import_models(["models_bad.post"], tmp_path)
    with pytest.raises(SetupError, match="No module named 'models_gone'"):
        import_models(["models_gone"], tmp_path)


def test_tables_and_defaults_of_models_are_given() -> None:
    """Every model that was imported; enums as their values, lists and dicts as JSON.

    What is made anew for each record is nothing that all rows could get.
    """

    class Level(Enum):
        LOW = "low"

    class MadeUpThing(Record):
        name = String(default="x")
        size = Integer(default=3)
        note = String(nullable=True)
        words = JSON(default=list)
        extra = JSON(default=dict)
        given = JSON(default=["a"])
        sizes = Array(Integer(), default=list)
        code = String(default=lambda: "a code of its own")

    assert "made_up_things" in [table.full_name for table in registered_tables()]
    fills = registered_fills()
    assert fills["made_up_things.name"] == "x"
    assert fills["made_up_things.size"] == 3
    assert "made_up_things.note" not in fills
    names = ("words", "extra", "given", "sizes")
    assert [fills[f"made_up_things.{name}"] for name in names] == ["[]", "{}", '["a"]', "[]"]
    assert "made_up_things.code" not in fills
    assert Level.LOW.value == "low"


def test_table_that_two_models_describe_differently_is_refused() -> None:
    """Both are named."""

    class First(Record):
        name = String()

        class Meta:
            table_name = "told_twice"

    class Second(Record):
        size = Integer()

        class Meta:
            table_name = "told_twice"

    with pytest.raises(SetupError, match="'told_twice' is described in two ways, by First and by Second"):
        registered_tables()
    del First, Second
    gc.collect()


def test_model_is_written_to_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once; what is there stays as it is."""
    monkeypatch.chdir(tmp_path)
    make = make_model_command()
    with pytest.raises(SetupError, match="no src/models here"):
        call(make, "Post")
    (tmp_path / "src").mkdir()
    assert "src/models/blog_post.py" in call(make, "BlogPost", "title", "body:Text").output
    text = (tmp_path / "src/models/blog_post.py").read_text()
    assert "class BlogPost(Model):\n    title = Field.String()\n    body = Field.Text()\n" in text
    compile(text, "blog_post.py", "exec")
    with pytest.raises(SetupError, match="exists; it was not changed"):
        call(make, "BlogPost")


@pytest.mark.parametrize(
    ("name", "columns"),
    [("1post", ()), ("a b", ()), ("_Hidden", ()), ("Post", ("a b",)), ("Post", ("a:b c",))],
)
def test_names_that_cannot_be_are_refused(name: str, columns: tuple[str, ...]) -> None:
    """Before a file is written."""
    with pytest.raises(SetupError):
        model_source(name, columns)


def test_kinds_of_fields_are_known_before_a_file_is_written() -> None:
    """A kind that the face does not have is told with the nearest one; a foreign key names its model."""
    with pytest.raises(SetupError, match=r"'title:Strin'.*Did you mean String\?"):
        model_source("Post", ("title:Strin",), ("String", "Text"))
    with pytest.raises(SetupError, match=r"Take one of String, Text\."):
        model_source("Post", ("title:Varchar",), ("Text", "String"))
    text = model_source("Post", ("blog_author_id:ForeignKey",), ("ForeignKey",))
    assert 'blog_author_id = Field.ForeignKey("BlogAuthor")' in text


def test_class_and_file_are_named_alike() -> None:
    """`blog_post` and `BlogPost` are the same model."""
    assert snake_case("BlogPost") == "blog_post"
    assert "class BlogPost(Model)" in model_source("blog_post")


def test_package_of_the_framework_brings_its_migrations_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder beside the models, under the name of the package; models of a project bring none."""
    package = tmp_path / "people"
    (package / "migrations").mkdir(parents=True)
    for name in ("aksara.contrib.people.models", "shop.people.models"):
        module = ModuleType(name)
        module.__file__ = str(package / "models.py")
        monkeypatch.setitem(sys.modules, name, module)
    made = type("MadeUpPerson", (Record,), {"__module__": "shop.people.models", "name": String()})
    assert "people" not in bundled_folders()
    other = type("MadeUpAgent", (Record,), {"__module__": "aksara.contrib.people.models", "name": String()})
    assert bundled_folders()["people"] == package / "migrations"
    assert made is not other
