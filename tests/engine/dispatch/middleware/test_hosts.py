"""A request for a host that is not ours is refused before anything reads it."""

from __future__ import annotations

import logging

import pytest

from asok_engine.dispatch.middleware.hosts import Hosts
from asok_engine.errors import InputError, SetupError
from tests.engine.dispatch.exchanges import make_request

OURS = Hosts(["shop.example", ".example.org", "*.example.net", "10.0.0.5", "[2001:db8::1]"])


@pytest.mark.parametrize(
    "host",
    [
        "shop.example",
        "SHOP.example",
        "shop.example:8080",
        "shop.example.",
        "example.org",
        "a.b.example.org",
        "a.example.net",
        "10.0.0.5:80",
        "[2001:db8::1]:443",
    ],
)
def test_our_hosts_are_answered(host: str) -> None:
    """Case, port and the dot of the root make no difference."""
    for _ in range(2):
        request = make_request(host=host)
        OURS.guard(request)
        assert request.host == host


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "shop.example.evil.example",
        "evilshop.example",
        "evilexample.org",
        "example.net",
        "10.0.0.50",
        "2001:db8::1",
        "[2001:db8::2]",
    ],
)
def test_foreign_host_is_refused(host: str) -> None:
    """Only whole names match (case 49)."""
    for _ in range(2):
        with pytest.raises(InputError) as refused:
            OURS.guard(make_request(host=host))
        assert refused.value.status == 400


@pytest.mark.parametrize("hosts", [OURS, Hosts()], ids=["listed", "any"])
@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "shop.example shop.example",
        "shop.example/path",
        "shop.example?x",
        "shop.example#x",
        "user@shop.example",
        "user:password@shop.example",
        "shop.example:port",
        "shop.example:",
        "shop.example:99999",
        "shop.example:80:80",
        "shop.example,evil.example",
        "shop.example\x00",
        "shop.example\r\nX-Evil: 1",
        "shop.example\t",
        "-shop.example",
        "shop..example",
        "[::1",
        "[evil]",
        "sh\xf6p.example",
        "shop.example:\xb2",
        "a" * 70_000,
    ],
)
def test_text_that_is_no_host_is_refused(host: str, hosts: Hosts) -> None:
    """Whether any host is answered or few, it has to be one (cases 50 to 52)."""
    with pytest.raises(InputError) as refused:
        hosts.guard(make_request(host=host))
    assert refused.value.status == 400
    assert len(refused.value.message) < 300


def test_missing_host_is_refused() -> None:
    """HTTP/1.1 and later have to name their host (case 53)."""
    for version in ("1.1", "2", "3"):
        with pytest.raises(InputError, match="names no Host"):
            OURS.guard(make_request(host=None, http_version=version))


def test_old_client_without_a_host_gets_the_name_of_the_server() -> None:
    """HTTP/1.0 knows no Host; then nothing that a client wrote is used."""
    request = make_request(host=None, http_version="1.0", server=("shop.internal", 8000))
    OURS.guard(request)
    assert request.host == "shop.internal:8000"


@pytest.mark.parametrize("second", ["evil.example", "shop.example"])
def test_repeated_host_is_refused(second: str) -> None:
    """Two hosts are an attack on whoever stands in front, even when they are equal (case 54)."""
    hosts = Hosts(["shop.example"])
    hosts.guard(make_request(host="shop.example"))
    with pytest.raises(InputError, match="more than once"):
        hosts.guard(make_request(headers=[("Host", second)], host="shop.example"))


def test_other_repeated_fields_do_no_harm() -> None:
    """Two cookies are no two hosts."""
    request = make_request(headers=[("Cookie", "a=1"), ("Cookie", "b=2")], host="shop.example")
    OURS.guard(request)
    assert request.host == "shop.example"


def test_refused_host_is_not_used_for_the_error_page() -> None:
    """An error page builds no link from a foreign host."""
    request = make_request(host="evil.example")
    with pytest.raises(InputError):
        OURS.guard(request)
    assert request.host == ""
    assert "evil" not in request.url


def test_host_that_a_trusted_proxy_told_is_judged_instead() -> None:
    """Behind a proxy the field names the inside; what counts is what the visitor asked for."""
    request = make_request(host="backend:8000")
    request._host = "shop.example"
    OURS.guard(request)
    request = make_request(host="shop.example")
    request._host = "evil.example"
    with pytest.raises(InputError):
        OURS.guard(request)
    request = make_request(host="shop.example")
    request._host = "shop.example/evil\u20ac"
    with pytest.raises(InputError):
        OURS.guard(request)


def test_exempt_path_is_answered_by_address() -> None:
    """A load balancer asks for the health by address; the host still has to be one."""
    hosts = Hosts(["shop.example"], exempt_paths=["/health"])
    hosts.guard(make_request("/health", host="192.0.2.7:8000"))
    with pytest.raises(InputError):
        hosts.guard(make_request("/", host="192.0.2.7:8000"))
    with pytest.raises(InputError):
        hosts.guard(make_request("/health", host="a b"))


def test_any_host_is_answered_without_patterns() -> None:
    """An empty list means that every well-formed host is right."""
    hosts = Hosts()
    for name in ("localhost:8000", "anything.example", "[::1]:8000"):
        request = make_request(host=name)
        hosts.guard(request)
        assert request.host == name


def test_what_is_remembered_is_bounded() -> None:
    """A flood of host names fills no memory, and ours is answered meanwhile."""
    hosts = Hosts(["*"])
    for n in range(5000):
        hosts.guard(make_request(host=f"h{n}.example"))
    assert len(hosts._known) <= 256


def test_refused_host_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A developer who forgot ALLOWED_HOSTS reads it in the log; an attacker does not fill the log."""
    hosts = Hosts(["shop.example"])
    with caplog.at_level(logging.WARNING):
        for n in range(200):
            for _ in range(2):
                with pytest.raises(InputError):
                    hosts.guard(make_request(host=f"h{n}.evil.example"))
    assert caplog.records[0].getMessage().startswith("Requests for the host h0.evil.example are refused")
    assert len(caplog.records) == 32


def test_pattern_that_is_no_host_stops_the_start() -> None:
    """An address with a scheme is a mistake that is named."""
    with pytest.raises(SetupError, match="https://shop.example"):
        Hosts(["https://shop.example"])
