"""The policy: its default, what settings may change, and that nothing can be smuggled in."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import SetupError, UsageError
from asok_engine.security.csp import STRICT, allow_connect, build_csp
from asok_engine.security.nonce import make_nonce


def parsed(header: str) -> dict[str, list[str]]:
    """Read a policy as a browser does: the first directive of a name counts."""
    found: dict[str, list[str]] = {}
    for part in header.split(";"):
        name, *sources = part.split()
        found.setdefault(name, sources)
    return found


def test_the_default_is_strict() -> None:
    """No inline script, no eval, no plug-in, no foreign frame, no foreign origin."""
    policy = parsed(build_csp().header)
    assert policy["default-src"] == policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["object-src"] == policy["frame-ancestors"] == ["'none'"]
    assert policy["base-uri"] == policy["form-action"] == ["'self'"]
    assert policy["img-src"] == ["'self'", "data:"]
    assert "unsafe" not in build_csp().header


def test_a_value_replaces_the_sources_of_a_directive() -> None:
    """Text and lists mean the same; other directives stay."""
    for value in ("'self' https://cdn.example", ["'self'", "https://cdn.example"]):
        policy = parsed(build_csp({"script-src": value}).header)
        assert policy["script-src"] == ["'self'", "https://cdn.example"]
        assert policy["style-src"] == ["'self'"]


def test_a_plus_adds_to_the_sources() -> None:
    """The defaults stay, sources are not repeated, and 'none' gives way."""
    policy = parsed(
        build_csp(
            {"img-src+": "https://img.example 'self'", "object-src+": ["'self'"], "media-src+": "blob:"}
        ).header
    )
    assert sorted(policy["img-src"]) == ["'self'", "data:", "https://img.example"]
    assert policy["object-src"] == ["'self'"]
    assert policy["media-src"] == ["'self'", "blob:"]


def test_a_replacement_and_an_addition_do_not_depend_on_their_order() -> None:
    """First what replaces, then what adds."""
    one = {"script-src+": "https://b.example", "script-src": "https://a.example"}
    two = dict(reversed(one.items()))
    assert build_csp(one).header == build_csp(two).header
    assert parsed(build_csp(one).header)["script-src"] == ["https://a.example", "https://b.example"]


@pytest.mark.parametrize("nothing", [None, False])
def test_none_and_false_remove_a_directive(nothing: Any) -> None:
    """Also one that is not there."""
    policy = parsed(build_csp({"object-src": nothing, "frame-src": nothing}).header)
    assert "object-src" not in policy
    assert "frame-src" not in policy


def test_true_keeps_a_default_and_switches_on_a_directive_without_sources() -> None:
    """upgrade-insecure-requests has no sources."""
    policy = parsed(build_csp({"script-src": True, "upgrade_insecure_requests": True}).header)
    assert policy["script-src"] == ["'self'"]
    assert policy["upgrade-insecure-requests"] == []


def test_unsafe_eval_goes_to_scripts_only() -> None:
    """CSP_UNSAFE_EVAL adds to script-src, and makes one from default-src when there is none."""
    assert parsed(build_csp(unsafe_eval=True).header)["script-src"] == ["'self'", "'unsafe-eval'"]
    policy = parsed(build_csp({"script-src": None}, unsafe_eval=True).header)
    assert policy["script-src"] == ["'self'", "'unsafe-eval'"]
    assert policy["default-src"] == ["'self'"]


def test_the_report_address_is_part_of_the_policy() -> None:
    """CSP_REPORT_URI, relative or absolute."""
    assert parsed(build_csp(report_uri="/csp").header)["report-uri"] == ["/csp"]
    assert "report-uri" not in build_csp(report_uri=None).header


@pytest.mark.parametrize(
    ("option", "ancestors"), [("DENY", ["'none'"]), ("SAMEORIGIN", ["'self'"]), (None, None)]
)
def test_frame_ancestors_follow_x_frame_options(option: str | None, ancestors: list[str] | None) -> None:
    """Two headers about frames never contradict each other, unless the policy is set itself."""
    assert parsed(build_csp(frame_options=option).header).get("frame-ancestors") == ancestors
    own = build_csp({"frame-ancestors": "https://portal.example"}, frame_options=option)
    assert parsed(own.header)["frame-ancestors"] == ["https://portal.example"]


def test_data_may_load_nothing_and_keeps_its_frame_and_its_reports() -> None:
    """What cannot be a document needs nothing; who may frame it and who is told stay as they are set."""
    assert build_csp().for_data == "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    changed = build_csp({"frame-ancestors": "'self'", "img-src": "https:"}, report_uri="/csp")
    assert parsed(changed.for_data) == {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'self'"],
        "report-uri": ["/csp"],
    }
    assert "frame-ancestors" not in build_csp({"frame-ancestors": None}).for_data


def test_a_nonce_is_added_to_scripts_and_styles() -> None:
    """The rest of the policy is that of the constant header, and each nonce gives another text."""
    policy, nonce = build_csp(), make_nonce()
    with_nonce = parsed(policy.with_nonce(nonce))
    assert with_nonce.pop("script-src") == ["'self'", f"'nonce-{nonce}'"]
    assert with_nonce.pop("style-src") == ["'self'", f"'nonce-{nonce}'"]
    rest = {name: sources for name, sources in parsed(policy.header).items() if name in with_nonce}
    assert with_nonce == rest
    assert len(rest) == len(STRICT) - 2
    assert "nonce" not in policy.header


def test_a_nonce_goes_where_scripts_are_allowed() -> None:
    """To default-src without script-src, in the place of 'none', not beside 'unsafe-inline'."""
    nonce = make_nonce()
    mark = f"'nonce-{nonce}'"
    only_default = build_csp({"script-src": None, "style-src": None})
    assert parsed(only_default.with_nonce(nonce))["default-src"] == ["'self'", mark]
    closed = build_csp({"script-src": "'none'"})
    assert parsed(closed.with_nonce(nonce))["script-src"] == [mark]
    assert parsed(closed.header)["script-src"] == ["'none'"]
    inline = build_csp({"style-src": "'self' 'unsafe-inline'"})
    assert parsed(inline.with_nonce(nonce))["style-src"] == ["'self'", "'unsafe-inline'"]
    assert mark in parsed(inline.with_nonce(nonce))["script-src"]


@pytest.mark.parametrize(
    "text", ["", "x", "a" * 22 + "' 'unsafe-inline", "a" * 22 + "; script-src *", "a\nb" * 10]
)
def test_only_a_nonce_is_taken_as_one(text: str) -> None:
    """A text that could end the source is refused."""
    with pytest.raises(UsageError):
        build_csp().with_nonce(text)


@pytest.mark.parametrize(
    "value",
    [
        "'self'; script-src *",
        "'self'\nX-Injected: 1",
        "'self'\rX",
        "a,b",
        ["https://a.example https://b.example"],
        ["'self'", "x;y"],
        "https://bücher.example",
        "\x00",
        "a\tb",
        [5],
        5,
        {"a": 1},
        "",
        [],
        "x" * 3000,
        "self",
        "unsafe-inline",
        "none",
        "'none' 'self'",
    ],
)
def test_a_source_that_cannot_stand_in_a_policy_stops_the_start(value: Any) -> None:
    """Separators, control characters, other scripts, unquoted keywords, and 'none' in company."""
    with pytest.raises(SetupError, match="script-src"):
        build_csp({"script-src": value})


@pytest.mark.parametrize("uri", ["/a;b", "/a b\nX: 1", "/a, /b"])
def test_a_report_address_cannot_smuggle_a_directive(uri: str) -> None:
    """The address obeys the rule of all sources."""
    with pytest.raises(SetupError, match="report-uri"):
        build_csp(report_uri=uri)


def test_an_unknown_directive_says_did_you_mean() -> None:
    """A typo is named with the nearest directive."""
    with pytest.raises(SetupError, match="'scrpt-src'.*Did you mean 'script-src'"):
        build_csp({"scrpt-src": "'self'"})
    with pytest.raises(SetupError, match="does not exist"):
        build_csp({"script-src; x": "'self'"})


def test_an_addition_of_nothing_is_a_mistake() -> None:
    """To remove a directive, one names it without the plus."""
    with pytest.raises(SetupError, match="remove"):
        build_csp({"script-src+": None})
    with pytest.raises(SetupError, match="no default"):
        build_csp({"frame-src": True})


def test_a_policy_of_nothing_is_false() -> None:
    """When every directive is removed there is no header to send."""
    policy = build_csp(dict.fromkeys(STRICT))
    assert not policy
    assert policy.header == ""
    assert build_csp()


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("default-src 'self'; connect-src 'self'", "default-src 'self'; connect-src 'self' ws://h:1"),
        ("connect-src 'none'; img-src *", "connect-src ws://h:1; img-src *"),
        (
            "default-src 'self' https://a.example",
            "default-src 'self' https://a.example; connect-src 'self' https://a.example ws://h:1",
        ),
        ("img-src *", "img-src *"),
        ("connect-src 'self' ws://h:1", "connect-src 'self' ws://h:1"),
    ],
)
def test_connection_is_added_to_what_a_policy_allows(policy: str, expected: str) -> None:
    """To connect-src, to a copy of default-src where there is none, and to nothing where all is allowed."""
    assert allow_connect(policy, "ws://h:1") == expected


def test_connection_cannot_smuggle_a_directive() -> None:
    """What a host might hold ends no directive."""
    with pytest.raises(UsageError):
        allow_connect("default-src 'self'", "ws://h; script-src *")
