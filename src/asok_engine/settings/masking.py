"""How the value of a setting is shown to people: secrets never, connection URLs without their password.

Pure. It knows the rows of a table; masking by the look of a name, for logs and
debug pages, is the business of `security.redaction`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from asok_engine.settings.table import Setting

__all__ = ["MASK", "looks_secret", "mask_dsn", "masked", "shown"]

MASK = "********"

_USER_INFO = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)(.*)@")
_SECRET_PARAMETER = re.compile(r"(?i)([?&;][^=&;#]*(?:pass|pwd|secret|token|key)[^=&;#]*=)[^&;#]*")
_SECRET_WORDS = ("SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "_KEY", "CREDENTIAL", "PRIVATE")


def mask_dsn(text: str) -> str:
    """Give a connection URL with the password, and secret parameters of its query, replaced."""
    if "://" not in text:
        return MASK if "@" in text else text
    found = _USER_INFO.match(text)
    if found is not None:
        scheme, userinfo = found.groups()
        user, colon, _ = userinfo.partition(":")
        text = f"{scheme}{user}{colon and f':{MASK}'}@{text[found.end() :]}"
    return _SECRET_PARAMETER.sub(rf"\1{MASK}", text)


def looks_secret(name: str) -> bool:
    """Tell whether the name of an application's own key suggests that its value is a secret."""
    upper = name.upper()
    return upper == "KEY" or any(word in upper for word in _SECRET_WORDS)


def masked(setting: Setting, value: Any) -> Any:
    """Give a value that may be shown, printed or logged in place of this setting's value."""
    if value is None or value in ("", [], {}):
        return value
    if setting.secret:
        return MASK
    if setting.kind.is_dsn:
        return mask_dsn(value) if isinstance(value, str) else MASK
    if setting.options and isinstance(value, Mapping):
        return {key: _masked_option(setting, key, item) for key, item in value.items()}
    return value


def _masked_option(setting: Setting, key: str, item: Any) -> Any:
    if setting.per_alias and isinstance(item, Mapping):
        return {inner: _masked_option(setting, inner, deep) for inner, deep in item.items()}
    row = setting.option(key)
    if row is not None:
        return masked(row, item)
    return MASK if looks_secret(key) else item


def shown(setting: Setting, value: Any) -> str:
    """Give the value as short text, as one would write it in a `.env` file."""
    value = masked(setting, value)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(_name(item) for item in value)
    if isinstance(value, dict):
        import json

        return json.dumps(value, default=_name)
    return value if isinstance(value, str) else _name(value)


def _name(item: Any) -> str:
    if isinstance(item, (str, int, float)):
        return str(item)
    module = getattr(item, "__module__", "")
    name = getattr(item, "__qualname__", "")
    return f"{module}.{name}" if module and name else repr(item)
