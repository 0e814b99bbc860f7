"""BlackSheep, with orjson as its documentation suggests."""

import os

import jinja2
import orjson
from answers import TEMPLATES, TEXT, fortunes
from blacksheep import Application, Content, Response, get, json, text
from blacksheep.settings.json import json_settings

json_settings.use(loads=orjson.loads, dumps=lambda value: orjson.dumps(value).decode())
loader = jinja2.FileSystemLoader(TEMPLATES)
template = jinja2.Environment(loader=loader, autoescape=True, auto_reload=False).get_template(
    "html/fortunes.html"
)
app = Application()


@get("/plaintext")
def plaintext() -> Response:
    return text(TEXT)


@get("/json")
def message() -> Response:
    return json({"message": TEXT})


@get("/items/{id}")
def item(id: int, q: str, limit: int) -> Response:
    return json({"id": id, "q": q, "limit": limit})


@get("/fortunes")
def table() -> Response:
    return Response(
        200, content=Content(b"text/html; charset=utf-8", template.render(fortunes=fortunes()).encode())
    )


app.serve_files(os.environ["BENCH_FILES"], root_path="css", extensions={".txt"})
