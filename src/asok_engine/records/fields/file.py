"""A field that names a stored file; the file itself is in a file store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

from asok_engine.records.fields.field import Field, FieldOptions
from asok_engine.records.fields.text import String

__all__ = ["File", "Image"]

Value = TypeVar("Value")


class File(String[Value]):
    """The reference of a stored file: its path or address below the store.

    `upload_to` is the folder for uploads, `storage` the name of the store; both are for
    whoever stores the file. Extensions are without a dot.
    """

    @overload
    def __init__(
        self: File[str],
        upload_to: str = "",
        *,
        storage: str = "",
        allowed_extensions: Sequence[str] = (),
        max_length: int = 500,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: File[str | None],
        upload_to: str = "",
        *,
        storage: str = "",
        allowed_extensions: Sequence[str] = (),
        max_length: int = 500,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        upload_to: str = "",
        *,
        storage: str = "",
        allowed_extensions: Sequence[str] = (),
        max_length: int = 500,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        Field.__init__(self, nullable=nullable, **options)
        self.upload_to = upload_to
        self.storage = storage
        self.allowed_extensions = tuple(each.lower().lstrip(".") for each in allowed_extensions)
        self.max_length = max_length
        self.min_length = 0
        self.regex = None
        self.strip_whitespace = False

    def type_test(self, value: str) -> str | None:
        """None: the path is looked at."""
        return None

    def coerce(self, value: Any) -> Any:
        """Accept a reference that stays below the store."""
        value = super().coerce(value)
        # Why: a reference is joined with the store's folder by whoever opens the file.
        if (
            ".." in value.replace("\\", "/").split("/")
            or value.startswith("~")
            or any(char < " " for char in value)
        ):
            raise self.problem("path", "is no path of a stored file")
        if self.allowed_extensions and value:
            extension = value.rpartition("/")[2].rpartition(".")[2].lower()
            if extension not in self.allowed_extensions:
                raise self.problem("extension", f"must end in {', '.join(self.allowed_extensions)}")
        return value


class Image(File[Value]):
    """The reference of a stored image."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: Image[str],
            upload_to: str = "",
            *,
            storage: str = "",
            allowed_extensions: Sequence[str] = (),
            max_length: int = 500,
            nullable: Literal[False] = False,
            **options: Unpack[FieldOptions],
        ) -> None: ...

        @overload
        def __init__(
            self: Image[str | None],
            upload_to: str = "",
            *,
            storage: str = "",
            allowed_extensions: Sequence[str] = (),
            max_length: int = 500,
            nullable: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...

        def __init__(self, *arguments: Any, **options: Any) -> None: ...

    else:

        def __init__(self, upload_to: str = "", *, nullable: bool = False, **options: Any) -> None:
            options.setdefault("allowed_extensions", ("jpg", "jpeg", "png", "gif", "webp", "avif"))
            super().__init__(upload_to, nullable=nullable, **options)
