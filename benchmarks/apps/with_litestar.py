"""Litestar, with msgspec as it ships it."""

import os

import jinja2
from answers import TEMPLATES, TEXT, fortunes
from litestar import Litestar, MediaType, get
from litestar.contrib.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig

loader = jinja2.FileSystemLoader(TEMPLATES)
environment = jinja2.Environment(loader=loader, autoescape=True, auto_reload=False)


@get("/plaintext", media_type=MediaType.TEXT)
async def plaintext() -> str:
    return TEXT


@get("/json")
async def message() -> dict[str, str]:
    return {"message": TEXT}


@get("/items/{id:int}")
async def item(id: int, q: str, limit: int) -> dict[str, int | str]:
    return {"id": id, "q": q, "limit": limit}


@get("/fortunes")
async def table() -> Template:
    return Template("html/fortunes.html", context={"fortunes": fortunes()})


files = create_static_files_router(path="/css", directories=[os.environ["BENCH_FILES"]])
app = Litestar(
    [plaintext, message, item, table, files],
    template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment)),
    openapi_config=None,
    logging_config=None,
)
