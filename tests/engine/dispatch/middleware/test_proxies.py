"""Only proxies that are trusted say who the client is, and a client cannot speak for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from asok_engine.dispatch.middleware.hosts import Hosts
from asok_engine.dispatch.middleware.proxies import Proxies
from asok_engine.errors import InputError
from asok_engine.wire.proxies import TrustedProxies
from asok_engine.wire.request import Request
from tests.engine.dispatch.exchanges import make_request

PROXY = "10.0.0.5"
INSIDE = Proxies(TrustedProxies(["10.0.0.0/8", "2001:db8:5::5"]))
SPOOFED = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": 'for=198.51.100.7;proto=https;host="evil.example"',
    "X-Real-IP": "198.51.100.7",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Server": "evil.example",
    "X-Host": "evil.example",
}


def guarded(
    headers: Mapping[str, str] | Iterable[tuple[str, str]], peer: str = PROXY, proxies: Proxies = INSIDE
) -> Request:
    """Give a request as the middleware leaves it."""
    request = make_request(headers=headers, peer=peer, host="shop.example")
    assert proxies.guard(request) is None
    return request


def test_trusted_proxy_tells_client_scheme_and_host() -> None:
    """Behind a proxy the application sees what the visitor did."""
    request = guarded(
        {
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "www.shop.example",
        }
    )
    assert (request.ip, request.scheme, request.host) == ("203.0.113.9", "https", "www.shop.example")
    assert request.url == "https://www.shop.example/"


@pytest.mark.parametrize(
    "peer", ["203.0.113.9", "11.0.0.5", "2001:db8:5::6", "", "10.0.0.5.evil", "010.0.0.5"]
)
def test_nobody_else_changes_anything(peer: str) -> None:
    """From a peer that is not trusted no forwarded field counts (case 79)."""
    request = guarded(SPOOFED, peer)
    assert (request.ip, request.scheme, request.host) == (peer, "http", "shop.example")


def test_trust_is_by_address_not_by_text() -> None:
    """Trusting 10.0.0.12 does not trust 10.0.0.1."""
    proxies = Proxies(TrustedProxies("10.0.0.12"))
    assert guarded(SPOOFED, "10.0.0.1", proxies).ip == "10.0.0.1"
    assert guarded(SPOOFED, "10.0.0.12", proxies).ip == "198.51.100.7"
    assert guarded(SPOOFED, "::ffff:10.0.0.12", proxies).ip == "198.51.100.7"


def test_fields_with_underscores_never_count() -> None:
    """A name that looks alike is another name (case 78)."""
    request = guarded({name.replace("-", "_"): value for name, value in SPOOFED.items() if "-" in name})
    assert (request.ip, request.scheme, request.host) == (PROXY, "http", "shop.example")


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        ("198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("198.51.100.7, 203.0.113.9, 10.0.0.4", "203.0.113.9"),
        ("10.0.0.99, 203.0.113.9, 10.0.0.4, 10.0.0.3", "203.0.113.9"),
        ("203.0.113.9:51234", "203.0.113.9"),
        ('"[2001:db8::9]:51234"', "2001:db8::9"),
        ("10.0.0.77", "10.0.0.77"),
        ("198.51.100.7, unknown", PROXY),
        ("198.51.100.7, <script>", PROXY),
        ("198.51.100.7, unknown, 10.0.0.4", "10.0.0.4"),
        ("", PROXY),
        (",,,", PROXY),
        ("203.0.113.9\x00", PROXY),
    ],
)
def test_client_is_the_rightmost_hop_that_is_not_trusted(forwarded_for: str, client: str) -> None:
    """What stands further left was written by the client."""
    assert guarded({"X-Forwarded-For": forwarded_for}).ip == client


def test_repeated_fields_are_one_list() -> None:
    """A proxy that adds a second field instead of appending is understood."""
    request = guarded([("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-For", "203.0.113.9")])
    assert request.ip == "203.0.113.9"


def test_scheme_and_host_are_read_at_the_hop_of_the_client() -> None:
    """What a client wrote before the first proxy appended is not read, nor what proxies tell each other."""
    one_hop = {
        "X-Forwarded-For": "1.1.1.1, 203.0.113.9",
        "X-Forwarded-Proto": "http, https",
        "X-Forwarded-Host": "evil.example, shop.example",
    }
    request = guarded(one_hop)
    assert (request.scheme, request.host) == ("https", "shop.example")
    two_hops = {
        "X-Forwarded-For": "1.1.1.1, 203.0.113.9, 10.0.0.4",
        "X-Forwarded-Proto": "ftp, https, http",
        "X-Forwarded-Host": "evil.example, www.shop.example, backend",
    }
    request = guarded(two_hops)
    assert (request.ip, request.scheme, request.host) == ("203.0.113.9", "https", "www.shop.example")


def test_client_inside_the_trusted_network_cannot_write_its_own_scheme() -> None:
    """When every address is trusted, the leftmost is the client, and what stands before it is not read."""
    headers = {"X-Forwarded-For": "10.0.0.77", "X-Forwarded-Proto": "https, http"}
    assert guarded(headers).scheme == "http"


def test_proxy_that_replaces_the_scheme_is_understood_behind_another() -> None:
    """One value for two hops is that of the visitor."""
    headers = {"X-Forwarded-For": "203.0.113.9, 10.0.0.4", "X-Forwarded-Proto": "https"}
    assert guarded(headers).scheme == "https"


@pytest.mark.parametrize("scheme", ["javascript", "https\x00", "wss", "", "HTTPSX"])
def test_scheme_that_is_none_is_ignored(scheme: str) -> None:
    """Only http and https are schemes here."""
    assert guarded({"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": scheme}).scheme == "http"
    assert guarded({"X-Forwarded-Proto": "HTTPS"}).scheme == "https"


def test_host_that_a_proxy_told_is_still_judged() -> None:
    """A proxy that passes on what a client wrote cannot bring in a foreign host."""
    request = guarded({"X-Forwarded-Host": "evil.example"})
    with pytest.raises(InputError):
        Hosts(["shop.example"]).guard(request)
    request = guarded({"X-Forwarded-Host": "shop.example/@evil"})
    with pytest.raises(InputError):
        Hosts().guard(request)


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("for=203.0.113.9;proto=https;host=www.shop.example", ("203.0.113.9", "https", "www.shop.example")),
        ('For="[2001:db8::9]:4711";Proto=HTTPS', ("2001:db8::9", "https", "shop.example")),
        ("for=1.1.1.1;proto=http, for=203.0.113.9;proto=https", ("203.0.113.9", "https", "shop.example")),
        (
            "for=203.0.113.9;proto=https;host=www.shop.example, for=10.0.0.4;proto=http;host=backend",
            ("203.0.113.9", "https", "www.shop.example"),
        ),
        ("for=_hidden;proto=https", (PROXY, "https", "shop.example")),
        ("for=unknown", (PROXY, "http", "shop.example")),
        (";;;=;,", (PROXY, "http", "shop.example")),
        ('for="', (PROXY, "http", "shop.example")),
    ],
)
def test_forwarded_field_is_understood(forwarded: str, expected: tuple[str, str, str]) -> None:
    """The standard field says the same (RFC 7239)."""
    request = guarded({"Forwarded": forwarded})
    assert (request.ip, request.scheme, request.host) == expected


def test_forwarded_does_not_count_beside_the_older_fields() -> None:
    """A proxy that sets X-Forwarded-For passes on a client's Forwarded unread."""
    request = guarded({"X-Forwarded-For": "203.0.113.9", "Forwarded": SPOOFED["Forwarded"]})
    assert (request.ip, request.scheme, request.host) == ("203.0.113.9", "http", "shop.example")


def test_real_ip_counts_where_a_proxy_sets_nothing_else() -> None:
    """nginx's field names the client; beside X-Forwarded-For or from a stranger it says nothing."""
    assert guarded({"X-Real-IP": "203.0.113.9"}).ip == "203.0.113.9"
    assert guarded({"X-Real-IP": "1.1.1.1", "X-Forwarded-For": "203.0.113.9"}).ip == "203.0.113.9"
    assert guarded({"X-Real-IP": "1.1.1.1"}, "198.51.100.7").ip == "198.51.100.7"
    assert guarded({"X-Real-IP": "no address"}).ip == PROXY


def test_trusting_everyone_trusts_the_last_hop_only() -> None:
    """With "*" the peer is believed, not everything that a client wrote before it."""
    proxies = Proxies(TrustedProxies("*"))
    headers = {"X-Forwarded-For": "1.1.1.1, 203.0.113.9", "X-Forwarded-Proto": "http, https"}
    for peer in ("192.0.2.1", ""):
        request = guarded(headers, peer, proxies)
        assert (request.ip, request.scheme) == ("203.0.113.9", "https")


def test_endless_list_costs_little() -> None:
    """Sixty kilobytes of hops are cut, and the answer is one of the last."""
    request = guarded({"X-Forwarded-For": ", ".join(["198.51.100.7"] + ["10.0.0.4"] * 8000)})
    assert request.ip == "10.0.0.4"
