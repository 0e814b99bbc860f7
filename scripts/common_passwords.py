"""Writes `asok_engine/security/common_passwords.py` from the frequency list of the package `zxcvbn`.

    pip install --target /tmp/zxcvbn zxcvbn==4.5.0
    PYTHONPATH=/tmp/zxcvbn python scripts/common_passwords.py

Kept is what is long enough to be taken at all, in lower case, sorted by nothing but
its text, so that a later list shows what came and went.
"""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Iterable
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src" / "asok_engine" / "security" / "common_passwords.py"
SHORTEST = 8
WIDTH = 110
HEAD = '''\
"""The passwords that guessers try first: {count} with at least {shortest} characters, in lower case.

Made by `scripts/common_passwords.py` from the list of leaked passwords that `zxcvbn` has,
most of which is somebody's bad taste. Kept as one text, because a set of it would cost
every process a megabyte; looking through the text costs some microseconds.
Source: zxcvbn, copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc., and its Python
edition, copyright (c) 2016 Daniel Wolf, under the MIT licence in LICENSE-zxcvbn.txt.
"""

from __future__ import annotations

__all__ = ["CommonPasswords"]


class CommonPasswords:
    """Tells of a password in lower case whether it is a common one: `"trustno1" in CommonPasswords()`."""

    def __contains__(self, password: object) -> bool:
        # What has a blank in it would find the end of one entry and the beginning of the next.
        return isinstance(password, str) and " " not in password and f" {{password}} " in _TEXT


# fmt: off
_TEXT = """
{text}
""".replace("\\n", " ")
'''


def write(passwords: Iterable[str]) -> None:
    """Write the module."""
    kept = sorted({password.lower() for password in passwords if len(password) >= SHORTEST})
    wrong = [password for password in kept if set(password) & set('\\" \n') or not password.isascii()]
    if wrong:
        raise SystemExit(f"{wrong[0]!r} cannot stand in the text.")
    text = textwrap.fill(" ".join(kept), WIDTH, break_long_words=False, break_on_hyphens=False)
    TARGET.write_text(HEAD.format(count=len(kept), shortest=SHORTEST, text=text))


if __name__ == "__main__":
    write(importlib.import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS["passwords"])
