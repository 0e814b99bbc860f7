"""The laws of finding pages: which file answers which address."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asok.pages.discovery import find_pages
from tests.asok.pages.trees import addresses, find, write


def test_folder_is_a_segment_and_its_entry_answers_it(tmp_path: Path) -> None:
    """Folders make the path, `page.*` answers it."""
    write(
        tmp_path, "page.html", "about/page.py", "users/[id:int]/posts/page.asok", "docs/[rest:path]/page.py"
    )
    assert addresses(find(tmp_path)) == {
        "/": "page.html",
        "/about": "about/page.py",
        "/users/[id:int]/posts": "users/[id:int]/posts/page.asok",
        "/docs/[rest:path]": "docs/[rest:path]/page.py",
    }


def test_other_files_answer_under_their_own_name(tmp_path: Path) -> None:
    """A module or template beside the entry is a page of its own, with parameters too."""
    write(tmp_path, "about.py", "contact.html", "users/[slug].py", "robots.txt.py", "users/list.asok")
    assert addresses(find(tmp_path)) == {
        "/about": "about.py",
        "/contact": "contact.html",
        "/robots.txt": "robots.txt.py",
        "/users/[slug]": "users/[slug].py",
        "/users/list": "users/list.asok",
    }


def test_entry_has_no_second_address(tmp_path: Path) -> None:
    """`/page` and `/users/page` are no addresses of entries, nor is `/index`."""
    write(tmp_path, "page.py", "users/page.html", "blog/index.html")
    assert set(addresses(find(tmp_path))) == {"/", "/users", "/blog"}


def test_index_setting_names_the_entry_and_index_is_tried_after_it(tmp_path: Path) -> None:
    """INDEX renames the entry; then `page` is an ordinary name and `index` still is an entry."""
    write(tmp_path, "main.py", "a/index.html", "b/page.py", "c/main.html", "c/index.py")
    found = find(tmp_path, index="main")
    assert addresses(found) == {
        "/": "main.py",
        "/a": "a/index.html",
        "/b/page": "b/page.py",
        "/c": "c/main.html",
    }
    assert [note.path.name for note in found.notes] == ["index.py"]


@pytest.mark.parametrize(
    ("names", "winner"),
    [
        (["page.py", "page.pyc", "page.html", "page.asok"], "page.py"),
        (["page.pyc", "page.html", "page.asok"], "page.pyc"),
        (["page.html", "page.asok"], "page.html"),
    ],
)
def test_endings_have_an_order(tmp_path: Path, names: list[str], winner: str) -> None:
    """.py before .pyc before .html before .asok."""
    write(tmp_path, *names)
    assert addresses(find(tmp_path)) == {"/": winner}


def test_template_beside_a_module_is_its_template(tmp_path: Path) -> None:
    """`page.html` beside `page.py` makes no second page; without a module it is the page."""
    write(tmp_path, "a/page.py", "a/page.html", "b/page.html", "c/page.py")
    pages = {page.pattern: page for page in find(tmp_path).pages}
    folder = tmp_path / "src" / "pages"
    assert (pages["/a"].template, pages["/a"].template_name) == (folder / "a/page.html", "a/page.html")
    assert (pages["/b"].template, pages["/b"].module_name) == (folder / "b/page.html", "")
    assert (pages["/c"].template, pages["/c"].template_name) == (None, "")


def test_companions_are_recorded(tmp_path: Path) -> None:
    """The style sheet and the script of a page's name belong to it."""
    write(tmp_path, "page.html", "page.css", "page.js", "about.py", "about.css", "users/page.py")
    pages = {page.pattern: page for page in find(tmp_path).pages}
    folder = tmp_path / "src" / "pages"
    assert (pages["/"].style, pages["/"].script) == (folder / "page.css", folder / "page.js")
    assert (pages["/about"].style, pages["/about"].script) == (folder / "about.css", None)
    assert (pages["/users"].style, pages["/users"].script) == (None, None)


def test_hidden_and_private_names_are_no_pages(tmp_path: Path) -> None:
    """What begins with an underscore or a dot, and what has another ending, answers nothing."""
    write(
        tmp_path,
        "_layout.html",
        ".secret.py",
        "__init__.py",
        "_parts/page.py",
        "__pycache__/x.pyc",
        "a.txt",
        ".py",
    )
    found = find(tmp_path)
    assert addresses(found) == {}
    assert found.problems == ()


def test_file_comes_before_a_folder_of_the_same_address(tmp_path: Path) -> None:
    """`about.py` answers /about, not `about/page.py`; a note says so, and the folder's other pages stay."""
    write(tmp_path, "about.html", "about/page.py", "about/team.html", "x/[slug].py", "x/[id]/page.py")
    found = find(tmp_path)
    assert addresses(found) == {
        "/about": "about.html",
        "/about/team": "about/team.html",
        "/x/[slug]": "x/[slug].py",
    }
    assert [str(note) for note in found.notes] == [
        "src/pages/about/page.py answers no address: src/pages/about.html answers /about.",
        "src/pages/x/[id]/page.py answers no address: src/pages/x/[slug].py answers /x/[slug].",
    ]
    assert found.problems == ()


def test_two_folders_for_the_same_addresses_are_a_problem(tmp_path: Path) -> None:
    """Nothing tells `[id]` from `[slug]`, so both are named; other kinds of parameters differ."""
    write(tmp_path, "[id]/page.py", "[slug]/page.py", "[number:int]/page.py")
    found = find(tmp_path)
    assert set(addresses(found)) == {"/[id]", "/[number:int]"}
    assert [(problem.path.parent.name, problem.line) for problem in found.problems] == [("[slug]", 1)]
    assert "src/pages/[id]/page.py" in found.problems[0].message


def test_error_pages_are_kept_apart(tmp_path: Path) -> None:
    """A folder or file named by a status at the top is the page for that status and has no address."""
    write(
        tmp_path,
        "404/page.html",
        "500/page.py",
        "403.html",
        "404/extra.html",
        "404/deep/page.html",
        "404.html",
    )
    found = find(tmp_path)
    assert addresses(found) == {}
    assert {status: page.source for status, page in found.error_pages.items()} == {
        403: "src/pages/403.html",
        404: "src/pages/404.html",
        500: "src/pages/500/page.py",
    }
    assert [note.path.parent.name for note in found.notes] == ["404"]


def test_numbers_that_are_no_error_status_are_pages(tmp_path: Path) -> None:
    """A year, a number below the top and a longer number are ordinary folders."""
    write(
        tmp_path, "2024/page.html", "blog/404/page.html", "4040/page.html", "200/page.html", "٤٠٤/page.html"
    )
    found = find(tmp_path)
    assert set(addresses(found)) == {"/2024", "/blog/404", "/4040", "/200", "/٤٠٤"}
    assert found.error_pages == {}


def test_link_out_of_the_pages_is_refused(tmp_path: Path) -> None:
    """A link to a file or folder elsewhere is a problem and never served."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "page.html").write_text("secret")
    sibling = tmp_path / "src" / "pages-old"
    write(tmp_path, "page.html")
    sibling.mkdir()
    (sibling / "page.html").write_text("old")
    pages = tmp_path / "src" / "pages"
    (pages / "folder").symlink_to(secret)
    (pages / "file.html").symlink_to(secret / "page.html")
    (pages / "old").symlink_to(sibling)
    (pages / "gone.html").symlink_to(pages / "nothing.html")
    found = find(tmp_path)
    assert addresses(found) == {"/": "page.html"}
    assert sorted(problem.path.name for problem in found.problems) == [
        "file.html",
        "folder",
        "gone.html",
        "old",
    ]
    assert all(problem.fix for problem in found.problems)


def test_link_inside_the_pages_is_followed_and_never_round(tmp_path: Path) -> None:
    """A link to another page works; one to a folder around it is a problem, not an endless search."""
    write(tmp_path, "de/about/page.html", "a/page.html")
    pages = tmp_path / "src" / "pages"
    (pages / "en").symlink_to(pages / "de")
    (pages / "a" / "again").symlink_to(pages / "a")
    (pages / "a" / "top").symlink_to(pages)
    found = find(tmp_path)
    assert set(addresses(found)) == {"/a", "/de/about", "/en/about"}
    assert sorted(problem.path.name for problem in found.problems) == ["again", "top"]


def test_pages_below_a_link_are_found(tmp_path: Path) -> None:
    """The folder of pages itself may be a link, as in releases that are switched."""
    write(tmp_path / "release", "page.html", "a/page.html")
    (tmp_path / "current").symlink_to(tmp_path / "release")
    assert set(addresses(find(tmp_path / "current"))) == {"/", "/a"}


@pytest.mark.parametrize("name", ["[id", "[id:number]", "x[id]", "[rest:path]/more", "[a]/[a]"])
def test_name_that_is_no_pattern_is_a_problem(tmp_path: Path, name: str) -> None:
    """A folder whose name cannot be a segment is reported with its file, and others stay."""
    write(tmp_path, f"{name}/page.py", "fine/page.py")
    found = find(tmp_path)
    assert set(addresses(found)) == {"/fine"}
    assert found.problems[0].message.startswith(f"src/pages/{name}/page.py: ")
    assert found.problems[0].fix


def test_names_are_composed_unicode(tmp_path: Path) -> None:
    """A name that the disk keeps decomposed answers the address that browsers send."""
    write(tmp_path, "cafe\u0301/page.html")
    assert set(addresses(find(tmp_path))) == {"/caf\u00e9"}


def test_modules_have_dotted_names(tmp_path: Path) -> None:
    """A module's name follows its place; a dot inside a name is written %2E."""
    write(tmp_path, "page.py", "users/[id:int]/page.py", "about.py", "v1.0/page.py")
    assert {page.pattern: page.module_name for page in find(tmp_path).pages} == {
        "/": "pages.page",
        "/about": "pages.about",
        "/users/[id:int]": "pages.users.[id:int].page",
        "/v1.0": "pages.v1%2E0.page",
    }


def test_missing_folder_has_no_pages(tmp_path: Path) -> None:
    """An application without pages is no error."""
    found = find_pages(tmp_path / "nowhere", root=tmp_path)
    assert (found.pages, found.error_pages, found.problems) == ((), {}, ())


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_unreadable_folder_is_a_problem(tmp_path: Path) -> None:
    """A folder that cannot be read is reported."""
    write(tmp_path, "page.html", "a/page.html")
    folder = tmp_path / "src" / "pages" / "a"
    folder.chmod(0)
    try:
        assert [problem.path for problem in find(tmp_path).problems] == [folder]
    finally:
        folder.chmod(0o755)
