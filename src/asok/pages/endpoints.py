"""What a page module offers, by method; and the loading of all pages.

For each method the first of these answers: the function of its name, `render`,
the constant CONTENT; a module with none of them leaves GET to its template.
Functions `action_<name>` come before that for a POST. What is wrong with a page
comes back as a problem, and the page then answers with that problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from msgspec import Struct

from asok.pages.discovery import FoundPages, PageFile
from asok.pages.handlers import (
    ActionPage,
    PageEndpoint,
    PageHandler,
    TemplatePage,
    accepts,
    describe,
    line_of,
)
from asok.pages.modules import import_page, problem_of
from asok.pages.reports import PageNote, PageProblem

__all__ = ["LoadedPages", "Page", "load_pages", "page_endpoints"]

#: The methods that a page may answer; HEAD follows GET and OPTIONS is answered for it unless it has its own.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
#: The methods that `render` answers unless METHODS of the page says otherwise.
RENDERED = METHODS[:5]
_ACTION_PREFIX = "action_"


class Page(Struct, frozen=True):
    """One page, ready to become a route."""

    file: PageFile
    #: What answers, by method.
    endpoints: Mapping[str, PageEndpoint]
    #: Its module; None for a page that is only a template or that could not be imported.
    module: ModuleType | None
    #: Why it cannot answer; its endpoints raise that then.
    problem: PageProblem | None = None

    @property
    def streams_body(self) -> bool:
        """Whether the module wants the body piece by piece: `STREAM_BODY = True`."""
        return bool(getattr(self.module, "STREAM_BODY", False))

    @property
    def demands_token(self) -> bool:
        """Whether what changes something needs a form token here: unless the module says `CSRF = False`."""
        return bool(getattr(self.module, "CSRF", True))


class LoadedPages(Struct, frozen=True):
    """All pages of one folder; `problems` and `notes` are those of finding and of loading."""

    pages: tuple[Page, ...]
    error_pages: Mapping[int, Page]
    problems: tuple[PageProblem, ...]
    notes: tuple[PageNote, ...]


def load_pages(found: FoundPages) -> LoadedPages:
    """Import the modules of all pages found, and describe what they offer.

    Never raises for what a page does: a page that cannot be loaded comes back
    with its problem and answers every method with it.
    """
    problems, notes = list(found.problems), list(found.notes)
    pages, error_pages = [], {}
    for file in found.pages:
        page = _load(file, found)
        if page is None:
            notes.append(
                PageNote(
                    file.path,
                    f"{file.source} is no page: it defines no get(), no other method, no render() and "
                    "no CONTENT. Begin its name with an underscore to say so.",
                )
            )
            continue
        pages.append(page)
        problems.extend([page.problem] if page.problem else [])
    for status, file in found.error_pages.items():
        page = _load(file, found) or _broken(file, _nothing_offered(file))
        if page.problem is None and "GET" not in page.endpoints:
            page = _broken(file, _no_error_answer(file, status))
        error_pages[status] = page
        problems.extend([page.problem] if page.problem else [])
    return LoadedPages(tuple(pages), error_pages, tuple(problems), tuple(notes))


def _load(file: PageFile, found: FoundPages) -> Page | None:
    """Load one page; None for a module beside the entry that offers nothing, which is no page then."""
    if not file.module_name:
        return Page(file, {"GET": _template_page(file)}, None)
    try:
        module = import_page(file, folder=found.folder, package=found.package)
    # A page's code may raise anything, and one page must not take the others down.
    except Exception as error:
        return _broken(file, problem_of(file, error, folder=found.folder.parent, root=found.root))
    endpoints, problem = page_endpoints(module, file)
    if problem is not None:
        return _broken(file, problem, module)
    if not endpoints:
        return _broken(file, _nothing_offered(file), module) if file.is_entry else None
    return Page(file, endpoints, module)


def page_endpoints(module: ModuleType, file: PageFile) -> tuple[dict[str, PageEndpoint], PageProblem | None]:
    """Give what answers each method of a page module, and the first thing that is wrong with it.

    No endpoints and no problem mean that the module offers nothing.
    """
    functions = {name: call for name in METHODS if callable(call := getattr(module, name.lower(), None))}
    render = getattr(module, "render", None)
    actions = {
        name.removeprefix(_ACTION_PREFIX): call
        for name, call in vars(module).items()
        if name.startswith(_ACTION_PREFIX) and callable(call) and _is_action(name)
    }
    named = {name.lower(): call for name, call in functions.items()}
    named.update({f"{_ACTION_PREFIX}{name}": call for name, call in actions.items()})
    if callable(render):
        named["render"] = render
    for name, call in named.items():
        if not accepts(call):
            line = line_of(call)
            return {}, PageProblem(
                file.path,
                line,
                f"{file.source}, line {line}: {name}() cannot be called with the request alone.",
                f"Define it as {name}(request); path parameters are in request.params.",
            )
    declared, problem = _declared(module, file)
    if problem is not None:
        return {}, problem

    described = {name: describe(call, f"{name}() in {file.source}") for name, call in named.items()}
    endpoints: dict[str, PageEndpoint] = {name: described[name.lower()] for name in functions}
    content = getattr(module, "CONTENT", None)
    spare: PageEndpoint | None = None
    covered: tuple[str, ...] = ("GET",) if declared is None else declared
    if callable(render):
        spare = described["render"]
        covered = RENDERED if declared is None else declared
    elif content is not None:
        spare = PageHandler(lambda _: content, f"CONTENT in {file.source}", is_light=True)
    elif not functions and file.template is not None:
        spare, covered = _template_page(file), ("GET",) if declared is None or "GET" in declared else ()
    if spare is not None:
        for name in RENDERED:
            if name in covered:
                endpoints.setdefault(name, spare)
    if actions:
        otherwise = endpoints.get("POST")
        endpoints["POST"] = ActionPage(
            {name: described[f"{_ACTION_PREFIX}{name}"] for name in actions},
            otherwise if isinstance(otherwise, PageHandler) else None,
            f"the form actions in {file.source}",
        )
    return endpoints, _contradiction(declared, functions, endpoints, file)


def _declared(module: ModuleType, file: PageFile) -> tuple[tuple[str, ...] | None, PageProblem | None]:
    """Read the module's METHODS: None when it has none."""
    value = getattr(module, "METHODS", None)
    if value is None:
        return None, None
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list | tuple | set | frozenset):
        names = [name.upper() if isinstance(name, str) else name for name in value]
        wrong = [name for name in names if name not in METHODS]
    else:
        names, wrong = [], [value]
    if wrong:
        return None, PageProblem(
            file.path,
            1,
            f"{file.source}: METHODS has {wrong[0]!r} in it, which is no method of a page.",
            f'Make it a list of {", ".join(METHODS)}; for example METHODS = ["GET", "POST"].',
        )
    return tuple(name for name in METHODS if name in names), None


def _contradiction(
    declared: tuple[str, ...] | None,
    functions: Mapping[str, Any],
    endpoints: Mapping[str, PageEndpoint],
    file: PageFile,
) -> PageProblem | None:
    """Find a method that METHODS names and nothing answers, or the reverse."""
    if declared is None:
        return None
    for name in declared:
        if name not in endpoints and name in RENDERED:
            return PageProblem(
                file.path,
                1,
                f"{file.source}: METHODS lists {name}, which nothing in the module answers.",
                f"Define {name.lower()}(request) or render(request), or take {name} from METHODS.",
            )
    for name, call in functions.items():
        if name not in declared and name not in ("HEAD", "OPTIONS"):
            return PageProblem(
                file.path,
                line_of(call),
                f"{file.source}: {name.lower()}() is defined, but METHODS does not list {name}.",
                f"Add {name} to METHODS, or remove {name.lower()}().",
            )
    return None


def _is_action(name: str) -> bool:
    return name.isascii() and name != _ACTION_PREFIX and name[len(_ACTION_PREFIX)] != "_"


def _template_page(file: PageFile) -> TemplatePage:
    path = file.template if file.template is not None else file.path
    return TemplatePage(path, file.template_name, file.source)


def _nothing_offered(file: PageFile) -> PageProblem:
    return PageProblem(
        file.path,
        1,
        f"{file.source} is a page without an answer: it defines no get(), no other method, no render() "
        "and no CONTENT, and has no template beside it.",
        "Define get(request).",
    )


def _no_error_answer(file: PageFile, status: int) -> PageProblem:
    return PageProblem(
        file.path,
        1,
        f"{file.source} is the page for status {status}, but nothing in it answers GET.",
        "Define render(request), or put a template beside it.",
    )


def _broken(file: PageFile, problem: PageProblem, module: ModuleType | None = None) -> Page:
    def fail(_: Any) -> Any:
        raise problem.to_error()

    handler = PageHandler(fail, file.source, is_light=True)
    return Page(file, dict.fromkeys(RENDERED, handler), module, problem)
