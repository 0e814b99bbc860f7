"""Renders templates: the one place that knows the engine.

Templates are files below ordered folders, or text. Each is read, checked and written
in the engine's dialect once (`outline`, `survey`, `rewrite`), compiled once, and
rendered many times. The engine is minijinja; nothing of it shows through this class,
so that another can take its place.
It knows nothing of requests: what is particular to one comes in with the context.
A template is code. Never render one that a visitor wrote.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import minijinja
from msgspec.structs import replace

from asok_engine.errors import FrameworkError, UsageError
from asok_engine.templates.components import component
from asok_engine.templates.errors import TemplateError, TemplateNotFound, UnknownBlock
from asok_engine.templates.exact import Exact, called, part_shown
from asok_engine.templates.faults import Fault, Known, explain
from asok_engine.templates.filters import (
    FILTERS,
    NATIVE_FILTERS,
    NATIVE_TESTS,
    TESTS,
    TEXT_FILTERS,
    forceescape,
)
from asok_engine.templates.fragments import FragmentCache, Fragments
from asok_engine.templates.functions import FUNCTIONS
from asok_engine.templates.head import HOOKS, NO_MARKS, PageHead
from asok_engine.templates.html import Place
from asok_engine.templates.lookup import Roots
from asok_engine.templates.markup import Markup
from asok_engine.templates.outline import Outline, read
from asok_engine.templates.plain import Loops, find_loops, names_bound
from asok_engine.templates.rewrite import BLOCK_SEPARATOR, VARIANT_MARK, Dialect, Variant, write
from asok_engine.templates.survey import Survey, survey, unshown_blocks
from asok_engine.templates.template import Template
from asok_engine.templates.tokens import Origin

__all__ = ["Environment"]

_log = logging.getLogger("asok.templates")

#: Files of these kinds are not HTML, so nothing in them is escaped.
PLAIN_SUFFIXES = (".txt", ".csv", ".md", ".eml")
#: Before the name of a template that was not found, or that was given as text.
MISSING, TEXT = "\x1d", "\x1e"
#: How many templates given as text stay compiled.
MOST_TEXTS = 256
#: How many names in includes and extends stay resolved; a name may come from a variable.
MOST_JOINED = 4096
#: A template that includes or extends itself this often does so for ever.
DEEPEST_PARENTS = 50


class Environment:
    """Templates of some folders, and everything that they can use.

    Names are looked up in the page's own folder (`root_first`) or that of the including
    template, then in `roots` in order.

    Args:
        strict: printing an undefined variable is an error; if false it prints nothing.
        debug: read templates again when their files change, and note the line that is being
            rendered, so that an exception of user code can be placed.
        minify: collapse white space between tags, once, at compile time.
        markers: put `<!-- block:name:start -->` and `:end` around blocks in the body.
        script_nonces: give inline scripts and styles the context's `nonce`.
        fuel: how many steps of the engine a render may take; None for no limit.
        cache: where `{% cache %}` keeps fragments; None for memory of this process.
        globals: names that every template has.
        form_tokens: give forms that post within the site `csrf_input()`, and the head of a page
            that has one `csrf_meta()`.
        of_request: functions that every template has and that are called with the context's
            `request` before their arguments.
    """

    def __init__(
        self,
        roots: Sequence[Path] = (),
        *,
        strict: bool = True,
        debug: bool = False,
        minify: bool = False,
        markers: bool = False,
        script_nonces: bool = False,
        fuel: int | None = None,
        cache: FragmentCache | None = None,
        globals: Mapping[str, Any] | None = None,
        form_tokens: bool = False,
        of_request: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self._roots = Roots(roots)
        self._debug = debug
        self._filters = {*NATIVE_FILTERS, *FILTERS}
        self._tests = {*NATIVE_TESTS, *TESTS}
        self._functions = {"range", "dict", "namespace", *FUNCTIONS}
        self._native = set(NATIVE_FILTERS)
        self._texts = set(TEXT_FILTERS)
        self._dialect = Dialect(
            self._native,
            self._texts,
            minify=minify,
            markers=markers,
            nonces=script_nonces,
            tokens=form_tokens,
            trace=debug,
        )
        self._at = threading.local()
        self._lock = threading.RLock()
        self._count = 0
        self._strings: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._texts_of: dict[str, Origin] = {}
        self._numbers: dict[int, str] = {}
        self._found: dict[tuple[str, Path | None], Template] = {}
        self._joined: dict[tuple[str, str], str] = {}
        self._compiled = _Compiled()
        self._python_filters: dict[str, Callable[..., Any]] = dict(FILTERS)
        self._engine = minijinja.Environment(  # type: ignore[call-overload]
            loader=self._load,
            filters={
                **FILTERS,
                "__html": _html,
                "__attribute": forceescape,
                "__called": called,
                "__part": part_shown,
            },
            tests=TESTS,
            globals={
                **FUNCTIONS,
                **NO_MARKS,
                "__at": self._note,
                "__exact": Exact(self._python_filters),
                "__fragment": Fragments(cache, lambda: getattr(self._at, "personal", 0)),
                "__component": component,
                "__as_it_is": _as_it_is,
                **(globals or {}),
                **{name: self._of_request(call) for name, call in (of_request or {}).items()},
            },
            fuel=fuel,
            undefined_behavior="semi_strict" if strict else "chainable",
            auto_escape_callback=_is_escaped,
            path_join_callback=self._join,
            keep_trailing_newline=True,
        )
        # Why: it prints the whole state of the engine, with everything in the context.
        self._engine.remove_global("debug")
        self._functions.update(globals or {}, of_request or {})

    # --- what templates can use -------------------------------------------------------

    def add_filter(self, name: str, filter: Callable[..., Any]) -> None:
        """Add a filter, or replace one; the value before the `|` is its first argument."""
        with self._lock:
            self._engine.add_filter(name, filter)
            self._python_filters[name] = filter
            self._filters.add(name)
            self._native.discard(name)
            self._texts.discard(name)
            self._forget()

    def add_test(self, name: str, test: Callable[..., bool]) -> None:
        """Add a test for `is`, or replace one."""
        self._tests.add(name)
        self._engine.add_test(name, test)

    def add_global(self, name: str, value: Any) -> None:
        """Give every template a value; the context of a render goes before it."""
        self._functions.add(name)
        self._engine.add_global(name, value)

    # --- rendering ----------------------------------------------------------------------

    def template(self, name: str, *, root_first: Path | None = None) -> Template:
        """Find a template, to render it now; a later look may find another file.

        Raises:
            TemplateNotFound: no folder has it.
            TemplateError: it cannot be read.
        """
        found = self._found.get((name, root_first))
        if found is None:
            found = self._template(self._key(name, root_first))
            if not self._debug:
                self._found[name, root_first] = found
        return found

    def render(self, name: str, context: Mapping[str, Any], *, root_first: Path | None = None) -> str:
        """Render a template.

        Raises:
            TemplateNotFound: no folder has it.
            TemplateError: it cannot be read, or fails while it renders; an exception of user
                code is the cause.
            FrameworkError: what user code raised on purpose, such as a redirect, comes through as it is.
        """
        return self.template(name, root_first=root_first).render(context)

    def render_string(self, source: str, context: Mapping[str, Any], name: str = "<string>") -> str:
        """Render a template given as text; it is HTML unless `name` ends as plain text does.

        Raises:
            TemplateError: as `render`.
        """
        return self._template(self._text(source, name)).render(context)

    def render_blocks(
        self, name: str, names: Sequence[str], context: Mapping[str, Any], *, root_first: Path | None = None
    ) -> dict[str, str]:
        """Render some blocks of a template, each without what is around it.

        What the template and its parents set, import and define at their top level is there;
        loops and conditions around a block are not.

        Raises:
            UnknownBlock: the template has no block of one of these names.
            TemplateError: as `render`.
        """
        wanted = tuple(dict.fromkeys(names))
        if not wanted:
            return {}
        key = self._key(name, root_first)
        known, is_complete = self._block_names(key)
        for block in wanted:
            if block not in known and (is_complete or not _is_block_name(block)):
                origin = self._compiled.outlines[key].origin
                raise UnknownBlock(block, known, template=origin.name, path=origin.path)
        text = self._run(key + Variant(blocks=wanted).suffix(), context, _is_escaped(key))
        return dict(zip(wanted, text.split(BLOCK_SEPARATOR), strict=True))

    def blocks(self, name: str, *, root_first: Path | None = None) -> tuple[str, ...]:
        """Give the names of the blocks of a template and its parents, the layout's first.

        Raises:
            TemplateError: as `render`, when it cannot be read.
        """
        return self._block_names(self._key(name, root_first))[0]

    def needs_token(self, name: str, *, root_first: Path | None = None) -> bool:
        """Tell whether a template or one of its parents has a form that posts, or speaks of a token.

        Raises:
            TemplateError: as `render`, when it cannot be read.
        """
        key: str | None = self._key(name, root_first)
        with self._lock:
            depth = 0
            while key is not None:
                outline, found = self._surveyed(key)
                if found.needs_token:
                    return True
                key, depth = self._parent(key, outline, depth), depth + 1
        return False

    def stream(
        self, name: str, context: Mapping[str, Any], *, root_first: Path | None = None
    ) -> Iterator[str]:
        """Render a template in pieces, each as soon as it is there.

        A piece ends after `</head>` and at every `{% flush %}` that stand at the top level of the
        layout (of the template itself when it extends nothing). A layout with neither is one
        piece. What stands at the top level outside of blocks runs once for each piece.

        Raises:
            TemplateError: as `render`; at once when the template cannot be found or read, and
                from the iterator when a piece fails.
        """
        key = self._key(name, root_first)
        breaks = self._breaks(key)
        return self._pieces(key, context, len(breaks))

    def _pieces(self, key: str, context: Mapping[str, Any], breaks: int) -> Iterator[str]:
        if not breaks:
            yield self._template(key).render(context)
            return
        page = None if HOOKS.isdisjoint(context) else PageHead(context)
        values = context if page is None else page.into(context)
        for part in range(breaks + 1):
            text = self._run(key + Variant(part=part).suffix(), values, _is_escaped(key))
            if page is not None:
                text = page.finish(text, is_last=part == breaks)
            if text:
                yield text

    def _run(self, key: str, context: Mapping[str, Any], is_escaped: bool) -> str:
        if self._debug:
            self._at.place = None
        try:
            text: str = self._engine.render_template(key, __given=context, **context)
        except minijinja.TemplateError as error:
            # Why not as the cause: its text has the values of variables, which must not reach a log.
            raise self._explain(error, context) from None
        except UsageError as error:
            raise self._wrap(error, key) from error
        except FrameworkError:
            raise
        except BaseException as error:
            # Why: a fault inside the engine is a PanicException, which would otherwise end the process.
            if isinstance(error, Exception) or type(error).__name__ == "PanicException":
                raise self._wrap(error, key) from error
            raise
        # Why: the engine writes a slash as an entity, which no place in HTML needs and every URL has.
        return text.replace("&#x2f;", "/") if is_escaped else text

    # --- names ----------------------------------------------------------------------------

    def _key(self, name: str, root_first: Path | None) -> str:
        """Give the name that the engine has for a template: its path."""
        if self._debug:
            self._refresh()
        path = self._roots.find(name, root_first)
        if path is None:
            raise self._roots.missing(name, root_first)
        key = str(path)
        self._compiled.names.setdefault(key, name)
        return key

    def _text(self, source: str, name: str) -> str:
        with self._lock:
            key = self._strings.get((name, source))
            if key is None:
                self._count += 1
                key = f"{TEXT}{self._count}{TEXT}{name}"
                self._strings[name, source] = key
                self._texts_of[key] = Origin(name, None, source)
                if len(self._strings) > MOST_TEXTS:
                    _, old = self._strings.popitem(last=False)
                    del self._texts_of[old]
                    for name in self._compiled.forget(old):
                        self._engine.remove_template(name)
            else:
                self._strings.move_to_end((name, source))
        if self._debug:
            self._refresh()
        return key

    def _join(self, name: str, parent: str) -> str:
        """Resolve a name in an include, import or extends; the engine asks at every render."""
        joined = self._joined.get((name, parent))
        if joined is not None:
            return joined
        plain, variant = Variant.parse(name)
        own, own_variant = Variant.parse(parent)
        path = None
        if own.startswith(TEXT):
            path = self._roots.find(plain)
        else:
            path = self._roots.find(plain, Path(own).parent, Path(own))
        if path is None:
            return MISSING + plain
        self._compiled.names.setdefault(str(path), plain)
        joined = str(path) + replace(variant, headless=own_variant.headless).suffix()
        if not self._debug:
            if len(self._joined) >= MOST_JOINED:
                self._joined.clear()
            self._joined[name, parent] = joined
        return joined

    # --- compiling ------------------------------------------------------------------------

    def _load(self, key: str) -> str | None:
        """Give the engine a template in its dialect; the engine asks."""
        plain, variant = Variant.parse(key)
        if plain.startswith(MISSING):
            return None
        with self._lock:
            outline, found = self._surveyed(plain)
            if outline.conditional and not variant.is_whole:
                outline.origin.error(
                    "a template whose {% extends %} stands inside another tag is rendered as a whole only.",
                    1,
                    "Put {% extends %} at the top level; its argument may be an expression.",
                )
            number = len(self._numbers)
            if self._debug:
                self._numbers[number] = key
            unasked = () if variant.form is None else self._loops(plain).spoken_for(variant.form)
            written = write(outline, found, self._dialect, variant, number, unasked)
            self._compiled.origins[key] = outline.origin
            self._compiled.spelled[key] = written.spelled
            return written.text

    def _outline(self, plain: str) -> Outline:
        outline = self._compiled.outlines.get(plain)
        if outline is None:
            outline = read(self._origin(plain))
            self._compiled.outlines[plain] = outline
        return outline

    def _origin(self, plain: str) -> Origin:
        if plain.startswith(TEXT):
            return self._texts_of[plain]
        path = Path(plain)
        try:
            # Why before reading: a change between the two is then seen as a change later.
            self._compiled.stamps[plain] = _stamp(plain)
            source = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise TemplateError(
                f"the file is not UTF-8: {error.reason} at byte {error.start}.", template=plain, path=path
            ) from error
        return Origin(self._compiled.names.get(plain, path.name), path, source)

    def _template(self, key: str) -> Template:
        with self._lock:
            template = self._compiled.templates.get(key)
            if template is None:
                template = Template(
                    key,
                    self._loops(key),
                    self._run,
                    is_escaped=_is_escaped(key),
                    names=None if self._debug else self._names(key, set()),
                )
                self._compiled.templates[key] = template
        return template

    def _loops(self, plain: str) -> Loops:
        """Find the loops that can be looked at before; none where not all parents are known."""
        with self._lock:
            loops = self._compiled.loops.get(plain)
            if loops is None:
                outline, *parents = self._chain(plain)
                is_known = [outline, *parents][-1].is_root
                bound = frozenset[str]().union(*map(names_bound, parents))
                loops = find_loops(outline, bound) if is_known else Loops([])
                self._compiled.loops[plain] = loops
        return loops

    def _names(self, plain: str, seen: set[str]) -> frozenset[str] | None:
        """Give every name in a template and in what it is made of; None where that is not written out."""
        seen.add(plain)
        try:
            outline, found = self._surveyed(plain)
        except TemplateError:
            # It may never be rendered; when it is, the engine meets this again.
            return None
        names = outline.names
        if self._dialect.nonces and found.nonces and names is not None:
            names |= {"nonce"}
        for part in outline.parts:
            key = self._join(part, plain)
            if key not in seen:
                # What is missing may be there when it is asked for.
                others = None if key.startswith(MISSING) else self._names(key, seen)
                names = None if names is None or others is None else names | others
        return names

    def _surveyed(self, plain: str, depth: int = 0) -> tuple[Outline, Survey]:
        """Read a template after its parents, whose blocks tell where its own stand."""
        outline = self._outline(plain)
        found = self._compiled.surveys.get(plain)
        if found is None:
            inherited: Mapping[str, Place] | None = None
            if (parent := self._parent(plain, outline, depth)) is not None:
                inherited = self._surveyed(parent, depth + 1)[1].block_places
                if self._debug and self._chain(parent)[-1].is_root:
                    for slip in unshown_blocks(outline, inherited):
                        _log.warning("%s", slip)
            found = survey(outline, inherited)
            self._compiled.surveys[plain] = found
        return outline, found

    def _parent(self, plain: str, outline: Outline, depth: int) -> str | None:
        """Find the parent that is written out in a template; None when there is none."""
        if outline.parent is None:
            return None
        if depth > DEEPEST_PARENTS:
            raise TemplateError(
                f"{{% extends %}} goes round in a circle by way of {outline.parent!r}.",
                template=outline.origin.name,
                path=outline.origin.path,
                source=outline.origin.source,
                line=outline.tokens[outline.extends or 0].line,
                fix="Let one of them extend nothing.",
            )
        key = self._join(outline.parent, plain)
        return None if key.startswith(MISSING) else key

    def _block_names(self, key: str) -> tuple[tuple[str, ...], bool]:
        """Give the blocks of a template and its parents, and whether these are all."""
        with self._lock:
            chain = self._chain(key)
        names = dict.fromkeys(name for outline in reversed(chain) for name in outline.blocks)
        return tuple(names), chain[-1].is_root

    def _chain(self, key: str) -> list[Outline]:
        """Read a template, its parent, the parent of that, as far as they are written out."""
        chain: list[Outline] = []
        parent: str | None = key
        while parent is not None:
            outline = self._outline(parent)
            chain.append(outline)
            parent = self._parent(parent, outline, len(chain))
        return chain

    def _breaks(self, key: str) -> list[int]:
        with self._lock:
            outline, found = self._surveyed(key)
            depth = 0
            while (parent := self._parent(key, outline, depth)) is not None:
                key, depth = parent, depth + 1
                outline, found = self._surveyed(key, depth)
        return found.breaks if outline.is_root else []

    def _refresh(self) -> None:
        """Forget everything compiled when a file has changed."""
        with self._lock:
            if any(_stamp(path) != stamp for path, stamp in self._compiled.stamps.items()):
                self._forget()

    def _forget(self) -> None:
        names = self._compiled.names
        self._compiled = _Compiled()
        self._compiled.names = names
        self._found.clear()
        self._joined.clear()
        self._numbers.clear()
        self._engine.reload()

    # --- errors ---------------------------------------------------------------------------

    def _note(self, number: int, line: int) -> str:
        """Remember which line is being rendered; templates call this in debug mode."""
        self._at.place = number, line
        return ""

    def _of_request(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Give a function of templates that gets the request before its arguments."""
        at = self._at

        @minijinja.pass_state
        def with_request(state: Any, /, *arguments: Any, **named: Any) -> Any:
            at.personal = getattr(at, "personal", 0) + 1
            return call(state.lookup("request"), *arguments, **named)

        return with_request

    def _explain(self, error: minijinja.TemplateError, context: Mapping[str, Any]) -> TemplateError:
        fault = Fault.of(error)
        if fault.kind == "TemplateNotFound":
            return self._not_found(fault)
        known = Known(context, self._filters, self._tests, self._functions)
        return explain(fault, self._compiled.origins, self._compiled.spelled, known)

    def _not_found(self, fault: Fault) -> TemplateError:
        """Say which name was missing in which template, and where it was looked for."""
        origin = self._compiled.origins.get(fault.name)
        first = None if origin is None or origin.path is None else origin.path.parent
        missing = self._roots.missing(fault.missing, first)
        if origin is None:
            return missing
        return TemplateNotFound(
            missing.message,
            template=origin.name,
            path=origin.path,
            line=fault.line,
            source=origin.source,
            fix=missing.fix,
        )

    def _wrap(self, error: BaseException, key: str) -> TemplateError:
        """Make our error for an exception of user code, with the line when it was noted."""
        place = getattr(self._at, "place", None)
        line = None
        if place is not None:
            key, line = self._numbers.get(place[0], key), place[1]
        origin = self._compiled.origins.get(key)
        name = origin.name if origin else self._compiled.names.get(key, key)
        return TemplateError(
            error.message if isinstance(error, UsageError) else f"{type(error).__name__}: {error}",
            template=name,
            path=origin.path if origin else None,
            line=line,
            source=origin.source if origin else "",
            fix=error.fix if isinstance(error, UsageError) else "",
        )


class _Compiled:
    """Everything that is derived from files, so that it can be forgotten at once."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.stamps: dict[str, tuple[int, int] | None] = {}
        self.outlines: dict[str, Outline] = {}
        self.surveys: dict[str, Survey] = {}
        self.origins: dict[str, Origin] = {}
        self.spelled: dict[str, dict[str, str]] = {}
        self.loops: dict[str, Loops] = {}
        self.templates: dict[str, Template] = {}

    def forget(self, plain: str) -> list[str]:
        """Forget a template with its variants; give the names that the engine has for them."""
        keys = [key for key in self.origins if key == plain or key.startswith(plain + VARIANT_MARK)]
        for entries in (self.names, self.stamps, self.outlines, self.surveys, self.loops, self.templates):
            entries.pop(plain, None)
        for key in keys:
            del self.origins[key], self.spelled[key]
        return keys


def _as_it_is(names: Any) -> Any:
    """Name the untouched variant of one or several templates; templates call this for an include."""
    if isinstance(names, str):
        return f"{names}{VARIANT_MARK}as"
    # What is neither a name nor a list of names is the engine's to complain about.
    return [_as_it_is(name) for name in names] if isinstance(names, (list, tuple)) else names


def _html(value: object) -> object:
    """Give what to print for an object: its own HTML, or its text."""
    own = getattr(type(value), "__html__", None)
    return str(value) if own is None else Markup(own(value))


@lru_cache(maxsize=2048)
def _is_escaped(key: str) -> bool:
    plain = Variant.parse(key)[0]
    name = plain.split(TEXT, 2)[2] if plain.startswith(TEXT) else plain
    return not name.endswith(PLAIN_SUFFIXES)


def _is_block_name(name: str) -> bool:
    return name.replace("-", "_").isidentifier() and name.isascii()


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
