"""The Content-Security-Policy: a strict default, changes by the settings, a nonce on demand.

The policy is put together once at start. A response whose template asked for a
nonce gets the same policy with that nonce added; all others get one constant text.
A source that could end a directive or a header is refused at start.
Source: Content Security Policy Level 3.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from asok_engine.errors import SetupError, UsageError
from asok_engine.security.nonce import is_nonce

__all__ = ["STRICT", "ContentSecurityPolicy", "allow_connect", "build_csp"]

STRICT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "default-src": ("'self'",),
        "script-src": ("'self'",),
        "style-src": ("'self'",),
        "img-src": ("'self'", "data:"),
        "font-src": ("'self'",),
        "connect-src": ("'self'",),
        "object-src": ("'none'",),
        "base-uri": ("'self'",),
        "form-action": ("'self'",),
        "frame-ancestors": ("'none'",),
    }
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Those that take no sources; True switches them on.
FLAGS: Final = frozenset({"upgrade-insecure-requests", "block-all-mixed-content"})
DIRECTIVES: Final = (
    frozenset(STRICT)
    | FLAGS
    | _words(
        "script-src-elem script-src-attr style-src-elem style-src-attr frame-src child-src worker-src "
        "manifest-src media-src prefetch-src fenced-frame-src sandbox report-uri report-to "
        "require-trusted-types-for trusted-types"
    )
)
KEYWORDS: Final = _words(
    "self none unsafe-inline unsafe-eval unsafe-hashes strict-dynamic report-sample wasm-unsafe-eval "
    "inline-speculation-rules script"
)
# Directives whose values are names, not sources: a bare word is right there.
NAMES: Final = frozenset({"sandbox", "report-to", "trusted-types", "require-trusted-types-for", "report-uri"})
SOURCE: Final = re.compile(r"[\x21-\x2b\x2d-\x3a\x3c-\x7e]{1,2000}", re.ASCII)
# What data may do, and which directives of the policy count for it nevertheless.
NOTHING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"default-src": ("'none'",), "base-uri": ("'none'",)}
)
OF_DATA: Final = ("frame-ancestors", "report-uri", "report-to")
NONCED: Final = ("script-src", "style-src", "script-src-elem", "style-src-elem")


class ContentSecurityPolicy:
    """A policy that is ready to be sent.

    `header` is the value of the header field for documents, `for_data` that for what can
    be none, which may load nothing at all; both say who may show it in a frame.
    `with_nonce` gives the first with a nonce for scripts and styles. A directive that
    allows 'unsafe-inline' gets none, because a browser would then no longer honour what
    the settings allow.
    """

    __slots__ = ("_pieces", "directives", "for_data", "header")

    def __init__(self, directives: Mapping[str, Sequence[str]]) -> None:
        self.directives: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {name: tuple(sources) for name, sources in directives.items()}
        )
        self.header = _text(self.directives)
        kept = {name: self.directives[name] for name in OF_DATA if name in self.directives}
        self.for_data = _text({**NOTHING, **kept})
        self._pieces = self._cut_for_nonce()

    def with_nonce(self, nonce: str) -> str:
        """Give the header's value with `nonce` allowed.

        Raises:
            UsageError: the text is no nonce.
        """
        if not is_nonce(nonce):
            raise UsageError(f"{nonce!r} is no nonce; take one from security.nonce.make_nonce().")
        return f" 'nonce-{nonce}'".join(self._pieces)

    def __bool__(self) -> bool:
        return bool(self.directives)

    def __repr__(self) -> str:
        return f"<ContentSecurityPolicy {self.header!r}>"

    def _cut_for_nonce(self) -> tuple[str, ...]:
        targets = {name for name in NONCED if name in self.directives}
        if not {"script-src", "style-src"} & targets and "default-src" in self.directives:
            targets.add("default-src")
        mark = "\n"
        parts = []
        for name, sources in self.directives.items():
            if name in targets and "'unsafe-inline'" not in sources:
                kept = [source for source in sources if source != "'none'"]
                parts.append(" ".join((name, *kept)) + mark)
            else:
                parts.append(" ".join((name, *sources)))
        return tuple("; ".join(parts).split(mark))


def _text(directives: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(" ".join((name, *sources)) for name, sources in directives.items())


def build_csp(
    overrides: Mapping[str, Any] | None = None,
    *,
    unsafe_eval: bool = False,
    report_uri: str | None = None,
    frame_options: str | None = "DENY",
    defaults: Mapping[str, Sequence[str]] = STRICT,
) -> ContentSecurityPolicy:
    """Put a policy together from the defaults and what the settings change.

    Each entry of `overrides` names a directive. Text ("'self' https://cdn.example") or
    a list replaces its sources; a name with a plus ("script-src+") adds to them; None
    or False removes the directive; True keeps the default, and switches on a directive
    without sources. `frame_options` is the value of X-Frame-Options, which the default
    of frame-ancestors follows: DENY, SAMEORIGIN, or None for no limit.

    Raises:
        SetupError: an unknown directive, or a source that cannot stand in a policy.
    """
    directives: dict[str, tuple[str, ...]] = {name: tuple(sources) for name, sources in defaults.items()}
    if "frame-ancestors" in directives and defaults is STRICT:
        match frame_options and frame_options.strip().upper():
            case "SAMEORIGIN":
                directives["frame-ancestors"] = ("'self'",)
            case None | "":
                del directives["frame-ancestors"]
    # Replacements first, so that the order of the entries does not matter.
    entries = sorted((overrides or {}).items(), key=lambda entry: str(entry[0]).endswith("+"))
    for key, value in entries:
        name, extends = _directive(key)
        if value is None or value is False:
            if extends:
                raise SetupError(f"CSP {key!r} is {value!r}; to remove the directive, write {name!r}: None.")
            directives.pop(name, None)
        elif value is True:
            if name in FLAGS:
                directives[name] = ()
            elif name not in directives:
                raise SetupError(
                    f"CSP {name!r} is True but has no default; give its sources, such as \"'self'\"."
                )
        else:
            sources = _sources(name, value)
            if extends:
                before = directives.get(name, directives.get("default-src", ()) if _is_fetch(name) else ())
                sources = _joined(before, sources)
            directives[name] = sources
    if unsafe_eval:
        before = directives.get("script-src", directives.get("default-src", ()))
        directives["script-src"] = _joined(before, ("'unsafe-eval'",))
    if report_uri:
        directives["report-uri"] = _sources("report-uri", report_uri)
    return ContentSecurityPolicy(directives)


def allow_connect(policy: str, source: str) -> str:
    """Add a source to what a policy's pages may connect to; a policy that limits nothing stays as it is.

    Raises:
        UsageError: the source cannot stand in a policy.
    """
    if SOURCE.fullmatch(source) is None:
        raise UsageError(f"{source!r} cannot stand in a Content-Security-Policy.")
    directives = [part.strip().split(" ") for part in policy.split(";") if part.strip()]
    names = [words[0] for words in directives]
    if "connect-src" in names:
        words = directives[names.index("connect-src")]
    elif "default-src" in names:
        words = ["connect-src", *directives[names.index("default-src")][1:]]
        directives.append(words)
    else:
        return policy
    words[1:] = _joined(words[1:], (source,))
    return "; ".join(" ".join(words) for words in directives)


def _directive(key: object) -> tuple[str, bool]:
    text = str(key).strip()
    extends = text.endswith("+")
    name = text.rstrip("+").strip().lower().replace("_", "-")
    if name not in DIRECTIVES:
        close = difflib.get_close_matches(name, DIRECTIVES, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise SetupError(f"CSP names the directive {key!r}, which does not exist.{hint}")
    return name, extends


def _sources(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        tokens: list[object] = list(value.split(" "))
    elif isinstance(value, list | tuple | set | frozenset):
        tokens = list(value) if isinstance(value, list | tuple) else sorted(value, key=str)
    else:
        raise SetupError(
            f"CSP {name!r} is {value!r}; expected text, a list of sources, None or False to remove it."
        )
    sources: list[str] = []
    for token in tokens:
        if token == "":
            continue
        if not isinstance(token, str) or SOURCE.fullmatch(token) is None:
            raise SetupError(
                f"CSP {name!r} has the source {token!r}; sources are printable ASCII "
                "without spaces, ';' or ','."
            )
        if name not in NAMES and token.lower() in KEYWORDS:
            raise SetupError(f"CSP {name!r} has the source {token!r}; keywords are quoted: \"'{token}'\".")
        if token not in sources:
            sources.append(token)
    if "'none'" in sources and len(sources) > 1:
        raise SetupError(f"CSP {name!r} has \"'none'\" beside other sources; it must stand alone.")
    if not sources and name not in FLAGS and name != "sandbox":
        raise SetupError(
            f"CSP {name!r} has no sources; write \"'none'\" to forbid all, or None to remove it."
        )
    return tuple(sources)


def _joined(before: Sequence[str], added: Sequence[str]) -> tuple[str, ...]:
    kept = tuple(source for source in before if source != "'none'" and source not in added)
    return (*kept, *added)


def _is_fetch(name: str) -> bool:
    return "-src" in name
