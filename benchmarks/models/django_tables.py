"""The tables as models of Django, set up without a project, for its plain and its asynchronous adapter."""

from __future__ import annotations

import django
import tables
from django.conf import settings

if tables.is_sqlite():
    DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": tables.path()}
else:
    _server = tables.server()
    DATABASE = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _server["database"],
        "USER": _server["user"],
        "HOST": _server["host"],
        "PORT": _server["port"],
        "CONN_MAX_AGE": None,
    }
settings.configure(
    DEBUG=False, INSTALLED_APPS=[], USE_TZ=True, LOGGING_CONFIG=None, DATABASES={"default": DATABASE}
)
django.setup()

from django.db import models  # noqa: E402


class Item(models.Model):
    """A row without relations."""

    name = models.TextField()
    grp = models.IntegerField()
    score = models.FloatField()
    active = models.BooleanField()
    note = models.TextField(null=True)

    class Meta:
        app_label = "benchmarks"
        db_table = "item"


class Parent(models.Model):
    """One of a hundred, with ten children."""

    name = models.TextField()

    class Meta:
        app_label = "benchmarks"
        db_table = "parent"


class Child(models.Model):
    """One of ten."""

    parent = models.ForeignKey(Parent, models.CASCADE, related_name="children")
    title = models.TextField()
    qty = models.IntegerField()

    class Meta:
        app_label = "benchmarks"
        db_table = "child"
