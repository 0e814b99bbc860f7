"""What a page puts into its head and body tag."""

from __future__ import annotations

from collections.abc import Callable

from asok_engine.templates.environment import Environment
from asok_engine.templates.head import MARKS, PageHead
from tests.engine.templates.conftest import Site

LAYOUT = (
    "<!doctype html>\n<head><title>{% block title %}Own{% endblock %}</title>"
    '<meta name="description" content="{{ text }}"></head>\n<body class="{{ klass }}">{% block main %}{% endblock %}</body>'
)


class Meta:
    """What a page has said so far."""

    def __init__(self) -> None:
        self.title: str | None = None
        self.description: str | None = None
        self.extra = ""

    def hooks(self) -> dict[str, Callable[[], str | None]]:
        return {
            "page_title": lambda: self.title,
            "page_description": lambda: self.description,
            "head_extra": lambda: self.extra,
            "body_attributes": lambda: ' data-page-id="p"',
        }


def test_a_page_without_additions_is_the_same_in_all_its_files(site: Site) -> None:
    """Layouts and includes keep no place either when nothing is added, and keep it when something is."""
    environment = site(
        {
            "l.html": "<html>{% include 'head.html' %}<body>{% block main %}{% endblock %}</body></html>",
            "head.html": "<head><title>Own</title></head>",
            "p.html": "{% extends 'l.html' %}{% block main %}<pre>{% include 'x.html' %}</pre>{% endblock %}",
            "x.html": "<title>t</title>{% for row in rows %}{{ row.a }}{% endfor %}",
        }
    )
    meta, rows = Meta(), {"rows": [{"a": 1}]}
    text = "<html><head><title>Own</title></head><body><pre><title>t</title>1</pre></body></html>"
    for _ in range(2):
        assert environment.render("p.html", rows) == text
        assert environment.render("p.html", rows | meta.hooks()) == text.replace(
            "<body", '<body data-page-id="p"'
        )
    keys = [key.rpartition("/")[2] for key in environment._compiled.origins]
    assert sorted(keys) == sorted(
        [f"{name}{end}" for name in ("l.html", "head.html", "p.html") for end in ("", "\x1f-")]
        + ["x.html\x1fas", "x.html\x1f-as"]
    )


def draw(site: Site, meta: Meta, page: str = "{% extends 'l.html' %}", layout: str = LAYOUT) -> str:
    environment = site({"l.html": layout, "p.html": page}, debug=True)
    return environment.render(
        "p.html", {**meta.hooks(), "meta": meta, "text": "own", "klass": "k", "say": setattr}
    )


def test_page_without_hooks_is_as_written(site: Site) -> None:
    """A render without hooks has the template's text and nothing else."""
    environment = site({"l.html": LAYOUT})
    page = environment.render("l.html", {"text": "t", "klass": "k"})
    assert page == (
        '<!doctype html>\n<head><title>Own</title><meta name="description" content="t"></head>\n<body class="k"></body>'
    )


def test_hooks_without_words_change_only_the_body(site: Site) -> None:
    """Hooks that say nothing keep the template's own title and description."""
    page = draw(site, Meta())
    assert page == (
        '<!doctype html>\n<head><title>Own</title><meta name="description" content="own"></head>\n'
        '<body class="k" data-page-id="p"></body>'
    )


def test_last_word_counts_also_after_the_head(site: Site) -> None:
    """What a block of the body says last replaces the title and description, escaped."""
    meta = Meta()
    meta.title = "first"
    page = draw(
        site,
        meta,
        "{% extends 'l.html' %}{% block main %}{% do say(meta, 'title', 'A & <b>') %}{% do say(meta, 'description', 'say \"x\"') %}"
        "{% do say(meta, 'extra', '<link>') %}{% endblock %}",
    )
    assert "<title>A &amp; &lt;b&gt;</title>" in page
    assert '<meta name="description" content="say &quot;x&quot;">' in page
    assert "<link></head>" in page
    assert "Own" not in page
    assert page.count("description") == 1
    assert "\x02" not in page


def test_title_is_added_when_the_layout_has_none(site: Site) -> None:
    """A layout without title or description gets them at the end of its head."""
    meta = Meta()
    meta.title, meta.description = "T", "D"
    page = draw(site, meta, layout="<head></head><body></body>")
    assert (
        page
        == '<head><title>T</title>\n<meta name="description" content="D"></head><body data-page-id="p"></body>'
    )


def test_head_may_be_left_out(site: Site) -> None:
    """Without `</head>` the additions come before `<body>`; without both, before a piece and after a document."""
    meta = Meta()
    meta.extra = "<link>"
    assert draw(site, meta, "<p>x<body>y") == '<p>x<link><body data-page-id="p">y'
    assert draw(site, meta, "<h1>x</h1>") == "<link><h1>x</h1>"
    assert draw(site, meta, " <!doctype html><p>x") == " <!doctype html><p>x<link>"


def test_only_the_first_head_is_filled(site: Site) -> None:
    """Titles of drawings, a second head, and heads in comments, scripts or raw text are left alone."""
    meta = Meta()
    meta.title, meta.extra = "T", "<link>"
    own = (
        "<head><!-- </head> --><script>'</head>'</script>{% raw %}</head>{% endraw %}<title>a</title></head>"
        "<body><svg><title>s</title></svg><title>b</title></head></body>"
    )
    assert draw(site, meta, own) == (
        "<head><!-- </head> --><script>'</head>'</script></head><title>T</title><link></head>"
        '<body data-page-id="p"><svg><title>s</title></svg><title>b</title></head></body>'
    )


def test_title_after_the_head_is_no_title(site: Site) -> None:
    """What stands behind the head is not the page's title or description, even when the head has none."""
    meta = Meta()
    meta.title, meta.description = "T", "D"
    later = '<title>x</title><meta name="description" content="y">'
    page = draw(site, meta, f"<head></head>{later}")
    assert page == f'<head><title>T</title>\n<meta name="description" content="D"></head>{later}'


def test_head_in_an_included_template_is_filled(site: Site) -> None:
    """It does not matter which file of a page has the head."""
    meta = Meta()
    meta.title = "T"
    environment = site(
        {"head.html": "<head><title>x</title></head>", "p.html": "{% include 'head.html' %}<body>b</body>"}
    )
    assert (
        environment.render("p.html", meta.hooks())
        == '<head><title>T</title></head><body data-page-id="p">b</body>'
    )


def test_blocks_alone_have_no_page_hooks(site: Site) -> None:
    """A part of a page has neither head nor marks."""
    environment = site({"p.html": "{% block a %}<title>x</title></head><body>{% endblock %}"})
    meta = Meta()
    meta.title = "T"
    assert environment.render_blocks("p.html", ["a"], meta.hooks()) == {"a": "<title>x</title></head><body>"}


def test_attributes_stand_inside_the_tag() -> None:
    """The body's attributes come before its end, whatever it is made of."""
    hooks = {"body_attributes": lambda: " id=x"}
    for source, page in [
        ("<body>", "<body id=x>"),
        ("<BODY class='a>b'>", "<BODY class='a>b' id=x>"),
        ('<body {% if true %}class="a"{% else %}class="b"{% endif %}>', '<body class="a" id=x>'),
        ("<body\n data-x=\"{{ '>' }}\"\n>", '<body\n data-x="&gt;"\n id=x>'),
    ]:
        assert Environment().render_string(source, hooks) == page


def test_marks_cannot_be_sent_by_a_visitor() -> None:
    """The marks are secret: what stands in the head while a page renders is not guessable."""
    head = PageHead({"head_extra": lambda: "X"})
    marks = head.into({})
    assert all(len(marks[name]) > 24 for name in MARKS)
    sent = "\x02\x020123456789" + "\x02" * 30
    assert head.finish(f"<head>{sent}{marks['__head']}</head>{sent}") == f"<head>{sent}X</head>{sent}"
