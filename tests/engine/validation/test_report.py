"""The report of a validation: order, paths, codes."""

from __future__ import annotations

from asok_engine.validation.report import Report


def filled() -> Report:
    report = Report()
    report.add("a", "required", "one")
    report.add("b", "min", "two", {"arg": "3"})
    report.add("a", "email", "three")
    return report


def test_report_is_false_while_there_are_no_problems() -> None:
    """`if report:` asks whether something is wrong."""
    assert not Report()
    assert filled()
    assert len(filled()) == 3


def test_messages_keep_the_order_of_the_rules() -> None:
    """All messages of a path stand in order, and the first one can be had alone."""
    report = filled()
    assert report.messages() == {"a": ["one", "three"], "b": ["two"]}
    assert report.first() == {"a": "one", "b": "two"}
    assert [problem.code for problem in report.of("a")] == ["required", "email"]
    assert dict(report.of("b")[0].parameters) == {"arg": "3"}


def test_report_of_some_paths_leaves_the_others_out() -> None:
    """A check of one field shows nothing of fields that nobody has touched."""
    assert filled().only(frozenset({"b"})).messages() == {"b": ["two"]}


def test_repr_names_paths_and_codes_only() -> None:
    """What a person typed does not reach a log through a report."""
    assert repr(filled()) == "<Report [('a', 'required'), ('b', 'min'), ('a', 'email')]>"
