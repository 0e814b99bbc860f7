"""Flask as its documentation shows it."""

from __future__ import annotations

import os
from typing import Any

from answers import ITEMS, TEMPLATES, TEXT, fortunes
from flask import Flask, Response, render_template, request

app = Flask(
    __name__, template_folder=str(TEMPLATES), static_folder=os.environ["BENCH_FILES"], static_url_path="/css"
)

if os.environ.get("BENCH_LINKS"):
    for name, value in (("X-First", "1"), ("X-Second", "2"), ("X-Third", "3")):

        @app.after_request
        def add(response: Response, name: str = name, value: str = value) -> Response:
            response.headers[name] = value
            return response


@app.get("/plaintext")
def plaintext() -> Response:
    return Response(TEXT, content_type="text/plain; charset=utf-8")


@app.get("/json")
def message() -> dict[str, str]:
    return {"message": TEXT}


@app.get("/items/<int:id>")
def item(id: int) -> dict[str, Any]:
    return {"id": id, "q": request.args["q"], "limit": request.args.get("limit", type=int)}


@app.get("/fortunes")
def table() -> str:
    return render_template("html/fortunes.html", fortunes=fortunes())


@app.get("/page")
def page() -> str:
    return render_template("html/page.html", user="alice", items=ITEMS, name="alice")
