"""Fields of addresses: e-mail, telephone, web, network, and colours."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

from asok_engine.records.fields.field import Field, FieldOptions
from asok_engine.records.fields.text import String
from asok_engine.sql import types
from asok_engine.sql.types import ColumnType
from asok_engine.validation.addresses import is_email, is_url

__all__ = ["URL", "Color", "Email", "IPAddress", "Tel"]

Value = TypeVar("Value")
_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_TEL = re.compile(r"\+?[0-9()./\- ]+(?: ?(?:x|ext\.?) ?[0-9]+)?")


class _FormedText(String[Value]):
    """Text of one form; a subclass checks it."""

    longest = 255

    @overload
    def __init__(
        self: _FormedText[str],
        max_length: int = 0,
        *,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: _FormedText[str | None],
        max_length: int = 0,
        *,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self, max_length: int = 0, *, nullable: bool = False, **options: Unpack[FieldOptions]
    ) -> None:
        Field.__init__(self, nullable=nullable, **options)
        self.max_length = max_length or self.longest
        self.min_length = 0
        self.regex = None
        self.strip_whitespace = True

    def coerce(self, value: Any) -> Any:
        """Accept text of this form; white space around it goes, and empty text is no value."""
        value = super().coerce(value)
        if not value:
            if self.nullable:
                return None
            raise self.problem("required", "is required")
        return self.formed(value)

    def formed(self, value: str) -> str:
        """Give the text in the form that is stored, or raise."""
        return value


class Email(_FormedText[Value]):
    """An e-mail address."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: Email[str],
            max_length: int = 0,
            *,
            nullable: Literal[False] = False,
            **options: Unpack[FieldOptions],
        ) -> None: ...

        @overload
        def __init__(
            self: Email[str | None],
            max_length: int = 0,
            *,
            nullable: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...

        def __init__(self, *arguments: Any, **options: Any) -> None: ...

    longest = 254

    def formed(self, value: str) -> str:
        """An address with a host; its case stays, as mailboxes may tell it apart."""
        if not is_email(value):
            raise self.problem("email", "is not an e-mail address")
        return value


class Tel(_FormedText[Value]):
    """A telephone number as people write it: digits, and + ( ) . / - between them."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: Tel[str],
            max_length: int = 0,
            *,
            nullable: Literal[False] = False,
            **options: Unpack[FieldOptions],
        ) -> None: ...

        @overload
        def __init__(
            self: Tel[str | None],
            max_length: int = 0,
            *,
            nullable: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...

        def __init__(self, *arguments: Any, **options: Any) -> None: ...

    longest = 32

    def formed(self, value: str) -> str:
        """5 to 20 digits."""
        if not _TEL.fullmatch(value) or not 5 <= sum(char.isdigit() for char in value) <= 20:
            raise self.problem("tel", "is not a telephone number")
        return value


class URL(_FormedText[Value]):
    """A web address: http or https with a host."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: URL[str],
            max_length: int = 0,
            *,
            nullable: Literal[False] = False,
            **options: Unpack[FieldOptions],
        ) -> None: ...

        @overload
        def __init__(
            self: URL[str | None],
            max_length: int = 0,
            *,
            nullable: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...

        def __init__(self, *arguments: Any, **options: Any) -> None: ...

    longest = 2048

    def formed(self, value: str) -> str:
        """A script or a data address is none."""
        if not is_url(value):
            raise self.problem("url", "is not a web address such as https://example.com")
        return value


class Color(_FormedText[Value]):
    """A colour: #rgb or #rrggbb, with two more digits for opacity."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: Color[str],
            max_length: int = 0,
            *,
            nullable: Literal[False] = False,
            **options: Unpack[FieldOptions],
        ) -> None: ...

        @overload
        def __init__(
            self: Color[str | None],
            max_length: int = 0,
            *,
            nullable: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...

        def __init__(self, *arguments: Any, **options: Any) -> None: ...

    longest = 9

    def formed(self, value: str) -> str:
        """In lower case."""
        if not _COLOR.fullmatch(value):
            raise self.problem("color", "is not a colour such as #ff8800")
        return value.lower()


class IPAddress(Field[Value]):
    """An IPv4 or IPv6 address, with a prefix length where `networks`; text in its shortest form."""

    @overload
    def __init__(
        self: IPAddress[str],
        protocol: Literal["both", "ipv4", "ipv6"] = "both",
        *,
        networks: bool = False,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: IPAddress[str | None],
        protocol: Literal["both", "ipv4", "ipv6"] = "both",
        *,
        networks: bool = False,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        protocol: Literal["both", "ipv4", "ipv6"] = "both",
        *,
        networks: bool = False,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        super().__init__(nullable=nullable, **options)
        self.protocol = protocol
        self.networks = networks

    @property
    def column_type(self) -> ColumnType:
        """An address."""
        return types.inet()

    def coerce(self, value: Any) -> Any:
        """Accept text, and objects of the standard library."""
        text = str(value).strip()
        try:
            if self.networks and "/" in text:
                found: Any = ipaddress.ip_interface(text)
            else:
                found = ipaddress.ip_address(text)
        except ValueError:
            raise self.problem("ip", "is not an IP address") from None
        if self.protocol != "both" and f"ipv{found.version}" != self.protocol:
            raise self.problem("ip", f"is not an IPv{self.protocol[-1]} address")
        return str(found)
