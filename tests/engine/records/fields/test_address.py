"""Addresses have the form that they need, and nothing else passes."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.address import URL, Color, Email, IPAddress, Tel
from asok_engine.records.fields.field import Field
from asok_engine.sql import types


@pytest.mark.parametrize(
    ("field", "value", "result"),
    [
        (Email(), " Ada@example.com ", "Ada@example.com"),
        (Email(nullable=True), " ", None),
        (Tel(), "+49 (30) 123-456", "+49 (30) 123-456"),
        (Tel(), "030 123456 ext. 7", "030 123456 ext. 7"),
        (URL(), "https://example.com/a?b=c", "https://example.com/a?b=c"),
        (Color(), "#FF8800", "#ff8800"),
        (Color(), "#f80", "#f80"),
        (IPAddress(), "192.0.2.1", "192.0.2.1"),
        (IPAddress(), "2001:DB8:0:0::1", "2001:db8::1"),
        (IPAddress(), ip_address("192.0.2.1"), "192.0.2.1"),
        (IPAddress(networks=True), "192.0.2.1/24", "192.0.2.1/24"),
        (IPAddress("ipv6"), "::1", "::1"),
    ],
)
def test_address_is_accepted(field: Field[Any], value: object, result: object) -> None:
    """In the form in which it is kept."""
    assert field.clean(value) == result


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Email(), "ada"),
        (Email(), "a@b"),
        (Email(), ""),
        (Email(), "a" * 250 + "@example.com"),
        (Tel(), "call me"),
        (Tel(), "12"),
        (Tel(), "1" * 25),
        (URL(), "javascript:alert(1)"),
        (URL(), "example.com"),
        (Color(), "red"),
        (Color(), "#12345"),
        (IPAddress(), "192.0.2"),
        (IPAddress(), "192.0.2.1/24"),
        (IPAddress("ipv4"), "::1"),
        (IPAddress(), 5.5),
    ],
)
def test_what_is_no_address_is_refused(field: Field[Any], value: object) -> None:
    """On save, whatever a form has let through."""
    with pytest.raises(FieldProblem):
        field.clean(value)


def test_types_of_columns() -> None:
    """As long as the longest address."""
    assert Email().column_type == types.string(254)
    assert URL(100).column_type == types.string(100)
    assert IPAddress().column_type == types.inet()
