"""The error names of the asok face; each is the engine's class of the same meaning."""

from __future__ import annotations

from asok_engine.errors import Abort as AbortException
from asok_engine.errors import ForbiddenError, NotFoundError, UnauthorizedError, ValidationError
from asok_engine.errors import FrameworkError as AsokException
from asok_engine.errors import Redirect as RedirectException
from asok_engine.errors import TooManyRequests as RateLimitExceeded
from asok_engine.security.tokens import TokenRefused
from asok_engine.templates.errors import TemplateError

__all__ = [
    "AbortException",
    "AsokException",
    "ForbiddenError",
    "NotFoundError",
    "RateLimitExceeded",
    "RedirectException",
    "TemplateError",
    "TokenRefused",
    "UnauthorizedError",
    "ValidationError",
]
