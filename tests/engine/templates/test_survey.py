"""Where blocks and insertions stand."""

from __future__ import annotations

import pytest

from asok_engine.templates.errors import TemplateSyntaxError
from asok_engine.templates.html import UNKNOWN
from asok_engine.templates.outline import read
from asok_engine.templates.survey import BODY, FORM_FIELD, HEAD, HEAD_META, NONCE, Survey, survey
from asok_engine.templates.tokens import Origin

BASE = "<head>{% block head %}{% endblock %}</head><body><pre>{% block code %}{% endblock %}</pre><a x='{% block attr %}{% endblock %}'>"


def look(source: str, parent: Survey | None = None) -> Survey:
    return survey(read(Origin("t.html", None, source)), None if parent is None else parent.block_places)


def test_blocks_know_their_place() -> None:
    """The place of a block is that of its tag in the layout."""
    places = look(BASE).block_places
    assert places["head"].is_flow
    assert not places["code"].is_collapsible
    assert (places["attr"].state, places["attr"].quote) == ("tag", "'")


def test_child_inherits_the_places_of_its_parent() -> None:
    """A block of a child stands where its parent has it; a block nested in it is read from there."""
    child = look(
        "{% extends 'b' %}{% block code %}a  {% block deep %}{% endblock %}{% endblock %}{% block new %}{% endblock %}",
        look(BASE),
    )
    assert child.collapsible == []
    assert not child.block_places["deep"].is_collapsible
    assert child.block_places["new"] == UNKNOWN
    assert look("{% extends x %}{% block head %}{% endblock %}").block_places["head"] == UNKNOWN


def test_insertions_are_found_once() -> None:
    """The end of the head and the body tag are found, not those in comments, scripts, values or drawings."""
    source = "<!-- </head> --><script>'</head>'</script></head><body>{% set x %}</head><body>{% endset %}"
    hooks = look(source).page_hooks
    assert [(source[hook.offset :][:7], hook.code) for hook in hooks] == [
        ("</head>", HEAD),
        (">{% set", BODY),
    ]


def test_nonces_go_to_inline_code() -> None:
    """Inline scripts and styles are found, also in macros; sources, data and those with a nonce are not."""
    source = (
        "<script>1</script><style>2</style><script src='x'></script><script nonce='y'>3</script>"
        '<script type="application/ld+json">4</script>{% macro m() %}<script type=module>5</script>{% endmacro %}'
    )
    found = [insertion.offset for insertion in look(source).nonces]
    assert [source[:offset].rpartition("<")[2] for offset in found] == [
        "script",
        "style",
        "script type=module",
    ]
    assert all(insertion.code == NONCE for insertion in look(source).nonces)


def test_breaks_are_at_the_top_level_of_a_layout() -> None:
    """A page can be sent after its head and at each flush that no tag encloses."""
    source = "<head></head>{% flush %}{% if x %}{% flush %}</head>{% endif %}"
    assert [source[offset:][:11] for offset in look(source).breaks] == ["{% flush %}"] * 2
    assert look("{% extends 'a' %}</head>{% flush %}").breaks == []


def test_prints_among_attributes_are_known() -> None:
    """A print inside a tag is told from one between tags."""
    found = look("<a x={{ a }} y='{{ b }}'>{{ c }}<script>{{ d }}</script>")
    assert len(found.in_tags) == 2


@pytest.mark.parametrize(
    ("form", "has_field"),
    [
        ("<form method=post>", True),
        ('<form METHOD = " Post " class=x>', True),
        ("<form method='post' action='/save'>", True),
        ("<form method=post action=save>", True),
        ("<form method=post action='?x=1'>", True),
        ("<form method=post action=''>", True),
        ("<form method=post action='/a/{{ id }}'>", True),
        ("<form>", False),
        ("<form method=get>", False),
        ("<form data-method=x method=dialog>", False),
        ("<form method=post action='https://pay.example/'>", False),
        ("<form method=post action=' //pay.example/'>", False),
        ("<form method=post action='\\\\\\\\pay.example'>", False),
        ("<form method=post action='javascript:x()'>", False),
        ("<form method=post action='{{ url }}'>", False),
        ("<!-- <form method=post> -->", False),
        ("<script>'<form method=post>'</script>", False),
        ("<form method=post>{{ csrf_input() }}", False),
        ("<form method=post><input name=csrf_token value='{{ csrf_token() }}'>", False),
    ],
)
def test_form_that_posts_within_the_site_gets_a_field(form: str, has_field: bool) -> None:
    """Behind its start tag; not one that goes elsewhere, that has its own, or that is none."""
    found = look(f"<p>{form}</form><p>").form_tokens
    assert [insertion.code for insertion in found] == ([FORM_FIELD] if has_field else [])
    if has_field:
        assert found[0].offset == 3 + len(form)


def test_field_of_another_form_does_not_count() -> None:
    """Each form has its own."""
    found = look("<form method=post></form><form method=post>{{ csrf_input() }}</form>").form_tokens
    assert len(found) == 1


@pytest.mark.parametrize(
    ("source", "needs"),
    [
        ("<form method=post>", True),
        ("{{ csrf_token() }}", True),
        ("{% if csrf_meta() %}{% endif %}", True),
        ("<button data-method=delete>", True),
        ("<form>", False),
        ("csrf_token", False),
        ("{# csrf_token() #}", False),
    ],
)
def test_page_says_whether_it_needs_a_token(source: str, needs: bool) -> None:
    """A form that posts, a word about tokens, an attribute by which a script sends."""
    assert look(source).needs_token is needs


def test_head_has_a_place_for_the_token() -> None:
    """Before the end of the head, unless the layout has such an element itself."""
    assert [insertion.code for insertion in look("<head></head>").form_tokens] == [HEAD_META]
    assert look("<head><meta name=csrf-token content=x></head>").form_tokens == []


@pytest.mark.parametrize(
    "inner", ["<form method=post></form>", "{{ csrf_input() }}", "{% set x = csrf_token() %}"]
)
def test_token_inside_a_cached_part_is_an_error(inner: str) -> None:
    """With the line, when the template is compiled: everybody would get the token of one."""
    with pytest.raises(TemplateSyntaxError, match="line 2.*cache"):
        look(f"{{% cache 'k' 5 %}}\n{inner}{{% endcache %}}")
