"""A desk with people: pages that sign in, out and up, each of them plain and async.

The application is a whole project in a folder, its database a file of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asok import Asok
from asok_engine.database.databases import databases
from asok_engine.database.running import run_one
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.raw import Raw
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app

__all__ = ["GOOD", "USER", "make_desk", "person", "sign_in"]

GOOD = "correct horse battery"

USER = """
from asok import Field
from asok.auth import Account


class User(Account):
    name = Field.String(max_length=50, default="Ada")
    role_permissions = {"agent": ["tickets.edit"], "manager": ["tickets.*", "people.view"]}


class Member(Account):
    name = Field.String(max_length=50, default="Member")
"""

ACT = """
def act(request, user, name):
    if name == "in":
        if user is None:
            return {"signed": None}
        request.login(user, remember="remember" in request.form)
        return {"signed": user.email, "next": request.next_url("/home")}
    if name == "out":
        request.logout()
        return {"user": request.user}
    if name == "put":
        request.session["cart"] = request.query["value"]
    if name == "private":
        request.login_required()
    if name == "guarded":
        request.require_auth("/login?from=desk")
    if name == "agents":
        request.require_role("agent", "manager")
    if name == "agents-only":
        request.require_role("agent", redirect_url=None)
    who = request.user
    return {
        "user": who and who.email,
        "signed": request.is_authenticated,
        "cart": request.session.get("cart"),
        "sid": request.session.sid if request.session.is_live else None,
    }
"""
PLAIN = (
    ACT
    + """
CSRF = False


def get(request):
    return act(request, None, request.params["name"])


def post(request):
    name, form, user = request.params["name"], request.form, None
    if name == "in":
        user = request.authenticate(email=form["email"], password=form["password"])
    if name == "password":
        request.change_password(form["password"])
    return act(request, user, name)
"""
)
ASYNC = (
    ACT
    + """
CSRF = False


async def get(request):
    return act(request, None, request.params["name"])


async def post(request):
    name, form, user = request.params["name"], request.form, None
    if name == "in":
        user = await request.authenticate_async(email=form["email"], password=form["password"])
    if name == "password":
        await request.change_password_async(form["password"])
    return act(request, user, name)
"""
)
PAGES = {
    "plain/[name].py": PLAIN,
    "async/[name].py": ASYNC,
    "shown/page.html": "{% if request.user %}Hello {{ request.user.name }}{% else %}Hello stranger{% endif %}",
    "short/page.py": "from asok import authenticate, current_user, login, logout\n\nCSRF = False\n\n"
    "def get(request):\n"
    "    return {'is': bool(current_user), 'name': current_user.name if current_user else None}\n\n"
    "def post(request):\n"
    "    if request.form.get('out'):\n        logout()\n    else:\n"
    "        login(authenticate(email=request.form['email'], password=request.form['password']))\n"
    "    return {'is': bool(current_user)}\n",
}


def make_desk(root: Path, settings: Mapping[str, Any] | None = None, **more: Any) -> Asok:
    """Make the application and its tables; the file of the database is in the project.

    `prepare` is called with the application before it starts.
    """
    prepare = more.pop("prepare", None)
    given = {"DATABASE_URL": f"sqlite:///{root}/desk.sqlite3", "SESSION_SECURE": False, **(settings or {})}
    pages, files = {**PAGES, **more.pop("pages", {})}, {"src/models/user.py": USER, **more.pop("files", {})}
    app = make_app(root, given, pages=pages, files=files, **more)
    if prepare is not None:
        prepare(app)
    app.startup()
    tables = {model.__description__.table.name: model.__description__.table for model in app.models.values()}
    for text in create_statements(tables.values(), databases["default"].dialect.name):
        run_one(Raw(text, returns="count", writes=True))
    return app


def person(app: Asok, email: str = "ada@example.com", model: str = "User", **values: Any) -> Any:
    """Make somebody who can sign in with the good password."""
    made: Any = app.models[model]
    return made.create(_trust=True, email=email, **{"password": GOOD, **values})


def sign_in(
    client: TestClient, email: str = "ada@example.com", password: str = GOOD, how: str = "async", **more: Any
) -> Any:
    """Sign in and give what the page answers."""
    return client.post(f"/{how}/in", data={"email": email, "password": password, **more})
