"""aksara-framework 0.7.2 without a database: its routes, its middlewares, its defaults."""

from __future__ import annotations

import logging
import os

import jinja2
from answers import TEMPLATES, TEXT, fortunes
from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel

from aksara import Aksara

logging.disable(logging.INFO)
loader = jinja2.FileSystemLoader(TEMPLATES)
templates = Jinja2Templates(env=jinja2.Environment(loader=loader, autoescape=True, auto_reload=False))
app = Aksara(enable_admin=False, debug=False)


class Message(BaseModel):
    """The JSON answer."""

    message: str


class Item(BaseModel):
    """The answer with parameters."""

    id: int
    q: str
    limit: int


@app.get("/plaintext")
async def plaintext() -> PlainTextResponse:
    return PlainTextResponse(TEXT)


@app.get("/json")
async def message() -> Message:
    return Message(message=TEXT)


@app.get("/items/{id}")
async def item(id: int, q: str, limit: int) -> Item:
    return Item(id=id, q=q, limit=limit)


@app.get("/fortunes", response_model=None)
async def table(request: Request) -> Response:
    return templates.TemplateResponse(request, "html/fortunes.html", {"fortunes": fortunes()})


app.mount("/css", StaticFiles(directory=os.environ["BENCH_FILES"]))
