"""The laws of the route table."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.dispatch.routes import KINDS, RouteTable, parse_pattern
from asok_engine.errors import SetupError, UsageError


def table_of(*patterns: str) -> RouteTable:
    table = RouteTable()
    for pattern in patterns:
        table.add(pattern, {"GET": pattern}, source=f"file of {pattern}")
    table.compile()
    return table


def found(table: RouteTable, path: str) -> tuple[str, dict[str, Any]] | None:
    match = table.match(path)
    return None if match is None else (match[0].pattern, match[1])


def test_literal_path_is_found_with_no_parameters() -> None:
    """A path without parameters is found as it was added, and only so."""
    table = table_of("/", "/about", "/users/new")
    assert found(table, "/") == ("/", {})
    assert found(table, "/about") == ("/about", {})
    assert found(table, "/users/new") == ("/users/new", {})
    assert found(table, "/users") is None
    assert found(table, "/About") is None


def test_parameters_are_converted_and_named() -> None:
    """A typed parameter arrives as its type under its name."""
    table = table_of("/users/[id:int]/posts/[slug]", "/at/[lat:float]/[lng:float]")
    assert found(table, "/users/7/posts/hi there") == (
        "/users/[id:int]/posts/[slug]",
        {"id": 7, "slug": "hi there"},
    )
    assert found(table, "/at/-33.9/151") == ("/at/[lat:float]/[lng:float]", {"lat": -33.9, "lng": 151.0})


def test_parameters_of_two_matches_are_not_shared() -> None:
    """A handler that changes its parameters changes nobody else's."""
    table = table_of("/about")
    first = table.match("/about")
    assert first is not None
    first[1]["left"] = "over"
    assert found(table, "/about") == ("/about", {})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "0", 0),
        ("int", "007", 7),
        ("int", "9" * 255, int("9" * 255)),
        ("float", "1", 1.0),
        ("float", "1.50", 1.5),
        ("float", "-2.5", -2.5),
        ("uuid", "3F2504E0-4f89-41d3-9a0c-0305e82c3301", "3F2504E0-4f89-41d3-9a0c-0305e82c3301"),
        ("hex", "DeadBeef01", "DeadBeef01"),
        ("slug", "a-1", "a-1"),
        ("str", "any thing\\at.all", "any thing\\at.all"),
    ],
)
def test_text_of_a_kind_is_accepted(kind: str, text: str, value: object) -> None:
    """Each kind takes the texts that it promises, and only int and float change them."""
    match = table_of(f"/x/[v:{kind}]").match(f"/x/{text}")
    assert match is not None
    assert match[1] == {"v": value}
    assert type(match[1]["v"]) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "9" * 5000),
        ("int", "9" * 256),
        ("int", "٣"),
        ("int", "³"),
        ("int", "-1"),
        ("int", "+1"),
        ("int", "1_000"),
        ("int", " 1"),
        ("int", "1\n"),
        ("float", "٣.٣"),
        ("float", "nan"),
        ("float", "inf"),
        ("float", "1e5"),
        ("float", "1."),
        ("float", ".5"),
        ("float", "9" * 256),
        ("uuid", "3f2504e0-4f89-41d3-9a0c-0305e82c330"),
        ("uuid", "3f2504e04f8941d39a0c0305e82c3301"),
        ("uuid", "3f2504e0-4f89-41d3-9a0c-0305e82c330g"),
        ("hex", "0x1f"),
        ("hex", "f" * 256),
        ("slug", "Upper"),
        ("slug", "é"),
        ("slug", "a_b"),
        ("slug", "a" * 256),
        ("slug", "a\n"),
        ("str", ""),
    ],
)
def test_text_of_another_kind_is_not_found(kind: str, text: str) -> None:
    """What does not fit the kind is no match, however long or foreign (cases 69 and 70)."""
    assert table_of(f"/x/[v:{kind}]").match(f"/x/{text}") is None


def test_catch_all_takes_one_segment_or_more() -> None:
    """`[name:path]` takes the rest of the path, and not nothing."""
    table = table_of("/docs/[rest:path]")
    assert found(table, "/docs/a") == ("/docs/[rest:path]", {"rest": "a"})
    assert found(table, "/docs/a/b/c.html") == ("/docs/[rest:path]", {"rest": "a/b/c.html"})
    assert found(table, "/docs") is None
    assert found(table, "/docs/") is None


@pytest.mark.parametrize(
    "path",
    [
        "/docs//etc/passwd",
        "/docs/a//b",
        "/docs/..",
        "/docs/../x",
        "/docs/./x",
        "/docs/a/",
        "//docs/a",
        "docs/a",
        "",
    ],
)
def test_parameters_are_never_empty_or_dot_segments(path: str) -> None:
    """A parameter never holds a piece that climbs, is absolute or is empty (cases 55 to 68)."""
    table = table_of("/docs/[rest:path]", "/[one]/[two]", "/[one]/[two]/[three]", "/[one]")
    assert table.match(path) is None


def test_dotted_names_are_ordinary() -> None:
    """A segment that merely begins with a dot or has dots in it is not a dot segment."""
    table = table_of("/[a]/[b]")
    assert found(table, "/.well-known/..x") == ("/[a]/[b]", {"a": ".well-known", "b": "..x"})


def test_most_exact_branch_wins_whatever_the_order_of_addition() -> None:
    """Literal before typed before untyped before catch-all, in each segment."""
    patterns = ["/x/me", "/x/[id:int]", "/x/[name]", "/x/[rest:path]"]
    for order in permutations(patterns):
        table = table_of(*order)
        assert [found(table, f"/x/{last}")[0] for last in ("me", "5", "joe", "a/b")] == patterns  # type: ignore[index]


def test_kinds_are_tried_in_their_order() -> None:
    """Text that fits several kinds goes to the first of KINDS."""
    kinds = [kind for kind in KINDS if kind != "path"]
    texts = ["3f2504e0-4f89-41d3-9a0c-0305e82c3301", "12", "1.5", "abc", "abc-z", "ABC z"]
    table = table_of(*(f"/x/[v_{kind}:{kind}]" for kind in reversed(kinds)))
    assert [list(table.match(f"/x/{text}")[1]) for text in texts] == [[f"v_{kind}"] for kind in kinds]  # type: ignore[index]


def test_branch_without_an_end_is_given_up() -> None:
    """A more exact branch that leads to no route hides no other and leaves no parameters behind."""
    table = table_of("/a/b/c", "/a/b/[x:int]/d", "/a/[y]/z", "/[p]/b/q/[r]", "/a/[rest:path]")
    assert found(table, "/a/b/z") == ("/a/[y]/z", {"y": "b"})
    assert found(table, "/a/b/5/d") == ("/a/b/[x:int]/d", {"x": 5})
    assert found(table, "/a/b/5/e") == ("/a/[rest:path]", {"rest": "b/5/e"})
    assert found(table, "/a/b/q/9") == ("/a/[rest:path]", {"rest": "b/q/9"})
    assert found(table, "/o/b/q/9") == ("/[p]/b/q/[r]", {"p": "o", "r": "9"})


def test_branches_share_a_kind_under_different_names() -> None:
    """Two patterns may name the same place differently as long as they end differently."""
    table = table_of("/[id]/edit", "/[slug]/read")
    assert found(table, "/5/edit") == ("/[id]/edit", {"id": "5"})
    assert found(table, "/5/read") == ("/[slug]/read", {"slug": "5"})


def test_pattern_text_is_no_literal() -> None:
    """The text of a pattern, asked for as a path, is only a value of its parameter."""
    assert found(table_of("/user/[id:int]"), "/user/[id:int]") is None
    assert found(table_of("/user/[id]"), "/user/[id]") == ("/user/[id]", {"id": "[id]"})


@pytest.mark.parametrize(
    "pattern",
    [
        "about",
        "",
        "/a//b",
        "//",
        "/a/./b",
        "/..",
        "/[id",
        "/id]",
        "/x[id]",
        "/[id].html",
        "/[]",
        "/[2x]",
        "/[id:]",
        "/[id:number]",
        "/[a][b]",
        "/[rest:path]/more",
        "/[rest:path]/",
        "/[id]/x/[id:int]",
        "/a\nb",
    ],
)
def test_impossible_pattern_is_refused(pattern: str) -> None:
    """A pattern that could never mean what it says stops the start and is quoted."""
    with pytest.raises(SetupError) as caught:
        parse_pattern(pattern)
    assert repr(pattern) in str(caught.value)
    assert caught.value.fix


def test_method_taken_twice_names_both_places() -> None:
    """A conflict says which two places define the same."""
    table = RouteTable()
    table.add("/x/[id]", {"GET": 1}, source="first.py")
    with pytest.raises(SetupError, match=r"GET /x/\[id\] .*first\.py.*second\.py"):
        table.add("/x/[id]", {"GET": 2}, source="second.py")


def test_methods_of_one_pattern_may_come_from_two_places() -> None:
    """The same pattern added with other methods is one route."""
    table = RouteTable()
    table.add("/x", {"GET": 1}, source="a")
    table.add("/x", {"POST": 2}, source="b")
    table.compile()
    match = table.match("/x")
    assert match is not None
    assert match[0].methods == {"GET": 1, "POST": 2}
    assert len(table.all()) == 1


def test_same_paths_under_other_names_are_refused() -> None:
    """Two patterns that match exactly the same paths are a mistake, and both are named."""
    table = RouteTable()
    table.add("/x/[id]", {"GET": 1}, source="first.py")
    with pytest.raises(SetupError, match=r"first\.py.*/x/\[slug\].*second\.py"):
        table.add("/x/[slug]", {"POST": 2}, source="second.py")


def test_method_names_are_capitals() -> None:
    """A method is compared as it is sent, so a small one would never be found."""
    with pytest.raises(SetupError, match="'get'"):
        RouteTable().add("/x", {"get": 1}, source="x.py")


def test_allowed_methods_include_what_is_automatic() -> None:
    """HEAD comes with GET, OPTIONS always."""
    table = RouteTable()
    table.add("/a", {"POST": 1, "GET": 1}, source="a")
    table.add("/b/[x]", {"DELETE": 1}, source="b")
    table.compile()
    assert table.allowed_methods("/a") == ("GET", "HEAD", "OPTIONS", "POST")
    assert table.allowed_methods("/b/1") == ("DELETE", "OPTIONS")
    assert table.allowed_methods("/c") == ()


def test_table_is_asked_only_after_it_is_compiled_and_filled_only_before() -> None:
    """Routes are decided at start."""
    table = RouteTable()
    table.add("/x", {"GET": 1}, source="x.py")
    with pytest.raises(UsageError, match="not compiled"):
        table.match("/x")
    table.compile()
    table.compile()
    assert found(table, "/x") == ("/x", {})
    with pytest.raises(UsageError, match="after the start"):
        table.add("/y", {"GET": 1}, source="y.py")


def test_slash_at_the_end_is_redirected_to_the_route() -> None:
    """A path with a slash too many or too few has one right address, percent-encoded."""
    table = table_of("/about", "/users/[id:int]", "/posts/", "/posts/[id]/", "/café/[name]")
    assert table.canonical("/about/") == "/about"
    assert table.canonical("/about//") == "/about"
    assert table.canonical("/users/5/") == "/users/5"
    assert table.canonical("/posts") == "/posts/"
    assert table.canonical("/posts/7") == "/posts/7/"
    assert table.canonical("/café/a b?c/") == "/caf%C3%A9/a%20b%3Fc"
    for right_or_unknown in ("/about", "/posts/", "/", "/nothing/", "/users/x/", "/users/5"):
        assert table.canonical(right_or_unknown) is None


@pytest.mark.parametrize(
    "path", ["//evil.example/", "//evil.example", "///", "/\\evil.example/", "/\\/evil.example/"]
)
def test_redirect_never_leaves_the_site(path: str) -> None:
    """No path makes an address that a browser reads as another host."""
    for table in (table_of("/[name]", "/[a]/[b]", "/[rest:path]"), table_of("/[name]/")):
        target = table.canonical(path)
        assert target is None or (target[0] == "/" and target[1] not in "/\\")


def test_near_routes_look_past_parameters() -> None:
    """A slip in a path finds the route that was meant, also when it has parameters."""
    table = table_of("/", "/about", "/users/[id:int]", "/users/[id:int]/posts", "/docs/[rest:path]", "/zebra")
    assert table.near("/abuot")[0].pattern == "/about"
    assert table.near("/user/5")[0].pattern == "/users/[id:int]"
    assert table.near("/users/5/post")[0].pattern == "/users/[id:int]/posts"
    assert table.near("/users/five")[0].pattern.startswith("/users/[id:int]")
    assert table.near("/doc/a/b")[0].pattern == "/docs/[rest:path]"
    assert table.near("/qqqqqqqqqqqq") == []
    assert len(table.near("/users/5/post", limit=1)) == 1


def _naive(patterns: list[str], path: str) -> tuple[str, dict[str, Any]] | None:
    """Find a route by trying every pattern in order of exactness."""
    ranks = {"": -1, **{kind: rank for rank, kind in enumerate(KINDS)}}
    parts = path[1:].split("/")
    fits = []
    for text in patterns:
        segments = parse_pattern(text).segments
        catches = bool(segments) and segments[-1].kind == "path"
        if len(parts) < len(segments) or (len(parts) != len(segments) and not catches):
            continue
        cut = parts[: len(segments) - 1] + ["/".join(parts[len(segments) - 1 :])] if catches else parts
        if all(segment.fits(part) for segment, part in zip(segments, cut, strict=True)):
            values = {
                segment.text: KINDS[segment.kind](part) if KINDS[segment.kind] else part  # type: ignore[misc]
                for segment, part in zip(segments, cut, strict=True)
                if segment.kind
            }
            fits.append(([ranks[segment.kind] for segment in segments], text, values))
    return min(fits)[1:] if fits else None  # type: ignore[return-value]


_pieces = st.sampled_from(["a", "b", "1", "[int]", "[str]", "[slug]", "[path]"])


@settings(max_examples=150, deadline=None)
@given(
    shapes=st.sets(st.lists(_pieces, min_size=1, max_size=4).map(tuple), min_size=1, max_size=12),
    paths=st.lists(st.lists(st.sampled_from(["a", "b", "1", "Z"]), min_size=1, max_size=5), max_size=8),
)
def test_tree_agrees_with_trying_every_pattern(shapes: set[tuple[str, ...]], paths: list[list[str]]) -> None:
    """The compiled tree gives the answer of a plain search over all patterns."""
    patterns = []
    for shape in shapes:
        if "[path]" in shape[:-1]:
            continue
        parts = [f"[p{i}:{piece[1:-1]}]" if piece[0] == "[" else piece for i, piece in enumerate(shape)]
        patterns.append("/" + "/".join(parts))
    table = table_of(*patterns)
    for parts in paths:
        path = "/" + "/".join(parts)
        assert found(table, path) == _naive(patterns, path)


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("/css/a.css", "a.css"),
        ("/css/a/b.css", "a/b.css"),
        ("/css/a.b/c", "a.b/c"),
        ("/css/.a", ".a"),
        ("/css", None),
        ("/css/", None),
        ("/css/a/", None),
        ("/css//a", None),
        ("/css/./a", None),
        ("/css/../a", None),
        ("/css/a/..", None),
        ("/cssx", None),
        ("/cssx/a", None),
        ("xcss/a", None),
        ("css/a", None),
    ],
)
def test_folder_that_one_route_answers_takes_only_what_lies_in_it(path: str, rest: str | None) -> None:
    """Whichever way it is found: no empty piece, no dots that lead elsewhere, nothing that only begins alike."""
    match = table_of("/css/[file:path]").match(path)
    assert (None if match is None else match[1]) == (None if rest is None else {"file": rest})


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/items/17", 17),
        ("/items/x", None),
        ("/items/", None),
        ("/items", None),
        ("/items/1/2", None),
        ("/items/./1", None),
        ("/items//1", None),
        ("/itemsx/1", None),
        ("items/1", None),
    ],
)
def test_word_and_parameter_are_found_whichever_way_they_are_looked_up(path: str, number: int | None) -> None:
    """With nothing else that begins alike, and with another branch beside it, the answer is the same."""
    for others in ((), ("/items/[id:int]/parts",)):
        match = table_of("/items/[id:int]", *others).match(path)
        assert (None if match is None else match[1]) == (None if number is None else {"id": number})


def test_word_whose_parameter_does_not_fit_leaves_the_path_to_others() -> None:
    """A branch without an end is given up for the next one also where it is only a word and a parameter."""
    table = table_of("/items/[id:int]", "/[kind]/[name]")
    assert table.match("/items/17")[1] == {"id": 17}  # type: ignore[index]
    assert table.match("/items/none")[1] == {"kind": "items", "name": "none"}  # type: ignore[index]
