"""Names, docstrings, exports and the mirror of the tests: where things stand and what they are called."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import pytest

from tests.house.sources import Source, listing, shipped, suite

#: Names that say nothing about what is inside, alone and as a part of a longer name.
EMPTY_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "core",
    "misc",
    "shared",
    "lib",
    "stuff",
    "base",
}
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "misc"}
#: Words about a version or a moment, which are out of date the day after.
VERSION_WORDS = {
    "v2",
    "v3",
    "new",
    "old",
    "legacy",
    "unified",
    "improved",
    "final",
    "fixed",
    "audit",
    "bugfix",
}

#: Modules without a test file of their own, with the file that tests them or the reason for none.
#: The mirror of `src/asok_engine/wire/headers.py` is `tests/engine/wire/test_headers.py`.
_ENGINE = "src/asok_engine"
WITHOUT_MIRROR: dict[str, str] = {
    f"{_ENGINE}/database/drivers/{name}.py": "tests/contracts/test_drivers.py runs it with the others of its kind"
    for name in ("asyncmy", "asyncpg", "contract", "psycopg", "pymysql")
} | {
    f"{_ENGINE}/database/{name}.py": "tests/contracts/test_transactions.py runs it on each database"
    for name in ("blocks", "channels", "levels", "running", "transactions")
}

#: Names that two modules of a folder export on purpose, with the reason.
SHARED_NAMES = {
    "aksara.settings": "aksara.conf has what people import; aksara.commands the command of that name",
}

#: Where the tests of a package stand.
TEST_FOLDERS = {"asok_engine": "tests/engine", "asok": "tests/asok", "aksara": "tests/aksara"}


def bad_names(path: str) -> Iterator[str]:
    """Find words in a path's last two parts that say nothing or will be wrong tomorrow."""
    for part in path.removesuffix(".py").split("/")[1:]:
        words = set(part.removeprefix("test_").split("_"))
        if part.removeprefix("test_") in EMPTY_NAMES or words & EMPTY_WORDS:
            yield f"{path}: {part!r} says nothing about its content. Name it after the one thing it holds."
        elif words & VERSION_WORDS:
            yield f"{path}: {part!r} speaks of a version or a moment. Name what it is; history is in git."


def test_names_say_what_is_inside() -> None:
    """No module or folder is called utils, helpers, common, core or misc, nor after a version."""
    complaints = [line for source in (*shipped(), *suite()) for line in bad_names(source.name)]
    assert not complaints, listing(complaints)


@pytest.mark.parametrize(
    "path",
    [
        "src/asok/utils.py",
        "src/asok_engine/core/app.py",
        "src/asok/form_helpers.py",
        "tests/asok/test_new_forms.py",
    ],
)
def test_empty_name_is_found(path: str) -> None:
    """The check itself sees empty names in files, folders and compounds."""
    assert len(list(bad_names(path))) == 1


def test_telling_name_is_no_complaint() -> None:
    """A name that contains such a word by chance is fine."""
    assert not list(bad_names("src/asok_engine/wire/renewal.py"))
    assert not list(bad_names("src/asok_engine/wire/score.py"))


def docstring_complaints(source: Source) -> Iterator[str]:
    """Find a missing docstring of the module, and of what `__all__` promises."""
    is_empty = not source.text.strip()
    if is_empty and source.name.endswith("__init__.py"):
        return
    if not ast.get_docstring(source.tree):
        yield f"{source.name}: no docstring. Say in 3 to 10 lines what it is for."
    public = exported(source)
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name in public:
            if not ast.get_docstring(node):
                yield f"{source.at(node)}: {node.name} is public and has no docstring. It is a promise."


def exported(source: Source) -> tuple[str, ...]:
    """Give the names of a literal `__all__`, () where there is none or it is computed."""
    for node in source.tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if (
            isinstance(target, ast.Name)
            and target.id == "__all__"
            and isinstance(value, ast.List | ast.Tuple)
        ):
            return tuple(str(part.value) for part in value.elts if isinstance(part, ast.Constant))
    return ()


def test_every_module_and_public_name_says_what_it_is_for() -> None:
    """Modules and what they export have docstrings."""
    complaints = [line for source in shipped() for line in docstring_complaints(source)]
    assert not complaints, listing(complaints)


def test_missing_docstring_is_found() -> None:
    """The check itself sees bare modules and bare public names, and leaves private ones alone."""
    bare = Source("src/asok/made_up.py", '__all__ = ["go"]\ndef go(): ...\ndef _hidden(): ...\n')
    assert len(list(docstring_complaints(bare))) == 2
    assert not list(docstring_complaints(Source("src/asok/__init__.py", "")))


def doubled_exports(sources: Iterable[Source]) -> Iterator[str]:
    """Find public names that two modules of one room export."""
    homes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source in sources:
        if source.name.endswith("__init__.py"):
            # It tells where names are found, and written out what is public; their homes are the modules.
            continue
        # Files of one seam (`memory.py`, `redis.py`) stand in folders of their own room, one per contract.
        folder = source.module.rpartition(".")[0] or source.module
        for name in exported(source):
            homes[folder, name].append(source.module)
    for (folder, name), modules in sorted(homes.items()):
        if len(modules) > 1 and f"{folder}.{name}" not in SHARED_NAMES:
            yield f"{name!r} is exported by {' and '.join(modules)}; a name has one home."


def test_public_name_has_one_home() -> None:
    """No two modules of a folder export the same name."""
    complaints = list(doubled_exports(shipped()))
    assert not complaints, listing(complaints)


def test_name_with_two_homes_is_found() -> None:
    """The check itself sees one name in two modules of a folder, and not across folders."""
    first = Source("src/asok/wire/a.py", '__all__ = ["Request"]\n')
    second = Source("src/asok/wire/b.py", '__all__: list[str] = ["Request"]\n')
    elsewhere = Source("src/asok/other/c.py", '__all__ = ["Request"]\n')
    assert len(list(doubled_exports([first, second, elsewhere]))) == 1


def test_exported_name_exists() -> None:
    """`__all__` names nothing that the module does not define."""
    complaints = []
    for source in shipped():
        defined = {getattr(node, "name", "") for node in source.tree.body}
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                defined.add(node.id)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                defined |= {alias.asname or alias.name for alias in node.names}
            elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                defined.add(node.name)
        gone = set(exported(source)) - defined
        if gone:
            complaints.append(
                f"{source.name}: __all__ names {sorted(gone)}, which the module does not define."
            )
    assert not complaints, listing(complaints)


def mirror_of(source: Source) -> str:
    """Give the path of the test file of a module."""
    package, _, rest = source.name.removeprefix("src/").partition("/")
    folder, _, file = rest.rpartition("/")
    if file == "__init__.py":
        folder, _, file = folder.rpartition("/")
        file = f"{file or 'face'}.py"
    return "/".join(part for part in (TEST_FOLDERS[package], folder, f"test_{file}") if part)


def without_tests(modules: Iterable[Source], files: set[str], exempt: Mapping[str, str]) -> Iterator[str]:
    """Find modules with code of their own that no test file mirrors."""
    for source in modules:
        if not source.text.strip() or source.name in exempt:
            continue
        wanted = mirror_of(source)
        if wanted not in files:
            yield f"{source.name} has no {wanted}. Write it, or enter the module in WITHOUT_MIRROR."


def test_every_module_has_its_test_file() -> None:
    """One finds the tests of a module by its name."""
    complaints = list(without_tests(shipped(), {source.name for source in suite()}, WITHOUT_MIRROR))
    assert not complaints, listing(complaints)


def test_module_without_tests_is_found() -> None:
    """The check itself sees a module without a mirror, and spares empty and listed ones."""
    code = Source("src/asok_engine/wire/made_up.py", "ANSWER = 42\n")
    face = Source("src/asok/__init__.py", "ANSWER = 42\n")
    assert mirror_of(code) == "tests/engine/wire/test_made_up.py"
    assert mirror_of(face) == "tests/asok/test_face.py"
    assert len(list(without_tests([code], set(), {}))) == 1
    assert not list(without_tests([code], {"tests/engine/wire/test_made_up.py"}, {}))
    assert not list(without_tests([code], set(), {code.name: "made up"}))
    assert not list(without_tests([Source("src/asok/wire/__init__.py", "")], set(), {}))


def test_modules_without_mirror_exist_and_name_a_file_that_exists() -> None:
    """The list of exempt modules is true: nothing on it is gone, and nothing on it has its file."""
    names = {source.name for source in shipped()}
    files = {source.name for source in suite()}
    for name, reason in WITHOUT_MIRROR.items():
        assert name in names, f"{name} is gone; take it off WITHOUT_MIRROR"
        assert mirror_of(Source(name, "x")) not in files, (
            f"{name} has its test file; take it off WITHOUT_MIRROR"
        )
        for word in reason.split():
            if word.startswith("tests/"):
                assert word.rstrip(".,;") in files, f"{word} is gone; who tests {name} now?"


def wordless_tests(source: Source) -> Iterator[str]:
    """Find test functions that are no sentence, have no law, or stand in a class."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and source.name.count("/test_"):
            yield f"{source.at(node)}: test class {node.name}. Write functions; a file is the group."
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
            continue
        if not ast.get_docstring(node):
            yield f"{source.at(node)}: {node.name} has no docstring. State the law in one sentence."
        if node.name.count("_") < 2:
            yield f"{source.at(node)}: {node.name} is no sentence such as test_expired_entry_is_not_returned."


def test_tests_are_sentences_with_a_law() -> None:
    """Reading the names of the tests tells what holds; the docstring says why it matters."""
    complaints = [
        line
        for source in suite()
        if source.name.rpartition("/")[2].startswith("test_")
        for line in wordless_tests(source)
    ]
    assert not complaints, listing(complaints)


def test_wordless_test_is_found() -> None:
    """The check itself sees a short name, a missing docstring and a class."""
    text = "class TestForms:\n    def test_form(self):\n        assert True\n"
    assert len(list(wordless_tests(Source("tests/asok/test_forms.py", text)))) == 3
