"""Writes a template in the dialect that the engine has, line for line.

The engine lacks `cache`, `component` and `flush`, takes only calls in `do`, knows no
`-` in block names, and prints objects without asking for their `__html__`. Each is
written as something that it has, and nothing ever moves to another line, so that an
error of the engine points at the user's line. White space control and the collapsing
of white space are done here too: the line breaks that go are put into a comment.

What printing becomes, and why: `{{ x }}` is stored in a name of its own; text is printed
directly, in native code, and so is what comes before lists in the engine's order of
kinds: none, booleans and numbers. Everything else is sent through the filter `__html`,
and a float is asked whether it was a decimal (`exact`). In loops that are known to meet
only plain values (`plain`) it stays what it is.

Source: the Jinja template language; minijinja's ordering of value kinds.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator

from msgspec import Struct, field

from asok_engine.templates.exact import Source, names_read
from asok_engine.templates.expressions import (
    assignment,
    classify,
    concatenated,
    has_filter,
    loop_head,
    method_call,
    modifiers,
    pipeline,
    with_commas,
)
from asok_engine.templates.outline import Outline
from asok_engine.templates.survey import Insertion, Survey
from asok_engine.templates.tokens import Kind, Token

__all__ = ["BLOCK_SEPARATOR", "Dialect", "Variant", "Written", "engine_name", "write"]

#: Between a template's name and its variant in the names that the engine sees.
VARIANT_MARK = "\x1f"
#: Begins what follows when the head of the page is left alone.
HEADLESS = "-"
#: Between the blocks of a variant that renders several.
BLOCK_SEPARATOR = "\x1f\x1e\x1f"

WHITE_SPACE = re.compile(r"[ \t\n\r\f]+")
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: An attribute, and whose it is.
PART = re.compile(r"(\w+(?:\.\w+)*)\.([A-Za-z_]\w*)", re.ASCII)
UNMARKED = frozenset({"title", "description"})

#: At the top level these only say something; they run although nothing around them is shown.
STATEMENTS = frozenset({"set", "import", "from", "macro", "do", "extends"})
JSON = frozenset({"tojson", "dump"})
TRACED = frozenset({"if", "for", "set", "do", "call", "with", "include", "filter", "cache", "component"})


class Variant(Struct, frozen=True):
    """Which part of a page a template is compiled for.

    Without anything the whole. `blocks`: only these blocks. `part`: one of the pieces
    that a streamed page is sent in. `as_it_is`: for an include whose text must not be touched.
    `form`: the whole, for contexts in whose loops some prints need no question (`plain`).
    `headless`: nothing is put into the head of the page, so no place is kept for it.
    """

    blocks: tuple[str, ...] = ()
    part: int | None = None
    as_it_is: bool = False
    form: int | None = None
    headless: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the page is rendered from start to end."""
        return not self.blocks and self.part is None

    def suffix(self) -> str:
        """Write it as the end of a name for the engine; "" for the whole."""
        text = HEADLESS if self.headless else ""
        if self.as_it_is:
            text += "as"
        elif self.blocks:
            text += f"blocks={','.join(self.blocks)}"
        elif self.part is not None:
            text += f"part={self.part}"
        elif self.form is not None:
            text += f"form={self.form}"
        return text and VARIANT_MARK + text

    @classmethod
    def parse(cls, name: str) -> tuple[str, Variant]:
        """Part a name for the engine into the plain name and the variant."""
        plain, _, text = name.partition(VARIANT_MARK)
        headless = text.startswith(HEADLESS)
        kind, _, value = text.removeprefix(HEADLESS).partition("=")
        return plain, cls(
            blocks=tuple(value.split(",")) if kind == "blocks" else (),
            part=int(value) if kind == "part" else None,
            as_it_is=kind == "as",
            form=int(value) if kind == "form" else None,
            headless=headless,
        )


class Dialect(Struct, frozen=True):
    """How to write: what the engine has, and what is wanted of the text.

    `native` filters report undefined values by themselves, `texts` give text or numbers.
    `trace` writes calls that note the line being rendered.
    """

    native: Collection[str]
    texts: Collection[str]
    minify: bool = False
    markers: bool = False
    nonces: bool = False
    tokens: bool = False
    trace: bool = False


class Written(Struct):
    """A template for the engine; `spelled` gives, for each name made here, what the user wrote."""

    text: str
    spelled: dict[str, str] = field(default_factory=dict)


def engine_name(block: str) -> str:
    """Give the name that a block has in the engine."""
    if IDENTIFIER.fullmatch(block) and not block.startswith("__"):
        return block
    return "__block_" + block.replace("_", "__").replace("-", "_h")


def write(
    outline: Outline,
    found: Survey,
    dialect: Dialect,
    variant: Variant,
    number: int = 0,
    unasked: Collection[int] = (),
) -> Written:
    """Write a template for the engine.

    `number` names it in the calls that trace lines; `unasked` are the places of prints, among
    the tokens, whose values need no question.
    """
    return _Writer(outline, found, dialect, variant, number, unasked).write()


class _Writer:
    def __init__(
        self,
        outline: Outline,
        found: Survey,
        dialect: Dialect,
        variant: Variant,
        number: int,
        unasked: Collection[int],
    ) -> None:
        self._outline = outline
        self._found = found
        self._dialect = dialect
        self._variant = variant
        self._number = number
        self._unasked = unasked
        self._out: list[str] = []
        self._spelled: dict[str, str] = {}
        self._sources: dict[str, Source] = {}
        self._imported: set[str] = set()
        self._count = 0
        self._hidden = False
        self._opens = {close: index for index, close in outline.close_of.items()}
        self._codes: dict[int, str] = {}
        self._insertions: list[Insertion] = []
        if not variant.as_it_is:
            wanted = ([] if variant.headless else found.page_hooks) + (found.nonces if dialect.nonces else [])
            wanted = wanted + (found.form_tokens if dialect.tokens else [])
            self._insertions = sorted(wanted, key=lambda insertion: insertion.offset)
        self._offsets = [insertion.offset for insertion in self._insertions]

    def write(self) -> Written:
        selective = not self._variant.is_whole and self._outline.is_root
        if self._dialect.tokens and self._found.needs_token and not self._variant.as_it_is:
            # What a child sets at its top level is there when its layout writes the head.
            self._out.append("{% set __token = true %}")
        shown_until = -1
        for index, token in enumerate(self._outline.tokens):
            if selective and index > shown_until:
                shown_until = self._outline.close_of.get(index, index)
                if token.kind is Kind.TAG and token.name in STATEMENTS:
                    self._show(True)
                elif token.kind is not Kind.TEXT:
                    self._show(self._is_wanted(token.start))
            self._token(index, token, selective and self._outline.depth[index] == 0)
        self._show(True)
        if selective and self._variant.blocks:
            calls = [f"{{{{ self.{engine_name(name)}() }}}}" for name in self._variant.blocks]
            self._out.append(BLOCK_SEPARATOR.join(calls))
        return Written("".join(self._out), self._spelled)

    def _is_wanted(self, offset: int) -> bool:
        """Tell whether the top level of a layout is shown at this offset."""
        if self._variant.part is None:
            return False
        passed = sum(1 for place in self._found.breaks if place <= offset)
        return passed == self._variant.part

    def _show(self, wanted: bool) -> None:
        if wanted is self._hidden:
            self._out.append("{% endif %}" if wanted else "{% if false %}")
            self._hidden = not wanted

    def _token(self, index: int, token: Token, selective: bool) -> None:
        match token.kind:
            case Kind.TEXT:
                self._text(index, token, selective)
            case Kind.PRINT:
                self._trace(token)
                self._print(index, token)
            case Kind.TAG:
                self._tag(index, token)
            case Kind.COMMENT:
                self._lines(self._outline.origin.source.count("\n", token.start, token.end))
            case Kind.RAW:
                source = self._outline.origin.source[token.start : token.end]
                self._out.append(f"{{% raw %}}{token.body}{{% endraw %}}")
                self._lines(source.count("\n") - token.body.count("\n"))

    def _lines(self, count: int) -> None:
        if count > 0:
            self._out.append("{#" + "\n" * count + "#}")

    def _text(self, index: int, token: Token, selective: bool) -> None:
        tokens = self._outline.tokens
        text = self._outline.origin.source[token.start : token.end]
        start, end = token.start, token.end
        if index and tokens[index - 1].trim_after:
            start += len(text) - len(text.lstrip())
        if index + 1 < len(tokens) and tokens[index + 1].trim_before:
            end = max(start, token.start + len(text.rstrip()))
        if index + 1 == len(tokens) and text.endswith("\n"):
            # A file ends with a line break that is not part of the page.
            end = max(start, token.end - (2 if text.endswith("\r\n") else 1))
        lines = text.count("\n")
        collapse = self._dialect.minify and not self._variant.as_it_is and not self._outline.captured[index]
        for piece_start, piece_end, code in self._pieces(start, end, selective):
            if selective:
                self._show(self._is_wanted(piece_start))
            for piece in (
                self._collapsed(piece_start, piece_end) if collapse else self._as_is(piece_start, piece_end)
            ):
                lines -= piece.count("\n")
                self._out.append(piece)
            self._out.append(code)
        if index + 1 < len(tokens):
            self._lines(lines)

    def _pieces(self, start: int, end: int, selective: bool) -> Iterator[tuple[int, int, str]]:
        """Cut a stretch of text where code is to be put; give each piece with the code after it."""
        first = bisect_left(self._offsets, start)
        here = [insertion for insertion in self._insertions[first:] if insertion.offset <= end]
        cuts = [(insertion.offset, insertion.code) for insertion in here if insertion.offset < end]
        # Why: an attribute's place may be the very end of a text, when a print follows it.
        cuts += [(insertion.offset, insertion.code) for insertion in here if insertion.offset == end > start]
        if selective:
            cuts += [(offset, "") for offset in self._found.breaks if start < offset < end]
        at = start
        for offset, code in sorted(cuts, key=lambda cut: cut[0]):
            yield at, offset, code
            at = offset
        yield at, end, ""

    def _as_is(self, start: int, end: int) -> Iterator[str]:
        yield self._outline.origin.source[start:end]

    def _collapsed(self, start: int, end: int) -> Iterator[str]:
        source, spans = self._outline.origin.source, self._found.collapsible
        at = start
        first = max(0, bisect_left(spans, (start, start)) - 1)
        for span_start, span_end in spans[first:]:
            if span_start >= end:
                break
            low, high = max(at, span_start), min(end, span_end)
            if low >= high:
                continue
            yield source[at:low]
            yield WHITE_SPACE.sub(_one_space, source[low:high])
            at = high
        yield source[at:end]

    def _trace(self, token: Token) -> None:
        if self._dialect.trace:
            self._out.append(f"{{% do __at({self._number}, {token.line}) %}}")

    def _fresh(self, letter: str, spelled: str = "") -> str:
        self._count += 1
        name = f"__{letter}{self._count}"
        if spelled:
            self._spelled[name] = spelled.strip()
        return name

    def _print(self, index: int, token: Token) -> None:
        expression = token.body
        if index in self._unasked:
            self._out.append(f"{{{{ {expression} }}}}")
            return
        how = classify(expression, self._dialect.native, self._dialect.texts)
        subject, rest = (how.subject, how.rest) if how.subject else self._filtered(expression)
        if not subject:
            self._value(index, token, self._joined(expression), how.plain)
            return
        name = self._fresh("q", subject)
        self._out.append(f"{{% set {name} = {subject} %}}")
        if how.subject:
            self._out.append(f"{{% if {name} < [] %}}{{% endif %}}")
        exact = self._exact(expression, name)
        if exact:
            in_json = index in self._found.in_tags and has_filter(expression, JSON)
            shown = f"{name}e|__attribute" if in_json else f"{name}e"
            self._out.append(f"{{% set {name}e = {exact} if {name} is float %}}")
            self._out.append(f"{{% if {name}e is string %}}{{{{ {shown} }}}}{{% else %}}")
        self._value(index, token, name + rest, how.plain)
        self._out.append("{% endif %}" if exact else "")

    def _filtered(self, expression: str) -> tuple[str, str]:
        """Part an expression before its first filter, when that is one of Python, which takes decimals."""
        parts = pipeline(expression)
        if parts is None or not parts[1] or parts[1][0][0] in self._dialect.native:
            return "", ""
        return (parts[0], expression[len(parts[0]) :]) if names_read(expression) else ("", "")

    def _joined(self, expression: str) -> str:
        """Write what is joined as text so that a decimal in it is written as it is."""
        written = []
        for part in concatenated(expression):
            exact = ""
            if names_read(part) is not None:
                name = self._fresh("o", part)
                exact = self._exact(part, name)
            if exact:
                self._out.append(
                    f"{{% set {name} = {part} %}}{{% set {name}e = {exact} if {name} is float %}}"
                )
                part = f" ({name}e if {name}e is string else {name}) "
            written.append(part)
        return "~".join(written) or expression

    def _value(self, index: int, token: Token, expression: str, plain: bool) -> None:
        if index in self._found.in_tags and has_filter(expression, JSON):
            # Why: JSON has double quotes, which would end the attribute that it stands in.
            self._out.append(f"{{{{ ({expression})|__attribute }}}}")
            return
        if plain:
            self._out.append(f"{{{{ {expression} }}}}")
            return
        if IDENTIFIER.fullmatch(expression.strip()):
            name = expression.strip()
            self._lines(expression.count("\n"))
        else:
            name = self._fresh("p", token.body)
            self._out.append(f"{{% set {name} = {self._call(expression) or expression} %}}")
        exact = self._exact(token.body, name)
        number = f"{{% elif {name} is float %}}{{{{ {exact} or {name} }}}}" if exact else ""
        # Why text and whole numbers first: they are nearly all that is printed, and need no more than this.
        printed = f"{{{{ {name} }}}}"
        self._out.append(
            f"{{% if {name} is string %}}{printed}{{% elif {name} is integer %}}{printed}{number}"
            f"{{% elif {name} < [] %}}{printed}{{% else %}}{{{{ {name}|__html }}}}{{% endif %}}"
        )

    def _exact(self, expression: str, name: str) -> str:
        """Write the call that finds the decimal behind a float; "" where none can be found."""
        expression = expression.strip().replace("\n", " ")
        names = names_read(expression)
        if names is None:
            return ""
        if part := PART.fullmatch(expression):
            return f"{part[1]}|__part('{part[2]}', {name})"
        sources: dict[str, Source] = {}
        waiting = sorted(names)
        for wanted in waiting:
            if wanted in self._sources and wanted not in sources:
                sources[wanted] = self._sources[wanted]
                waiting += sorted(names_read(sources[wanted].expression) or ())
        values = ", ".join(f"'{wanted}': {wanted}" for wanted in dict.fromkeys(waiting))
        written = ", ".join(
            f"'{wanted}': [{_quoted(source.expression)}, {str(source.each).lower()}, "
            f"{'none' if source.place is None else source.place}]"
            for wanted, source in sources.items()
        )
        at = ", loop.index0" if any(source.each for source in sources.values()) else ""
        return f"__exact({_quoted(expression)}, {name}, __given, {{{values}}}, {{{written}}}{at})"

    def _call(self, expression: str) -> str:
        """Write a call of an object's method so that a decimal that it gives back is printed as it is."""
        parts = None if "\n" in expression else method_call(expression)
        if parts is None:
            return ""
        subject, method, arguments = parts
        if method.startswith("_") or subject.partition(".")[0].strip() in self._imported:
            return ""
        if IDENTIFIER.fullmatch(subject):
            name = subject
        else:
            name = self._fresh("s", subject)
            self._out.append(f"{{% set {name} = {subject} %}}")
        more = f", {arguments}" if arguments.strip() else ""
        return (
            f"{name}.{method}({arguments}) if {name} is mapping or {name} < [] "
            f"else {name}|__called('{method}'{more})"
        )

    def _note(self, token: Token) -> None:
        """Remember where the names that a tag makes come from."""
        body = token.body.replace("\n", " ")
        if token.name == "set" and (assigned := assignment(body)) is not None:
            name, expression = assigned
            if names_read(expression) is not None and name not in (names_read(expression) or ()):
                self._sources[name] = Source(expression)
        elif token.name == "for" and (head := loop_head(body)) is not None:
            targets, expression = head
            if names_read(expression) is not None:
                for place, name in enumerate(targets):
                    self._sources[name] = Source(expression, True, place if len(targets) > 1 else None)
        elif token.name in ("import", "from"):
            self._imported.update(IDENTIFIER.findall(body.partition(" as ")[2] or body))

    def _tag(self, index: int, token: Token) -> None:
        if token.name in TRACED:
            self._trace(token)
        self._note(token)
        match token.name:
            case "block" | "endblock":
                self._block(index, token)
            case "cache" | "endcache":
                self._cache(index, token)
            case "component" | "endcomponent":
                self._component(index, token)
            case "do":
                self._out.append(f"{{% set __d = {token.body} %}}")
            case "flush":
                self._lines(token.body.count("\n"))
            case "include" if index in self._found.places and not self._found.places[index].is_collapsible:
                expression, words = modifiers(token.body)
                self._out.append(f"{{% include __as_it_is({expression}){words} %}}")
            case "extends" if not self._variant.is_whole:
                self._out.append(f"{{% extends ({token.body}) ~ '{self._variant.suffix()}' %}}")
            case _:
                self._out.append(f"{{% {token.name}{token.body} %}}")

    def _block(self, index: int, token: Token) -> None:
        opened = self._opens.get(index, index)
        block = next(block for block in self._outline.blocks.values() if block.open == opened)
        marked = (
            self._dialect.markers
            and not self._variant.as_it_is
            and block.name not in UNMARKED
            and not self._outline.captured[opened]
            and self._found.places[opened].is_flow
        )
        if token.name == "block":
            words = "".join(f" {word}" for word in ("scoped", "required") if word in token.body.split())
            self._out.append(f"<!-- block:{block.name}:start -->" if marked else "")
            self._out.append(f"{{% block {engine_name(block.name)}{words} %}}")
            self._lines(token.body.count("\n"))
        else:
            self._out.append("{% endblock %}")
            self._out.append(f"<!-- block:{block.name}:end -->" if marked else "")
            self._lines(token.body.count("\n"))

    def _cache(self, index: int, token: Token) -> None:
        if token.name == "cache":
            arguments, count = with_commas(token.body)
            if not 1 <= count <= 2:
                self._outline.origin.error(
                    f"{{% cache %}} takes a key and a time in seconds; it has {count} arguments.",
                    token.line,
                    'Write {% cache "name" 60 %}.',
                )
            name = self._fresh("f")
            self._codes[index] = name
            template = _quoted(self._outline.origin.name)
            self._out.append(
                f"{{% set {name} = __fragment({template}, {arguments}) %}}"
                f"{{% if {name}.missing %}}{{% set {name}_text %}}{{% with %}}"
            )
        else:
            name = self._codes[self._opens[index]]
            self._out.append(
                f"{{% endwith %}}{{% endset %}}{{{{ {name}.keep({name}_text) }}}}"
                f"{{% else %}}{{{{ {name}.text }}}}{{% endif %}}"
            )
            self._lines(token.body.count("\n"))

    def _component(self, index: int, token: Token) -> None:
        if token.name == "component":
            arguments, count = with_commas(token.body)
            if not count:
                self._outline.origin.error(
                    "{% component %} has no name.",
                    token.line,
                    'Write {% component "Card" %}...{% endcomponent %}.',
                )
            name = self._fresh("c")
            self._codes[index] = name
            self._out.append(
                f"{{% set {name} = __component(component, {arguments}) %}}{{% set {name}_slot %}}"
            )
        else:
            name = self._codes[self._opens[index]]
            self._out.append(f"{{% endset %}}{{{{ {name}.render({name}_slot) }}}}")
            self._lines(token.body.count("\n"))


def _one_space(found: re.Match[str]) -> str:
    return "\n" if "\n" in found.group() else " "


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
