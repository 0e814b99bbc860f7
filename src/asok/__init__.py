"""Asok: applications of pages. Folders are routes, a page is a Python file beside a template.

Names are imported when they are first used, so importing the face stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asok.app import Asok as Asok
    from asok.exceptions import AbortException as AbortException
    from asok.exceptions import AsokException as AsokException
    from asok.exceptions import ForbiddenError as ForbiddenError
    from asok.exceptions import NotFoundError as NotFoundError
    from asok.exceptions import RateLimitExceeded as RateLimitExceeded
    from asok.exceptions import RedirectException as RedirectException
    from asok.exceptions import UnauthorizedError as UnauthorizedError
    from asok.exceptions import ValidationError as ValidationError
    from asok.forms.form import Form as Form
    from asok.limits import RateLimit as RateLimit
    from asok.limits import rate_limit as rate_limit
    from asok.orm import fields as Field
    from asok.orm import relations as Relation
    from asok.orm.errors import ModelError as ModelError
    from asok.orm.model import Model as Model
    from asok.request import Request as Request
    from asok.rowlookup import row_exists as row_exists
    from asok.rowlookup import row_exists_async as row_exists_async
    from asok.shortcuts import abort as abort
    from asok.shortcuts import authenticate as authenticate
    from asok.shortcuts import back as back
    from asok.shortcuts import current_user as current_user
    from asok.shortcuts import flash as flash
    from asok.shortcuts import login as login
    from asok.shortcuts import logout as logout
    from asok.shortcuts import redirect as redirect
    from asok.shortcuts import render_block as render_block
    from asok.shortcuts import render_blocks as render_blocks
    from asok.shortcuts import render_template as render_template
    from asok.shortcuts import render_template_string as render_template_string
    from asok.testing import TestClient as TestClient
    from asok.uploads import UploadedFile as UploadedFile
    from asok.validation import Schema as Schema
    from asok.validation import Validator as Validator
    from asok.validation import register_rule as register_rule
    from asok.websocket import WebSocketServer as WebSocketServer
    from asok_engine.backends.sessions.session import Session as Session
    from asok_engine.dispatch.context import current_request as current_request
    from asok_engine.records.fields.slug import slugify as slugify
    from asok_engine.telemetry.logs import get_logger as get_logger
    from asok_engine.wire.response import Response as Response

_HOMES = {
    "register_rule": "asok.validation",
    "Validator": "asok.validation",
    "Schema": "asok.validation",
    "Form": "asok.forms.form",
    "AbortException": "asok.exceptions",
    "Asok": "asok.app",
    "AsokException": "asok.exceptions",
    "ForbiddenError": "asok.exceptions",
    "Field": "asok.orm",
    "Model": "asok.orm.model",
    "ModelError": "asok.orm.errors",
    "NotFoundError": "asok.exceptions",
    "Relation": "asok.orm",
    "RateLimit": "asok.limits",
    "RateLimitExceeded": "asok.exceptions",
    "RedirectException": "asok.exceptions",
    "Request": "asok.request",
    "Response": "asok_engine.wire.response",
    "Session": "asok_engine.backends.sessions.session",
    "TestClient": "asok.testing",
    "UnauthorizedError": "asok.exceptions",
    "ValidationError": "asok.exceptions",
    "UploadedFile": "asok.uploads",
    "WebSocketServer": "asok.websocket",
    "abort": "asok.shortcuts",
    "authenticate": "asok.shortcuts",
    "back": "asok.shortcuts",
    "current_request": "asok_engine.dispatch.context",
    "current_user": "asok.shortcuts",
    "flash": "asok.shortcuts",
    "login": "asok.shortcuts",
    "logout": "asok.shortcuts",
    "get_logger": "asok_engine.telemetry.logs",
    "rate_limit": "asok.limits",
    "redirect": "asok.shortcuts",
    "render_block": "asok.shortcuts",
    "render_blocks": "asok.shortcuts",
    "render_template": "asok.shortcuts",
    "render_template_string": "asok.shortcuts",
    "slugify": "asok_engine.records.fields.slug",
    "row_exists": "asok.rowlookup",
    "row_exists_async": "asok.rowlookup",
}

# Written out, because type checkers read it: what is in it is public.
__all__ = [
    "AbortException",
    "Asok",
    "AsokException",
    "Field",
    "ForbiddenError",
    "Form",
    "Model",
    "ModelError",
    "NotFoundError",
    "RateLimit",
    "RateLimitExceeded",
    "RedirectException",
    "Relation",
    "Request",
    "Response",
    "Schema",
    "Session",
    "TestClient",
    "UnauthorizedError",
    "UploadedFile",
    "ValidationError",
    "Validator",
    "WebSocketServer",
    "abort",
    "authenticate",
    "back",
    "current_request",
    "current_user",
    "flash",
    "get_logger",
    "login",
    "logout",
    "rate_limit",
    "redirect",
    "register_rule",
    "render_block",
    "render_blocks",
    "render_template",
    "render_template_string",
    "row_exists",
    "row_exists_async",
    "slugify",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'asok' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
