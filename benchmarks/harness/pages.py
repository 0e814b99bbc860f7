"""A page of figures: an introduction, and a chapter for each part that was measured.

Parts can be measured at different times. A page that is made of some of them keeps
the chapters of the others, each with the facts of its own run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.tables import Section

__all__ = ["page_of"]


def page_of(introduction: str, sections: Sequence[Section], before: str = "") -> str:
    """Write a page; chapters of `before`, the page as it was, stay where they were not measured anew."""
    chapters = {
        text.partition("\n")[0].removeprefix("## "): text.strip()
        for text in re.split(r"^(?=## )", before, flags=re.MULTILINE)[1:]
    }
    chapters |= {section.title: str(section) for section in sections}
    return "\n\n".join([introduction, *chapters.values()]) + "\n"
