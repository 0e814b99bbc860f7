"""Writes folders of pages for tests."""

from __future__ import annotations

from pathlib import Path

from asok.pages.discovery import FoundPages, find_pages


def write(root: Path, *names: str) -> None:
    """Write empty files below `src/pages` of a project."""
    fill(root, dict.fromkeys(names, ""))


def fill(root: Path, files: dict[str, str]) -> None:
    """Write files below `src/pages` of a project."""
    for name, text in files.items():
        path = root / "src" / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def find(root: Path, index: str = "page") -> FoundPages:
    """Look through `src/pages` of a project."""
    return find_pages(root / "src" / "pages", root=root, index=index)


def addresses(found: FoundPages) -> dict[str, str]:
    """Give which file answers which address."""
    return {page.pattern: page.source.removeprefix("src/pages/") for page in found.pages}
