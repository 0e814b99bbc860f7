"""Writing templates in the engine's dialect, line for line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.templates.environment import Environment
from asok_engine.templates.errors import TemplateError, TemplateSyntaxError, UndefinedVariable
from asok_engine.templates.filters import NATIVE_FILTERS, TEXT_FILTERS
from asok_engine.templates.outline import read
from asok_engine.templates.rewrite import Dialect, Variant, engine_name, write
from asok_engine.templates.survey import survey
from asok_engine.templates.tokens import Origin

FRAGMENTS = [
    "text\n", "{{ x }}", "{{ x\n.y }}", "{{- x -}}\n", "{% if\nx %}", "{% endif %}", "{% cache 'k'\n 60 %}\n", "{% endcache\n %}",
    "{% component 'C',\n a=1 %}\n", "{% endcomponent %}", "{#\n c #}", "{#- c\n -#}", "{% raw %}\n{{ x }}{% endraw\n %}", "{%- raw -%}\n\n r\n{%- endraw -%}\n",
    "{% block a-b\n %}\n", "{% endblock\n %}", "{% do\n x %}", "{% flush\n %}", "{% set s %}\n", "{% endset %}", "\n  <pre>\n\n</pre>  \n\n", "<body>\n\n   <p>",
    "{% include 'x'\n ignore missing %}", "{{ x|date(\n'%d') }}", "{%\nset y = 1 %}", "<head>\n<title>a</title></head>",
]  # fmt: skip
CLOSERS = {
    "{% if\nx %}": "{% endif %}",
    "{% cache 'k'\n 60 %}\n": "{% endcache\n %}",
    "{% component 'C',\n a=1 %}\n": "{% endcomponent %}",
    "{% block a-b\n %}\n": "{% endblock\n %}",
    "{% set s %}\n": "{% endset %}",
}
VARIANTS = [
    *(Variant(), Variant(blocks=("a-b",)), Variant(part=0), Variant(as_it_is=True), Variant(form=3)),
    *(Variant(headless=True), Variant(as_it_is=True, headless=True), Variant(form=1, headless=True)),
]


def _nested(pieces: list[str]) -> str:
    """Close what a random list opens, and leave out what fits nowhere."""
    stack: list[str] = []
    out: list[str] = []
    for number, piece in enumerate(pieces):
        if piece in CLOSERS:
            stack.append(CLOSERS[piece])
        elif piece in CLOSERS.values():
            if not stack or stack[-1] != piece:
                continue
            stack.pop()
        out.append(piece.replace("a-b", f"a-b{number}"))
    return "".join(out + stack[::-1])


def rewrite(source: str, variant: Variant | None = None, **options: bool) -> str:
    outline = read(Origin("t.html", None, source))
    dialect = Dialect(NATIVE_FILTERS, TEXT_FILTERS, **options)
    return write(outline, survey(outline, None), dialect, variant or Variant()).text


@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=12),
    st.booleans(),
    st.booleans(),
    st.sampled_from(VARIANTS),
)
def test_nothing_moves_to_another_line(
    pieces: list[str], minify: bool, markers: bool, variant: Variant
) -> None:
    """Whatever is rewritten, what follows stands in the same line as before."""
    source = _nested(pieces) + "{% do 'the end' %}"
    text = rewrite(source, variant, minify=minify, markers=markers, trace=minify)
    assert text[: text.index("'the end'")].count("\n") == source[: source.index("'the end'")].count("\n")


@pytest.mark.parametrize("minify", [False, True])
def test_errors_point_at_the_users_line(minify: bool) -> None:
    """After each construct that is rewritten, an error names the line of the source."""
    for before in (
        "{% cache 'k'\n 60 %}\na{% endcache\n %}", "{% component 'C',\n a=1 %}\n{% endcomponent %}", "{#\n#}", "a\n\n\n  b", "{% raw %}\n{% endraw\n %}",
        "{%- if true -%}\n\n {%- endif -%}\n\n", "{{ 'a'\n~ 'b' }}\n", "{% block a-b\n %}\n{% endblock\n %}", "{% flush\n\n%}", "{% do\n 1 %}", "{{- 'x'\n -}}\n\n", "<pre>\n\n</pre>\n\n<p>",
    ):  # fmt: skip
        source = before + "{{ nope }}"
        with pytest.raises(UndefinedVariable) as caught:
            Environment(minify=minify).render_string(source, {"component": lambda *a, **k: ""})
        assert caught.value.line == before.count("\n") + 1, before


def test_error_names_what_the_user_wrote() -> None:
    """The names that rewriting makes up never show."""
    for source, name in (
        ("{{ a.b.c }}", "a.b.c"),
        ("{{ (a.b)['x'] }}", "(a.b)['x']"),
        ("{{ a.b|intcomma }}", "a.b"),
        ("{{ f(1)[0] }}", "(...)[0]"),
    ):
        with pytest.raises(TemplateError) as caught:
            Environment().render_string(
                source, {"a": {"b": {}} if "c" in name or "(" in name else {}, "f": lambda x: {}}
            )
        assert "__" not in str(caught.value)
        assert name.partition("[")[0].strip("()") in str(caught.value)


def test_block_names_for_the_engine_differ() -> None:
    """Two block names never become one."""
    names = ["a-b", "a_b", "a_hb", "a--b", "2a", "-", "a-_b", "a_-b", "__block_a_hb"]
    assert len({engine_name(name) for name in names}) == len(names)
    assert all(engine_name(name).isidentifier() for name in names)


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_are_written_and_read(variant: Variant) -> None:
    """A variant's suffix gives it back."""
    assert Variant.parse("a/b.html" + variant.suffix()) == ("a/b.html", variant)


def test_component_needs_a_name() -> None:
    """A component tag without arguments is an error of the source."""
    with pytest.raises(TemplateSyntaxError, match="has no name"):
        rewrite("{% component %}{% endcomponent %}")


def test_nothing_is_kept_for_a_head_that_gets_nothing() -> None:
    """The places for the title, the description, the end of the head and the body tag."""
    source = (
        "<html><head><title>T</title><meta name='description'></head><body><script>1</script></body></html>"
    )
    assert rewrite(source, Variant(headless=True)) == source
    assert rewrite(source).count("{{") == 6
    assert rewrite(source, Variant(headless=True), nonces=True).count(' nonce="') == 1


def test_plain_prints_are_left_alone() -> None:
    """What is certainly text costs nothing extra."""
    assert rewrite("{{ 'a' }}{{ x|upper }}{{ loop.index }}") == "{{  'a'  }}{{  x|upper  }}{{  loop.index  }}"


def test_untouched_variant_has_no_insertions() -> None:
    """An include in a script or `<pre>` gets neither marks nor hooks nor shorter text."""
    source = "</head>  <p>{% block a %}{% endblock %}"
    text = rewrite(source, Variant(as_it_is=True), minify=True, markers=True)
    assert text == source
