"""What a template is made of: which tags it has, how they nest, its blocks and its parent.

This is where a template is checked: unknown tags, tags that are not closed or closed
by another, blocks with bad names, a `break` that no loop can take. Each complaint
names the line and the nearest thing that exists.
It says what is there and writes nothing; `rewrite` does.
"""

from __future__ import annotations

import re

from msgspec import Struct, field

from asok_engine.templates.errors import suggestion
from asok_engine.templates.expressions import assigns
from asok_engine.templates.tokens import Kind, Origin, Token, cut

__all__ = ["Block", "Outline", "read"]

CLOSERS = {
    "if": "endif",
    "for": "endfor",
    "block": "endblock",
    "macro": "endmacro",
    "call": "endcall",
    "filter": "endfilter",
    "with": "endwith",
    "autoescape": "endautoescape",
    "cache": "endcache",
    "component": "endcomponent",
    "set": "endset",
}
OPENERS = {closer: opener for opener, closer in CLOSERS.items()}
BRANCHES = {"else": ("if", "for"), "elif": ("if",)}
SINGLE = frozenset({"do", "include", "import", "from", "extends", "break", "continue", "flush"})
KNOWN = frozenset({*CLOSERS, *OPENERS, *BRANCHES, *SINGLE, "raw", "endraw"})
LOOP_EXITS = frozenset({"break", "continue"})

#: The output of these is a value first; where it is printed is decided elsewhere.
CAPTURES = frozenset({"macro", "call", "filter", "set", "component"})
#: A jump out of these would leave the engine's stack in disorder.
NO_EXIT = frozenset({*CAPTURES, "with", "autoescape", "cache"})

BLOCK_ARGUMENTS = re.compile(r"\s*([A-Za-z0-9_-]+)((?:\s+(?:scoped|required))*)\s*$")
LITERAL = re.compile(r"""\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*$""")
PARTS = frozenset({"extends", "include", "import", "from"})
#: The name of another template that is written out, before the words that may follow it.
PART = re.compile(r"""\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*(?:(?:as|import|ignore|with|without)\b|$)""")
NAME = re.compile(r"[A-Za-z_]\w*")


class Block(Struct, frozen=True):
    """A block: its name, the places of its tags among the tokens, and how many tags enclose it."""

    name: str
    open: int
    close: int
    depth: int


class Outline(Struct):
    """A template, read and checked.

    `close_of` maps the place of an opening tag to that of its closing tag, `depth` is how
    many tags enclose a token, `captured` whether one of them makes a value of its output.
    `extends` is the place of the tag at the top level, `parent` the name in it when it is
    written out; `conditional` tells of an extends inside another tag. `parts` are the other
    templates that it extends, includes and imports; `names` every word in a tag or print, None
    where a part or a component is not written out.
    """

    origin: Origin
    tokens: list[Token]
    depth: list[int] = field(default_factory=list)
    captured: list[bool] = field(default_factory=list)
    close_of: dict[int, int] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    extends: int | None = None
    parent: str | None = None
    conditional: bool = False
    parts: list[str] = field(default_factory=list)
    names: frozenset[str] | None = None

    @property
    def is_root(self) -> bool:
        """Whether this template is its own layout."""
        return self.extends is None and not self.conditional


def read(origin: Origin) -> Outline:
    """Read and check a template.

    Raises:
        TemplateSyntaxError: see the top of this module.
    """
    outline = Outline(origin, cut(origin))
    stack: list[int] = []
    for index, token in enumerate(outline.tokens):
        if token.kind is Kind.TAG and (token.name in OPENERS or token.name in BRANCHES):
            _expect(outline, stack, token)
        if token.kind is Kind.TAG and token.name in OPENERS:
            outline.close_of[stack.pop()] = index
        outline.depth.append(len(stack))
        outline.captured.append(any(outline.tokens[place].name in CAPTURES for place in stack))
        if token.kind is Kind.TAG:
            _tag(outline, stack, index, token)
    if stack:
        token = outline.tokens[stack[-1]]
        origin.error(
            f"{{% {token.name} %}} is never closed.",
            token.line,
            f"Close it with {{% {CLOSERS[token.name]} %}}.",
        )
    _blocks(outline)
    _mentions(outline)
    return outline


def _tag(outline: Outline, stack: list[int], index: int, token: Token) -> None:
    name, origin = token.name, outline.origin
    if name not in KNOWN:
        near = suggestion(name, sorted(KNOWN), "{{% {} %}}")
        origin.error(f"there is no tag {{% {name} %}}.", token.line, near)
    if name in ("raw", "endraw"):
        origin.error(f"{{% {name} %}} stands alone.", token.line, "Write {% raw %}...{% endraw %}.")
    if name in CLOSERS and (name != "set" or not assigns(token.body)):
        stack.append(index)
    elif name == "extends":
        _extends(outline, stack, index, token)
    elif name in LOOP_EXITS:
        _loop_exit(outline, stack, token)


def _expect(outline: Outline, stack: list[int], token: Token) -> None:
    """Check that a closing or branching tag belongs to the innermost open tag."""
    name, origin = token.name, outline.origin
    if not stack:
        wanted = " or ".join(f"{{% {opener} %}}" for opener in BRANCHES.get(name, (OPENERS.get(name, ""),)))
        origin.error(
            f"{{% {name} %}} has no {wanted} before it.",
            token.line,
            "Remove it, or open what it is to close.",
        )
    opened = outline.tokens[stack[-1]]
    fits = opened.name in BRANCHES[name] if name in BRANCHES else OPENERS[name] == opened.name
    if not fits:
        origin.error(
            f"{{% {name} %}} stands where {{% {opened.name} %}} of line {opened.line} is still open.",
            token.line,
            f"Close that with {{% {CLOSERS[opened.name]} %}} first.",
        )


def _extends(outline: Outline, stack: list[int], index: int, token: Token) -> None:
    if stack:
        outline.conditional = True
        return
    if outline.extends is not None:
        outline.origin.error(
            "a template has one {% extends %}; this is the second.", token.line, "Remove one."
        )
    outline.extends = index
    if (literal := LITERAL.match(token.body)) is not None:
        outline.parent = literal.group(1) if literal.group(1) is not None else literal.group(2)


def _loop_exit(outline: Outline, stack: list[int], token: Token) -> None:
    for place in reversed(stack):
        opened = outline.tokens[place]
        if opened.name == "for":
            return
        if opened.name in NO_EXIT:
            outline.origin.error(
                f"{{% {token.name} %}} cannot leave {{% {opened.name} %}} of line {opened.line}.",
                token.line,
                f"Move it outside of {{% {opened.name} %}}, for example with {{% if %}} around both.",
            )
    outline.origin.error(f"{{% {token.name} %}} stands in no loop.", token.line, "Put it inside {% for %}.")


def _mentions(outline: Outline) -> None:
    names: set[str] = set()
    is_written_out = True
    for token in outline.tokens:
        if token.kind not in (Kind.PRINT, Kind.TAG):
            continue
        names.update(NAME.findall(token.body))
        if token.name in PARTS:
            if (part := PART.match(token.body)) is not None:
                outline.parts.append(part.group(1) if part.group(1) is not None else part.group(2))
            else:
                is_written_out = False
        elif token.name == "component":
            is_written_out = False
    outline.names = frozenset(names) if is_written_out else None


def _blocks(outline: Outline) -> None:
    for index, close in sorted(outline.close_of.items()):
        token = outline.tokens[index]
        if token.name != "block":
            continue
        named = BLOCK_ARGUMENTS.match(token.body)
        if named is None:
            outline.origin.error(
                f"{token.body.strip()!r} is not a block name.",
                token.line,
                "Use letters, digits, _ and -, for example {% block main %}.",
            )
        name = named.group(1)
        ending = outline.tokens[close]
        if ending.body.strip() not in ("", name):
            outline.origin.error(
                f"{{% endblock {ending.body.strip()} %}} closes block {name!r} of line {token.line}.",
                ending.line,
                f"Write {{% endblock %}} or {{% endblock {name} %}}.",
            )
        if name in outline.blocks:
            first = outline.tokens[outline.blocks[name].open]
            outline.origin.error(
                f"block {name!r} is defined a second time; the first is in line {first.line}.",
                token.line,
                "Give one of them another name.",
            )
        outline.blocks[name] = Block(name, index, close, outline.depth[index])
