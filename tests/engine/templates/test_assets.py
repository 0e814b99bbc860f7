"""Style sheets and scripts that keep to their page."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.templates.assets import is_module, scope_css, scope_js

M = '[data-page-id="p"]'


@pytest.mark.parametrize(
    ("source", "scoped"),
    [
        ("h1 { color: red }", f"{M} h1 {{ color: red }}"),
        ("a, .b > c{}", f"{M} a, {M} .b > c{{}}"),
        (":is(a, b) [x='],{'] , d {}", f"{M} :is(a, b) [x='],{{'] , {M} d {{}}"),
        ("/* a { } */ b /* , */ c {}", f"/* a {{ }} */ {M} b /* , */ c {{}}"),
        ("a::before { content: '}{'; background: url(x;y}z) } b {}", f"{M} a::before {{ content: '}}{{'; background: url(x;y}}z) }} {M} b {{}}"),
        ("a { content: \"\\\"}\" } b{}", f"{M} a {{ content: \"\\\"}}\" }} {M} b{{}}"),
        (".a\\{b {}", f"{M} .a\\{{b {{}}"),
        ("@media (width > 3px) { a { b: c } @supports (d: e) { f {} } } g {}", f"@media (width > 3px) {{ {M} a {{ b: c }} @supports (d: e) {{ {M} f {{}} }} }} {M} g {{}}"),
        ("@layer x, y; @layer x { a {} }", f"@layer x, y; @layer x {{ {M} a {{}} }}"),
        ("@import url(a.css); a {}", f"@import url(a.css); {M} a {{}}"),
        ("@keyframes k { from { a: b } 50% { c: d } } a {}", f"@keyframes k {{ from {{ a: b }} 50% {{ c: d }} }} {M} a {{}}"),
        ("@font-face { src: url(a.woff) } @page :first { margin: 0 } @property --x { syntax: '*' }", "@font-face { src: url(a.woff) } @page :first { margin: 0 } @property --x { syntax: '*' }"),
        (":global(.modal) {} :global(.a, .b) .c {}", ".modal {} .a, .b .c {}"),
        (".card :global(.lib:not(.x)) d {}", f"{M} .card .lib:not(.x) d {{}}"),
        ("a { &:hover { b: c } .d & { e: f } :global(.g) & {} h: i }", f"{M} a {{ &:hover {{ b: c }} .d & {{ e: f }} .g & {{}} h: i }}"),
        ("a { --x: { :global(b) {} }; c: d } e {}", f"{M} a {{ --x: {{ :global(b) {{}} }}; c: d }} {M} e {{}}"),
        ("body { a: b } body.dark c, html.x d, :root {}", f"body{M} {{ a: b }} body{M}.dark c, html:has(> {M}).x d, :root:has(> {M}) {{}}"),
        ("body-x, .body {}", f"{M} body-x, {M} .body {{}}"),
        ("", ""), ("/* only */", "/* only */"), ("a {", f"{M} a {{"), ("a { b: 'c\n} d {}", f"{M} a {{ b: 'c\n}} {M} d {{}}"), ("@media x { a {", f"@media x {{ {M} a {{"),
    ],
)  # fmt: skip
def test_selectors_are_scoped_and_nothing_else(source: str, scoped: str) -> None:
    """Every selector gets the page's mark; strings, comments, values and frames are as written."""
    assert scope_css(source, "p") == scoped


@given(st.text(alphabet="ab{}();,:'\"/*\\@ \n[]&.-globalmediakyfrs", max_size=80))
def test_any_sheet_keeps_its_text(source: str) -> None:
    """Scoping only adds marks and takes `:global()` away; no line moves."""
    scoped = scope_css(source, "p")
    assert scoped.count("\n") == source.count("\n")
    if ":global(" not in source:
        plain = scoped.replace(f":has(> {M})", "").replace(f"{M} ", "").replace(M, "")
        assert plain == source


def test_page_id_cannot_break_out() -> None:
    """Quotes, backslashes and line breaks in an id are escaped in both languages."""
    assert scope_css("a{}", 'x"]{}\\\n') == '[data-page-id="x\\22 ]{}\\5c \\a "] a{}'
    assert "</script>" not in scope_js("", "</script>'")


def test_script_keeps_its_lines() -> None:
    """A script begins in its own first line, and a comment at its end swallows nothing."""
    scoped = scope_js("let a = `// x`;\nthrow 1 // end", "p")
    assert scoped.startswith(
        "(function (page) { (function () { let a = `// x`;\nthrow 1 // end\n}).call(page); })("
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import x from 'y'", True), ("import 'y'", True), ("import {a} from 'y'", True), ("import * as a from 'y'", True), ("export const a = 1", True), ("export { a }", True),
        ("import('y')", False), ("import.meta", False), ("// import x from 'y'", False), ("/*\nimport x from 'y'\n*/", False), ("`\nimport x from 'y'\n`", False), ("const exported = 1", False), ("important()", False),
    ],
)  # fmt: skip
def test_modules_are_told_from_scripts(source: str, expected: bool) -> None:
    """`import` and `export` statements make a module; calls, comments and text do not."""
    assert is_module(source) is expected


NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="runs scoped scripts in node, which is not installed")
def test_scoped_scripts_run_apart() -> None:
    """Two scripts with the same names run side by side, strict mode holds, and each has its own element."""
    script = "'use strict'; const page = this; const name = page.id; function f() { return typeof undeclared } out.push([name, f(), (function () { return this === undefined })()]) // x"
    program = (
        "const out = []; const document = { querySelector: (q) => ({ id: q }) };\n"
        + scope_js(script, "a")
        + scope_js(script, "b'\"")
        + "console.log(JSON.stringify([out, typeof name, typeof f]))"
    )
    assert NODE is not None
    run = subprocess.run([NODE, "-e", program], capture_output=True, text=True, check=True, timeout=20)
    assert json.loads(run.stdout) == [
        [['[data-page-id="a"]', "undefined", True], ['[data-page-id="b\'\\""]', "undefined", True]], "undefined", "undefined",
    ]  # fmt: skip
