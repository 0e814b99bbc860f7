"""What a request knows of forms: validation, what was typed, what was wrong with it, files.

The rules are the engine's, forms are `asok.forms`; here they meet a request. Errors
and old input live with the request that found them; a redirect hands them on to the
page that it leads to. A page that was rendered with errors in it is answered with
422 unless its handler says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import asok
from asok.keptinput import KeptInput, is_secret
from asok_engine.errors import Redirect, UsageError
from asok_engine.templates.markup import Markup
from asok_engine.validation.report import Report
from asok_engine.wire.request import Request as EngineRequest
from asok_engine.wire.response import Response

if TYPE_CHECKING:
    from asok.forms.form import Form
    from asok.uploads import UploadedFile
    from asok.validation import FieldSpecification, Validator

__all__ = ["FormInput", "ShownErrors"]

_SENDING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class FormInput(EngineRequest):
    """A request with `validate`, `old`, `error` and `errors`."""

    #: Whether forms need a token here: the setting CSRF.
    demands_tokens: ClassVar[bool] = False

    _errors: Report | None = None
    #: The form that found the errors; None for rules.
    _wrong_form: Form | None = None
    #: Whether the page that is rendered shows errors, and so is no success.
    has_shown_errors: bool = False

    def validate(
        self,
        rules: Mapping[str, FieldSpecification] | type[Form] | Form,
        data: Mapping[str, Any] | None = None,
        csrf: bool = True,
        raise_error: bool = True,
    ) -> dict[str, Any] | None:
        """Check what was sent against rules, or as a form, and give the values.

        Args:
            rules: rules by field, or a form class.
            data: what to check in the place of the body: its fields, or a JSON object.
            csrf: verify the CSRF token as well.
            raise_error: raise ValidationError (422); else None says that something is wrong, and
                `errors` what.
        """
        if not isinstance(rules, Mapping):
            form = _form_of(rules, self)
            return form.data if form.validate(csrf=csrf, raise_error=raise_error) else None
        self.check_token(csrf)
        validator = self._validator(rules, data)
        validator.validate()
        return self._taken(validator, raise_error)

    async def validate_async(
        self,
        rules: Mapping[str, FieldSpecification] | type[Form] | Form,
        data: Mapping[str, Any] | None = None,
        csrf: bool = True,
        raise_error: bool = True,
    ) -> dict[str, Any] | None:
        """Check as `validate` does, and wait for async rules, the database and images."""
        if not isinstance(rules, Mapping):
            form = _form_of(rules, self)
            is_valid = await form.validate_async(csrf=csrf, raise_error=raise_error)
            return form.data if is_valid else None
        self.check_token(csrf)
        validator = self._validator(rules, data)
        await validator.validate_async()
        return self._taken(validator, raise_error)

    def _validator(
        self, rules: Mapping[str, FieldSpecification], data: Mapping[str, Any] | None
    ) -> Validator:
        files: Mapping[str, Any] = {}
        if data is None:
            if self.is_json:
                data = self.json_body
                if not isinstance(data, Mapping):
                    data = {}
            else:
                # Why not `form`: a link with values in it must not fill in what a body has left out.
                data = self.query if self.method in ("GET", "HEAD") else self.post_form
                files = self._files
        return asok.Validator(data, files, getattr(self, "__", None)).rules(rules)

    def _taken(self, validator: Validator, raise_error: bool) -> dict[str, Any] | None:
        self.note_errors(validator.report)
        if not validator.report:
            return validator.validated
        if raise_error:
            raise validator.error()
        return None

    def check_token(self, is_wanted: bool = True) -> None:
        """Verify the token of what was sent, where this page demands one; raises ForbiddenError (403)."""
        page = getattr(self.endpoint, "page", None)
        if (
            is_wanted
            and self.demands_tokens
            and self.method in _SENDING
            and getattr(page, "demands_token", True)
        ):
            self.verify_csrf()

    def verify_csrf(self) -> None:
        """Check the token of this request; a request of an application knows how."""

    def note_errors(self, report: Report, *, is_check: bool = False, form: Form | None = None) -> None:
        """Hold what is wrong with this request's input; a page that shows it is no success."""
        self._errors, self._wrong_form = report, form
        self.has_shown_errors = bool(report) and not is_check

    @property
    def errors(self) -> dict[str, str]:
        """The first message of each field that is not as it should be, here or before a redirect to here."""
        report = self._errors
        if report is None:
            kept = self.kept_input()
            report = None if kept is None else kept.report
        return {} if report is None else report.first()

    def error(self, name: str) -> str:
        """Give the first message of one field, "" without one."""
        return self.errors.get(name, "")

    def old(self, name: str, default: str = "") -> str:
        """Give what was typed into a field, here or before a redirect to here; never a secret."""
        if is_secret(name):
            return default
        if self.method in _SENDING:
            return self.post_form.get(name, default)
        kept = self.kept_input()
        return default if kept is None else kept.values.get(name, default)

    def keep_input(self) -> None:
        """Keep errors and what was typed for the next page; a redirect does so by itself after errors."""

    def kept_input(self) -> KeptInput | None:
        """Give what an earlier request has kept for this page."""
        return None

    def redirect(self, url: str, status: int = 302, *, safe: bool = True) -> NoReturn:
        """Send the client to `url`; raises, so nothing after it runs.

        With `safe` an address of another host is refused with UsageError; pass
        `safe=False` for a target that no visitor can influence. After a validation
        that failed, errors and old input are there for the page at `url`.
        """
        if self.has_shown_errors:
            self.keep_input()
        super().redirect(url, status, safe=safe)

    def answer_to_errors(self) -> Response | None:
        """Lead a browser back to the form whose input was refused; None where there is no way back."""
        referrer = self.headers.get("referer")
        if not (referrer and self.has_shown_errors and self.media_type in _FORMS):
            return None
        try:
            self.redirect(referrer, 303)
        except UsageError:
            return None
        except Redirect as way:
            return Response(b"", way.status, {"Location": way.url})

    def token_field(self) -> Markup:
        """Give the hidden field with which a form of this page shows whose it is, where that is demanded."""
        return Markup("")

    if TYPE_CHECKING:
        # What `asok` makes of an upload can be saved.
        @property
        def files(self) -> dict[str, UploadedFile]: ...  # type: ignore[override]
        @property
        def all_files(self) -> list[UploadedFile]: ...  # type: ignore[override]
        def file(self, name: str) -> UploadedFile | None: ...
        def file_list(self, name: str | None = None) -> list[UploadedFile]: ...  # type: ignore[override]


def _form_of(rules: Any, request: Any) -> Form:
    """Give the form to validate: one of the class, or the given one for this request."""
    if isinstance(rules, type) and hasattr(rules, "for_request"):
        form: Form = rules(request)
        return form
    if hasattr(rules, "for_request"):
        form = rules
        return form if form.is_submitted else form.bind(request)
    raise UsageError(
        f"request.validate was given {rules!r}.",
        fix='Give rules by field, {"name": "required"}, or a form class.',
    )


class ShownErrors(Mapping[str, str]):
    """The errors of a request as templates see them: read when they are asked for, "" for a field without."""

    __slots__ = ("_request",)

    def __init__(self, request: FormInput) -> None:
        self._request = request

    def __getitem__(self, name: str) -> str:
        # Why not KeyError: a template that prints `errors.name` must not fail while all is well.
        return self._request.errors.get(name, "")

    def __contains__(self, name: object) -> bool:
        return name in self._request.errors

    def __iter__(self) -> Iterator[str]:
        return iter(self._request.errors)

    def __len__(self) -> int:
        return len(self._request.errors)
