"""From what was posted to a value, and back to the text of a control.

What a browser adds is taken away here: blanks around text, CR before LF, the
word `on` of a checkbox. HTML that a person wrote is cleaned, always, by `nh3`.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from asok.forms.choices import Choice, as_text, flatten
from asok.forms.kinds import Kind
from asok_engine.errors import SetupError
from asok_engine.wire.uploads import UploadedFile
from asok_engine.wire.values import Values

__all__ = ["END", "START", "chosen", "clean_html", "finish", "read_value", "shown"]

#: What stands behind the name of a range's two controls.
START, END = "_start", "_end"
_MOST_TAGS = 200


def read_value(
    kind: Kind, name: str, posted: Values, files: Mapping[str, Sequence[UploadedFile]], is_multiple: bool
) -> Any:
    """Give what was posted for one field, ready for its rules; None or "" for nothing."""
    if kind.reads == "file":
        given = files.get(name)
        return given[-1] if given else None
    if kind.reads == "files":
        return list(files.get(name, ()))
    if kind.reads == "flag":
        return True if posted.get(name) not in (None, "", "0", "false", "off") else None
    if kind.reads == "list" or is_multiple:
        return [value for value in posted.getlist(name) if value]
    if kind.reads == "tags":
        return _tags(posted.getlist(name))
    if kind.reads == "pair" and (name + START in posted or name + END in posted):
        pair = (posted.get(name + START, "").strip(), posted.get(name + END, "").strip())
        return pair if any(pair) else None
    text = posted.get(name)
    if text is None or kind.reads == "raw":
        return text
    if kind.reads in ("lines", "html"):
        # Browsers send CR LF (HTML 4.10.21.4); maxlength counts one character for it.
        return text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if kind.reads == "digits":
        return "".join(text.split()).replace("-", "")
    return text.strip()


def _tags(texts: Iterable[str]) -> list[str]:
    found = (tag.strip() for text in texts for tag in text.split(","))
    return list(dict.fromkeys(tag for tag in found if tag))[: _MOST_TAGS + 1]


def finish(kind: Kind, value: Any, choices: Sequence[Choice], is_multiple: bool) -> Any:
    """Give the value that a handler gets, from one that its rules have accepted."""
    if value is None or (isinstance(value, str) and not value) or value == []:
        if is_multiple or kind.reads in ("list", "tags", "files"):
            return []
        return kind.empty
    if kind.is_closed:
        return chosen(value, choices)
    if kind.reads == "html":
        return clean_html(value)
    if kind.reads == "phone":
        return "".join(char for char in value if char.isdigit() or char == "+")
    return value


def chosen(value: Any, choices: Sequence[Choice]) -> Any:
    """Give the values that were chosen as the values that they were before they became text."""
    known = {choice.text: choice.value for choice in flatten(choices)}
    if isinstance(value, list):
        return [known.get(text, text) for text in value]
    return known.get(value, value)


def clean_html(text: str) -> str:
    """Give HTML without what runs, loads or deceives; raises SetupError without `nh3`."""
    try:
        import nh3
    except ImportError as error:
        raise SetupError(
            "A wysiwyg field takes HTML, which has to be cleaned, and nh3 is not installed.",
            fix='Install it with: pip install "asok[sanitize]"',
        ) from error
    return nh3.clean(text, link_rel="noopener noreferrer nofollow")


def shown(kind: Kind, value: Any) -> str:
    """Give a value as the text of its control."""
    if value is None or value is False:
        return ""
    if kind.name == "json" and not isinstance(value, str):
        return json.dumps(value, indent=2, ensure_ascii=False, default=str)
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M") if kind.type == "datetime-local" else value.date().isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M:%S" if value.second else "%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, enum.Enum):
        return as_text(value)
    if isinstance(value, Sequence):
        return ", ".join(as_text(part) for part in value)
    return as_text(value)
