"""Makes the info strings of our code blocks readable for MkDocs.

A block that does not run says so behind its language, with the reason:
```python no-run: needs a Redis server. That note is for the tests and for people
who read the source; MkDocs takes a block with an unknown note for plain text.
"""

import re
from typing import Any

_NOTE = re.compile(r"^( *(?:`{3,}|~{3,})[ \t]*\w+)[ \t]+no-run\b.*$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Take the note off; called by MkDocs for every page."""
    return _NOTE.sub(r"\1", markdown)
