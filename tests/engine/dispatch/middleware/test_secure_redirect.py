"""Whoever comes over http is sent to the same address over https, and nowhere else."""

from __future__ import annotations

import pytest

from asok_engine.dispatch.middleware.secure_redirect import SecureRedirect
from tests.engine.dispatch.exchanges import make_request


def test_visit_over_http_goes_to_the_same_address_over_https() -> None:
    """Host, path and query string stay."""
    request = make_request("/a%20b/c?x=1&y=%2F", host="shop.example")
    response = SecureRedirect().guard(request)
    assert response is not None
    assert response.status_code == 301
    assert response.headers["Location"] == "https://shop.example/a%20b/c?x=1&y=%2F"


@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("HEAD", 301), ("POST", 308), ("DELETE", 308)])
def test_method_and_body_survive(method: str, status: int) -> None:
    """A form that is sent over http is sent again, not turned into a visit."""
    response = SecureRedirect().guard(make_request(method=method))
    assert response is not None
    assert response.status_code == status


def test_https_and_exempt_paths_go_on() -> None:
    """What is safe already, or meant to be asked from inside, is not redirected."""
    link = SecureRedirect(["/health"])
    assert link.guard(make_request(scheme="https")) is None
    assert link.guard(make_request("/health")) is None
    assert link.guard(make_request("/healthy")) is not None


def test_scheme_of_a_trusted_proxy_counts() -> None:
    """Behind a proxy that ends TLS there is no loop."""
    request = make_request()
    request._scheme = "https"
    assert SecureRedirect().guard(request) is None


def test_port_of_http_is_left_out() -> None:
    """https listens on a port of its own."""
    response = SecureRedirect().guard(make_request(host="shop.example:8080"))
    assert response is not None
    assert response.headers["Location"] == "https://shop.example/"


def test_address_literal_keeps_its_brackets() -> None:
    """An IPv6 host stays an IPv6 host."""
    response = SecureRedirect().guard(make_request(host="[2001:db8::1]:8080"))
    assert response is not None
    assert response.headers["Location"] == "https://[2001:db8::1]/"


@pytest.mark.parametrize(
    "raw_path",
    [b"//evil.example/x", b"/\\evil.example", b"/a\r\nSet-Cookie: x=y", b"/\xff\x00", b"/@evil.example"],
)
def test_hostile_path_leads_nowhere_else(raw_path: bytes) -> None:
    """No path changes the host or adds a header (cases 55 to 68, 98)."""
    response = SecureRedirect().guard(make_request(host="shop.example", raw_path=raw_path))
    assert response is not None
    location = response.headers["Location"]
    assert location.startswith("https://shop.example/")
    assert location.isascii()
    assert location.isprintable()


def test_mount_prefix_is_kept() -> None:
    """An application below a prefix stays below it."""
    response = SecureRedirect().guard(make_request("/x", root_path="/shop"))
    assert response is not None
    assert response.headers["Location"] == "https://testserver/shop/x"
