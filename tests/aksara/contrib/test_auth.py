"""What `aksara.contrib.auth` gives by name, and what importing it loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

import aksara.contrib.auth
from aksara.contrib.auth.jwt import create_access_token


def test_names_are_those_of_the_modules() -> None:
    """`from aksara.contrib.auth import create_access_token`; other names are none."""
    assert aksara.contrib.auth.create_access_token is create_access_token
    for name in aksara.contrib.auth.__all__:
        assert getattr(aksara.contrib.auth, name).__name__ == name
    with pytest.raises(AttributeError, match="JWTAuth'"):
        aksara.contrib.auth.JWTAuth  # noqa: B018


def test_import_loads_neither_models_nor_libraries() -> None:
    """What an application does not use it does not wait for."""
    code = (
        "import sys, aksara.contrib.auth; "
        "print([name for name in ('joserfc', 'cryptography', 'aksara.models') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
