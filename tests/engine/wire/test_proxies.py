"""The client's address is told by proxies that are trusted, and by nobody else."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import SetupError
from asok_engine.wire.proxies import TrustedProxies, client_address

OURS = TrustedProxies("10.0.0.0/8, 192.168.1.5, fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["1.2.3.4", "10.0.0.2"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6", "1.2.3.4", "192.168.1.5", "10.9.9.9"], "1.2.3.4"),
        ("10.0.0.1", ["10.0.0.3", "10.0.0.2"], "10.0.0.3"),
        ("192.168.1.6", ["1.2.3.4"], "192.168.1.6"),
        ("fd00::1", ["2001:DB8:0::7"], "2001:db8::7"),
        ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", ['"[2001:db8::7]"'], "2001:db8::7"),
        ("10.0.0.1", [" 1.2.3.4:4711 "], "1.2.3.4"),
        ("::ffff:10.0.0.1", ["::ffff:1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["1.2.3.4", "unknown"], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4", "_hidden", "10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["1.2.3.4", ""], "10.0.0.1"),
        ("10.0.0.1", ["<script>"], "10.0.0.1"),
        ("10.0.0.1", ["[::1]evil"], "10.0.0.1"),
        ("10.0.0.1", ["0177.0.0.1"], "10.0.0.1"),
        ("10.0.0.1", ["fe80::7%<script>"], "fe80::7"),
        ("", ["1.2.3.4"], ""),
    ],
)
def test_client_is_the_rightmost_hop_that_is_not_ours(peer: str, forwarded: list[str], client: str) -> None:
    """Cases 78 and 79: what a client writes further left never counts; what is no address ends the walk."""
    assert client_address(peer, forwarded, OURS) == client


def test_nobody_is_trusted_by_default() -> None:
    """Without proxies the peer is the client, whatever it says."""
    nobody = TrustedProxies([])
    assert not nobody
    assert client_address("127.0.0.1", ["1.2.3.4"], nobody) == "127.0.0.1"


def test_trusting_everyone_believes_the_nearest_hop_only() -> None:
    """With `*` every hop is trusted, so only the one that the nearest proxy wrote is taken."""
    everyone = TrustedProxies("*")
    assert everyone
    assert client_address("8.8.8.8", ["6.6.6.6", "1.2.3.4"], everyone) == "1.2.3.4"
    assert client_address("", ["1.2.3.4"], everyone) == "1.2.3.4"


def test_walk_is_bounded() -> None:
    """A field of thousands of our own addresses is walked for 32 hops."""
    hops = ["1.2.3.4", *["10.0.0.2"] * 31]
    assert client_address("10.0.0.1", hops, OURS) == "1.2.3.4"
    assert client_address("10.0.0.1", [*hops, "10.0.0.3"], OURS) == "10.0.0.2"


@pytest.mark.parametrize(
    ("entries", "trusted"),
    [
        (["10.0.0.5"], "10.0.0.5"),
        ("10.0.0.5/8", "10.1.2.3"),
        (" 10.0.0.5 , ,::1 ", "::1"),
        (["fe80::/10"], "fe80::1%eth0"),
    ],
)
def test_addresses_and_networks_are_trusted(entries: list[str] | str, trusted: str) -> None:
    """Exact addresses and networks, in a list or in text with commas."""
    assert TrustedProxies(entries).trusts(trusted)
    assert not TrustedProxies(entries).trusts("203.0.113.9")
    assert not TrustedProxies(entries).trusts("no address")


@pytest.mark.parametrize("entry", ["10.0.0", "proxy.example.com", "10.0.0.0/33", "10.0.0.1:80", "**"])
def test_entry_that_is_no_address_stops_the_start(entry: str) -> None:
    """A proxy that could never match is told at start."""
    with pytest.raises(SetupError, match="no address or network"):
        TrustedProxies(["127.0.0.1", entry])


def test_remembered_peers_are_bounded() -> None:
    """Many different peers do not fill the memory."""
    trusted = TrustedProxies("10.0.0.0/8")
    for number in range(3000):
        assert trusted.trusts(f"10.0.{number // 250}.{number % 250}")
    assert len(trusted._known) <= 1001


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.one_of(st.ip_addresses().map(str), st.text(max_size=12), st.sampled_from(["10.0.0.2", "::1"]))
    )
)
def test_client_is_always_an_address(forwarded: list[str]) -> None:
    """Whatever is sent, the client is the peer or an address without decoration."""
    client = client_address("10.0.0.1", forwarded, OURS)
    assert str(ipaddress.ip_address(client)) == client
    assert "%" not in client
