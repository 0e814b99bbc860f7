"""Django under ASGI and under WSGI, with no middleware but the three of the full page."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import django
from answers import ITEMS, SECRET, TEMPLATES, TEXT, fortunes
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings

IS_ASGI = os.environ.get("BENCH_KIND") == "asgi"
settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY=SECRET,
    ROOT_URLCONF=__name__,
    USE_I18N=False,
    LOGGING_CONFIG=None,
    MIDDLEWARE=[f"with_django.{name}" for name in ("first", "second", "third")]
    if os.environ.get("BENCH_LINKS")
    else [],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [str(TEMPLATES)]}],
)
django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import path  # noqa: E402


def _adds(name: str, value: str) -> Callable[[Any], Any]:
    def middleware(get_response: Any) -> Any:
        if iscoroutinefunction(get_response):

            async def awaited(request: HttpRequest) -> HttpResponse:
                response = await get_response(request)
                response[name] = value
                return response

            markcoroutinefunction(awaited)
            return awaited

        def plain(request: HttpRequest) -> HttpResponse:
            response = get_response(request)
            response[name] = value
            return response

        return plain

    middleware.sync_capable = middleware.async_capable = True  # type: ignore[attr-defined]
    return middleware


first, second, third = _adds("X-First", "1"), _adds("X-Second", "2"), _adds("X-Third", "3")


def plaintext(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TEXT, content_type="text/plain; charset=utf-8")


def message(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"message": TEXT})


def item(request: HttpRequest, id: int) -> HttpResponse:
    return JsonResponse({"id": id, "q": request.GET["q"], "limit": int(request.GET["limit"])})


def table(request: HttpRequest) -> HttpResponse:
    return render(request, "html/fortunes.html", {"fortunes": fortunes()})


def page(request: HttpRequest) -> HttpResponse:
    return render(request, "html/page.html", {"user": "alice", "items": ITEMS, "name": "alice"})


def _awaited(view: Any) -> Any:
    async def awaited(request: HttpRequest, **parameters: Any) -> HttpResponse:
        return view(request, **parameters)  # type: ignore[no-any-return]

    return awaited


views = {"plaintext": plaintext, "json": message, "items/<int:id>": item, "fortunes": table, "page": page}
urlpatterns = [path(route, _awaited(view) if IS_ASGI else view) for route, view in views.items()]
asgi = get_asgi_application()
wsgi = get_wsgi_application()
