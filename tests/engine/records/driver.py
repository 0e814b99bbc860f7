"""A driver of plans for tests: one SQLite connection in memory, and a list of what ran."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from asok_engine.records.plans.save import save
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.steps import AfterCommit, AskDialect, Atomic, Call, Compute, Plan, Stream
from asok_engine.sql.dialects.sqlite import SqliteDialect
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.statements import Many, Statement


class Driver:
    """Runs plans on SQLite."""

    def __init__(self, *models: type[Record]) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.dialect = SqliteDialect(sqlite3.sqlite_version_info)
        for name, count, function in self.dialect.functions:
            self.connection.create_function(name, count, function, deterministic=True)
        self.texts: list[str] = []
        self.create(*models)

    def __del__(self) -> None:
        self.connection.close()

    def create(self, *models: type[Record]) -> None:
        """Make the tables of models."""
        tables = {}
        for model in models:
            description = model.__description__
            tables[description.table.name] = description.table
            for relation in description.relations.values():
                tables |= {table.name: table for table in relation.tables()}
            model.run_plan = self.run  # type: ignore[method-assign, assignment]
        for text in create_statements(tables.values(), "sqlite"):
            self.connection.execute(text)

    def fetch(self, query: Query) -> Any:
        """Give the records of a query."""
        return self.run(query.fetch())

    def save(self, *records: Record) -> Any:
        """Save records; give the only one, or all."""
        for record in records:
            self.run(save(record))
        return records[0] if len(records) == 1 else records

    def since(self, start: int) -> list[str]:
        """Give the statements that ran after the first `start`, each on one line."""
        return [" ".join(text.split()) for text in self.texts[start:]]

    def run(self, plan: Plan[Any]) -> Any:
        """Perform a plan and give its result."""
        send, value = plan.send, None
        while True:
            try:
                step = send(value)
            except StopIteration as end:
                return end.value
            try:
                send, value = plan.send, self.perform(step)
            except BaseException as error:
                send, value = plan.throw, error

    def perform(self, step: Any) -> Any:
        """Perform one step."""
        if isinstance(step, Statement):
            return self.execute(step)
        if isinstance(step, Atomic):
            name = f"s{id(step)}"
            self.connection.execute(f"SAVEPOINT {name}")
            try:
                result = self.run(step.plan)
            except BaseException:
                self.connection.execute(f"ROLLBACK TO {name}")
                raise
            finally:
                self.connection.execute(f"RELEASE {name}")
            return result
        if isinstance(step, Call | Compute):
            return step.function(*step.arguments)
        if isinstance(step, AfterCommit):
            return step.function()
        if isinstance(step, AskDialect):
            return self.dialect
        assert isinstance(step, Stream)
        return self.pieces(step)

    def execute(self, statement: Statement) -> Any:
        """Run one statement."""
        compiled = statement.compile(self.dialect)
        self.texts.append(compiled.text)
        if isinstance(statement, Many):
            return self.connection.executemany(compiled.text, compiled.parameters).rowcount
        cursor = self.connection.execute(compiled.text, compiled.parameters)
        if compiled.returns == "key":
            return cursor.lastrowid
        if compiled.returns == "count":
            return cursor.rowcount
        rows = cursor.fetchall()
        if compiled.returns == "named":
            return [tuple(column[0] for column in cursor.description), *rows]
        return rows if compiled.decode is None else compiled.decode(rows)

    def pieces(self, step: Stream) -> Iterable[Any]:
        """Read a statement in pieces."""
        compiled = step.statement.compile(self.dialect)
        cursor = self.connection.execute(compiled.text, compiled.parameters)
        while rows := cursor.fetchmany(step.size):
            yield rows if compiled.decode is None else compiled.decode(rows)
